"""What a person must decide about: money that is owed back, work that failed, and their cases."""

from collections.abc import Mapping, Sequence

from tradewind.cases.service import NewCase, close_by_key, decided, open_case
from tradewind.contracts.money import Money
from tradewind.contracts.payment import Fact, FactStatus
from tradewind.database import Transaction
from tradewind.orders import service as orders
from tradewind.orders.rules import Entry, Order
from tradewind.payments import capture_queries as capture_rows
from tradewind.payments import queries as payment_rows
from tradewind.payments import refund_queries as refund_rows
from tradewind.payments import service as payments
from tradewind.payments.rules import (
    Capture,
    Payment,
    Refund,
    RefundStatus,
    Source,
    refundable,
    states,
)
from tradewind.settings.engine import Engine

ENGINE = "tradewind"
RETRY = "retry:"

_DECIDED: Mapping[FactStatus, RefundStatus] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
    "expired": "failed",
}


def gives_back(engine: Engine, provider: str) -> bool:
    """Whether a provider is there and can give money back."""
    found = engine.plugins.providers.get(provider)
    return found is not None and found.capabilities.refund


def takes(engine: Engine, provider: str) -> bool:
    """Whether a provider is there and lets held money be taken later."""
    found = engine.plugins.providers.get(provider)
    return found is not None and found.capabilities.capture


async def sources_of(tx: Transaction, payment: Payment, currency: str) -> Sequence[Source]:
    """What of a locked payment can still go back, in one currency."""
    facts = await payment_rows.facts(tx, payment.id)
    return refundable(facts, await refund_rows.refunds_of(tx, [payment.id]), currency)


async def owed_back(tx: Transaction, kind: str, payment: Payment, currency: str) -> Money:
    """What a refund for a case of this kind gives back: everything, or of too much the excess."""
    left = sum(source.left for source in await sources_of(tx, payment, currency))
    if kind == "overpaid":
        left = min(left, await _excess(tx, payment))
    return Money(left, currency)


async def _excess(tx: Transaction, payment: Payment) -> int:
    if payment.order_id is None:
        known, asked = [payment], payment.amount
    else:
        known = await payments.payments_of(tx, payment.order_id)
        asked = (await orders.get_order(tx, payment.order_id)).total
    going = [
        one.amount
        for one in await refund_rows.refunds_of(tx, [one.id for one in known])
        if one.status == "pending" and one.currency == payment.currency
    ]
    kept = sum(one.captured - one.refunded for one in known) - sum(going)
    return max(0, kept - asked)


async def money_case(
    tx: Transaction,
    engine: Engine,
    payment: Payment,
    kind: str,
    title: str,
    *,
    why: str = "",
    currency: str | None = None,
) -> None:
    """Put money of a locked payment on the desk; `currency` is that in which it came.

    The case's amount is what a refund would give back.
    """
    owed = await owed_back(tx, kind, payment, currency or payment.currency)
    case = NewCase(
        kind=kind,
        dedupe_key=money_key(kind, payment, owed.currency),
        title=title,
        subject_type="payment",
        subject_id=str(payment.id),
        amount=owed,
        evidence={
            "provider": payment.provider,
            "provider_ref": payment.provider_ref,
            "order_id": payment.order_id,
            "cart_id": payment.cart_id,
            "currency": payment.currency,
            "asked": payment.amount,
            "captured": payment.captured,
            "why": why,
        },
        actions=["refund", "close"] if gives_back(engine, payment.provider) else ["close"],
    )
    await open_case(tx, case)


def money_key(kind: str, payment: Payment, currency: str | None = None) -> str:
    """What names a case of a payment's money."""
    return f"{kind}:{payment.id}:{currency or payment.currency}"


async def decide_refunds(tx: Transaction, payment: Payment, facts: Sequence[Fact]) -> None:
    """Bring the refunds of a locked payment in line with all that is known of it."""
    if not any(fact.kind == "refund" for fact in facts):
        return
    for refund in await refund_rows.refunds_of(tx, [payment.id]):
        found = states(facts, refund.currency).get(("refund", refund.provider_ref or ""))
        after = _DECIDED.get(found.status) if found else None
        if after == "succeeded" and refund.status == "pending":
            await refund_rows.save_status(tx, refund.id, "succeeded")
            await close_by_key(tx, _refund_key(refund), ENGINE, "The money went back after all.")
        elif after == "failed" and refund.status != "failed":
            told = [fact.code for fact in facts if fact.object_id == refund.provider_ref]
            await fail_refund(tx, payment, refund, next(filter(None, reversed(told)), ""))


