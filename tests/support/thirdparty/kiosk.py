"""A payment provider with signed webhooks, cancels and refunds, whose own code may have a defect.

The book of the till stands for the provider's computer. `mood` gives what its calls raise, by the
name of the method, until it gives nothing.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from tests.support.thirdparty.till import Book, Request
from tradewind import (
    Accepted,
    AwaitPhone,
    Change,
    CheckResult,
    Decision,
    Directory,
    Event,
    Fact,
    Item,
    MessageReceived,
    Method,
    MethodsQuery,
    PaymentCapabilities,
    PaymentReport,
    PaymentResult,
    Plugin,
    Refused,
    Secret,
    StartPayment,
    StoreContext,
    WebhookRequest,
    from_major,
    hookimpl,
)

Mood = Callable[[str], BaseException | None]


class KioskSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One kiosk."""

    kiosk: str
    hook_secret: Secret


Context = StoreContext[KioskSettings]


def content(_method: str) -> None:
    """The mood in which nothing is raised."""


def sign(body: bytes, secret: str) -> str:
    """The signature that the provider sends with a body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Kiosk:
    """Pay at the kiosk around the corner."""

    name = "kiosk"
    settings_type = KioskSettings
    capabilities = PaymentCapabilities(
        cancel=True,
        refund=True,
        recovery="lookup",
        poll_plan=(timedelta(seconds=10), timedelta(seconds=30)),
        session_ttl=timedelta(minutes=10),
    )

    def __init__(self, book: Book) -> None:
        self.book = book
        self.mood: Mood = content
        self.calls: list[str] = []
        self.refunds: list[Change] = []

    def called(self, method: str) -> None:
        """Note the call, and raise what the mood gives."""
        self.calls.append(method)
        error = self.mood(method)
        if error is not None:
            raise error

    def address(self, settings: KioskSettings) -> str:
        """Webhooks name the store."""
        return ""

    async def methods(self, context: Context, query: MethodsQuery) -> Sequence[Method]:
        """One method."""
        self.called("methods")
        return [Method(id="cash", title="Pay at a kiosk", flow="push")]

    async def start(self, context: Context, payment: StartPayment) -> PaymentResult:
        """Write it into the book."""
        self.called("start")
        amount = str(payment.amount.major())
        request = self.book.take(payment.operation_id, "", amount, payment.amount.currency)
        words = AwaitPhone(text=f"Pay {request.number} at the kiosk.")
        return PaymentResult(status="pending", provider_ref=request.number, action=words)

    async def fetch(
        self, context: Context, operation_id: str, provider_ref: str | None
    ) -> PaymentResult:
        """What the book says."""
        self.called("fetch")
        request = self.book.find(provider_ref or operation_id)
        return _result(request) if request else PaymentResult(status="unknown")

    async def cancel(self, context: Context, change: Change) -> PaymentResult:
        """Strike it out."""
        self.called("cancel")
        return PaymentResult(status="canceled", provider_ref=change.provider_ref)

    async def refund(self, context: Context, change: Change) -> PaymentResult:
        """Give it back at the counter, at once."""
        self.called("refund")
        self.refunds.append(change)
        fact = Fact(
            kind="refund",
            object_id=change.operation_id,
            status="succeeded",
            amount=change.amount,
            at=context.clock.now(),
        )
        return PaymentResult(status="succeeded", provider_ref=change.provider_ref, facts=[fact])

    async def accept(
        self, request: WebhookRequest, directory: Directory[KioskSettings]
    ) -> Decision:
        """Signed over the raw bytes with the secret of the store that the address names."""
        self.called("accept")
        account = await directory.by_slug(request.store_slug or "")
        given = request.headers.get("x-kiosk-signature", "")
        if account is None or not hmac.compare_digest(
            sign(request.body, account.settings.hook_secret), given
        ):
            return Refused(status=401, reason="not signed by the kiosk")
        number = request.body.decode()
        item = Item(dedupe_key=number, lane=number, body=request.body, store_id=account.store_id)
        return Accepted(items=[item])

    async def parse_webhook(self, item: Item, context: Context) -> Sequence[PaymentReport]:
        """Somebody paid; the body is the request's number."""
        self.called("parse_webhook")
        request = self.book.find(item.body.decode())
        if request is None:
            return []
        payment_id = UUID(request.operation_id)
        return [PaymentReport(result=_result(request), payment_id=payment_id)]

    async def check(self, context: Context) -> Sequence[CheckResult]:
        """Whether there is a kiosk."""
        self.called("check")
        return [CheckResult(name="kiosk", passed=True, message=context.settings.kiosk)]


def _result(request: Request) -> PaymentResult:
    if request.at is None:
        return PaymentResult(status="pending", provider_ref=request.number)
    amount = from_major(request.amount, request.currency)
    fact = Fact(
        kind="capture",
        object_id=request.number,
        status="succeeded",
        amount=amount,
        at=request.at,
    )
    return PaymentResult(status="succeeded", provider_ref=request.number, facts=[fact])


class KioskPlugin(Plugin):
    """Brings the payment provider `kiosk`."""

    name = "kiosk"
    requires = ">=0.1,<0.2"
    settings_type = KioskSettings

    def __init__(self, book: Book) -> None:
        self.kiosk = Kiosk(book)

    @hookimpl
    def payment_providers(self) -> Sequence[Kiosk]:
        """The one provider."""
        return [self.kiosk]

    @hookimpl(events=[MessageReceived])
    async def on_event(self, event: Event, context: Context) -> None:
        """Somebody wrote: tell the kiosk."""
        self.kiosk.called("on_event")
