"""Whom an erasure is about, and when it has to wait. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple
from urllib.parse import quote
from uuid import UUID

import msgspec

from tradewind.contracts.errors import Conflict

Obstacle = Literal["customer_has_open_orders", "customer_has_open_payments"]

_SHORTEST = 6
"""Characters of a contact that is looked for in raw bytes: a shorter one is found in anything."""


class ChatIdentity(NamedTuple):
    """A name by which a channel knows somebody."""

    channel: str
    identity: str


class Namesake(msgspec.Struct, frozen=True, kw_only=True):
    """Another customer with the same e-mail address or phone number, who may be the same person.

    `proved` when both have shown that it is theirs; else one of them only told it.
    """

    customer_id: UUID
    contact: Literal["email", "phone"]
    proved: bool


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one customer, by its ids.

    `emails` (lower case) and `phones` are theirs alone: proved, or told by nobody else. `words`
    are full names and streets in lower case, which others may have too: they are looked for only
    where what went wrong is told, because little is lost there.
    """

    customers: Sequence[UUID]
    identities: Sequence[ChatIdentity]
    conversations: Sequence[UUID]
    carts: Sequence[UUID]
    payments: Sequence[UUID]
    refunds: Sequence[UUID]
    captures: Sequence[UUID]
    orders: Sequence[UUID]
    messages: Sequence[UUID]
    grants: Sequence[UUID]
    emails: Sequence[str]
    phones: Sequence[str]
    words: Sequence[str]

    @property
    def ids(self) -> Mapping[str, Sequence[UUID]]:
        """The ids, by what they name."""
        return {
            "customer": self.customers,
            "conversation": self.conversations,
            "cart": self.carts,
            "payment": self.payments,
            "refund": self.refunds,
            "capture": self.captures,
            "order": self.orders,
            "message": self.messages,
        }

    @property
    def subjects(self) -> list[str]:
        """The same as events, cases and the audit log name them."""
        return [f"{kind}:{one}" for kind, ids in self.ids.items() for one in ids]

    @property
    def contacts(self) -> list[str]:
        """How they are reached, as it stands in what was sent and received."""
        told = [*self.emails, *map(digits, self.phones), *(one.identity for one in self.identities)]
        return _distinct(one for one in told if len(one) >= _SHORTEST)

    @property
    def raw(self) -> list[str]:
        """The same in lower case, as bodies of webhooks may have it: plain, or within a form."""
        told = [one.lower() for one in self.contacts]
        return _distinct([*told, *(quote(one, safe="").lower() for one in told)])

    @property
    def telling(self) -> list[str]:
        """What names them in the words of a failure, in lower case."""
        told = [one.lower() for one in self.contacts]
        return _distinct([*told, *(one for one in self.words if len(one) >= _SHORTEST)])

    @property
    def marks(self) -> list[str]:
        """What a kept answer says where it is about them."""
        named = (str(one) for kind, ids in self.ids.items() if kind != "message" for one in ids)
        return [*self.contacts, *named]


def digits(phone: str) -> str:
    """A phone number as it stands in any spelling without blanks."""
    return "".join(filter(str.isdecimal, phone))


def refuse(obstacle: Obstacle | None) -> None:
    """Raises Conflict where something is still to be done for which the shop must know them."""
    if obstacle == "customer_has_open_orders":
        words = "An order of theirs is open: fulfill or cancel it first."
        raise Conflict(words, code="customer_has_open_orders")
    if obstacle == "customer_has_open_payments":
        words = "Money of theirs is under way: wait, or settle it first."
        raise Conflict(words, code="customer_has_open_payments")


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
