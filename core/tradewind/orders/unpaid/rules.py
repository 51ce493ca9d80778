"""Whose an unpaid order is, as a digest: it can be counted, and names nobody."""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

import msgspec

from tradewind.contracts.errors import Conflict

ADDRESS_COUNTS = timedelta(days=1)
"""For how long an order counts for the network address that it came from."""


class Unpaid(msgspec.Struct, frozen=True, kw_only=True):
    """An order that takes stock before its money has come.

    `shopper` and `address` are digests, None where it came over no network we know; `expires_at` is
    when it ends by itself, None for never.
    """

    order_id: UUID
    shopper: bytes
    address: bytes | None = None
    expires_at: datetime | None = None


def digest(store_id: UUID, text: str) -> bytes:
    """What stands for a shopper or an address in one store."""
    return blake2b(text.encode(), digest_size=16, key=store_id.bytes).digest()


class Turns(NamedTuple):
    """The numbers under which orders of one shopper, and of one address, wait for one another."""

    shopper: int
    address: int | None


def turns_of(store_id: UUID, shopper: str, address: str) -> Turns:
    """By whoever orders, and from where; "" for an address that is not known."""
    return Turns(_turn(store_id, shopper), _turn(store_id, address) if address else None)


def _turn(store_id: UUID, text: str) -> int:
    return int.from_bytes(digest(store_id, text)[:8], signed=True)


def of_order(
    store_id: UUID, order_id: UUID, shopper: str, address: str, expires_at: datetime | None
) -> Unpaid:
    """An order by whoever ordered it, and from where; "" for an address that is not known."""
    return Unpaid(
        order_id=order_id,
        shopper=digest(store_id, shopper),
        address=digest(store_id, address) if address else None,
        expires_at=expires_at,
    )


def too_many() -> Conflict:
    """The refusal for whoever has as many as the store allows."""
    message = "Too many orders wait for their money; pay or cancel one first."
    return Conflict(message, code="too_many_unpaid")
