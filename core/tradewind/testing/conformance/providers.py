"""What every payment provider must keep."""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Generic, cast
from uuid import UUID, uuid5

import msgspec

from tradewind.contracts.channel import SettingsT
from tradewind.contracts.context import StoreContext
from tradewind.contracts.errors import ProviderFault
from tradewind.contracts.money import Money
from tradewind.contracts.payment import (
    Change,
    Fact,
    Method,
    MethodsQuery,
    Payer,
    PaymentCapabilities,
    PaymentProvider,
    PaymentReport,
    PaymentResult,
    Refunds,
    StartPayment,
)
from tradewind.testing.conformance.doors import Knocker, changed_items, check_closed_door
from tradewind.testing.conformance.findings import RAISED, Finding, Findings, Signer, short
from tradewind.testing.context import STORE, BareContext

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_OPTIONAL: Mapping[str, Sequence[str]] = {
    "update": ("update",),
    "capture": ("capture",),
    "cancel": ("cancel",),
    "refund": ("refund",),
    "saved_methods": ("saved_methods", "remove_method"),
    "settlements": ("settlements",),
}
AMOUNTS: Sequence[Money] = (
    *(Money(amount, "KES") for amount in (1, 99, 100, 101, 125_000, 99_999_900, 99_999_999)),
    *(Money(amount, "UGX") for amount in (1, 500, 1_234_567)),
    *(Money(amount, "KWD") for amount in (5, 1_000, 12_345, 123_450)),
    Money(1_999, "USD"),
)
"""Amounts in currencies of two, no and three decimals, odd ones and round ones."""


class Payments(msgspec.Struct, frozen=True, kw_only=True):
    """How a test plays the payer.

    `inputs` are what methods ask for; `pay` approves the payment with an operation id in the
    outside world, so that `fetch` finds it paid; leave it out where nobody can.
    """

    inputs: Mapping[str, str] = {}
    pay: Callable[[str], Awaitable[None]] | None = None


async def check_provider(
    provider: PaymentProvider[SettingsT],
    settings: SettingsT,
    *,
    webhooks: Sequence[bytes] = (),
    sign: Signer | None = None,
    payments: Payments | None = None,
    context: StoreContext[SettingsT] | None = None,
) -> list[Finding]:
    """What a provider does not keep of its contract.

    Args:
        provider: The provider.
        settings: The account under test.
        webhooks: Bodies as the provider sends them; none for one that sends none.
        sign: How it signs them; without it the door must refuse everything.
        payments: How the test plays the payer.
        context: For a provider that makes calls, with a transport that answers like the real one.
            By default nobody answers, and the provider must say so with `ProviderFault`.

    Rules: `names`, `settings`, `capabilities` (each one promised has its calls, and the other way
    round); `methods` (sound, and without an outgoing call); `money` (facts in the asked currency,
    never more than asked, exactly that much once paid and once refunded); `repetition` (the same
    operation id gives the same payment); the rules of the door as for channels, or `closed door`;
    `meaning` and `unknown` of `parse_webhook`.
    """
    findings = Findings()
    used = context or BareContext(settings)
    named = _NAME.fullmatch(provider.name)
    findings.expect(named, "names", f"the name {provider.name!r}")
    fits = isinstance(settings, provider.settings_type)
    findings.expect(fits, "settings", f"{type(settings).__name__} is not its settings_type")
    _check_capabilities(provider, findings)
    till = _Till(provider, used, payments or Payments(), findings)
    for amount in AMOUNTS:
        await till.check(amount)
    findings.expect(till.offered, "methods", "no method was offered for any amount")
    if sign is None:
        await check_closed_door(provider, settings, findings)
        items = []
    else:
        items = await Knocker(provider, settings, sign, findings).items(webhooks)
    for item in items:
        await _parsed(provider, item, used, findings, "meaning")
    for item in changed_items(items, webhooks):
        await _parsed(provider, item, used, findings, "unknown")
    return findings.all


