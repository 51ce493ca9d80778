"""What opens a cart without naming it: sealed, for one cart of one store, one purpose, some time.

The id of a cart is its secret, so it stands in no link and in no browser. A ticket can be read
and made by the house alone.
"""

from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec

from tradewind.database import Store
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import SecretUnreadable

Purpose = Literal["cart", "back"]
"""`cart` lets the holder do with it as its shopper may; `back` shows what became of its payment."""

LIFETIMES: dict[Purpose, timedelta] = {"cart": timedelta(days=60), "back": timedelta(days=7)}


class _Ticket(msgspec.Struct, frozen=True, array_like=True):
    purpose: str
    store_id: UUID
    cart_id: UUID
    expires_at: int


def seal(engine: Engine, store: Store, purpose: Purpose, cart_id: UUID) -> str:
    """A fresh ticket."""
    expires_at = int((engine.clock.now() + LIFETIMES[purpose]).timestamp())
    ticket = msgspec.msgpack.encode(_Ticket(purpose, store.id, cart_id, expires_at))
    return engine.keyring.encrypt(ticket).decode().rstrip("=")


def opened(engine: Engine, store: Store, purpose: Purpose, text: str) -> UUID | None:
    """The cart that a ticket opens; None whatever is wrong with it."""
    try:
        plain = engine.keyring.decrypt((text + "=" * (-len(text) % 4)).encode())
        ticket = msgspec.msgpack.decode(plain, type=_Ticket)
    except (SecretUnreadable, msgspec.DecodeError):
        return None
    if (ticket.purpose, ticket.store_id) != (purpose, store.id):
        return None
    return ticket.cart_id if ticket.expires_at > engine.clock.now().timestamp() else None
