"""Everything the stand-in remembers of Stripe, in memory: accounts and their objects."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from tradewind_sandbox.clock import Clock
from tradewind_sandbox.config import StripeAccount
from tradewind_sandbox.stripe.cards import RefundFate, TestCard
from tradewind_sandbox.stripe.wire import new_id

API_VERSION = "2026-10-28.endive"
AUTHORIZATION_LASTS = timedelta(days=7)
ANSWERS_LAST = timedelta(hours=24)
SEARCH_LAG = timedelta(seconds=60)
REFUNDS_TAKE = timedelta(seconds=60)

IntentStatus = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
    "succeeded",
    "canceled",
]
SessionStatus = Literal["open", "complete", "expired"]


@dataclass(eq=False, slots=True, kw_only=True)
class Customer:
    """Somebody who may keep payment methods. `details` are the fields that nothing looks at."""

    id: str
    created: datetime
    email: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False, slots=True, kw_only=True)
class PaymentMethod:
    """A card as somebody typed it."""

    id: str
    created: datetime
    card: TestCard
    exp_month: int
    exp_year: int
    billing: dict[str, Any] = field(default_factory=dict)
    customer: Customer | None = None
    metadata: dict[str, str] = field(default_factory=dict)


MovementType = Literal["charge", "refund", "refund_failure", "adjustment"]


@dataclass(eq=False, slots=True, kw_only=True)
class Movement:
    """A balance transaction: money that came (`charge`) or went (`refund`, `adjustment`)."""

    id: str
    created: datetime
    type: MovementType
    amount: int
    fee: int
    currency: str
    source: str


@dataclass(eq=False, slots=True, kw_only=True)
class Refund:
    """Money given back. What its card does with it happens at `due`."""

    id: str
    created: datetime
    charge: "Charge"
    amount: int
    reason: str | None
    metadata: dict[str, str]
    status: Literal["pending", "succeeded", "failed"]
    failure_reason: str | None = None
    movement: Movement | None = None
    due: datetime | None = None
    fate: RefundFate = "succeeded"


DisputeStatus = Literal["needs_response", "won", "lost"]


@dataclass(eq=False, slots=True, kw_only=True)
class Dispute:
    """Money that the payer's bank wants back."""

    id: str
    created: datetime
    charge: "Charge"
    amount: int
    status: DisputeStatus = "needs_response"


@dataclass(eq=False, slots=True, kw_only=True)
class Charge:
    """One try to charge. Until `capture_before` an authorization waits to be captured."""

    id: str
    created: datetime
    intent: "Intent"
    payment_method: PaymentMethod
    amount: int
    failure: dict[str, Any] | None = None
    amount_captured: int = 0
    released: int = 0
    capture_before: datetime | None = None
    movement: Movement | None = None
    refunds: list[Refund] = field(default_factory=list)
    dispute: Dispute | None = None

    @property
    def returned(self) -> int:
        """What was given back, and did not fail on its way."""
        return sum(refund.amount for refund in self.refunds if refund.status != "failed")

    @property
    def amount_refunded(self) -> int:
        """As Stripe counts it: with what an authorization was not captured for."""
        return self.released + self.returned


@dataclass(eq=False, slots=True, kw_only=True)
class Intent:
    """A payment intent. `home` is the base address at which it was made.

    `details` are fields that nothing looks at.
    """

    id: str
    client_secret: str
    home: str
    created: datetime
    changed: datetime
    amount: int
    currency: str
    status: IntentStatus = "requires_payment_method"
    capture_method: str = "automatic_async"
    automatic: dict[str, Any] | None = None
    customer: Customer | None = None
    payment_method: PaymentMethod | None = None
    setup_future_usage: str | None = None
    return_url: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)
    last_error: dict[str, Any] | None = None
    canceled_at: datetime | None = None
    cancellation_reason: str | None = None
    session: "Session | None" = None

    @property
    def charge(self) -> Charge | None:
        """The latest charge."""
        return self.charges[-1] if self.charges else None

    @property
    def amount_received(self) -> int:
        """What was captured."""
        return sum(charge.amount_captured for charge in self.charges)

    @property
    def amount_capturable(self) -> int:
        """What is authorized and waits."""
        waiting = self.status == "requires_capture" and self.charge
        return self.charge.amount if waiting and self.charge else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a checkout session, in minor units."""

    id: str
    name: str
    quantity: int
    unit_amount: int


@dataclass(eq=False, slots=True, kw_only=True)
class Session:
    """A checkout session with its hosted page. Its intent begins when somebody pays.

    `intent_details` and `intent_metadata` are for that intent, `details` fields that nothing
    looks at.
    """

    id: str
    home: str
    created: datetime
    expires_at: datetime
    lines: list[Line]
    currency: str
    success_url: str
    cancel_url: str | None
    status: SessionStatus = "open"
    customer: Customer | None = None
    customer_creation: str | None = None
    customer_email: str | None = None
    payer: dict[str, Any] | None = None
    capture_method: str = "automatic_async"
    setup_future_usage: str | None = None
    intent_details: dict[str, Any] = field(default_factory=dict)
    intent_metadata: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    intent: Intent | None = None

    @property
    def amount_total(self) -> int:
        """What is to be paid."""
        return sum(line.quantity * line.unit_amount for line in self.lines)

    @property
    def url(self) -> str:
        """Where its payer finds it."""
        return f"{self.home}/stripe/c/pay/{self.id}"


@dataclass(eq=False, slots=True, kw_only=True)
class Endpoint:
    """Where webhooks go, and the secret that signs them."""

    id: str
    created: datetime
    url: str
    secret: str
    events: list[str]
    description: str | None = None
    api_version: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    enabled: bool = True

    def wants(self, kind: str) -> bool:
        """Whether it gets events of this type."""
        return self.enabled and ("*" in self.events or kind in self.events)


@dataclass(eq=False, slots=True, kw_only=True)
class Event:
    """What happened: the object as it was then, and the call that was the cause, if one was."""

    id: str
    created: datetime
    type: str
    snapshot: dict[str, Any]
    request_id: str | None
    idempotency_key: str | None
    pending: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer that an idempotency key stands for; without content it is still being made."""

    at: datetime
    request: tuple[str, dict[str, Any]]
    request_id: str
    status: int = 0
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Cause:
    """The call on whose behalf something is done."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Account:
    """One Stripe account with its objects, each kind oldest first."""

    def __init__(self, known: StripeAccount, now: datetime) -> None:
        self.known = known
        self.id = f"acct_{secrets.token_hex(8)}"
        self.intents: dict[str, Intent] = {}
        self.sessions: dict[str, Session] = {}
        self.charges: dict[str, Charge] = {}
        self.refunds: dict[str, Refund] = {}
        self.disputes: dict[str, Dispute] = {}
        self.customers: dict[str, Customer] = {}
        self.payment_methods: dict[str, PaymentMethod] = {}
        self.movements: dict[str, Movement] = {}
        self.events: dict[str, Event] = {}
        self.answers: dict[str, Answer] = {}
        self.cause = Cause()
        own = Endpoint(
            id=new_id("we_"),
            created=now,
            url=known.webhook_url,
            secret=known.webhook_secret,
            events=list(known.events),
        )
        self.endpoints: dict[str, Endpoint] = {own.id: own}


class StripeState:
    """The memory of the stand-in."""

    def __init__(self, accounts: list[StripeAccount], clock: Clock) -> None:
        self.clock = clock
        self.accounts = [Account(known, clock.now()) for known in accounts]

    def now(self) -> datetime:
        """The present moment of the sandbox, in UTC."""
        return self.clock.now()
