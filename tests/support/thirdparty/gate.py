"""A payment provider as somebody else would write it: a page of its own, and wallets on the phone.

It has no webhooks and is found out by asking. The desk stands for the provider's own computer.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from tradewind import (
    Action,
    AwaitPhone,
    Change,
    CheckResult,
    Decision,
    Directory,
    Fact,
    FactStatus,
    Input,
    Item,
    Method,
    MethodsQuery,
    Money,
    PaymentCapabilities,
    PaymentReport,
    PaymentResult,
    PaymentStatus,
    Plugin,
    ProviderFault,
    Redirect,
    Refused,
    StartPayment,
    StoreContext,
    WebhookRequest,
    hookimpl,
)

PLAN = (timedelta(seconds=10),)
SESSION = timedelta(minutes=30)
PAGE = "https://gate.example/pay/"
NETWORKS = ("Blue", "Orange")
METHODS = (
    Method(id="online", title="Online", flow="redirect"),
    Method(
        id="wallet",
        title="Wallet",
        flow="push",
        inputs=[
            Input(name="network", title="Network", kind="choice", choices=NETWORKS),
            Input(name="phone", title="Phone", kind="phone"),
            Input(name="nickname", title="Nickname", required=False),
        ],
    ),
    Method(id="script", title="Card in the page", flow="client_secret"),
)
State = Literal["waiting", "paid", "declined", "canceled"]


class GateSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Nothing to set."""


Context = StoreContext[GateSettings]


class Visit(msgspec.Struct):
    """One payment, as the provider keeps it."""

    operation_id: str
    method: str
    amount: Money
    inputs: dict[str, str]
    return_url: str
    state: State = "waiting"
    code: str = ""
    at: datetime | None = None


class Desk:
    """The provider's computer.

    `trouble` is set by a test: `down` answers nothing, `closed` never will, `declines` says no at
    once, and at once with a fact, `at_once` takes the money without asking.
    `asks` is what a payer by wallet is told.
    """

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.trouble: Literal["", "down", "closed", "declines", "declines_with_fact", "at_once"]
        self.trouble = ""
        self.asks = "Approve on {phone}."

    def find(self, operation_id: str) -> Visit | None:
        """A payment by our operation id."""
        return next((one for one in self.visits if one.operation_id == operation_id), None)

    def take(self, payment: StartPayment) -> Visit:
        """A new payment; the same operation is taken once."""
        known = self.find(payment.operation_id)
        if known is None:
            known = Visit(
                payment.operation_id,
                payment.method,
                payment.amount,
                dict(payment.inputs),
                payment.return_url,
            )
            self.visits.append(known)
        return known

    def decide(self, at: datetime, state: State, code: str = "", visit: int = -1) -> None:
        """What the payer did; by default with the newest payment."""
        one = self.visits[visit]
        one.state, one.at, one.code = state, at, code


class Gate:
    """Pay on a page, or by wallet."""

    name = "gate"
    settings_type = GateSettings
    capabilities = PaymentCapabilities(
        cancel=True, recovery="lookup", poll_plan=PLAN, session_ttl=SESSION
    )

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def address(self, settings: GateSettings) -> str:
        """Nobody calls us."""
        return ""

    async def methods(self, context: Context, query: MethodsQuery) -> Sequence[Method]:
        """All there are."""
        return METHODS

    async def start(self, context: Context, payment: StartPayment) -> PaymentResult:
        """Prepare the page, or ring the phone."""
        match self._desk.trouble:
            case "down":
                raise ProviderFault("the gate does not answer", permanent=False)
            case "closed":
                raise ProviderFault("the gate is no more", permanent=True)
            case "declines":
                return PaymentResult(status="failed", code="insufficient_funds")
        visit, now = self._desk.take(payment), context.clock.now()
        if self._desk.trouble == "declines_with_fact":
            visit.state, visit.code, visit.at = "declined", "insufficient_funds", now
        if self._desk.trouble == "at_once":
            visit.state, visit.at = "paid", now
        action: Action = Redirect(url=f"{PAGE}{visit.operation_id}")
        if visit.method == "wallet":
            action = AwaitPhone(text=self._desk.asks.format(**visit.inputs))
        return _result(visit, action)

    async def fetch(
        self, context: Context, operation_id: str, provider_ref: str | None
    ) -> PaymentResult:
        """What has become of it."""
        visit = self._desk.find(operation_id)
        return _result(visit) if visit else PaymentResult(status="unknown")

    async def cancel(self, context: Context, change: Change) -> PaymentResult:
        """Take no money for it any more, unless that has happened."""
        visit = self._desk.find(change.operation_id.removesuffix(":cancel"))
        if visit is not None and visit.state == "waiting":
            visit.state = "canceled"
        return _result(visit) if visit else PaymentResult(status="canceled")

    async def accept(self, request: WebhookRequest, directory: Directory[GateSettings]) -> Decision:
        """Nobody calls us."""
        return Refused(status=404, reason="no webhooks")

    async def parse_webhook(self, item: Item, context: Context) -> Sequence[PaymentReport]:
        """Nobody calls us."""
        return []

    async def check(self, context: Context) -> Sequence[CheckResult]:
        """It is always there."""
        return []


_STATUSES: dict[State, tuple[PaymentStatus, FactStatus]] = {
    "waiting": ("pending", "pending"),
    "paid": ("succeeded", "succeeded"),
    "declined": ("failed", "failed"),
    "canceled": ("canceled", "canceled"),
}


def _result(visit: Visit, action: Action | None = None) -> PaymentResult:
    status, capture = _STATUSES[visit.state]
    facts = []
    if visit.at is not None:
        fact = Fact(
            kind="capture",
            object_id=visit.operation_id,
            status=capture,
            amount=visit.amount,
            at=visit.at,
            code=visit.code,
        )
        facts = [fact]
    return PaymentResult(
        status=status,
        provider_ref=visit.operation_id,
        action=action if visit.state == "waiting" else None,
        facts=facts,
        code=visit.code,
    )


class GatePlugin(Plugin):
    """Brings the payment provider `gate`."""

    name = "gate"
    requires = ">=0.1,<0.2"
    settings_type = GateSettings

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @hookimpl
    def payment_providers(self) -> Sequence[Gate]:
        """The one provider."""
        return [Gate(self.desk)]
