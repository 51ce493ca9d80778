"""A bank: a payment provider with books of its own, signed webhooks, and faults on demand.

What it does is counted in the books, so that a test can say what was really charged and given
back, whatever answers were lost.
"""

import hashlib
import hmac
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from tradewind import (
    Accepted,
    Answer,
    Change,
    CheckResult,
    Decision,
    Directory,
    Fact,
    FactKind,
    FactStatus,
    Item,
    Method,
    MethodsQuery,
    Money,
    PaymentCapabilities,
    PaymentReport,
    PaymentResult,
    Plugin,
    ProviderFault,
    Redirect,
    Refused,
    Secret,
    StartPayment,
    StoreContext,
    WebhookRequest,
    hookimpl,
)

SECRET = "signing secret of the bank"
SIGNATURE = "x-bank-signature"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

Trouble = Literal["busy", "lost", "silent", "refused", "killed before", "killed after"]
"""`busy`: 429, nothing done. `lost`: done, and the answer is lost. `silent`: the same, told by a
time-out. `refused`: never. `killed …`: our process dies before or after it was done."""


class Killed(BaseException):
    """The process is gone."""


class BankSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One account."""

    signing: Secret = SECRET


Context = StoreContext[BankSettings]


class Charge(msgspec.Struct, kw_only=True):
    """A page on which somebody may pay, also more than once."""

    ref: str
    operation_id: str
    amount: Money
    facts: list[Fact] = []
    canceled: bool = False


class Books:
    """What the bank knows. `trouble` holds what goes wrong next, call by call.

    `on_effect` is called when a page was opened, `on_start` just before that is answered.
    """

    def __init__(self) -> None:
        self.charges: dict[str, Charge] = {}
        self.started: list[StartPayment] = []
        self.refunds: dict[str, tuple[str, Fact]] = {}
        self.trouble: dict[str, deque[Trouble]] = {}
        self.calls: list[tuple[str, str]] = []
        self.captures: dict[str, Fact] = {}
        self.refund_status: FactStatus = "succeeded"
        self.on_effect: Callable[[Charge], Awaitable[None]] | None = None
        self.on_start: Callable[[Charge], Awaitable[None]] | None = None
        self._numbers = itertools.count(1)

    # --- what people and the bank do ---------------------------------------------------------

    def pays(
        self, operation_id: str, amount: int | None = None, currency: str | None = None
    ) -> Fact:
        """Somebody pays on the page."""
        charge = self.charges[operation_id]
        money = Money(
            charge.amount.amount if amount is None else amount, currency or charge.amount.currency
        )
        fact = self._fact("capture", f"cap-{next(self._numbers)}", "succeeded", money)
        charge.facts.append(fact)
        return fact

    def holds(self, operation_id: str, amount: int | None = None) -> Fact:
        """Somebody lets the bank hold money for the shop."""
        charge = self.charges[operation_id]
        money = charge.amount if amount is None else Money(amount, charge.amount.currency)
        fact = self._fact("authorization", f"hold-{charge.ref}", "succeeded", money)
        charge.facts.append(fact)
        return fact

    def declines(self, operation_id: str) -> Fact:
        """Somebody's card is declined."""
        charge = self.charges[operation_id]
        name = f"cap-{next(self._numbers)}"
        fact = self._fact("capture", name, "failed", charge.amount)
        charge.facts.append(fact)
        return fact

    def decide(self, object_id: str, status: FactStatus) -> Fact:
        """A refund succeeds or fails, perhaps days later."""
        for operation_id, (charge, fact) in self.refunds.items():
            if fact.object_id == object_id:
                code = "account_closed" if status == "failed" else ""
                later = msgspec.structs.replace(fact, status=status, code=code)
                self.refunds[operation_id] = (charge, later)
                return later
        raise LookupError(object_id)

    def captured(self) -> int:
        """All that came."""
        return sum(self._taken(charge) for charge in self.charges.values())

    def returned(self) -> int:
        """All that was given back."""
        return sum(
            fact.amount.amount for _, fact in self.refunds.values() if fact.status != "failed"
        )

    def made(self, what: str) -> list[str]:
        """The operation ids of all calls of one kind."""
        return [operation_id for name, operation_id in self.calls if name == what]

    # --- what the provider's interface does --------------------------------------------------

    async def call(self, name: str, operation_id: str, effect: Callable[[], Awaitable[Any]]) -> Any:
        """Do something, with whatever goes wrong next."""
        self.calls.append((name, operation_id))
        waiting = self.trouble.get(name)
        trouble = waiting.popleft() if waiting else None
        if trouble == "busy":
            raise ProviderFault("too many requests", permanent=False, provider_code="429")
        if trouble == "refused":
            raise ProviderFault("no", permanent=True, provider_code="not_allowed")
        if trouble == "killed before":
            raise Killed
        done = await effect()
        if trouble == "killed after":
            raise Killed
        if trouble == "lost":
            raise ProviderFault("connection reset", permanent=False)
        return PaymentResult(status="unknown") if trouble == "silent" else done

    def start(self, payment: StartPayment) -> Charge:
        """Open a page; the same operation opens one."""
        self.started.append(payment)
        known = self.charges.get(payment.operation_id)
        if known is None:
            known = Charge(
                ref=f"page-{next(self._numbers)}",
                operation_id=payment.operation_id,
                amount=payment.amount,
            )
            self.charges[payment.operation_id] = known
        return known

    def cancel(self, charge: Charge) -> None:
        """Nobody can pay any more, and what was held is let go."""
        charge.canceled = True
        held = [fact for fact in charge.facts if fact.kind == "authorization"]
        charge.facts += [msgspec.structs.replace(fact, status="canceled") for fact in held]

    def capture(self, change: Change) -> Charge:
        """Take what is held; the same operation takes once. More than is held is refused."""
        charge = self.by_ref(change.provider_ref)
        if change.operation_id not in self.captures:
            held = [fact for fact in charge.facts if fact.kind == "authorization"]
            left = sum(fact.amount.amount for fact in held) - self._taken(charge)
            if charge.canceled or change.amount.amount > left:
                raise ProviderFault("not held", permanent=True, provider_code="not_held")
            name = f"cap-{next(self._numbers)}"
            fact = self._fact("capture", name, "succeeded", change.amount)
            charge.facts.append(fact)
            self.captures[change.operation_id] = fact
        return charge

    def _taken(self, charge: Charge) -> int:
        came = [f for f in charge.facts if f.kind == "capture" and f.status == "succeeded"]
        return sum(fact.amount.amount for fact in came)

    def refund(self, change: Change) -> Fact:
        """Give back; the same operation gives back once. More than came is refused."""
        known = self.refunds.get(change.operation_id)
        if known is not None:
            return known[1]
        charge = self.by_ref(change.provider_ref)
        capture = next(fact for fact in charge.facts if fact.object_id == change.object_id)
        if capture.amount.currency != change.amount.currency:
            raise ProviderFault("another currency", permanent=True, provider_code="currency")
        name = f"ref-{next(self._numbers)}"
        fact = self._fact("refund", name, self.refund_status, change.amount)
        self.refunds[change.operation_id] = (charge.operation_id, fact)
        return fact

    def by_ref(self, ref: str) -> Charge:
        """A page by the bank's own name for it."""
        return next(charge for charge in self.charges.values() if charge.ref == ref)

    def facts(self, charge: Charge) -> list[Fact]:
        """Everything about a page."""
        back = [fact for owner, fact in self.refunds.values() if owner == charge.operation_id]
        return [*charge.facts, *back]

    def _fact(self, kind: FactKind, name: str, status: FactStatus, amount: Money) -> Fact:
        return Fact(kind=kind, object_id=name, status=status, amount=amount, at=NOW)


