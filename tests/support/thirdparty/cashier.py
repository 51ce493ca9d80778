"""A payment provider as somebody else would write it: the payer goes to its page and comes back.

It has no webhooks; what became of a payment is found out by asking. The counter stands for the
provider's own computer.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from tradewind import (
    Action,
    AwaitPhone,
    CheckResult,
    Decision,
    Directory,
    Fact,
    FactStatus,
    Input,
    Instructions,
    Item,
    Method,
    MethodsQuery,
    Money,
    NoSettings,
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

Context = StoreContext[NoSettings]

CARD = Method(id="card", title="Card", flow="redirect")
WALLET = Method(
    id="wallet",
    title="Mobile wallet",
    flow="push",
    inputs=[
        Input(name="network", title="Network", kind="choice", choices=["Airtel", "MTN"]),
        Input(name="phone", title="Phone number", kind="phone"),
        Input(name="note", title="Note", required=False),
    ],
)
COUNTER = Method(id="counter", title="Bank counter", flow="instructions")
SCRIPTED = Method(id="scripted", title="Card in the page", flow="client_secret")


class Slip(msgspec.Struct):
    """One payment as the provider keeps it."""

    operation_id: str
    amount: Money
    return_url: str
    cancel_url: str
    state: Literal["open", "paid", "declined"] = "open"
    at: datetime | None = None


class Counter:
    """The provider's computer.

    `trouble` is set by a test: `away` answers nothing, `declines` takes no payment. `page` is
    where its payment page lives, `offered` what may be chosen.
    """

    def __init__(self, page: str = "https://pay.example/slips") -> None:
        self.page = page
        self.offered: Sequence[Method] = (CARD, WALLET, COUNTER, SCRIPTED)
        self.slips: dict[str, Slip] = {}
        self.started: list[StartPayment] = []
        self.asked: list[str] = []
        self.trouble: Literal["", "away", "declines"] = ""

    def decide(self, operation_id: str, state: Literal["paid", "declined"], at: datetime) -> Slip:
        """What the payer did on the provider's page."""
        slip = self.slips[operation_id]
        slip.state, slip.at = state, at
        return slip


class Cashier:
    """Pay on our page, on your phone, or at the counter."""

    name = "cashier"
    settings_type = NoSettings
    capabilities = PaymentCapabilities(
        recovery="lookup", poll_plan=(timedelta(minutes=1),), session_ttl=timedelta(hours=1)
    )

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def address(self, settings: NoSettings) -> str:
        """Nobody calls us."""
        return ""

    async def methods(self, context: Context, query: MethodsQuery) -> Sequence[Method]:
        """The same to everybody."""
        return self._counter.offered

    async def start(self, context: Context, payment: StartPayment) -> PaymentResult:
        """Open a slip."""
        self._counter.started.append(payment)
        if self._counter.trouble == "away":
            raise ProviderFault("nobody is there", permanent=False)
        if self._counter.trouble == "declines":
            return PaymentResult(status="failed", code="insufficient_funds", message="No funds.")
        self._counter.slips[payment.operation_id] = Slip(
            payment.operation_id, payment.amount, payment.return_url, payment.cancel_url
        )
        return PaymentResult(
            status="pending",
            provider_ref=f"slip-{payment.operation_id}",
            action=self._action(payment),
        )

    def _action(self, payment: StartPayment) -> Action:
        if payment.method == "wallet":
            return AwaitPhone(text=f"Enter your PIN on {payment.inputs['phone']}.")
        if payment.method == "counter":
            return Instructions(text="Bring the money.\nSay your order's number.")
        return Redirect(url=f"{self._counter.page}/{payment.operation_id}")

    async def fetch(
        self, context: Context, operation_id: str, provider_ref: str | None
    ) -> PaymentResult:
        """What has become of a slip."""
        self._counter.asked.append(operation_id)
        slip = self._counter.slips.get(operation_id)
        return PaymentResult(status="unknown") if slip is None else _result(slip)

    async def accept(self, request: WebhookRequest, directory: Directory[NoSettings]) -> Decision:
        """Nobody calls us."""
        return Refused(status=404, reason="no webhooks")

    async def parse_webhook(self, item: Item, context: Context) -> Sequence[PaymentReport]:
        """Nobody calls us."""
        return []

    async def check(self, context: Context) -> Sequence[CheckResult]:
        """There is nothing to provision."""
        return []


_STATUSES: dict[str, tuple[PaymentStatus, FactStatus]] = {
    "open": ("pending", "pending"),
    "paid": ("succeeded", "succeeded"),
    "declined": ("failed", "failed"),
}


def _result(slip: Slip) -> PaymentResult:
    status, capture = _STATUSES[slip.state]
    code = "insufficient_funds" if slip.state == "declined" else ""
    facts = []
    if slip.at is not None:
        facts.append(
            Fact(
                kind="capture",
                object_id=slip.operation_id,
                status=capture,
                amount=slip.amount,
                at=slip.at,
                code=code,
            )
        )
    return PaymentResult(
        status=status, provider_ref=f"slip-{slip.operation_id}", facts=facts, code=code
    )


class CashierPlugin(Plugin):
    """Brings the payment provider `cashier`."""

    name = "cashier"
    requires = ">=0.1,<0.2"

    def __init__(self, counter: Counter) -> None:
        self.counter = counter

    @hookimpl
    def payment_providers(self) -> Sequence[Cashier]:
        """The one provider."""
        return [Cashier(self.counter)]
