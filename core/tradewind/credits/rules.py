"""What a pack grants, and from where credits are taken. No I/O."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from tradewind.contracts.errors import Conflict
from tradewind.fulfillment.rules import ShippedLine
from tradewind.orders.rules import Order, OrderLine
from tradewind.payments.rules import Refund, RefundLine

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
    """Credits that came at one time and end together; `remaining` are left of them.

    Of a pack, `forfeited` went with the money that went back, `withdrawn` of these were taken back.
    """

    id: UUID
    credits: int
    remaining: int
    created_at: datetime
    expires_at: datetime | None = None
    customer_id: UUID | None = None
    order_id: UUID | None = None
    line_id: UUID | None = None
    forfeited: int = 0
    withdrawn: int = 0

    @property
    def spent(self) -> int:
        """Credits that were used although their money has gone back."""
        return self.forfeited - self.withdrawn

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


def forfeited(order: Order, refunds: Sequence[Refund], grants: Sequence[Grant]) -> dict[UUID, int]:
    """How many credits of each grant go with the money of its line that is back, rounded down.

    All of them once all money of the order is back.
    """
    if order.payment_status == "refunded":
        return {one.id: one.credits for one in grants}
    shares = refunded_shares(order, refunds)
    return {
        one.id: int(one.credits * shares[one.line_id]) for one in grants if one.line_id in shares
    }


def refunded_shares(order: Order, refunds: Sequence[Refund]) -> dict[UUID, Fraction]:
    """Which part of each line's money is back.

    `refunds` are all of the order, whatever became of them. What was given back for lines counts
    for these, in proportion to what their units cost; what was given back of the whole order counts
    for all that is left of it. More than was due is nobody's line.
    """
    back = max(0, order.refunded_total - max(0, order.paid_total - order.total))
    named = _for_lines(order, refunds)
    told = sum(named.values(), Fraction(0))
    if told > back:
        named = {line: part * back / told for line, part in named.items()}
        told = Fraction(back)
    rest = order.total - told
    spread = min(Fraction(1), (back - told) / rest) if rest else Fraction(0)
    shares = {}
    for line in order.lines:
        part = min(named.get(line.id, Fraction(0)), Fraction(line.total))
        if line.total:
            shares[line.id] = (part + (line.total - part) * spread) / line.total
    return shares


def _for_lines(order: Order, refunds: Sequence[Refund]) -> dict[UUID, Fraction]:
    """The money that went back for lines; one request may be several refunds, one of which says."""
    lines, gone = {line.id: line for line in order.lines}, _gone(order, refunds)
    found: dict[UUID, Fraction] = {}
    for request, units in {one.request_id: one.lines for one in refunds if one.lines}.items():
        amount = sum(one.amount for one in gone if one.request_id == request)
        costs = [(one.line_id, _cost(lines, one)) for one in units]
        whole = sum((cost for _, cost in costs), Fraction(0))
        for line_id, cost in costs if whole else ():
            found[line_id] = found.get(line_id, Fraction(0)) + amount * cost / whole
    return found


def _gone(order: Order, refunds: Sequence[Refund]) -> list[Refund]:
    """Refunds whose money is back, also those that nobody knows the provider's name of yet."""
    ours = [one for one in refunds if one.currency == order.currency]
    gone = [one for one in ours if one.status == "succeeded"]
    unnamed = order.refunded_total - sum(one.amount for one in gone)
    for one in ours:
        if one.status == "pending" and one.amount <= unnamed:
            gone.append(one)
            unnamed -= one.amount
    return gone


def _cost(lines: Mapping[UUID, OrderLine], units: RefundLine) -> Fraction:
    line = lines.get(units.line_id)
    return Fraction(0) if line is None else Fraction(line.total * units.quantity, line.quantity)


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
