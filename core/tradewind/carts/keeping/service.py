"""What is done for carts without anybody asking. Each call takes one batch, in a transaction."""

from datetime import timedelta

from tradewind.carts.keeping import queries
from tradewind.carts.keeping.queries import LeftAlone
from tradewind.contracts.events import CartAbandoned
from tradewind.contracts.money import Money
from tradewind.database import Transaction
from tradewind.outbox import service as outbox
from tradewind.stores.service import settings_of

BATCH = 200


async def expire_carts(tx: Transaction, most: int = BATCH) -> int:
    """Close carts whose time has passed; returns how many."""
    return await queries.expire(tx, most)


async def note_abandoned(tx: Transaction, most: int = BATCH) -> int:
    """Tell of carts that nobody has changed for the store's hours, once each; returns how many.

    A shopper who changes something begins anew. Empty carts and those of nobody in particular
    are not told of.
    """
    hours = (await settings_of(tx)).abandoned_after_hours
    found = await queries.abandon(tx, tx.now - timedelta(hours=hours), most)
    await outbox.record(tx, *(_told(tx, one) for one in found if one.total is not None))
    return len(found)


async def forget_over(tx: Transaction, most: int = BATCH) -> int:
    """Delete carts that have been over for the store's days; returns how many.

    Of one that a payment or order refers to the row stays, without whose it was and what was in
    it. One that still holds stock waits.
    """
    days = (await settings_of(tx)).cart_retention_days
    found = await queries.lock_over(tx, tx.now - timedelta(days=days), most)
    if found:
        await queries.empty(tx, [one.id for one in found])
        await queries.anonymize(tx, [one.id for one in found if one.kept])
        await queries.delete(tx, [one.id for one in found if not one.kept])
    return len(found)


def _told(tx: Transaction, one: LeftAlone) -> CartAbandoned:
    return CartAbandoned(
        id=tx.new_id(),
        store_id=tx.store_id,
        occurred_at=tx.now,
        sequence=one.version,
        cart_id=one.id,
        session_id=one.session_id,
        total=Money(one.total or 0, one.currency),
        customer_id=one.customer_id,
        email=one.email,
    )
