"""Which addresses are pictures of other hosts, and when fetching one is tried again."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

State = Literal["waiting", "kept", "failed"]

_WAITS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
MOST_WORDS = 300


class ForeignPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of another host that a product names.

    `address` is where it is kept, for one that is; `error` what was wrong last; `due_at` when it
    is tried next.
    """

    id: UUID
    product_id: UUID
    url: str
    state: State
    address: str | None
    error: str
    attempts: int
    due_at: datetime
    created_at: datetime


def foreign(addresses: Iterable[str | None]) -> list[str]:
    """Those that lie elsewhere and can be fetched, each once."""
    return list(dict.fromkeys(one for one in addresses if one and one.startswith("https://")))


def key_of(url: str) -> bytes:
    """A picture's address as a key of 32 bytes."""
    return hashlib.sha256(url.encode()).digest()


def try_again(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many attempts; None: no more."""
    return now + _WAITS[attempts - 1] if attempts <= len(_WAITS) else None


def own(address: str, kept: Mapping[str, str]) -> str:
    """Where a picture is shown from: our own copy, where there is one."""
    return kept.get(address, address)
