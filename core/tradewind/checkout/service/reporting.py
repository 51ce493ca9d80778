"""What becomes of a payment's facts: totals, the order they pay, or a case for a human."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from tradewind.cases.service import close_by_key, decided
from tradewind.checkout.rules import Paying, Snapshot
from tradewind.checkout.service import providers
from tradewind.checkout.service.ending import call_off_later, end_sessions, void_sessions
from tradewind.checkout.service.handing import hand_over, take_back
from tradewind.checkout.service.money_cases import (
    ENGINE,
    decide_captures,
    decide_refunds,
    money_case,
    money_key,
    owed_back,
)
from tradewind.checkout.service.placing import place_cart
from tradewind.contracts.errors import Refusal
from tradewind.contracts.events import (
    Event,
    OrderDisputed,
    OrderRefunded,
    PaymentAuthorized,
    PaymentFailed,
    PaymentPaid,
)
from tradewind.contracts.payment import Fact, PaymentResult
from tradewind.database import Store, Transaction
from tradewind.inventory import service as inventory
from tradewind.orders import service as orders
from tradewind.orders.rules import Entry, Order
from tradewind.outbox import service as outbox
from tradewind.payments import queries as payment_rows
from tradewind.payments import service as payments
from tradewind.payments.rules import Payment, SessionStatus
from tradewind.settings.engine import Engine

MERCHANT = "merchant"
GONE = frozenset(("refund_under_way", "payment_not_completed"))
"""Why no order is placed where there is no money to tell anybody of either."""


async def payment_reported(
    engine: Engine, store: Store, payment_id: UUID, result: PaymentResult, source: str
) -> None:
    """Take in what a provider says of a payment, and place its order when the money is certain.

    May be called any number of times, with anything, in any order. `source` says who told
    ("provider", "webhook", "poll"). Raises NotFound, ProviderFault.
    """
    async with engine.database.transaction(store.id) as tx:
        payment = await payments.get_payment(tx, payment_id)
    result = await believed(engine, store, payment, result)
    async with engine.database.transaction(store.id) as tx:
        payment = await payments.lock_payment(tx, payment_id)
        after = await _take_in(tx, engine, payment, result, source)
        await _close_session(tx, after, result)
    if after.certain and after.order_id is None:
        await settle(engine, store, after)


async def learned(engine: Engine, store: Store, payment: Payment, result: PaymentResult) -> Payment:
    """Take in what a provider says of a payment whose session is over, or about to be ended.

    Money that came counts as ever; that an attempt came to nothing is no news. Returns the
    payment as it is now. Raises NotFound, ProviderFault.
    """
    result = await believed(engine, store, payment, result)
    if not result.facts and result.provider_ref in {None, payment.provider_ref}:
        return payment
    async with engine.database.transaction(store.id) as tx:
        locked = await payments.lock_payment(tx, payment.id)
        after = await _take_in(tx, engine, locked, result, "provider")
    if after.certain and after.order_id is None:
        await settle(engine, store, after)
    return after


async def believed(
    engine: Engine, store: Store, payment: Payment, result: PaymentResult
) -> PaymentResult:
    """What may be believed: the result itself or, where it is not trusted, a look-up's."""
    return result if result.trusted else await providers.look_up(engine, store, payment)


async def _take_in(
    tx: Transaction, engine: Engine, payment: Payment, result: PaymentResult, source: str
) -> Payment:
    if result.provider_ref and payment.provider_ref is None:
        await payment_rows.save_ref(tx, payment.id, result.provider_ref)
        payment = msgspec.structs.replace(payment, provider_ref=result.provider_ref)
    folded = await take_facts(tx, engine, payment, result.facts, source)
    return folded.after


async def take_facts(
    tx: Transaction, engine: Engine, payment: Payment, facts: Sequence[Fact], source: str
) -> payments.Folded:
    """Fold facts into a locked payment and bring its order in line; for the merchant as well."""
    folded = await payments.take_in(tx, payment, facts, source)
    order: Order | None = None
    if (folded.changed or folded.quarrels) and folded.after.order_id is not None:
        order = await orders.lock_order(tx, folded.after.order_id)
        await _complete_session(tx, folded.after)
        order = await _bring_in_line(tx, engine, order, folded, source)
    elif folded.changed:
        await _complete_session(tx, folded.after)
        await outbox.record(tx, *_events(tx, folded, None))
        await _came(tx, engine, folded, None, source)
    await _came_strangely(tx, engine, folded)
    await decide_refunds(tx, folded.after, folded.facts)
    if folded.after.captured > folded.before.captured:
        await decide_captures(tx, folded.after)
    if order is not None:
        await take_back(tx, order)
    return folded


