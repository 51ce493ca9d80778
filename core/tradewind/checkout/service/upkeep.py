"""What is done for carts and payments without anybody asking: expiry, holds, webhooks' reports."""

import logging
from collections.abc import Awaitable, Callable
from uuid import UUID

from tradewind.carts.keeping import service as keeping
from tradewind.checkout.service.closing import expire_agreed, expire_order
from tradewind.checkout.service.money_cases import not_ended_case
from tradewind.checkout.service.reporting import payment_reported
from tradewind.contracts.errors import NotFound, ProviderFault
from tradewind.contracts.payment import PaymentReport
from tradewind.database import Store, Transaction
from tradewind.inventory import service as inventory
from tradewind.orders import service as orders
from tradewind.orders.unpaid import queries as unpaid_rows
from tradewind.payments import queries as payment_rows
from tradewind.payments.rules import Payment
from tradewind.settings.engine import Engine

_MOST_AT_ONCE = 100
_LOG = logging.getLogger(__name__)


async def webhook_reported(
    engine: Engine, store: Store, provider: str, report: PaymentReport
) -> None:
    """Take in what a webhook says of a payment, found by our id or the provider's reference.

    A plugin has no say over the payments of another. Raises NotFound while the payment is not
    stored yet: the webhook is kept and tried again.
    """
    async with engine.database.transaction(store.id) as tx:
        payment = await _spoken_of(tx, provider, report)
    plugin_of = engine.plugins.plugin_of
    if payment is None or plugin_of(payment.provider) != plugin_of(provider):
        raise NotFound("No payment of this provider is known by that reference.")
    await payment_reported(engine, store, payment.id, report.result, "webhook")


async def _spoken_of(tx: Transaction, provider: str, report: PaymentReport) -> Payment | None:
    if report.payment_id is not None:
        return await payment_rows.payment(tx, report.payment_id)
    if report.provider_ref is not None:
        return await payment_rows.payment_by_ref(tx, provider, report.provider_ref)
    return None


async def expire_carts(engine: Engine, store: Store) -> int:
    """Close carts whose time has passed; returns how many."""
    return await _in_batches(engine, store, keeping.expire_carts)


async def note_abandoned_carts(engine: Engine, store: Store) -> int:
    """Tell subscribers of carts that their shoppers have left; returns how many there were."""
    return await _in_batches(engine, store, keeping.note_abandoned)


async def forget_carts(engine: Engine, store: Store) -> int:
    """Erase carts that have been over for long enough; returns how many."""
    return await _in_batches(engine, store, keeping.forget_over)


async def _in_batches(
    engine: Engine, store: Store, take: Callable[[Transaction], Awaitable[int]]
) -> int:
    """One short transaction after another, until a batch is not full any more."""
    done, batch = 0, keeping.BATCH
    while batch == keeping.BATCH:
        async with engine.database.transaction(store.id) as tx:
            batch = await take(tx)
        done += batch
    return done


async def release_expired_holds(engine: Engine, store: Store) -> int:
    """Give stock back that was held for too long; returns how many holds."""
    async with engine.database.transaction(store.id) as tx:
        return await inventory.release_expired_holds(tx)


async def expire_orders(engine: Engine, store: Store) -> int:
    """End orders that waited for their money for too long; returns how many were looked at.

    These are pending ones, and those paid by agreement that nobody has confirmed. One that fails
    is tried again once the others had their turn. A provider that is away is waited for; anything
    else is a case.
    """
    async with engine.database.transaction(store.id) as tx:
        due = await orders.due_to_expire(tx, _MOST_AT_ONCE)
        agreed = await unpaid_rows.overdue(tx, _MOST_AT_ONCE)
        await unpaid_rows.forget(tx)
    for end, order_ids in ((expire_order, due), (expire_agreed, agreed)):
        for order_id in order_ids:
            try:
                await end(engine, store, order_id)
            except Exception as error:  # noqa: BLE001 - noted; the others go on
                await _not_ended(engine, store, order_id, error)
    return len(due) + len(agreed)


async def _not_ended(engine: Engine, store: Store, order_id: UUID, error: Exception) -> None:
    """Note it; a person is told once, unless the provider is only away."""
    away = isinstance(error, ProviderFault)
    if away:
        _LOG.warning("order %s could not be called off yet: %s", order_id, error)
    else:
        _LOG.error("order %s could not be ended", order_id, exc_info=error)
    async with engine.database.transaction(store.id) as tx:
        await orders.note_not_ended(tx, order_id)
        if not away:
            await not_ended_case(tx, await orders.get_order(tx, order_id), error)