class BankProvider:
    """Pay on the bank's page."""

    settings_type = BankSettings

    def __init__(self, books: Books, name: str = "bank", **capabilities: Any) -> None:
        self.name = name
        self.books = books
        known = {
            "capture": True,
            "cancel": True,
            "refund": True,
            "recovery": "repeat",
            "poll_plan": (timedelta(minutes=1),),
            "session_ttl": timedelta(minutes=30),
        }
        self.capabilities = PaymentCapabilities(**(known | capabilities))  # type: ignore[arg-type]

    def address(self, settings: BankSettings) -> str:
        return ""

    async def methods(self, context: Context, query: MethodsQuery) -> Sequence[Method]:
        return [Method(id="page", title="Pay online", flow="redirect")]

    async def start(self, context: Context, payment: StartPayment) -> PaymentResult:
        async def effect() -> PaymentResult:
            charge = self.books.start(payment)
            if self.books.on_effect is not None:
                await self.books.on_effect(charge)
            return self._result(charge)

        result: PaymentResult = await self.books.call("start", payment.operation_id, effect)
        if self.books.on_start is not None:
            await self.books.on_start(self.books.charges[payment.operation_id])
        return result

    async def fetch(
        self, context: Context, operation_id: str, provider_ref: str | None
    ) -> PaymentResult:
        async def effect() -> PaymentResult:
            charge = self.books.charges.get(operation_id)
            return PaymentResult(status="unknown") if charge is None else self._result(charge)

        result: PaymentResult = await self.books.call("fetch", operation_id, effect)
        return result

    async def cancel(self, context: Context, change: Change) -> PaymentResult:
        async def effect() -> PaymentResult:
            charge = self.books.by_ref(change.provider_ref)
            self.books.cancel(charge)
            return PaymentResult(status="canceled", provider_ref=charge.ref, facts=charge.facts)

        result: PaymentResult = await self.books.call("cancel", change.operation_id, effect)
        return result

    async def capture(self, context: Context, change: Change) -> PaymentResult:
        async def effect() -> PaymentResult:
            charge = self.books.capture(change)
            return PaymentResult(status="succeeded", provider_ref=charge.ref, facts=charge.facts)

        result: PaymentResult = await self.books.call("capture", change.operation_id, effect)
        return result

    async def refund(self, context: Context, change: Change) -> PaymentResult:
        async def effect() -> PaymentResult:
            fact = self.books.refund(change)
            status: Any = {"pending": "pending", "failed": "failed"}.get(fact.status, "succeeded")
            return PaymentResult(
                status=status, provider_ref=change.provider_ref, facts=[fact], code=fact.code
            )

        result: PaymentResult = await self.books.call("refund", change.operation_id, effect)
        return result

    def _result(self, charge: Charge) -> PaymentResult:
        return PaymentResult(
            status="pending",
            provider_ref=charge.ref,
            action=Redirect(url=f"https://bank.example/{charge.ref}"),
            facts=self.books.facts(charge),
            data={"page": charge.ref, "client_secret": "not for the merchant"},
        )

    async def accept(self, request: WebhookRequest, directory: Directory[BankSettings]) -> Decision:
        account = await directory.by_slug(request.store_slug) if request.store_slug else None
        if account is None:
            return Refused(status=404, reason="no such account")
        secret = account.settings.signing
        if not hmac.compare_digest(sign(request.body, secret), request.headers.get(SIGNATURE, "")):
            return Refused(status=401, reason="not signed")
        note = msgspec.json.decode(request.body, type=Note)
        item = Item(dedupe_key=note.id, lane=note.ref, body=request.body, store_id=account.store_id)
        return Accepted(items=[item], answer=Answer())

    async def parse_webhook(self, item: Item, context: Context) -> Sequence[PaymentReport]:
        note = msgspec.json.decode(item.body, type=Note)
        result = PaymentResult(
            status=note.status,
            provider_ref=note.ref or None,
            facts=note.facts,
            trusted=note.trusted,
        )
        return [
            PaymentReport(result=result, payment_id=note.payment_id, provider_ref=note.ref or None)
        ]

    async def check(self, context: Context) -> Sequence[CheckResult]:
        return []


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook of the bank."""

    id: str
    ref: str
    status: Any = "pending"
    facts: Sequence[Fact] = ()
    payment_id: UUID | None = None
    trusted: bool = True


def sign(body: bytes, secret: str = SECRET) -> str:
    """How the bank signs."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class BankPlugin(Plugin):
    """Brings a bank; by another `name`, another bank."""

    requires = ">=0.1"
    settings_type = BankSettings

    def __init__(self, books: Books, name: str = "bank", **capabilities: Any) -> None:
        self.name = name
        self.provider = BankProvider(books, name, **capabilities)

    @hookimpl
    def payment_providers(self) -> Sequence[BankProvider]:
        return [self.provider]