def _check_capabilities(provider: PaymentProvider[Any], findings: Findings) -> None:
    can = provider.capabilities
    if not findings.sound(can, "capabilities", "capabilities"):
        return
    for promise, calls in _OPTIONAL.items():
        promised = bool(getattr(can, promise))
        for call in calls:
            there = callable(getattr(provider, call, None))
            words = f"{promise} is {promised} and `{call}` is {'there' if there else 'missing'}"
            findings.expect(there == promised, "capabilities", words)
    _check_times(can, findings)


def _check_times(can: PaymentCapabilities, findings: Findings) -> None:
    positive = all(wait > timedelta() for wait in (*can.poll_plan, can.session_ttl))
    findings.expect(positive, "capabilities", "waits and session_ttl must be more than 0")
    within = sum(can.poll_plan, timedelta()) <= can.session_ttl
    findings.expect(within, "capabilities", "poll_plan is longer than session_ttl")


async def _parsed(
    provider: PaymentProvider[SettingsT],
    item: Any,
    context: StoreContext[SettingsT],
    findings: Findings,
    rule: str,
) -> None:
    about = f"parse_webhook of {short(item.body)}"
    found = await findings.answer(provider.parse_webhook(item, context), rule, about)
    if found is RAISED:
        return
    known = isinstance(found, Sequence) and all(isinstance(one, PaymentReport) for one in found)
    if findings.expect(known, rule, f"{about} gave {found!r:.100}"):
        for report in found:
            findings.sound(report, rule, about)


