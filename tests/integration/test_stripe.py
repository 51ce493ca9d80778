"""Stripe in the whole house: any webhook in any order ends in one order and the right money."""

import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.bankhouses import TOTAL
from tests.support.stripehouses import Stripehouse, open_stripehouse, signed
from tradewind.checkout.service import capture_payment, complete
from tradewind.contracts.errors import Conflict
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

BODIES = sorted((Path(__file__).parents[1] / "payloads/payments").glob("stripe-*.json"))
EVENTS = [path for path in BODIES if path.stem.startswith("stripe-evt-")]


@pytest_asyncio.fixture
async def house(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Stripehouse]:
    async with open_stripehouse(database_urls, clock) as opened:
        yield opened


async def the_order(house: Stripehouse, payment_status: str = "paid") -> dict[str, Any]:
    [order] = await house.listed("orders")
    assert (order["status"], order["payment_status"]) == ("processing", payment_status)
    assert await house.listed("cases") == []
    return order


async def test_a_client_pays_in_the_page_and_completes_before_any_webhook(
    house: Stripehouse,
) -> None:
    """Without a method it gets a PaymentIntent."""
    cart = await house.cart()
    session = await house.starts(cart)
    assert session.data == {"client_secret": "pi_0_secret_1", "payment_intent_id": "pi_0"}
    assert session.flow == "client_secret"
    with pytest.raises(Conflict) as caught:
        await complete(house.engine, house.store, cart.id)
    assert caught.value.reason == "payment_not_completed"
    await house.peer.pay(str(session.payment_id))
    order = await complete(house.engine, house.store, cart.id)
    await house.tells("payment_intent.succeeded", session.payment_id)
    assert (await the_order(house))["id"] == str(order.id)


async def test_money_places_the_order_without_the_client(house: Stripehouse) -> None:
    for method in ("payment_intent", "checkout"):
        session = await house.starts(await house.cart(), method)
        await house.peer.pay(str(session.payment_id))
        await house.tells("payment_intent.succeeded", session.payment_id)
        await house.tells("payment_intent.succeeded", session.payment_id)
    found = await house.listed("orders")
    assert [(one["payment_status"], one["paid_total"]) for one in found] == [("paid", TOTAL)] * 2
    assert await house.listed("cases") == []


async def test_money_that_is_held_is_certain_and_the_order_is_placed_as_authorized(
    house: Stripehouse,
) -> None:
    """By the client on the shop's page, and by the webhook alone on Stripe's; too little is not."""
    small = await house.cart()
    lacking = await house.starts(small, intent="authorize")
    await house.peer.pay(str(lacking.payment_id))
    house.peer.intent_of(str(lacking.payment_id))["amount_capturable"] -= 1
    with pytest.raises(Conflict):
        await complete(house.engine, house.store, small.id)
    assert not (await house.payment(lacking)).certain
    cart = await house.cart()
    session = await house.starts(cart, "payment_intent", intent="authorize")
    await house.peer.pay(str(session.payment_id))
    order = await complete(house.engine, house.store, cart.id)
    assert (order.status, order.payment_status, order.paid_total) == ("processing", "authorized", 0)
    assert (await house.payment(session)).certain
    page = await house.starts(await house.cart(), "checkout", intent="authorize")
    await house.peer.pay(str(page.payment_id))
    for one in (session, page):
        await house.tells("payment_intent.amount_capturable_updated", one.payment_id)
    found = await house.listed("orders")
    assert [one["payment_status"] for one in found] == ["authorized", "authorized"]
    assert [one["status"] for one in found] == ["processing", "processing"]
    assert await house.listed("cases") == []


async def test_held_money_is_taken_in_part_and_the_rest_let_go(house: Stripehouse) -> None:
    cart = await house.cart()
    session = await house.starts(cart, intent="authorize")
    await house.peer.pay(str(session.payment_id))
    order = await complete(house.engine, house.store, cart.id)
    [capture] = await capture_payment(house.engine, house.store, order.id, "t", 50_000)
    assert capture.status == "succeeded"
    await house.tells("payment_intent.succeeded", session.payment_id)
    payment = await house.payment(session)
    assert (payment.captured, payment.held) == (50_000, 0)
    with pytest.raises(Conflict) as caught:
        await capture_payment(house.engine, house.store, order.id, "t", 10_000)
    assert caught.value.reason == "nothing_to_capture"


