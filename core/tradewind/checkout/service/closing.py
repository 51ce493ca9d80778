"""Confirmed by hand, called off, looked up, out of time: what happens to an order that waits."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tradewind.checkout import queries
from tradewind.checkout.service import providers
from tradewind.checkout.service.capturing import check_none_under_way
from tradewind.checkout.service.ending import (
    call_off_later,
    end_sessions,
    void_sessions,
    void_sessions_of_cart,
)
from tradewind.checkout.service.money_cases import order_ended
from tradewind.checkout.service.reporting import (
    MERCHANT,
    end_attempt,
    payment_reported,
    settle,
    take_facts,
)
from tradewind.checkout.service.starting import plan_poll
from tradewind.checkout.service.watching import call_off
from tradewind.contracts.errors import (
    Conflict,
    FieldError,
    InvalidInput,
    NotFound,
    ProviderFault,
)
from tradewind.contracts.payment import Fact
from tradewind.credits.service import give_back
from tradewind.database import Store, Transaction
from tradewind.inventory import service as inventory
from tradewind.inventory.rules import Wanted
from tradewind.orders import service as orders
from tradewind.orders.rules import Entry, Order
from tradewind.orders.unpaid import queries as unpaid_rows
from tradewind.payments import queries as payment_rows
from tradewind.payments import service as payments
from tradewind.payments.rules import BY_HAND, Payment, PaymentSession
from tradewind.pricing.promotions.service import give_back_uses, promotions_in
from tradewind.pricing.rules import credits_in
from tradewind.settings.engine import Engine
from tradewind.settings.service import audit
from tradewind.stores.service import settings_of

PATIENCE = timedelta(hours=1)
_LOG = logging.getLogger(__name__)


async def mark_paid(
    engine: Engine,
    store: Store,
    order_id: UUID,
    actor: str,
    amount: int | None = None,
    note: str = "",
    *,
    operation_id: str | None = None,
) -> Order:
    """The merchant says that `amount` (minor units; without one all that is due) has come.

    Once nothing is due any more, what is held at a provider is let go. Repeated with the same
    `operation_id` it counts once. Raises NotFound, InvalidInput, Conflict
    `already_paid`, `amount_too_large`, `order_closed`.
    """
    async with engine.database.transaction(store.id) as tx:
        known = await payment_rows.payments_of_order(tx, order_id, lock=True)
        order = await orders.lock_order(tx, order_id)
        if operation_id and await _told_before(tx, known, operation_id):
            return order
        due = _due(order, amount)
        payment = await _payment_to_mark(tx, order, known, due)
        fact = Fact(
            kind="capture",
            object_id=operation_id or str(tx.new_id()),
            status="succeeded",
            amount=order.money(due),
            at=tx.now,
        )
        await take_facts(tx, engine, payment, [fact], MERCHANT)
        order = await orders.get_order(tx, order_id)
        entry = Entry(type="marked_paid", actor=actor, detail={"amount": due}, note=note)
        order = await orders.apply(tx, order, [entry])
        if order.due == 0:
            await call_off_later(tx, [one.id for one in known if one.held])
        detail = {"amount": due, "currency": order.currency, "note": note}
        await audit(tx, actor, "order.marked_paid", "order", str(order_id), detail)
    return order


def _due(order: Order, amount: int | None) -> int:
    if order.closed:
        raise Conflict(f"This order is {order.status}.", code="order_closed")
    if order.due == 0:
        raise Conflict("This order is paid.", code="already_paid")
    if amount is None:
        return order.due
    if amount <= 0:
        error = FieldError("amount", "out_of_range", "More than nothing, in minor units.")
        raise InvalidInput("This is no amount.", errors=[error])
    if amount > order.due:
        message = f"Only {order.money(order.due).text()} is due."
        raise Conflict(message, code="amount_too_large")
    return amount


async def _told_before(tx: Transaction, known: Sequence[Payment], operation_id: str) -> bool:
    for payment in known:
        if any(fact.object_id == operation_id for fact in await payment_rows.facts(tx, payment.id)):
            return True
    return False


async def _payment_to_mark(
    tx: Transaction, order: Order, known: Sequence[Payment], due: int
) -> Payment:
    """The newest payment by hand that still waits for this much, or a new one.

    Other payments wait for their provider, to whom this money did not come.
    """
    for payment in reversed(known):
        if payment.provider == BY_HAND and payment.captured + due <= payment.amount:
            return payment
    payment_id = tx.new_id()
    payment = Payment(
        id=payment_id,
        provider=BY_HAND,
        method=MERCHANT,
        intent="pay",
        status="awaiting",
        currency=order.currency,
        amount=due,
        operation_id=str(payment_id),
        created_at=tx.now,
        order_id=order.id,
        cart_id=order.cart_id,
    )
    await payment_rows.insert_payment(tx, payment)
    return payment


async def cancel_order(
    engine: Engine, store: Store, order_id: UUID, actor: str, reason: str = ""
) -> Order:
    """Call an order off: first at its provider, then here; its stock is free again.

    An order that is canceled already is returned as it is. Raises NotFound, ProviderFault,
    Conflict `order_paid`, `order_fulfilled`, `capture_under_way`, `invalid_transition`.
    """
    async with engine.database.transaction(store.id) as tx:
        order = await orders.get_order(tx, order_id)
        if order.status == "canceled":
            return order
        _check_cancelable(order)
        await check_none_under_way(tx, await payments.payments_of(tx, order_id))
    called_off = await _call_off_all(engine, store, order_id, reason)
    async with engine.database.transaction(store.id) as tx:
        known = await payment_rows.payments_of_order(tx, order_id, lock=True)
        order = await orders.lock_order(tx, order_id)
        if order.status == "canceled":
            return order
        _check_cancelable(order)
        await check_none_under_way(tx, known)
        order = await orders.cancel(tx, order, actor, reason)
        begun_since = set(await _let_go(tx, order)) - called_off
        await call_off_later(tx, sorted(begun_since))
        await audit(tx, actor, "order.canceled", "order", str(order_id), {"reason": reason})
    return order


async def cancel_cart(
    engine: Engine, store: Store, cart_id: UUID, actor: str, reason: str = ""
) -> None:
    """Call off what a cart has led to: its order, or else its attempts to pay.

    Raises NotFound, and what `cancel_order` raises.
    """
    async with engine.database.transaction(store.id) as tx:
        if await queries.lock_cart(tx, cart_id) is None:
            raise NotFound("There is no such cart.")
        order = await orders.order_of_cart(tx, cart_id)
        if order is None:
            await call_off_later(tx, await void_sessions_of_cart(tx, cart_id))
            await inventory.release_holds(tx, cart_id)
            await audit(tx, actor, "cart.canceled", "cart", str(cart_id), {"reason": reason})
    if order is not None:
        await cancel_order(engine, store, order.id, actor, reason)


def _check_cancelable(order: Order) -> None:
    if order.paid_total > order.refunded_total:
        raise Conflict("This order is paid; refund it first.", code="order_paid")
    if any(line.fulfilled for line in order.lines):
        raise Conflict("Goods of this order have left the house.", code="order_fulfilled")


async def _call_off_all(engine: Engine, store: Store, order_id: UUID, reason: str) -> set[UUID]:
    """Cancel what is open at the providers, and take in what they answer; returns which it was."""
    async with engine.database.transaction(store.id) as tx:
        known = await payment_rows.payments_to_call_off(tx, order_id)
    for payment in known:
        await call_off(engine, store, payment, reason)
    return {payment.id for payment in known}


async def _let_go(tx: Transaction, order: Order) -> list[UUID]:
    """Free the stock, the promotions and the credits of an order that will not be.

    Its transition makes sure that it is once.

    Returns the payments whose attempts this ends.
    """
    voided = await void_sessions(tx, order.id)
    reserved = [
        Wanted(line.variant_id, line.sku, line.outstanding, line.location_id)
        for line in order.lines
        if line.tracked and line.outstanding
    ]
    if promotions_in(order.entries):
        await give_back_uses(tx, order.id)
    if credits_in(order.entries):
        await give_back(tx, order.id)
    await order_ended(tx, order)
    await inventory.release(tx, order.id, reserved)
    return voided


async def expire_order(engine: Engine, store: Store, order_id: UUID) -> Order:
    """End a pending order whose time has passed; one that was paid meanwhile stands.

    It is first called off at the provider, then gives its stock back. A provider that cannot
    answer is waited for, an hour at most. Raises NotFound, ProviderFault.
    """
    async with engine.database.transaction(store.id) as tx:
        order = await orders.get_order(tx, order_id)
    if not order.lapsed(engine.clock.now()):
        return order
    async with _patience(engine, order.expires_at):
        await _call_off_all(engine, store, order_id, "expired")
    async with engine.database.transaction(store.id) as tx:
        await payment_rows.payments_of_order(tx, order_id, lock=True)
        order = await orders.lock_order(tx, order_id)
        if not order.lapsed(tx.now):
            return order
        order = await orders.expire(tx, order)
        await _let_go(tx, order)
    return order


async def expire_agreed(engine: Engine, store: Store, order_id: UUID) -> None:
    """End an order that was to be paid by agreement, whose money nobody has confirmed in time.

    It gives its stock back. Raises NotFound.
    """
    async with engine.database.transaction(store.id) as tx:
        await payment_rows.payments_of_order(tx, order_id, lock=True)
        order = await orders.lock_order(tx, order_id)
        if await unpaid_rows.is_overdue(tx, order_id):
            await call_off_later(tx, await _let_go(tx, await orders.expire(tx, order)))


@asynccontextmanager
async def _patience(engine: Engine, since: datetime | None) -> AsyncIterator[None]:
    """Let a provider's fault pass once it has been waited for long enough."""
    try:
        yield
    except ProviderFault as fault:
        if since is not None and engine.clock.now() < since + PATIENCE:
            raise
        _LOG.warning("a payment could not be called off: %s", fault.detail)


