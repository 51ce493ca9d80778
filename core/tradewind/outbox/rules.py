"""What waits for its turn, when to try again and give up, and whose an event is."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tradewind.contracts.errors import Retry
from tradewind.contracts.events import EventBase, MessageStatusChanged
from tradewind.contracts.webhook import Item

LEASE = timedelta(seconds=20)
KEEP_EVERY = timedelta(seconds=5)
MAX_ATTEMPTS = 12

_LONGEST_SECONDS = 24 * 60 * 60.0
_WAITS = (1, 5, 15, 60, 5 * 60, 15 * 60, 60 * 60, 3 * 60 * 60, 6 * 60 * 60, 12 * 60 * 60)
_AGGREGATES = (
    ("order_id", "order"),
    ("conversation_id", "conversation"),
    ("cart_id", "cart"),
    ("variant_id", "variant"),
    ("customer_id", "customer"),
    ("payment_id", "payment"),
)


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """A stored item that waits for its turn, not before `run_at`."""

    id: UUID
    attempts: int
    run_at: datetime
    item: Item


def due(items: Sequence[InboxItem], now: datetime) -> tuple[Sequence[InboxItem], datetime | None]:
    """Items of a lane whose turn it is, and when to go on with those behind them.

    An item that was put off holds back those behind it.
    """
    for position, item in enumerate(items):
        if item.run_at > now:
            return items[:position], item.run_at
    return items, None


def wait(attempts: int) -> timedelta:
    """How long to wait after the given number of failed attempts (1 or more)."""
    return timedelta(seconds=_WAITS[min(max(attempts, 1), len(_WAITS)) - 1])


def wait_after(error: BaseException, attempts: int) -> timedelta:
    """How long to wait after a failure: what `Retry` asks for, at most a day, or else `wait`."""
    if isinstance(error, Retry) and math.isfinite(error.after):
        return timedelta(seconds=min(max(error.after, 0.0), _LONGEST_SECONDS))
    return wait(attempts)


def aggregate_of(event: EventBase) -> str:
    """`order:<id>` and the like: what `event.sequence` counts within."""
    if isinstance(event, MessageStatusChanged):
        return f"message:{event.message_id}"
    for field, word in _AGGREGATES:
        value = getattr(event, field, None)
        if value is not None:
            return f"{word}:{value}"
    raise TypeError(f"{type(event).__name__} belongs to no aggregate")
