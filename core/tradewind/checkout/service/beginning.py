"""The provider's call that begins a payment, and what is done when no answer comes.

A start is asked for under one operation id however often it is repeated: within the call, as the
provider's `recovery` allows, and when the shopper asks for the same once more.
"""

import asyncio
from collections.abc import Awaitable

import msgspec

from tradewind.checkout.rules import usable
from tradewind.checkout.service import providers
from tradewind.checkout.service.ending import call_off_later, end_sessions
from tradewind.checkout.service.providers import Attempt
from tradewind.checkout.service.reporting import payment_reported
from tradewind.contracts.errors import Conflict, ProviderFault
from tradewind.contracts.payment import Payer, PaymentResult, StartPayment
from tradewind.database import Store, Transaction
from tradewind.inventory import service as inventory
from tradewind.payments import attempt_queries as attempt_rows
from tradewind.payments import queries as payment_rows
from tradewind.payments.rules import Payment, PaymentSession, SessionStatus
from tradewind.settings.engine import Engine

PAUSES = (0.25, 1.0)
"""Seconds before a start is repeated, where that is safe."""


async def begin(
    engine: Engine,
    store: Store,
    attempt: Attempt,
    payment: Payment,
    session: PaymentSession,
) -> PaymentSession:
    """Call the provider for a stored session and keep its answer. Raises ProviderFault.

    After a fault that passes the session stays, because the provider may have taken the payment:
    it is looked up by its plan, and taken up again when the shopper asks for the same.
    """
    asked = call_start(engine, store, attempt, payment)
    return await _answered(engine, store, payment, session, asked)


async def begin_again(
    engine: Engine,
    store: Store,
    attempt: Attempt,
    payment: Payment,
    session: PaymentSession,
) -> PaymentSession:
    """The same for a session whose start was asked for before and not answered."""
    asked = _call_again(engine, store, attempt, payment)
    return await _answered(engine, store, payment, session, asked)


async def _answered(
    engine: Engine,
    store: Store,
    payment: Payment,
    session: PaymentSession,
    asked: Awaitable[PaymentResult],
) -> PaymentSession:
    try:
        result = await asked
    except ProviderFault as fault:
        if fault.permanent:
            await _give_up(engine, store, session, fault)
        else:
            await _lost(engine, store, session)
        raise
    if result.status == "unknown":
        await _lost(engine, store, session)
        raise _no_answer()
    status: SessionStatus = "failed" if result.status in {"failed", "canceled"} else "open"
    if result.trusted and result.facts:
        await payment_reported(engine, store, payment.id, result, "provider")
    stored = await _keep_answer(engine, store, session, status, result)
    if not result.trusted:
        await payment_reported(engine, store, payment.id, result, "provider")
        async with engine.database.transaction(store.id) as tx:
            stored = await payment_rows.session(tx, session.id)
    return msgspec.structs.replace(stored or session, code=result.code, message=result.message)


async def _keep_answer(
    engine: Engine,
    store: Store,
    session: PaymentSession,
    status: SessionStatus,
    result: PaymentResult,
) -> PaymentSession | None:
    """Write the provider's answer down; what was voided while it was asked is called off now.

    Returns the session as it is then.
    """
    if status == "open":
        opened = await attempt_rows.answer_at_once(engine.database, store.id, session, result)
        if opened is not None:
            return opened
    async with engine.database.transaction(store.id) as tx:
        answered = await attempt_rows.save_answer(tx, session, status, result)
        if answered is None:
            return None
        before, stored = answered
        if status == "failed" and before == "starting":
            await payment_rows.save_error(tx, session.payment_id, result.code)
            await _release(tx, session)
        if status == "open" and before in {"voided", "expired"}:
            await call_off_later(tx, [session.payment_id])
        return stored


