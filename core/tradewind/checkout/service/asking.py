"""Asking the provider about a payment because somebody waits at a page for it."""

import asyncio
import logging
from datetime import timedelta
from uuid import UUID

from tradewind.checkout.service import providers
from tradewind.checkout.service.reporting import payment_reported
from tradewind.contracts.errors import ProviderFault
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Store, Transaction
from tradewind.payments import queries as payment_rows
from tradewind.payments import service as payments
from tradewind.payments.rules import Payment, PaymentSession
from tradewind.settings.engine import Engine

EVERY = timedelta(seconds=5)
SECONDS = 5.0
_LOG = logging.getLogger(__name__)


async def look_up_order(engine: Engine, store: Store, order_id: UUID) -> None:
    """Look up the payment that an order waits for, and take in what there is to know.

    At most once in `EVERY`, by whoever and in whatever process; the provider has `SECONDS` to
    answer. When it cannot, and when nothing is under way, nothing happens: the look-ups that are
    planned go on as they are.
    """
    async with engine.database.transaction(store.id) as tx:
        payment = await _claimed(tx, await payments.session_of_order(tx, order_id))
    if payment is not None:
        await _look_up(engine, store, payment)


async def look_up_cart(engine: Engine, store: Store, cart_id: UUID) -> None:
    """The same for the newest attempt to pay a cart, which becomes an order by it."""
    async with engine.database.transaction(store.id) as tx:
        payment = await _claimed(tx, await payments.session_of_cart(tx, cart_id))
    if payment is not None:
        await _look_up(engine, store, payment)


async def _claimed(tx: Transaction, session: PaymentSession | None) -> Payment | None:
    """The payment of an attempt that may be asked about now."""
    if session is None or not await payment_rows.claim_look_up(tx, session.id, EVERY):
        return None
    return await payments.get_payment(tx, session.payment_id)


async def _look_up(engine: Engine, store: Store, payment: Payment) -> None:
    result = await _answer(engine, store, payment)
    if result.status != "unknown" or result.facts:
        await payment_reported(engine, store, payment.id, result, "poll")


async def _answer(engine: Engine, store: Store, payment: Payment) -> PaymentResult:
    try:
        async with asyncio.timeout(SECONDS):
            return await providers.look_up(engine, store, payment)
    except (ProviderFault, TimeoutError) as error:
        _LOG.warning("%s could not be asked: %s", payment.provider, type(error).__name__)
        return PaymentResult(status="unknown")