async def poll_payment(engine: Engine, store: Store, session_id: UUID) -> None:
    """Look a payment up by its provider's plan, until it is decided or its time is over.

    Money that is certain but whose order was not placed, because the process died between the
    two, is placed now.
    """
    async with engine.database.transaction(store.id) as tx:
        session = await payment_rows.session(tx, session_id)
        payment = await payments.get_payment(tx, session.payment_id) if session else None
    if session is None or payment is None:
        return
    if payment.certain and payment.order_id is None:
        await settle(engine, store, payment)
        return
    if session.status not in {"starting", "open"}:
        return
    await _looked_up(engine, store, payment)
    async with engine.database.transaction(store.id) as tx:
        again = await payment_rows.session(tx, session_id)
        if again is None or again.status not in {"starting", "open"}:
            return
        if tx.now < again.expires_at:
            await _poll_again(engine, tx, again)
            return
        payment = await payments.get_payment(tx, payment.id)
    await _expire_session(engine, store, again, payment)


async def _looked_up(engine: Engine, store: Store, payment: Payment) -> None:
    try:
        result = await providers.look_up(engine, store, payment)
    except ProviderFault as fault:
        if fault.permanent:
            raise
        return
    if result.status != "unknown" or result.facts:
        await payment_reported(engine, store, payment.id, result, "poll")


