"""The state of a payment is a fold over facts: any order, any repetition, the same result.

Per provider object the highest-ranked status counts; totals are sums over objects; the payment's
status follows from the totals alone. A late failure of an older attempt therefore changes nothing,
and a refund that fails days later, or a dispute that is won, moves only its own object.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from tradewind.contracts.money import Money
from tradewind.contracts.payment import Action, Fact, FactKind, FactStatus, Flow, Intent

PaymentState = Literal[
    "awaiting",
    "authorized",
    "partially_paid",
    "paid",
    "partially_refunded",
    "refunded",
    "failed",
]
SessionStatus = Literal["starting", "open", "completed", "failed", "voided", "expired"]
RefundStatus = Literal["pending", "succeeded", "failed"]
CaptureStatus = Literal["pending", "succeeded", "failed"]

BY_HAND = "manual"
"""The provider of payments that the merchant alone confirms, whether a plugin goes by it or not."""

_UNDONE = frozenset(("failed", "canceled", "expired"))

# What outranks what, lowest first. Money that came is not unmade by a late failure; a hold on a
# card, however, ends when it is canceled or lapses, and a refund may still fail after success.
RANKS: Mapping[FactKind, Sequence[FactStatus]] = {
    "authorization": (
        "pending",
        "action_required",
        "failed",
        "succeeded",
        "expired",
        "canceled",
    ),
    "capture": ("pending", "action_required", "expired", "failed", "canceled", "succeeded"),
    "refund": ("pending", "action_required", "expired", "succeeded", "failed", "canceled"),
    "dispute": ("pending", "action_required", "lost", "won"),
}


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What the facts come to, in minor units; `failed` when every attempt has come to nothing."""

    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    disputed: int = 0
    failed: bool = False

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            authorized=self.authorized + other.authorized,
            captured=self.captured + other.captured,
            refunded=self.refunded + other.refunded,
            disputed=self.disputed + other.disputed,
            failed=self.failed and other.failed,
        )


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which money is to come. Amounts are minor units of its currency."""

    id: UUID
    provider: str
    method: str
    intent: Intent
    status: PaymentState
    currency: str
    amount: int
    operation_id: str
    created_at: datetime
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    disputed: int = 0
    order_id: UUID | None = None
    cart_id: UUID | None = None
    session_id: UUID | None = None
    provider_ref: str | None = None
    error_code: str = ""
    version: int = 1

    @property
    def totals(self) -> Totals:
        """What its facts came to when they were last folded."""
        return Totals(
            authorized=self.authorized,
            captured=self.captured,
            refunded=self.refunded,
            disputed=self.disputed,
            failed=self.status == "failed",
        )

    @property
    def certain(self) -> bool:
        """Whether the whole amount came, or is held for us where that was wanted.

        What went back later does not count: the same facts in another order would tell otherwise.
        """
        if self.captured >= self.amount:
            return True
        return self.intent == "authorize" and self.authorized >= self.amount

    @property
    def held(self) -> int:
        """What is held for us and was not taken yet."""
        return max(0, self.authorized - self.captured)

    def money(self, amount: int) -> Money:
        """An amount in this payment's currency."""
        return Money(amount, self.currency)


