"""What every shape is made with."""

from datetime import datetime
from typing import Any


def unix(at: datetime | None) -> int | None:
    """A time as Stripe writes it."""
    return int(at.timestamp()) if at else None


def id_of(it: Any) -> str | None:
    """The id of an object that may be missing."""
    return it.id if it is not None else None