class _Till(Generic[SettingsT]):
    """Pays, and counts what comes."""

    def __init__(
        self,
        provider: PaymentProvider[SettingsT],
        context: StoreContext[SettingsT],
        payments: Payments,
        findings: Findings,
    ) -> None:
        self._provider = provider
        self._context = context
        self._payments = payments
        self._findings = findings
        self.offered = 0

    async def check(self, amount: Money) -> None:
        """Everything about one amount."""
        for method in await self._methods(amount):
            self.offered += 1
            if _takes(method, amount):
                await self._pay(method, amount)

    async def _methods(self, amount: Money) -> Sequence[Method]:
        query = MethodsQuery(amount=amount, country="ke", channel="web")
        calls = _calls(self._context)
        call = self._provider.methods(self._context, query)
        found = await self._findings.answer(call, "methods", f"methods for {amount.text()}")
        silent = _calls(self._context) == calls
        self._findings.expect(silent, "methods", "methods makes an outgoing call")
        if found is RAISED:
            return ()
        known = isinstance(found, Sequence) and all(isinstance(one, Method) for one in found)
        if not self._findings.expect(known, "methods", f"methods gave {found!r:.100}"):
            return ()
        ids = [one.id for one in found]
        self._findings.expect(len(ids) == len(set(ids)), "methods", f"ids repeat: {ids}")
        for method in found:
            self._check_method(method)
        return list(found)

    def _check_method(self, method: Method) -> None:
        expect = self._findings.expect
        self._findings.sound(method, "methods", method.id)
        expect(method.id and method.title, "methods", f"{method.id!r} has no id or no title")
        expect(method.step >= 1, "methods", f"{method.id}: step {method.step}")
        low, high = method.minimum or 0, method.maximum
        expect(low >= 0 and (high is None or high >= low), "methods", f"{method.id}: limits")
        names = [one.name for one in method.inputs]
        expect(len(names) == len(set(names)), "methods", f"{method.id}: inputs repeat")
        for one in method.inputs:
            choices = one.kind != "choice" or one.choices
            expect(choices, "methods", f"{method.id}: {one.name} has no choices")
            given = not one.required or one.name in self._payments.inputs
            expect(given, "methods", f"the test gives no input {one.name}")

    async def _pay(self, method: Method, amount: Money) -> None:
        payment = _payment(method, amount, self._payments.inputs)
        first = await self._result(self._provider.start(self._context, payment), amount, "start")
        if first is None or first.status in {"failed", "canceled", "unknown"}:
            return
        again = await self._result(self._provider.start(self._context, payment), amount, "start")
        same = again is not None and again.provider_ref == first.provider_ref
        words = f"starting {amount.text()} again gave another payment"
        self._findings.expect(same, "repetition", words)
        found = await self._fetched(payment, first.provider_ref)
        if self._payments.pay is None or found is None:
            return
        await self._payments.pay(payment.operation_id)
        paid = await self._fetched(payment, first.provider_ref)
        if paid is None:
            return
        captured = _sum(paid.facts, "capture")
        exact = captured == amount.amount
        words = f"{amount.text()} was paid and {captured} captured"
        self._findings.expect(exact and paid.trusted, "money", words)
        await self._refund(payment, paid, method)

    async def _fetched(self, payment: StartPayment, ref: str | None) -> PaymentResult | None:
        call = self._provider.fetch(self._context, payment.operation_id, ref)
        return await self._result(call, payment.amount, "fetch")

    async def _refund(self, payment: StartPayment, paid: PaymentResult, method: Method) -> None:
        if not self._provider.capabilities.refund:
            return
        part = max(payment.amount.amount // 2 // method.step * method.step, method.step)
        change = Change(
            operation_id=f"{payment.operation_id}:refund",
            payment_id=payment.payment_id,
            provider_ref=paid.provider_ref or "",
            amount=Money(part, payment.amount.currency),
        )
        refunds = cast("Refunds[SettingsT]", self._provider)
        for _ in range(2):
            call = refunds.refund(self._context, change)
            result = await self._result(call, change.amount, "refund", "refund")
            done = result is not None and result.status == "succeeded"
            exact = result is not None and _sum(result.facts, "refund") == part
            words = f"{change.amount.text()} was to be refunded"
            self._findings.expect(exact or not done, "money", words)

    async def _result(
        self, call: Awaitable[PaymentResult], amount: Money, name: str, kind: str = "capture"
    ) -> PaymentResult | None:
        """A result that is sound and speaks of no more than `amount`."""
        about = f"{name} of {amount.text()}"
        result = await self._findings.answer(call, "money", about, ProviderFault)
        if result is RAISED:
            return None
        known = isinstance(result, PaymentResult)
        if not self._findings.expect(known, "money", f"{about} gave {result!r:.100}"):
            return None
        self._findings.sound(result, "money", about)
        for fact in result.facts:
            same = fact.amount.currency == amount.currency
            self._findings.expect(same, "money", f"{about} speaks of {fact.amount.currency}")
            aware = fact.at.tzinfo is not None
            self._findings.expect(aware, "money", f"{about}: a fact has no time zone")
        within = _sum(result.facts, kind) <= amount.amount
        self._findings.expect(within, "money", f"{about} brought more than that")
        return cast("PaymentResult", result)


def _payment(method: Method, amount: Money, inputs: Mapping[str, str]) -> StartPayment:
    payment_id: UUID = uuid5(STORE.id, f"{method.id}:{amount.text()}")
    return StartPayment(
        operation_id=str(payment_id),
        payment_id=payment_id,
        method=method.id,
        intent="pay",
        amount=amount,
        payer=Payer(email="payer@example.com", phone="+254700000101"),
        description="A payment of the conformance kit",
        return_url="https://shop.example/return",
        cancel_url="https://shop.example/cancel",
        inputs=inputs,
    )


def _takes(method: Method, amount: Money) -> bool:
    least, most = method.minimum or 0, method.maximum
    within = least <= amount.amount and (most is None or amount.amount <= most)
    return within and amount.amount % method.step == 0


def _sum(facts: Sequence[Fact], kind: str) -> int:
    """What succeeded of one kind, each object counted once."""
    objects = {
        fact.object_id: fact.amount.amount
        for fact in facts
        if fact.kind == kind and fact.status == "succeeded"
    }
    return sum(objects.values())


def _calls(context: object) -> int:
    world = getattr(context, "world", None)
    return len(world.requests) if world is not None and not inspect.isclass(world) else 0