async def _poll_again(engine: Engine, tx: Transaction, session: PaymentSession) -> None:
    """Plan the next look-up, and keep the stock held while the payment is in flight."""
    provider = engine.plugins.providers.get(session.provider)
    plan: Sequence[timedelta] = provider.capabilities.poll_plan if provider else ()
    await payment_rows.count_poll(tx, session.id)
    following = msgspec.structs.replace(session, polls=session.polls + 1)
    await plan_poll(tx, following, plan)
    if session.cart_id is not None:
        minutes = (await settings_of(tx)).hold_minutes
        until = tx.now + timedelta(minutes=minutes)
        await inventory.extend_holds(tx, session.cart_id, until)


async def _expire_session(
    engine: Engine, store: Store, session: PaymentSession, payment: Payment
) -> None:
    """End an attempt; its order goes on waiting for another one until its own time is over."""
    async with _patience(engine, session.expires_at):
        await call_off(engine, store, payment, "expired")
    async with engine.database.transaction(store.id) as tx:
        locked = await payments.lock_payment(tx, payment.id)
        await _out_of_time(tx, locked, session)
    if session.order_id is not None:
        await expire_order(engine, store, session.order_id)


async def _out_of_time(tx: Transaction, payment: Payment, session: PaymentSession) -> None:
    """Where the order's time is over as well, that is all that needs telling."""
    if session.order_id is not None:
        order = await orders.lock_order(tx, session.order_id)
        if order.lapsed(tx.now):
            await end_sessions(tx, [session.id], "expired")
            return
    await end_attempt(tx, payment, "expired", "expired")
