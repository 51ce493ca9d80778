"""Merging carts in SQL, one statement for each question."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tradewind.carts.merging.rules import Marked, Merged, Terms
from tradewind.catalog.queries.counting import counting_price
from tradewind.catalog.rules import Region
from tradewind.database import Transaction

# The order of ids is the order in which everybody takes several carts.
_LOCK = """
SELECT id, status, customer_id, session_id, merged_into FROM shop.carts
WHERE store_id = $1 AND (id = $2 OR (
    customer_id = $3 AND status = 'open' AND session_id IS NULL))
ORDER BY id FOR UPDATE"""

_OWN = """
UPDATE shop.carts
SET customer_id = $4, email = coalesce(email, $5), version = version + 1, updated_at = $2,
    abandoned_at = NULL
WHERE store_id = $1 AND id = $3 AND status = 'open' AND NOT EXISTS (
    SELECT FROM shop.carts other
    WHERE other.store_id = $1 AND other.customer_id = $4 AND other.status = 'open'
      AND other.session_id IS NULL)
RETURNING id"""

_TERMS = f"""
SELECT v.id, v.tracked,
       {counting_price("v.id", currency="$4", region="$5", now="$2")} AS price,
       coalesce(stock.backorder, false) AS backorder,
       greatest(0, coalesce(stock.free, 0) + coalesce(own.held, 0))::bigint AS free
FROM shop.variants v
CROSS JOIN LATERAL (
    SELECT sum(l.on_hand - l.reserved - l.held) AS free, bool_or(l.backorder) AS backorder
    FROM shop.inventory_levels l WHERE l.store_id = $1 AND l.variant_id = v.id) stock
CROSS JOIN LATERAL (
    SELECT sum(h.quantity) AS held FROM shop.stock_reservations h
    WHERE h.store_id = $1 AND h.variant_id = v.id AND h.cart_id = ANY ($6::uuid[])) own
WHERE v.store_id = $1 AND v.id = ANY ($3::uuid[])"""

_CLOSE = """
UPDATE shop.carts SET status = 'merged', merged_into = $4, version = version + 1, updated_at = $2
WHERE store_id = $1 AND id = $3"""

_KEEP = """
UPDATE shop.carts
SET version = version + 1, updated_at = $2, abandoned_at = NULL, region_id = $4, currency = $5,
    email = $6, phone = $7, shipping_address = $8, billing_address = $9, shipping_method = $10,
    codes = $11, metadata = $12, notes = $13, credits = 0,
    expires_at = $2::timestamptz + make_interval(days => coalesce(
        (SELECT cart_days FROM shop.store_settings WHERE store_id = $1), 7))
WHERE store_id = $1 AND id = $3"""

_DROP_LINES = """
DELETE FROM shop.cart_lines
WHERE store_id = $1 AND cart_id = $2 AND variant_id <> ALL ($3::uuid[])"""

_PUT_LINES = """
INSERT INTO shop.cart_lines (store_id, id, cart_id, variant_id, quantity, unit_price, created_at)
SELECT $1, l.id, $3, l.variant_id, l.quantity, l.price, $2
FROM unnest($4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[])
    AS l(id, variant_id, quantity, price)
ON CONFLICT (store_id, cart_id, variant_id)
DO UPDATE SET quantity = EXCLUDED.quantity, unit_price = EXCLUDED.unit_price"""


async def lock_both(tx: Transaction, cart_id: UUID, customer_id: UUID) -> list[Marked]:
    """Lock a cart and the open cart of a customer, as far as they are there."""
    rows = await tx.fetch(_LOCK, tx.store_id, cart_id, customer_id)
    return [Marked(**dict(row)) for row in rows]


async def mark(tx: Transaction, cart_id: UUID) -> Marked | None:
    """Whose a cart is."""
    row = await tx.fetchrow(
        """SELECT id, status, customer_id, session_id, merged_into FROM shop.carts
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        cart_id,
    )
    return None if row is None else Marked(**dict(row))


async def own(tx: Transaction, cart_id: UUID, customer_id: UUID, email: str | None) -> bool:
    """Make an open cart a customer's; false when they have one.

    Raises UniqueViolationError when they get one at the same moment.
    """
    done = await tx.fetchval(_OWN, tx.store_id, tx.now, cart_id, customer_id, email)
    return done is not None


async def terms(
    tx: Transaction, region: Region, variant_ids: Sequence[UUID], cart_ids: Sequence[UUID]
) -> dict[UUID, Terms]:
    """What a cart in a region can have of these variants, counting what these carts hold."""
    rows = await tx.fetch(
        _TERMS,
        tx.store_id,
        tx.now,
        list(variant_ids),
        region.currency,
        region.id,
        list(cart_ids),
    )
    return {
        row["id"]: Terms(
            price=row["price"],
            most=row["free"] if row["tracked"] and not row["backorder"] else None,
        )
        for row in rows
    }


async def write(tx: Transaction, kept_id: UUID, absorbed_id: UUID, merged: Merged) -> None:
    """Close one cart and write what both come to into the other."""
    variants = [variant_id for variant_id, _, _ in merged.lines]
    await tx.execute(_CLOSE, tx.store_id, tx.now, absorbed_id, kept_id)
    await tx.execute(_DROP_LINES, tx.store_id, kept_id, variants)
    await tx.execute(
        _PUT_LINES,
        tx.store_id,
        tx.now,
        kept_id,
        [tx.new_id() for _ in merged.lines],
        variants,
        [quantity for _, quantity, _ in merged.lines],
        [price for _, _, price in merged.lines],
    )
    await tx.execute(
        _KEEP,
        tx.store_id,
        tx.now,
        kept_id,
        merged.region.id,
        merged.region.currency,
        merged.email,
        merged.phone,
        *map(_text, (merged.shipping_address, merged.billing_address, merged.shipping_method)),
        list(merged.codes),
        _text(merged.metadata),
        _text(merged.notes),
    )


def _text(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
