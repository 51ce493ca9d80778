"""Carts left alone, in SQL: each statement takes a batch that a partial index leads to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tradewind.database import Transaction

_EXPIRE = """
UPDATE shop.carts SET status = 'expired', updated_at = $2
WHERE store_id = $1 AND id IN (
    SELECT id FROM shop.carts
    WHERE store_id = $1 AND status = 'open' AND expires_at <= $2
    ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id"""

# Empty carts are marked as well, so that nobody looks at them again.
_ABANDON = """
WITH idle AS (
    SELECT id FROM shop.carts
    WHERE store_id = $1 AND status = 'open' AND abandoned_at IS NULL
      AND (email IS NOT NULL OR phone IS NOT NULL OR session_id IS NOT NULL
           OR customer_id IS NOT NULL)
      AND updated_at <= $3
    ORDER BY updated_at LIMIT $4 FOR UPDATE SKIP LOCKED
)
UPDATE shop.carts c SET abandoned_at = $2
FROM idle WHERE c.store_id = $1 AND c.id = idle.id
RETURNING c.id, c.session_id, c.customer_id, c.email, c.currency, c.version, (
    SELECT CASE WHEN c.quoted_version = c.version THEN c.total
                ELSE sum(l.unit_price * l.quantity) END
    FROM shop.cart_lines l WHERE l.store_id = c.store_id AND l.cart_id = c.id
    HAVING count(*) > 0)::bigint AS total"""

_OVER = """
SELECT c.id,
       EXISTS (SELECT FROM shop.payment_sessions s WHERE s.store_id = $1 AND s.cart_id = c.id)
       OR EXISTS (SELECT FROM shop.payments p WHERE p.store_id = $1 AND p.cart_id = c.id)
       OR EXISTS (SELECT FROM shop.orders o WHERE o.store_id = $1 AND o.cart_id = c.id) AS kept
FROM shop.carts c
WHERE c.store_id = $1 AND c.status IN ('expired', 'merged') AND c.erased_at IS NULL
  AND c.updated_at <= $2
  AND NOT EXISTS (
      SELECT FROM shop.stock_reservations h WHERE h.store_id = $1 AND h.cart_id = c.id)
ORDER BY c.updated_at LIMIT $3 FOR UPDATE OF c SKIP LOCKED"""


class LeftAlone(msgspec.Struct, frozen=True, kw_only=True):
    """A cart that was just found abandoned; `total` (minor units) is None for an empty one."""

    id: UUID
    session_id: str | None
    customer_id: UUID | None
    email: str | None
    currency: str
    version: int
    total: int | None


class Over(msgspec.Struct, frozen=True, kw_only=True):
    """A cart whose time to be kept has passed; `kept` when a payment or order refers to it."""

    id: UUID
    kept: bool


async def expire(tx: Transaction, most: int) -> int:
    """Expire open carts whose time has passed; returns how many."""
    return len(await tx.fetch(_EXPIRE, tx.store_id, tx.now, most))


async def abandon(tx: Transaction, since: datetime, most: int) -> list[LeftAlone]:
    """Mark carts that nobody has changed since then and whose shopper can be reached."""
    rows = await tx.fetch(_ABANDON, tx.store_id, tx.now, since, most)
    return [LeftAlone(**dict(row)) for row in rows]


async def lock_over(tx: Transaction, before: datetime, most: int) -> list[Over]:
    """Lock carts that were over before then and hold no stock."""
    rows = await tx.fetch(_OVER, tx.store_id, before, most)
    return [Over(**dict(row)) for row in rows]


async def empty(tx: Transaction, cart_ids: Sequence[UUID]) -> None:
    """Remove what is in carts."""
    for table in ("line_adjustments", "cart_lines"):
        await tx.execute(
            f"DELETE FROM shop.{table} WHERE store_id = $1 AND cart_id = ANY ($2::uuid[])",
            tx.store_id,
            list(cart_ids),
        )


async def delete(tx: Transaction, cart_ids: Sequence[UUID]) -> None:
    """Remove carts."""
    await tx.execute(
        "DELETE FROM shop.carts WHERE store_id = $1 AND id = ANY ($2::uuid[])",
        tx.store_id,
        list(cart_ids),
    )


async def anonymize(tx: Transaction, cart_ids: Sequence[UUID]) -> None:
    """Forget whose carts these were."""
    await tx.execute(
        """UPDATE shop.carts
           SET erased_at = $2, customer_id = NULL, session_id = NULL, email = NULL, phone = NULL,
               shipping_address = NULL, billing_address = NULL, metadata = '{}', notes = '[]'
           WHERE store_id = $1 AND id = ANY ($3::uuid[])""",
        tx.store_id,
        tx.now,
        list(cart_ids),
    )
