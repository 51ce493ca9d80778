"""A payment provider as somebody else would write it: approved on the phone, found out by asking.

It has no webhooks, takes whole shillings only and cannot call a payment off. The book stands for
the provider's own computer.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from tradewind import (
    AwaitPhone,
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
    Refused,
    Secret,
    StartPayment,
    StoreContext,
    WebhookRequest,
    decimals,
    from_major,
    hookimpl,
)

CURRENCIES = frozenset({"KES", "UGX"})
PLAN = (timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=30))
SESSION = timedelta(minutes=5)


class TillSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One till."""

    till_number: str
    passkey: Secret


Context = StoreContext[TillSettings]


class Request(msgspec.Struct):
    """One request for money, as the provider keeps it: in whole major units, as text."""

    number: str
    operation_id: str
    phone: str
    amount: str
    currency: str
    state: Literal["waiting", "approved", "declined"] = "waiting"
    at: datetime | None = None


class Book:
    """The provider's computer: what was asked for, and what people did on their phones.

    `trouble` is set by a test: `refuses` takes nothing, `silent` takes a request and gives no
    answer.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.asked: list[str] = []
        self.trouble: Literal["", "refuses", "silent"] = ""

    def find(self, key: str) -> Request | None:
        """A request by our operation id or by the provider's number."""
        found = (one for one in self.requests if key in {one.number, one.operation_id})
        return next(found, None)

    def take(self, operation_id: str, phone: str, amount: str, currency: str) -> Request:
        """Ask somebody for money; the same operation is asked for once."""
        known = self.find(operation_id)
        if known is None:
            number = f"T{len(self.requests) + 1:04}"
            known = Request(number, operation_id, phone, amount, currency)
            self.requests.append(known)
        return known

    def decide(self, key: str, state: Literal["approved", "declined"], at: datetime) -> None:
        """What the person did on their phone."""
        request = self.find(key)
        if request is None:
            raise LookupError(key)
        request.state, request.at = state, at


class Till:
    """Approve on your phone."""

    name = "till"
    settings_type = TillSettings
    capabilities = PaymentCapabilities(recovery="lookup", poll_plan=PLAN, session_ttl=SESSION)

    def __init__(self, book: Book) -> None:
        self._book = book

    def address(self, settings: TillSettings) -> str:
        """Nobody calls us."""
        return ""

    async def methods(self, context: Context, query: MethodsQuery) -> Sequence[Method]:
        """One method, in currencies that the provider knows."""
        if query.amount.currency not in CURRENCIES:
            return []
        unit = 10 ** decimals(query.amount.currency)
        phone = Input(name="phone", title="Phone number", kind="phone")
        title = "Approve on your phone"
        method = Method(
            id="push", title=title, flow="push", inputs=[phone], minimum=unit, step=unit
        )
        return [method]

    async def start(self, context: Context, payment: StartPayment) -> PaymentResult:
        """Ring the phone."""
        if self._book.trouble == "refuses":
            raise ProviderFault("the till is closed", permanent=False)
        phone = payment.inputs["phone"]
        whole = payment.amount.major()
        if whole != whole.to_integral_value():
            return PaymentResult(status="failed", code="no_cents", message="Whole shillings only.")
        request = self._book.take(
            payment.operation_id, phone, str(whole.to_integral_value()), payment.amount.currency
        )
        if self._book.trouble == "silent":
            return PaymentResult(status="unknown")
        text = f"Enter your PIN on {phone}."
        return _result(request, action=AwaitPhone(text=text))

    async def fetch(
        self, context: Context, operation_id: str, provider_ref: str | None
    ) -> PaymentResult:
        """What has become of it."""
        self._book.asked.append(operation_id)
        request = self._book.find(provider_ref or operation_id)
        return _result(request) if request else PaymentResult(status="unknown")

    async def accept(self, request: WebhookRequest, directory: Directory[TillSettings]) -> Decision:
        """Nobody calls us."""
        return Refused(status=404, reason="no webhooks")

    async def parse_webhook(self, item: Item, context: Context) -> Sequence[PaymentReport]:
        """A line of the day's statement, which the plugin hands in itself: a request's number."""
        request = self._book.find(item.body.decode(errors="replace"))
        if request is None:
            return []
        return [
            PaymentReport(
                result=_result(request),
                payment_id=UUID(request.operation_id),
                provider_ref=request.number,
            )
        ]

    async def check(self, context: Context) -> Sequence[CheckResult]:
        """Whether there is a till."""
        number = context.settings.till_number
        return [CheckResult(name="till", passed=bool(number), message=number)]


def statement_line(number: str) -> Item:
    """What the plugin hands in when it finds a request in the day's statement."""
    return Item(dedupe_key=f"statement:{number}", lane=number, body=number.encode())


_STATUSES: dict[str, tuple[PaymentStatus, FactStatus]] = {
    "waiting": ("pending", "pending"),
    "approved": ("succeeded", "succeeded"),
    "declined": ("failed", "failed"),
}


def _result(request: Request, action: AwaitPhone | None = None) -> PaymentResult:
    status, capture = _STATUSES[request.state]
    facts = [_capture(request, capture, request.at)] if request.at else []
    return PaymentResult(
        status=status,
        provider_ref=request.number,
        action=action if request.state == "waiting" else None,
        facts=facts,
        code="declined_by_payer" if request.state == "declined" else "",
    )


def _capture(request: Request, status: FactStatus, at: datetime) -> Fact:
    amount: Money = from_major(request.amount, request.currency)
    return Fact(kind="capture", object_id=request.number, status=status, amount=amount, at=at)


class TillPlugin(Plugin):
    """Brings the payment provider `till`."""

    name = "till"
    requires = ">=0.1,<0.2"
    settings_type = TillSettings

    def __init__(self, book: Book) -> None:
        self.book = book

    @hookimpl
    def payment_providers(self) -> Sequence[Till]:
        """The one provider."""
        return [Till(self.book)]
