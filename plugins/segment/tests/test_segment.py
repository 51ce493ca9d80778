"""Every event becomes one `track` call that says what Segment needs, and nothing that is secret."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

import tradewind_segment
from tradewind import (
    EVENT_TYPES,
    FulfillmentShipped,
    Money,
    OrderInfo,
    OrderPlaced,
    OrderRefunded,
    PaymentPaid,
    Shop,
)
from tradewind.testing.context import STORE, BareContext
from tradewind_segment import SegmentSettings, plugin

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
ORDER, EVENT, CUSTOMER = (UUID(int=number) for number in (1, 2, 3))
PENDING = {
    "payment_method": "whatsapp",
    "whatsapp_recipient": "+254 700 000 001",
    "wa_payment_state": "pending",
    "timestamp": "2026-11-27T09:29:00Z",
}
BASE: dict[str, Any] = {"id": EVENT, "store_id": STORE.id, "occurred_at": NOW, "sequence": 1}
OF_ORDER = {
    **BASE,
    "order_id": ORDER,
    "number": "1001",
    "source": "web",
    "total": Money(80_000, "KES"),
    "email": "amina@example.com",
    "metadata": PENDING,
}
PLACED = OrderPlaced(**OF_ORDER)


class OneOrder:
    """A shop with one order, which was paid since."""

    customer_id: UUID | None = None

    async def order(self, order_id: UUID) -> OrderInfo | None:
        if order_id != ORDER:
            return None
        return OrderInfo(
            id=ORDER,
            number="1001",
            status="processing",
            payment_status="paid",
            fulfillment_status="unfulfilled",
            source="web",
            currency="KES",
            total=Money(80_000, "KES"),
            email="amina@example.com",
            customer_id=self.customer_id,
            lines=(),
            metadata={**PENDING, "wa_payment_state": "paid"},
            created_at=NOW,
        )


class Desk(BareContext[SegmentSettings]):
    """The context of a store with that shop."""

    def __init__(self, status: int = 200) -> None:
        super().__init__(
            SegmentSettings(write_key="the-write-key"),
            transport=httpx.MockTransport(lambda _: httpx.Response(status)),
        )
        self.orders = OneOrder()

    @property
    def shop(self) -> Shop:
        return self.orders  # type: ignore[return-value]

    def told(self) -> dict[str, Any]:
        [request] = self.world.requests
        body: dict[str, Any] = json.loads(request.content)
        return body


async def test_an_order_that_is_placed_is_told_with_how_it_will_be_paid() -> None:
    desk = Desk()
    await plugin.on_event(PLACED, desk)
    [request] = desk.world.requests
    assert (request.method, str(request.url)) == ("POST", "https://api.segment.io/v1/track")
    key = base64.b64encode(b"the-write-key:").decode()
    assert request.headers["authorization"] == f"Basic {key}"
    assert desk.told() == {
        "anonymousId": str(ORDER),
        "event": "order.placed",
        "messageId": str(EVENT),
        "timestamp": "2026-11-27T09:30:00Z",
        "properties": {
            **PENDING,
            "order_id": str(ORDER),
            "number": "1001",
            "source": "web",
            "total": {"amount": 80_000, "currency": "KES"},
            "customer_id": None,
            "email": "amina@example.com",
        },
    }


async def test_money_that_came_is_told_with_the_metadata_as_it_is_by_then() -> None:
    desk = Desk()
    desk.orders.customer_id = CUSTOMER
    money = Money(80_000, "KES")
    paid = PaymentPaid(
        **BASE, payment_id=UUID(int=4), provider="manual", method="x", amount=money, order_id=ORDER
    )
    await plugin.on_event(paid, desk)
    told = desk.told()
    assert (told["event"], told["userId"]) == ("payment.paid", str(CUSTOMER))
    assert "anonymousId" not in told
    properties = told["properties"]
    assert properties["wa_payment_state"] == "paid"
    assert properties["amount"] == {"amount": 80_000, "currency": "KES"}
    assert (properties["provider"], properties["number"]) == ("manual", "1001")


async def test_refunds_and_parcels_say_their_own() -> None:
    desk = Desk()
    await plugin.on_event(OrderRefunded(**OF_ORDER, amount=Money(5, "KES")), desk)
    assert desk.told()["properties"]["amount"] == {"amount": 5, "currency": "KES"}
    desk = Desk()
    parcel: dict[str, Any] = {
        "order_id": ORDER,
        "number": "1001",
        "shipment_id": UUID(int=5),
        "carrier": "G4S",
    }
    await plugin.on_event(FulfillmentShipped(**BASE, **parcel), desk)
    told = desk.told()
    assert (told["event"], told["properties"]["carrier"]) == ("fulfillment.shipped", "G4S")
    assert told["properties"]["payment_method"] == "whatsapp"


async def test_money_of_no_order_is_not_told() -> None:
    desk = Desk()
    money = Money(1, "KES")
    early = PaymentPaid(**BASE, payment_id=UUID(int=4), provider="b", method="x", amount=money)
    await plugin.on_event(early, desk)
    assert desk.world.requests == []


@pytest.mark.parametrize("status", [302, 400, 429, 500])
async def test_what_is_no_success_is_raised_so_that_it_is_tried_again(status: int) -> None:
    desk = Desk(status)
    with pytest.raises(httpx.HTTPStatusError) as raised:
        await plugin.on_event(PLACED, desk)
    assert "the-write-key" not in str(raised.value)


def test_every_event_it_wants_is_one_and_none_holds_words_of_people() -> None:
    wanted = plugin.on_event.tradewind_events  # type: ignore[attr-defined]
    assert set(wanted) < set(EVENT_TYPES)
    assert not [one for one in wanted if one.__name__.startswith("Message")]


def test_a_subscriber_needs_less_than_eighty_lines() -> None:
    source = Path(tradewind_segment.__file__).read_text(encoding="utf-8")
    assert len(source.splitlines()) < 80
