"""An order that waits for its money: what may pay for it, and another attempt to pay."""

from uuid import UUID

import msgspec

from tradewind.carts.shoppers import shopper_key
from tradewind.checkout.links import coming_back
from tradewind.checkout.rules import (
    OfferedMethod,
    Snapshot,
    StartRequest,
    check_attempts,
    check_payable,
)
from tradewind.checkout.service.beginning import call_start, check_terms
from tradewind.checkout.service.ending import void_sessions
from tradewind.checkout.service.providers import Attempt
from tradewind.checkout.service.reporting import payment_reported
from tradewind.checkout.service.starting import (
    Begun,
    assess,
    call_off_older,
    carry_on,
    chosen,
    frozen,
    offered_for,
    plan_poll,
    taken_up,
)
from tradewind.contracts.errors import Conflict
from tradewind.database import Store, Transaction
from tradewind.orders import service as orders
from tradewind.orders.rules import Entry, Order
from tradewind.orders.unpaid import queries as unpaid_rows
from tradewind.orders.unpaid.rules import of_order, too_many, turns_of
from tradewind.payments import queries as payment_rows
from tradewind.payments import service as payments
from tradewind.payments.rules import Payment, PaymentSession
from tradewind.settings.engine import Engine


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An order that waits for its money, and what it was made of."""

    order: Order
    snapshot: Snapshot


async def order_payment_methods(
    engine: Engine, store: Store, order_id: UUID
) -> list[OfferedMethod]:
    """What may pay for an order that waits for its money, in the order of `payment_methods`.

    Raises NotFound, Conflict (`order_closed`, `nothing_to_pay`).
    """
    waiting = await _waiting(engine, store, order_id)
    return await offered_for(engine, store, waiting.snapshot.cart)


async def pay_order(
    engine: Engine,
    store: Store,
    order_id: UUID,
    request: StartRequest,
    *,
    replaces: UUID | None = None,
) -> PaymentSession:
    """Begin to pay an order that waits for its money, in place of the attempt before.

    The older attempt is voided and called off; should its money come all the same, it pays the
    order. The order waits at least as long as the new attempt may take; with a method that pays
    later it stands at once. `replaces` is the session that the shopper had seen; when it is no
    longer the newest, nothing is begun. Raises NotFound, InvalidInput, Conflict (`order_closed`,
    `nothing_to_pay`, `too_many_attempts`, `provider_unavailable`, `amount_not_accepted`,
    `payment_refused`, `payment_declined`, `payment_replaced`, `in_progress`, `too_many_unpaid`),
    ProviderFault.
    """
    waiting = await _waiting(engine, store, order_id)
    request = coming_back(engine, store, waiting.order, request)
    attempt = await chosen(engine, store, waiting.snapshot.cart, request)
    await assess(engine, store, attempt)
    if attempt.method.pays_later:
        return await _stand(engine, store, waiting.order, attempt, replaces)
    payment, session = frozen(engine, attempt, "starting")
    session = msgspec.structs.replace(session, order_id=order_id)
    async with engine.database.transaction(store.id) as tx:
        begun = await _begun(tx, payment, session, replaces)
        await plan_poll(tx, begun.session, attempt.desk.provider.capabilities.poll_plan)
    return await carry_on(engine, store, attempt, begun)


async def _begun(
    tx: Transaction, payment: Payment, session: PaymentSession, replaces: UUID | None
) -> Begun:
    """The attempt, stored in place of the one before; or the same, taken up again."""
    order = await _locked(tx, session)
    begun = await taken_up(tx, session)
    if begun is None:
        _, voided = await _replace(tx, payment, session, replaces)
        return Begun(payment, session, voided)
    entry = _started(session)
    await orders.await_payment(tx, order, session.expires_at, entry)
    return begun


async def _waiting(engine: Engine, store: Store, order_id: UUID) -> Waiting:
    async with engine.database.transaction(store.id) as tx:
        order = await orders.get_order(tx, order_id)
        session = await payments.session_of_order(tx, order_id)
    if session is None:
        raise Conflict("This order waits for no money.", code="order_closed")
    check_payable(order, engine.clock.now())
    return Waiting(order=order, snapshot=msgspec.json.decode(session.snapshot, type=Snapshot))


async def _stand(
    engine: Engine, store: Store, order: Order, attempt: Attempt, replaces: UUID | None
) -> PaymentSession:
    """The order stands, to be paid later. The provider is asked first: no money moves by that."""
    payment, session = frozen(engine, attempt, "open")
    result = await call_start(engine, store, attempt, payment, order.number)
    check_terms(result)
    payment = msgspec.structs.replace(payment, provider_ref=result.provider_ref)
    session = msgspec.structs.replace(
        session, order_id=order.id, action=result.action, data=result.data
    )
    address = attempt.request.network_address
    shopper = shopper_key(attempt.cart, address)
    async with engine.database.transaction(store.id) as tx:
        await unpaid_rows.wait(tx, turns_of(store.id, shopper, address))
        order, older = await _replace(tx, payment, session, replaces)
        await orders.place(tx, order, "shopper")
        # From now on its stock is kept on trust.
        if not await unpaid_rows.note(tx, of_order(store.id, order.id, shopper, address, None)):
            raise too_many()
    for old in older:
        await call_off_older(engine, store, old)
    if result.facts or not result.trusted:
        await payment_reported(engine, store, payment.id, result, "provider")
    return session


async def _replace(
    tx: Transaction, payment: Payment, session: PaymentSession, replaces: UUID | None
) -> tuple[Order, list[UUID]]:
    """Store another attempt for an order; returns the order and the payments that this voids."""
    order = await _locked(tx, session)
    order_id = order.id
    older = await payment_rows.sessions_of_order(tx, order_id)
    if replaces is not None and older[0].id != replaces:
        raise Conflict("Another attempt has begun meanwhile.", code="payment_replaced")
    check_attempts(len(older))
    voided = await void_sessions(tx, order_id)
    await payment_rows.insert(tx, msgspec.structs.replace(payment, order_id=order_id), session)
    return await orders.await_payment(tx, order, session.expires_at, _started(session)), voided


async def _locked(tx: Transaction, session: PaymentSession) -> Order:
    """The order of an attempt, locked with its payments. Raises as `check_payable`."""
    if session.order_id is None:
        raise TypeError("an attempt for no order")
    await payment_rows.payments_of_order(tx, session.order_id, lock=True)
    order = await orders.lock_order(tx, session.order_id)
    check_payable(order, tx.now)
    return order


def _started(session: PaymentSession) -> Entry:
    detail = {"provider": session.provider, "method": session.method}
    return Entry(type="payment_started", actor="shopper", detail=detail)