async def _complete_session(tx: Transaction, payment: Payment) -> None:
    if payment.certain and payment.session_id is not None:
        await payment_rows.close_sessions(tx, [payment.session_id], "completed")


async def _bring_in_line(
    tx: Transaction, engine: Engine, order: Order, folded: payments.Folded, source: str
) -> Order:
    known = await payments.payments_of(tx, order.id)
    totals = payments.totals_of(known)
    told = _events(tx, folded, order)
    order = await orders.pay(tx, order, totals, source, told, folded.quarrels)
    await _came(tx, engine, folded, order, source)
    if order.status in {"draft", "pending"} and await _is_certain(tx, order, known):
        order = await orders.place(tx, order, source)
        await _void_others(tx, order, folded.after)
        for payment in known:
            await close_by_key(tx, money_key("shortfall", payment), ENGINE, "The rest came.")
    return await hand_over(tx, order)


async def _is_certain(tx: Transaction, order: Order, known: Sequence[Payment]) -> bool:
    """Whether all of the order's money came, beside what the shop has decided to give back.

    What went back otherwise does not count, so that facts may come in any order.
    """
    totals = payments.totals_of(known)
    held = sum(one.authorized for one in known if one.intent == "authorize")
    if max(totals.captured, held) < order.total:
        return False
    return max(totals.captured, held) - await payments.given_back(tx, known) >= order.total


async def _void_others(tx: Transaction, order: Order, paid: Payment) -> None:
    """Nobody pays twice: what else is open for this order is called off."""
    voided = await void_sessions(tx, order.id, kept=paid.session_id)
    await call_off_later(tx, voided)


async def settle(engine: Engine, store: Store, payment: Payment) -> Order | None:
    """Place the snapshot that a payment paid for; when that cannot be done, open a case.

    Returns the order, or None when there is a case instead, or the money is on its way back.
    """
    async with engine.database.transaction(store.id) as tx:
        session = await payment_rows.session(tx, payment.session_id) if payment.session_id else None
    if session is None:
        await _unplaced(engine, store, payment, "It belongs to no cart.")
        return None
    if session.erased:
        await _unplaced(engine, store, payment, "Whose it is was erased on their request.")
        return None
    snapshot = msgspec.json.decode(session.snapshot, type=Snapshot)
    paying = Paying(payment=payment, session=session, settled=True)
    try:
        order = await place_cart(engine, store, snapshot.cart, paying)
    except Refusal as refusal:
        if refusal.reason not in GONE:
            await _unplaced(engine, store, payment, refusal.detail)
        return None
    async with engine.database.transaction(store.id) as tx:
        linked = (await payments.get_payment(tx, payment.id)).order_id
    if linked is None:
        title = f"The cart had become order {order.number} already."
        await _unplaced(engine, store, payment, title)
    return order


async def _unplaced(engine: Engine, store: Store, payment: Payment, why: str) -> None:
    """Once somebody has decided, the same money is not brought up again."""
    async with engine.database.transaction(store.id) as tx:
        locked = await payments.lock_payment(tx, payment.id)
        if await decided(tx, money_key("paid_not_placed", locked)) is not None:
            return
        title = "Money came but no order stands"
        await money_case(tx, engine, locked, "paid_not_placed", title, why=why)


async def _close_session(tx: Transaction, payment: Payment, result: PaymentResult) -> None:
    if payment.session_id is None or payment.certain:
        return
    if payment.status == "failed" or result.status in {"failed", "canceled"}:
        await end_attempt(tx, payment, "failed", result.code)