async def _give_up(
    engine: Engine, store: Store, session: PaymentSession, fault: ProviderFault
) -> None:
    async with engine.database.transaction(store.id) as tx:
        await payment_rows.save_error(tx, session.payment_id, fault.code)
        if await end_sessions(tx, [session.id], "failed"):
            await _release(tx, session)


async def _release(tx: Transaction, session: PaymentSession) -> None:
    if session.cart_id is not None:
        await inventory.release_holds(tx, session.cart_id)


async def _lost(engine: Engine, store: Store, session: PaymentSession) -> None:
    """The same attempt may be taken up again from now on."""
    async with engine.database.transaction(store.id) as tx:
        await payment_rows.save_lost(tx, session.id)


async def call_start(
    engine: Engine, store: Store, attempt: Attempt, payment: Payment, number: int | None = None
) -> PaymentResult:
    """The provider's answer to the start; a lost one is repeated or looked up where that is safe.

    `number` is the order's, where it is known already: what the shopper may quote.
    """
    at, start = attempt.desk, start_of(engine, store, attempt, payment, number)
    fault: ProviderFault | None = None
    for pause in (0.0, *_pauses(attempt)):
        await asyncio.sleep(pause)
        try:
            result = await providers.ask(engine, store, at, at.provider.start(at.context, start))
        except ProviderFault as raised:
            if raised.permanent:
                raise
            fault = raised
            continue
        if result.status != "unknown":
            return result
        fault = None
    return await _found_out(engine, store, attempt, payment, fault)


def _pauses(attempt: Attempt) -> tuple[float, ...]:
    return PAUSES if attempt.desk.provider.capabilities.recovery == "repeat" else ()


async def _found_out(
    engine: Engine, store: Store, attempt: Attempt, payment: Payment, fault: ProviderFault | None
) -> PaymentResult:
    """What a look-up tells of a start that was not answered, where the provider offers that."""
    if attempt.desk.provider.capabilities.recovery == "lookup":
        found = await providers.look_up_safely(engine, store, payment)
        if usable(found, attempt.method):
            return found
    if fault is not None:
        raise fault
    return PaymentResult(status="unknown")


async def _call_again(
    engine: Engine, store: Store, attempt: Attempt, payment: Payment
) -> PaymentResult:
    """The answer to a start that had none; begun again only by what is safe for the provider."""
    recovery = attempt.desk.provider.capabilities.recovery
    if recovery != "repeat":
        found = await providers.look_up(engine, store, payment)
        if usable(found, attempt.method):
            return found
        if recovery == "none" or found.code:
            raise _no_answer()
    return await call_start(engine, store, attempt, payment)


def _no_answer() -> ProviderFault:
    return ProviderFault("The provider did not answer in time; try again.", permanent=False)


def check_terms(result: PaymentResult) -> None:
    """Raises ProviderFault, Conflict `payment_declined` when a method that pays later cannot be."""
    if result.status == "unknown":
        raise _no_answer()
    if result.status in {"failed", "canceled"}:
        raise Conflict(result.message or "This payment was declined.", code="payment_declined")


def start_of(
    engine: Engine, store: Store, attempt: Attempt, payment: Payment, number: int | None
) -> StartPayment:
    """What the provider is told."""
    cart, request = attempt.cart, attempt.request
    page = f"{engine.public_url}/store/{store.slug}/checkout"
    address = cart.billing_address or cart.shipping_address
    name = f"{address.first_name} {address.last_name}".strip() if address else None
    return StartPayment(
        operation_id=payment.operation_id,
        payment_id=payment.id,
        method=payment.method,
        intent=payment.intent,
        amount=payment.money(payment.amount),
        payer=Payer(email=cart.email, name=name, phone=cart.phone),
        description=f"Order {number} at {store.name}" if number else f"Your order at {store.name}",
        return_url=request.return_url or page,
        cancel_url=request.cancel_url or page,
        inputs=request.inputs,
        save_method=request.save_method,
        expires_at=engine.clock.now() + attempt.desk.provider.capabilities.session_ttl,
    )
