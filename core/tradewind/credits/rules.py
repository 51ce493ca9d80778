"""What a pack grants, and from where credits are taken. No I/O."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from tradewind.contracts.errors import Conflict
from tradewind.fulfillment.rules import ShippedLine
from tradewind.orders.rules import Order, OrderLine

Reason = Literal["pack", "gift", "taken", "refunded", "used", "returned"]
"""`pack`: bought; `gift`: the merchant gave; `taken`: the merchant took; `refunded`: money went;
`used`: an order was paid with them; `returned`: that order does not stand."""

MOST = 1_000_000
MOST_GRANTED = 2**31 - 1
"""Credits of one line: no order fails because it has more coming to it than can be counted."""


class PackTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit of a variant grants; without `days` it never ends."""

    variant_id: UUID
    credits: int
    days: int | None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Credits that came at one time and end together; `remaining` are left of them."""

    id: UUID
    credits: int
    remaining: int
    created_at: datetime
    expires_at: datetime | None = None
    customer_id: UUID | None = None
    order_id: UUID | None = None
    line_id: UUID | None = None

    def live(self, now: datetime) -> int:
        """What can be used of it."""
        over = self.expires_at is not None and self.expires_at <= now
        return 0 if over else self.remaining


class Taking(NamedTuple):
    """So many credits of one grant."""

    grant_id: UUID
    amount: int


def packs(order: Order) -> list[OrderLine]:
    """The lines of an order that may grant credits."""
    return [line for line in order.lines if line.kind == "pack"]


def granted_by(order: Order, terms: Sequence[PackTerms]) -> list[ShippedLine]:
    """The units of packs that have left the house with their credits."""
    known = {one.variant_id for one in terms}
    return [
        ShippedLine(line_id=line.id, quantity=line.outstanding)
        for line in packs(order)
        if line.variant_id in known and line.outstanding
    ]


def ends_at(terms: PackTerms, now: datetime) -> datetime | None:
    """When credits that come now are over."""
    return None if terms.days is None else now + timedelta(days=terms.days)


def balance(grants: Sequence[Grant], now: datetime) -> int:
    """What can be used now."""
    return sum(one.live(now) for one in grants)


def taken_from(grants: Sequence[Grant], amount: int, now: datetime) -> list[Taking]:
    """From which grants so many credits are taken: those that end first go first.

    Raises Conflict `not_enough_credits`.
    """
    if balance(grants, now) < amount:
        raise Conflict("There are not so many credits left.", code="not_enough_credits")
    found, left = list[Taking](), amount
    for one in sorted(grants, key=_urgency):
        part = min(left, one.live(now))
        if part:
            found.append(Taking(one.id, part))
            left -= part
    return found


def _urgency(one: Grant) -> tuple[bool, float, UUID]:
    ends = one.expires_at
    return ends is None, ends.timestamp() if ends else 0.0, one.id