async def test_a_declined_card_leaves_the_payment_open_and_an_expired_page_ends_it(
    house: Stripehouse,
) -> None:
    first, other = [await house.starts(await house.cart(), "checkout") for _ in range(2)]
    for session in (first, other):
        house.peer.decline(str(session.payment_id))
        await house.tells("payment_intent.payment_failed", session.payment_id)
        assert (await house.payment(session)).status == "awaiting"
    await house.peer.pay(str(first.payment_id))
    await house.tells("payment_intent.succeeded", first.payment_id)
    await the_order(house)
    house.peer.expire("cs_test_1")
    page = house.peer.sessions["cs_test_1"]
    await house.delivers(house.event("checkout.session.expired", page))
    await house.shop.settle()
    assert (await house.payment(other)).status == "failed"
    assert len(await house.listed("orders")) == 1


async def test_refunds_and_disputes_made_elsewhere_find_their_order(house: Stripehouse) -> None:
    """Their events carry nothing of ours: the PaymentIntent is read to find the payment."""
    session = await house.starts(await house.cart(), "checkout")
    await house.peer.pay(str(session.payment_id))
    await house.tells("payment_intent.succeeded", session.payment_id)
    refund = house.peer.give_back("pi_0", 30_000)
    await house.delivers(house.event("refund.created", refund))
    await house.shop.settle()
    await the_order(house, "partially_refunded")
    dispute = house.peer.dispute("pi_0", "needs_response")
    await house.delivers(house.event("charge.dispute.created", dispute))
    await house.shop.settle()
    assert (await house.payment(session)).disputed == TOTAL
    dispute["status"] = "won"
    await house.delivers(house.event("charge.dispute.closed", dispute))
    await house.shop.settle()
    assert (await house.payment(session)).disputed == 0


# --- every body ----------------------------------------------------------------------------------


@pytest.fixture
def ours() -> Any:
    """A captured event, as it would come about one of our payments."""

    def made(path: Path, house: Stripehouse, payment_id: Any, number: int) -> bytes:
        event = json.loads(path.read_bytes())
        subject, intent = event["data"]["object"], house.peer.intent_of(str(payment_id))
        if subject["object"] == "payment_intent":
            subject.update(id=intent["id"], metadata=intent["metadata"])
        else:
            subject["payment_intent"] = intent["id"]
        event["id"] = f"evt_{path.stem}_{number}"
        return json.dumps(event).encode()

    return made


async def test_every_captured_event_in_every_order_and_twice_ends_the_same(
    house: Stripehouse, ours: Any
) -> None:
    """Every two of them in both orders, before the money came and after it."""
    assert len(EVENTS) == 6
    for number, pair in enumerate(itertools.permutations(EVENTS, 2)):
        session = await house.starts(await house.cart())
        bodies = [ours(path, house, session.payment_id, number) for path in pair]
        assert (await house.delivers(bodies[0])).status_code == 200
        await house.shop.worker.work_off()
        await house.peer.pay(str(session.payment_id))
        for body in [*bodies, *bodies]:
            assert (await house.delivers(body)).status_code == 200
    await house.shop.settle()
    orders = (await house.shop.admin("GET", "/admin/orders?limit=100"))["orders"]
    assert len(orders) == 30
    assert {one["payment_status"] for one in orders} == {"paid"}
    assert await house.listed("cases") == []


async def test_all_captured_events_in_many_orders_and_twice_end_in_one_order(
    house: Stripehouse, ours: Any
) -> None:
    session = await house.starts(await house.cart())
    house.peer.intent_of(str(session.payment_id))
    await house.peer.pay(str(session.payment_id))
    orders = list(itertools.permutations(EVENTS))[::72]
    for number, paths in enumerate(orders):
        for body in [ours(path, house, session.payment_id, number) for path in paths] * 2:
            assert (await house.delivers(body)).status_code == 200
    await house.shop.settle()
    await the_order(house)


async def test_a_genuine_body_about_a_stranger_is_taken_and_changes_nothing(
    house: Stripehouse,
) -> None:
    assert len(BODIES) == 20
    for body in [path.read_bytes() for path in BODIES]:
        assert (await house.delivers(body)).status_code == 200
        assert (await house.delivers(body)).status_code == 200
        stolen = {"Stripe-Signature": signed(body)["Stripe-Signature"]}
        tampered = await house.shop.client.post(
            "/webhooks/stripe/demo", content=body + b" ", headers=stolen
        )
        assert tampered.status_code == 400
    thin = b'{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.no_meter_found"}'
    assert (await house.delivers(thin)).status_code == 400
    await house.shop.settle()
    assert await house.listed("orders") == await house.listed("cases") == []


async def test_another_store_at_the_same_account_is_not_troubled(house: Stripehouse) -> None:
    session = await house.starts(await house.cart())
    await house.peer.pay(str(session.payment_id))
    event = house.event("payment_intent.succeeded", house.peer.intent_of(str(session.payment_id)))
    assert (await house.delivers(event, slug="second")).status_code == 200
    await house.shop.settle()
    assert await house.listed("orders") == []
    assert (await house.delivers(event)).status_code == 200
    await house.shop.settle()
    await the_order(house)
