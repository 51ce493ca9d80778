"""When to try again, what holds what back, and what an event's sequence counts within."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.support.scripted_plugins import LOW, PLACED
from tradewind.contracts.errors import ChannelDown, Retry
from tradewind.contracts.events import (
    EVENT_TYPES,
    CartAbandoned,
    CustomerErased,
    CustomerMerged,
    EventBase,
    FulfillmentShipped,
    MessageReceived,
    MessageStatusChanged,
    PaymentPaid,
)
from tradewind.contracts.money import Money
from tradewind.contracts.webhook import Item
from tradewind.outbox.rules import (
    KEEP_EVERY,
    LEASE,
    MAX_ATTEMPTS,
    InboxItem,
    aggregate_of,
    due,
    wait,
    wait_after,
)

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
A, B, C = (UUID(int=number) for number in (10, 11, 12))


def test_each_wait_is_longer_than_the_one_before_until_it_is_half_a_day() -> None:
    waits = [wait(attempts) for attempts in range(1, MAX_ATTEMPTS)]
    assert waits[0] == SECOND
    assert all(shorter <= longer for shorter, longer in pairwise(waits))
    assert waits[-1] == wait(1_000) == timedelta(hours=12)
    assert timedelta(days=1) < sum(waits, timedelta()) < timedelta(days=7)


@pytest.mark.parametrize("attempts", [0, -3])
def test_a_first_failure_is_never_waited_for_long(attempts: int) -> None:
    assert wait(attempts) == SECOND


def test_only_retry_names_its_own_time() -> None:
    assert wait_after(Retry(7.5), 3) == timedelta(seconds=7.5)
    assert wait_after(ChannelDown(), 3) == wait_after(ValueError(), 3) == wait(3)


def test_a_lease_outlives_several_heartbeats() -> None:
    assert LEASE >= 3 * KEEP_EVERY


def item(number: int, run_at: datetime) -> InboxItem:
    body = Item(dedupe_key=str(number), lane="ann", body=b"")
    return InboxItem(id=UUID(int=number), attempts=0, run_at=run_at, item=body)


@pytest.mark.parametrize(
    ("waits", "ready", "held_until"),
    [
        ([], 0, None),
        ([-1, 0], 2, None),
        ([-1, 5, -1], 1, 5),
        ([3, -1], 0, 3),
        ([-1, 4, 2], 1, 4),
    ],
)
def test_an_item_that_was_put_off_holds_back_those_behind_it(
    waits: list[int], ready: int, held_until: int | None
) -> None:
    items = [item(number, NOW + seconds * SECOND) for number, seconds in enumerate(waits)]
    expected = None if held_until is None else NOW + held_until * SECOND
    assert due(items, NOW) == (items[:ready], expected)


SHARED: dict[str, Any] = {"id": A, "store_id": A, "occurred_at": NOW, "sequence": 1}
PAID: dict[str, Any] = {"payment_id": B, "provider": "p", "method": "m", "amount": Money(1, "KES")}


@pytest.mark.parametrize(
    ("event", "aggregate"),
    [
        (msgspec.structs.replace(PLACED, customer_id=C), f"order:{PLACED.order_id}"),
        (PaymentPaid(**SHARED, **PAID, order_id=C), f"order:{C}"),
        (PaymentPaid(**SHARED, **PAID), f"payment:{B}"),
        (FulfillmentShipped(**SHARED, order_id=B, number="1", shipment_id=C), f"order:{B}"),
        (CartAbandoned(**SHARED, cart_id=B, session_id=None, total=PAID["amount"]), f"cart:{B}"),
        (
            MessageReceived(
                **SHARED, message_id=B, conversation_id=C, channel="whatsapp", kind="text"
            ),
            f"conversation:{C}",
        ),
        (
            MessageStatusChanged(
                **SHARED, message_id=B, conversation_id=C, channel="whatsapp", status="read"
            ),
            f"message:{B}",
        ),
        (
            MessageStatusChanged(
                **SHARED, message_id=B, conversation_id=None, channel="email", status="failed"
            ),
            f"message:{B}",
        ),
        (LOW, f"variant:{LOW.variant_id}"),
        (CustomerMerged(**SHARED, customer_id=B, merged_id=C), f"customer:{B}"),
        (CustomerErased(**SHARED, customer_id=B), f"customer:{B}"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, EventBase) else None,
)
def test_every_event_belongs_to_the_thing_it_tells_of(event: EventBase, aggregate: str) -> None:
    assert aggregate_of(event) == aggregate


def test_an_event_of_nothing_is_refused() -> None:
    with pytest.raises(TypeError, match="EventBase"):
        aggregate_of(EventBase(**SHARED))


def test_no_kind_of_event_is_without_an_aggregate() -> None:
    known = {"order_id", "conversation_id", "cart_id", "variant_id", "customer_id", "payment_id"}
    for kind in EVENT_TYPES:
        assert known & set(kind.__struct_fields__), kind
