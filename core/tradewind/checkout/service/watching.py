"""Payments that are not wanted any more: called off, and looked up in case their money comes."""

import logging
from uuid import UUID

from tradewind.checkout.service import providers
from tradewind.checkout.service.ending import watch
from tradewind.checkout.service.reporting import learned, settle
from tradewind.contracts.errors import ProviderFault
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Store, Transaction
from tradewind.orders import service as orders
from tradewind.payments import service as payments
from tradewind.payments.rules import Payment
from tradewind.settings.engine import Engine

_LOG = logging.getLogger(__name__)


async def call_off_payment(engine: Engine, store: Store, payment_id: UUID) -> None:
    """Cancel a payment whose session is over, unless its money has come or an order stands by it.

    Raises NotFound, ProviderFault when it must be tried again.
    """
    async with engine.database.transaction(store.id) as tx:
        payment = await payments.get_payment(tx, payment_id)
        wanted = bool(payment.captured) or await _is_stood_by(tx, payment)
    if not wanted:
        await call_off(engine, store, payment, "voided")


async def _is_stood_by(tx: Transaction, payment: Payment) -> bool:
    """Whether an order needs what this payment holds: nothing that came before it is enough."""
    if payment.order_id is None or not payment.certain:
        return False
    order = await orders.get_order(tx, payment.order_id)
    others = await payments.payments_of(tx, order.id)
    came = sum(one.captured or (one.held if one.id < payment.id else 0) for one in others)
    return not order.closed and came < order.total


async def call_off(engine: Engine, store: Store, payment: Payment, reason: str) -> None:
    """Cancel a payment at its provider and take in what that brings to light.

    A start whose answer was lost is looked up first, to learn what the provider calls it; so is,
    afterwards, what the provider will not cancel. Raises ProviderFault when it cannot answer now.
    """
    if payment.provider_ref is None:
        found = await providers.look_up(engine, store, payment)
        payment = await learned(engine, store, payment, found)
        if payment.provider_ref is None or payment.captured:
            return
    result = await _canceled(engine, store, payment, reason)
    if result is not None:
        await learned(engine, store, payment, result)


async def _canceled(
    engine: Engine, store: Store, payment: Payment, reason: str
) -> PaymentResult | None:
    try:
        result = await providers.call_off(engine, store, payment, reason)
    except ProviderFault as fault:
        if not fault.permanent:
            raise
        _LOG.warning("%s does not call a payment off: %s", payment.provider, fault.detail)
        return await providers.look_up(engine, store, payment)
    if result is not None and result.code == "timeout":
        raise ProviderFault(f"{payment.provider} did not answer in time.", permanent=False)
    return result


async def look_up_late(engine: Engine, store: Store, payment_id: UUID, number: int) -> None:
    """Ask after money for a session that is over, for the `number`th time (from 0), and plan on.

    Raises NotFound.
    """
    async with engine.database.transaction(store.id) as tx:
        payment = await payments.get_payment(tx, payment_id)
    if payment.certain and payment.order_id is None:
        await settle(engine, store, payment)
    if payment.captured:
        return
    try:
        result = await providers.look_up(engine, store, payment)
        await learned(engine, store, payment, result)
    except ProviderFault as fault:
        _LOG.warning("%s could not be asked for late money: %s", payment.provider, fault.detail)
    async with engine.database.transaction(store.id) as tx:
        await watch(tx, payment_id, number + 1)
