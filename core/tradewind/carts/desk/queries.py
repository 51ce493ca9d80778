"""Carts for the merchant in SQL: newest first, from where the last page ended."""

from collections.abc import Mapping
from uuid import UUID

from tradewind.carts.desk.rules import CartFilter, CartRow, CartState
from tradewind.database import Transaction
from tradewind.database.patterns import beginning

_ROW = """
SELECT c.id, c.status, c.version, c.currency, c.source, c.email, c.phone, c.customer_id,
       c.session_id, c.merged_into, c.abandoned_at, c.expires_at, c.created_at, c.updated_at,
       c.quoted_version = c.version AS quoted, c.quote_flags,
       coalesce(lines.units, 0)::bigint AS units,
       CASE WHEN c.quoted_version = c.version THEN c.total
            ELSE coalesce(lines.total, 0)::bigint END AS total
FROM shop.carts c
CROSS JOIN LATERAL (
    SELECT sum(l.quantity) AS units, sum(l.unit_price * l.quantity) AS total
    FROM shop.cart_lines l WHERE l.store_id = c.store_id AND l.cart_id = c.id) lines
WHERE c.store_id = $1 """

# What is over and erased is not looked for.
_STATES: Mapping[CartState, str] = {
    "open": "AND c.status = 'open'",
    "abandoned": "AND c.status = 'open' AND c.abandoned_at IS NOT NULL",
    "completed": "AND c.status = 'completed'",
    "expired": "AND c.status = 'expired' AND c.erased_at IS NULL",
    "merged": "AND c.status = 'merged' AND c.erased_at IS NULL",
}

_BEGINS = """AND c.id IN (
    SELECT id FROM shop.carts WHERE store_id = $1 AND email_key >= $5 AND email_key < $6
    UNION ALL
    SELECT id FROM shop.carts WHERE store_id = $1 AND phone_key >= $7 AND phone_key < $8)"""


async def carts(tx: Transaction, wanted: CartFilter, limit: int) -> list[CartRow]:
    """Carts that match a filter."""
    parts = [
        _ROW,
        "AND ($2::uuid IS NULL OR c.id < $2) AND ($4::uuid IS NULL OR c.customer_id = $4)",
    ]
    args: list[object] = [tx.store_id, wanted.before, limit, wanted.customer_id]
    if wanted.state is not None:
        parts.append(_STATES[wanted.state])
    if wanted.q:
        parts.append(_BEGINS)
        digits = "".join(filter(str.isdecimal, wanted.q))
        args += [*beginning(wanted.q.lower()), *(beginning(digits) if digits else ("", ""))]
    rows = await tx.fetch(" ".join([*parts, "ORDER BY c.id DESC LIMIT $3"]), *args)
    return [CartRow(**dict(row)) for row in rows]


async def cart(tx: Transaction, cart_id: UUID) -> CartRow | None:
    """One cart."""
    row = await tx.fetchrow(f"{_ROW} AND c.id = $2", tx.store_id, cart_id)
    return None if row is None else CartRow(**dict(row))