async def fail_refund(tx: Transaction, payment: Payment, refund: Refund, code: str) -> None:
    """A refund of a locked payment came to nothing: the money is ours again, to be given back."""
    await refund_rows.save_status(tx, refund.id, "failed", code)
    await _refund_case(tx, payment, refund, "A refund failed", code)
    if refund.order_id is not None:
        order = await orders.lock_order(tx, refund.order_id)
        detail = {"refund_id": refund.id, "amount": refund.amount, "code": code}
        entry = Entry(type="refund_failed", actor=payment.provider, detail=detail)
        await orders.apply(tx, order, [entry])


def root_of(refund: Refund) -> str:
    """The refund that this one, or one before it, tries again: one matter, one case."""
    return (
        refund.request_id.removeprefix(RETRY)
        if refund.request_id.startswith(RETRY)
        else (str(refund.id))
    )


async def doubt_refund(tx: Transaction, payment: Payment, refund: Refund) -> None:
    """The provider was asked for long enough: somebody must find out whether the money went."""
    await _refund_case(tx, payment, refund, "Whether a refund was made is not known", "undecided")


async def _refund_case(
    tx: Transaction, payment: Payment, refund: Refund, title: str, code: str
) -> None:
    case = NewCase(
        kind="refund_failed",
        dedupe_key=_refund_key(refund),
        title=title,
        subject_type="refund",
        subject_id=str(refund.id),
        amount=refund.money,
        evidence={
            "provider": payment.provider,
            "payment_id": payment.id,
            "order_id": refund.order_id,
            "object_id": refund.object_id,
            "provider_ref": refund.provider_ref,
            "code": code,
        },
        actions=["retry", "close"],
    )
    await open_case(tx, case)


def _refund_key(refund: Refund) -> str:
    return f"refund_failed:{root_of(refund)}"


async def decide_captures(tx: Transaction, payment: Payment) -> None:
    """Bring the captures of a locked payment in line with what has come of it."""
    for capture in await capture_rows.undecided(tx, payment.id):
        if capture.made(payment):
            await capture_rows.save_status(tx, capture.id, "succeeded")
            await close_by_key(tx, _capture_key(capture), ENGINE, "The money came after all.")


async def fail_capture(tx: Transaction, payment: Payment, capture: Capture, code: str) -> None:
    """A capture of a locked payment came to nothing; what is held may be taken by another one."""
    await capture_rows.save_status(tx, capture.id, "failed", code)
    await _capture_case(tx, payment, capture, "Held money could not be taken", code, ["close"])
    order = await orders.lock_order(tx, capture.order_id)
    detail = {"capture_id": capture.id, "amount": capture.amount, "code": code}
    await orders.apply(
        tx, order, [Entry(type="capture_failed", actor=payment.provider, detail=detail)]
    )


async def doubt_capture(tx: Transaction, payment: Payment, capture: Capture) -> None:
    """The provider was asked for long enough: somebody must find out whether the money came."""
    title, actions = "Whether held money was taken is not known", ["retry", "close"]
    await _capture_case(tx, payment, capture, title, "undecided", actions)


async def _capture_case(
    tx: Transaction,
    payment: Payment,
    capture: Capture,
    title: str,
    code: str,
    actions: Sequence[str],
) -> None:
    case = NewCase(
        kind="capture_failed",
        dedupe_key=_capture_key(capture),
        title=title,
        subject_type="capture",
        subject_id=str(capture.id),
        amount=capture.money,
        evidence={
            "provider": payment.provider,
            "provider_ref": payment.provider_ref,
            "payment_id": payment.id,
            "order_id": capture.order_id,
            "code": code,
        },
        actions=actions,
    )
    await open_case(tx, case)


def _capture_key(capture: Capture) -> str:
    """One matter for a payment: what a later capture brings ends it."""
    return f"capture_failed:{capture.payment_id}"


async def not_ended_case(tx: Transaction, order: Order, error: Exception) -> None:
    """An order that is over cannot be ended; told until somebody has decided."""
    key = _not_ended_key(order)
    if await decided(tx, key) is not None:
        return
    case = NewCase(
        kind="order_not_ended",
        dedupe_key=key,
        title=f"Order {order.number} is over but cannot be ended",
        subject_type="order",
        subject_id=str(order.id),
        evidence={"order_id": order.id, "number": order.number, "error": type(error).__name__},
        actions=["close"],
    )
    await open_case(tx, case)


async def order_ended(tx: Transaction, order: Order) -> None:
    """An order has ended after all."""
    await close_by_key(tx, _not_ended_key(order), ENGINE, "The order has ended.")


def _not_ended_key(order: Order) -> str:
    return f"order_not_ended:{order.id}"