class PaymentSession(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to pay: what the shopper must do (`action`) and what their client gets (`data`).

    `snapshot` is the frozen cart as JSON; `cart_version` the version it was taken at. Once
    `lost_at` has passed, no answer to its start is waited for any more.
    """

    id: UUID
    cart_id: UUID | None
    cart_version: int
    payment_id: UUID
    provider: str
    method: str
    flow: Flow
    intent: Intent
    status: SessionStatus
    currency: str
    amount: int
    snapshot: bytes
    expires_at: datetime
    created_at: datetime
    order_id: UUID | None = None
    inputs: Mapping[str, str] = {}
    action: Action | None = None
    data: Mapping[str, Any] = {}
    lost_at: datetime | None = None
    polls: int = 0
    code: str = ""
    message: str = ""

    @property
    def erased(self) -> bool:
        """Whether its shopper was erased: what they meant to buy is not known any more."""
        return self.snapshot == b"{}"


class RefundLine(msgspec.Struct, frozen=True, kw_only=True):
    """Units of an order's line that money goes back for."""

    line_id: UUID
    quantity: Annotated[int, msgspec.Meta(gt=0)]


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back from one captured object; `amount` is minor units of `currency`.

    `provider_ref` is what the provider calls the refund, once it has answered. `attempts` counts
    how often it was asked.
    """

    id: UUID
    payment_id: UUID
    request_id: str
    operation_id: str
    object_id: str
    status: RefundStatus
    currency: str
    amount: int
    actor: str
    created_at: datetime
    order_id: UUID | None = None
    provider_ref: str | None = None
    code: str = ""
    reason: str = ""
    lines: Sequence[RefundLine] = ()
    attempts: int = 0

    @property
    def money(self) -> Money:
        """What goes back."""
        return Money(self.amount, self.currency)


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """Held money that the shop takes; amounts are minor units of `currency`.

    `held` and `captured` are what its payment came to when this was claimed: it has succeeded once
    `captured + amount` of the payment are captured. `attempts` counts how often it was asked for.
    """

    id: UUID
    payment_id: UUID
    order_id: UUID
    request_id: str
    operation_id: str
    status: CaptureStatus
    currency: str
    amount: int
    held: int
    captured: int
    actor: str
    created_at: datetime
    code: str = ""
    attempts: int = 0

    @property
    def money(self) -> Money:
        """What is taken."""
        return Money(self.amount, self.currency)

    def made(self, payment: Payment) -> bool:
        """Whether all that is known of its payment says that it took effect."""
        return payment.captured >= self.captured + self.amount


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A captured object that `left` can still go back from."""

    object_id: str
    left: int


class ObjectState(NamedTuple):
    """What an object at the provider is, by all that was said of it."""

    status: FactStatus
    amount: int


class Quarrel(NamedTuple):
    """A dispute: the payer asked their bank for this amount, which is undecided or decided."""

    outcome: Literal["open", "won", "lost"]
    amount: int


_ENDED: Mapping[FactStatus, Literal["won", "lost"]] = {"won": "won", "lost": "lost"}


def states(facts: Iterable[Fact], currency: str) -> dict[tuple[FactKind, str], ObjectState]:
    """Every object that facts in this currency speak of, in the order it was first heard of."""
    objects: dict[tuple[FactKind, str], tuple[int, int]] = {}
    for fact in facts:
        if fact.amount.currency != currency:
            continue
        key = (fact.kind, fact.object_id)
        found = (rank(fact.kind, fact.status), fact.amount.amount)
        objects[key] = max(objects.get(key, found), found)
    return {
        (kind, name): ObjectState(RANKS[kind][place], amount)
        for (kind, name), (place, amount) in objects.items()
    }


def fold(facts: Iterable[Fact], currency: str) -> Totals:
    """What these facts come to; facts in another currency are not counted."""
    state = [(kind, *found) for (kind, _), found in states(facts, currency).items()]
    attempts = [status for kind, status, _ in state if kind in {"authorization", "capture"}]
    return Totals(
        authorized=_sum(state, "authorization", {"succeeded"}),
        captured=_sum(state, "capture", {"succeeded"}),
        refunded=_sum(state, "refund", {"succeeded"}),
        disputed=_sum(state, "dispute", {"pending", "action_required", "lost"}),
        failed=bool(attempts) and all(status in _UNDONE for status in attempts),
    )


def quarrels(facts: Iterable[Fact], currency: str) -> dict[str, Quarrel]:
    """How far every dispute is that facts in this currency speak of."""
    return {
        name: Quarrel(_ENDED.get(found.status, "open"), found.amount)
        for (kind, name), found in states(facts, currency).items()
        if kind == "dispute"
    }


def strange_money(facts: Iterable[Fact], currency: str) -> list[str]:
    """The currencies, other than the one asked for, in which these facts say that money came."""
    came = {
        fact.amount.currency
        for fact in facts
        if fact.kind == "capture" and fact.status == "succeeded"
    }
    return sorted(came - {currency})


def refundable(facts: Sequence[Fact], refunds: Sequence[Refund], currency: str) -> Sequence[Source]:
    """What can still go back, by captured object: what has most left first, the newest of equals.

    A refund that has not failed is taken off its object at once. What went back otherwise (at the
    provider's own desk, through the payer's bank) is taken off in the same order.
    """
    ours = [one for one in refunds if one.currency == currency and one.status != "failed"]
    left = {
        name: found.amount
        for (kind, name), found in reversed(states(facts, currency).items())
        if kind == "capture" and found.status == "succeeded"
    }
    known = 0
    for refund in ours:
        part = min(left.get(refund.object_id, 0), refund.amount)
        if part:
            left[refund.object_id] -= part
        known += part if refund.status == "succeeded" else 0
    totals = fold(facts, currency)
    elsewhere = max(0, totals.refunded - known) + totals.disputed
    sources = [Source(object_id=name, left=amount) for name, amount in left.items()]
    sources.sort(key=lambda source: -source.left)
    gone = {source.object_id: part for source, part in spread(elsewhere, sources)}
    rest = [
        Source(object_id=one.object_id, left=one.left - gone.get(one.object_id, 0))
        for one in sources
    ]
    return sorted((one for one in rest if one.left), key=lambda source: -source.left)


def spread(amount: int, sources: Sequence[Source]) -> list[tuple[Source, int]]:
    """Take an amount from sources, one after the other; less when they have no more."""
    parts = []
    for source in sources:
        part = min(amount, source.left)
        amount -= part
        if part:
            parts.append((source, part))
    return parts


def rank(kind: FactKind, status: FactStatus) -> int:
    """The place of a status among those its kind of object can have; an odd one comes first."""
    known = RANKS[kind]
    return known.index(status) if status in known else 0


def _sum(
    state: Sequence[tuple[FactKind, FactStatus, int]], kind: FactKind, counting: set[FactStatus]
) -> int:
    return sum(amount for found, status, amount in state if found == kind and status in counting)


def status_of(totals: Totals, amount: int) -> PaymentState:
    """The status that follows from totals when `amount` is due."""
    if totals.captured > 0:
        return _status_of_captured(totals, amount)
    if totals.authorized > 0:
        return "authorized"
    return "failed" if totals.failed else "awaiting"


def _status_of_captured(totals: Totals, amount: int) -> PaymentState:
    """What came beyond the amount, and went back, leaves it paid."""
    kept = totals.captured - totals.refunded
    if kept <= 0:
        return "refunded"
    if kept >= amount:
        return "paid"
    return "partially_refunded" if totals.refunded > 0 else "partially_paid"


def next_poll(plan: Sequence[timedelta], polls: int) -> timedelta | None:
    """How long to wait for look-up number `polls` (from 0); the last wait repeats itself."""
    return plan[min(polls, len(plan) - 1)] if plan else None
