"""When to try again, when to give up, and which aggregate an event belongs to."""

from datetime import timedelta

from tradewind.contracts.events import EventBase

LEASE = timedelta(seconds=20)
KEEP_EVERY = timedelta(seconds=5)
MAX_ATTEMPTS = 12

_WAITS = (1, 5, 15, 60, 5 * 60, 15 * 60, 60 * 60, 3 * 60 * 60, 6 * 60 * 60, 12 * 60 * 60)
_AGGREGATES = (
    ("order_id", "order"),
    ("conversation_id", "conversation"),
    ("cart_id", "cart"),
    ("variant_id", "variant"),
    ("customer_id", "customer"),
    ("payment_id", "payment"),
)


def wait(attempts: int) -> timedelta:
    """How long to wait after the given number of failed attempts (1 or more)."""
    return timedelta(seconds=_WAITS[min(attempts, len(_WAITS)) - 1])


def aggregate_of(event: EventBase) -> str:
    """`order:<id>` and the like: what `event.sequence` counts within."""
    for field, word in _AGGREGATES:
        value = getattr(event, field, None)
        if value is not None:
            return f"{word}:{value}"
    raise TypeError(f"{type(event).__name__} belongs to no aggregate")