async def end_attempt(
    tx: Transaction, payment: Payment, status: SessionStatus, code: str = ""
) -> bool:
    """End the session of a locked payment: it came to nothing, and somebody may be waiting.

    Where money came, though too little, the shop decides and nobody hears of a failure. What is
    held for a cart is free again. Returns false when the session was over.
    """
    if payment.session_id is None:
        return False
    order = await orders.lock_order(tx, payment.order_id) if payment.order_id else None
    if not await end_sessions(tx, [payment.session_id], status):
        return False
    if payment.cart_id is not None:
        await inventory.release_holds(tx, payment.cart_id)
    if payment.status != "failed" and not payment.captured:
        await payment_rows.save_error(tx, payment.id, code)
        await _tell_failed(tx, payment, code, order)
    return True


async def _tell_failed(tx: Transaction, payment: Payment, code: str, order: Order | None) -> None:
    told = _failed(tx, payment, code, order)
    if order is None:
        await outbox.record(tx, told)
        return
    detail = {"provider": payment.provider, "method": payment.method, "code": code}
    entry = Entry(type="payment_failed", actor=payment.provider, detail=detail)
    await orders.apply(tx, order, [entry], [told])


async def _came(
    tx: Transaction, engine: Engine, folded: payments.Folded, order: Order | None, source: str
) -> None:
    """Open the case of money that has come and is not what was asked for, if that is so.

    Of money that was held the merchant decides how much is taken.
    """
    payment = folded.after
    if order is not None and order.closed and payment.held > folded.before.held:
        await call_off_later(tx, [payment.id])
    if payment.captured <= folded.before.captured:
        return
    named = f" for order {order.number}" if order else ""
    if order is not None and order.closed:
        await money_case(tx, engine, payment, "late_payment", f"Money came{named}, which is closed")
        return
    if (await owed_back(tx, "overpaid", payment, payment.currency)).amount:
        await money_case(tx, engine, payment, "overpaid", f"More came{named} than was asked for")
    if payment.captured >= payment.amount:
        await close_by_key(tx, money_key("shortfall", payment), ENGINE, "The rest came.")
    elif source != MERCHANT and payment.intent != "authorize":
        await money_case(tx, engine, payment, "shortfall", f"Less came{named} than was asked for")


async def _came_strangely(tx: Transaction, engine: Engine, folded: payments.Folded) -> None:
    payment = folded.after
    for currency in folded.strange:
        why = f"{payment.currency} was asked for, {currency} came."
        await money_case(
            tx,
            engine,
            payment,
            "currency_mismatch",
            "Another currency came",
            why=why,
            currency=currency,
        )


def _events(tx: Transaction, folded: payments.Folded, order: Order | None) -> list[Event]:
    """What subscribers hear of a change of totals; each step is told once."""
    before, after = folded.before, folded.after
    fields = _payment_fields(tx, after, order)
    told: list[Event] = []
    if after.authorized > before.authorized:
        told.append(PaymentAuthorized(**fields, amount=after.money(after.authorized)))
    if after.captured >= after.amount > before.captured:
        paid = _payment_fields(tx, after, order)
        told.append(PaymentPaid(**paid, amount=after.money(after.captured)))
    if after.status == "failed" and before.status != "failed":
        told.append(_failed(tx, after, after.error_code, order))
    if order is not None:
        told += _order_events(tx, folded, order)
    return told


def _order_events(tx: Transaction, folded: payments.Folded, order: Order) -> list[Event]:
    before, after, told = folded.before, folded.after, list[Event]()
    fields = orders.event_fields(tx, order, order.version + 1)
    if after.refunded > before.refunded:
        amount = after.money(after.refunded - before.refunded)
        told.append(OrderRefunded(**fields, amount=amount))
    if after.disputed > before.disputed:
        fields = orders.event_fields(tx, order, order.version + 1)
        amount = after.money(after.disputed - before.disputed)
        told.append(OrderDisputed(**fields, amount=amount))
    return told


def _failed(
    tx: Transaction, payment: Payment, code: str, order: Order | None = None
) -> PaymentFailed:
    fields = _payment_fields(tx, payment, order)
    return PaymentFailed(**fields, amount=payment.money(payment.amount), code=code)


def _payment_fields(tx: Transaction, payment: Payment, order: Order | None) -> dict[str, Any]:
    return {
        "id": tx.new_id(),
        "store_id": tx.store_id,
        "occurred_at": tx.now,
        "sequence": order.version + 1 if order else payment.version,
        "payment_id": payment.id,
        "provider": payment.provider,
        "method": payment.method,
        "order_id": payment.order_id,
    }
