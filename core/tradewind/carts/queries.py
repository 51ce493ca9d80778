"""Carts in SQL, one statement for each question."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tradewind.carts.rules import (
    Cart,
    CartLine,
    CartNote,
    NewCart,
    Offer,
    ShippingMethod,
    StoredLine,
    lines_of,
)
from tradewind.catalog.queries.counting import counting_price
from tradewind.catalog.rules import Region
from tradewind.contracts.pricing import Address
from tradewind.database import Transaction
from tradewind.pricing.rules import LineAdjustment

_LIVE_PRICE = counting_price("v.id", currency="c.currency", region="c.region_id", now="$2")

# Lines come as arrays in the order of StoredLine: names would cost more than the values.
_COLUMNS = """
       c.id, c.session_id, c.customer_id, c.currency, c.source, c.locale, c.email, c.phone,
       c.shipping_address, c.billing_address, c.shipping_method, c.codes, c.metadata, c.status,
       c.version, c.quoted_version, c.quote_flags, c.subtotal, c.discount_total, c.shipping_total,
       c.tax_total, c.total, c.expires_at, c.created_at, c.notes, c.merged_into,
       c.quoted_pricing_version, c.credits,
       c.quote_expires_at, coalesce(s.pricing_version, 0) AS pricing_version,
       r.id AS region_id, r.name AS region_name, r.countries, r.tax_inclusive, r.rounding,
       shop.lines_at(c.store_id, $2, c.id, c.currency, c.region_id) AS lines,
       CASE WHEN c.quoted_version = c.version THEN (
        SELECT json_agg(json_build_object(
            'kind', a.kind, 'source', a.source, 'code', a.code, 'title', a.title,
            'amount', a.amount, 'line_id', a.line_id, 'rate', a.rate::text,
            'reference', a.reference) ORDER BY a.id)
        FROM shop.line_adjustments a
        WHERE a.store_id = c.store_id AND a.cart_id = c.id) END AS adjustments"""
_JOINED = """
JOIN shop.regions r ON r.store_id = c.store_id AND r.id = c.region_id
LEFT JOIN shop.store_settings s ON s.store_id = c.store_id
WHERE c.store_id = $1"""
_READ = f"{_COLUMNS} FROM shop.carts c {_JOINED} AND "
_CART = "SELECT" + _READ

# `moved`: somebody was waited for who has changed the cart, and the rest is as it was before.
_LOCKED = f"""
SELECT c.ctid IS DISTINCT FROM (
           SELECT seen.ctid FROM shop.carts seen WHERE seen.store_id = $1 AND seen.id = $3
       ) AS moved, {_READ} c.id = $3 FOR UPDATE OF c"""


async def cart(tx: Transaction, cart_id: UUID) -> Cart | None:
    """A cart with its lines at today's prices."""
    row = await tx.fetchrow(_CART + "c.id = $3", tx.store_id, tx.now, cart_id)
    return None if row is None else cart_of_row(row, tx.now)


async def locked_cart(tx: Transaction, cart_id: UUID) -> Cart | None:
    """The same, and nobody else changes it until the transaction ends. Read twice after a wait."""
    args = (tx.store_id, tx.now, cart_id)
    row = await tx.fetchrow(_LOCKED, *args)
    if row is None or row["moved"]:
        row = await tx.fetchrow(_LOCKED, *args)
    return None if row is None else cart_of_row(row, tx.now)


async def cart_of_session(tx: Transaction, session_id: str) -> Cart | None:
    """The open cart of a chat or browser session."""
    row = await tx.fetchrow(
        _CART + "c.session_id = $3 AND c.status = 'open'", tx.store_id, tx.now, session_id
    )
    return None if row is None else cart_of_row(row, tx.now)


# Which region a new cart is in: the one asked for, else the store's default, else the first.
_REGION = """
    SELECT r.id, r.currency, coalesce(s.cart_days, 7) AS cart_days
    FROM shop.regions r LEFT JOIN shop.store_settings s ON s.store_id = r.store_id
    WHERE r.store_id = $1 AND ($3::uuid IS NULL OR r.id = $3)
      AND ($4::text IS NULL OR r.currency = $4)
    ORDER BY (r.id IS NOT DISTINCT FROM s.default_region_id) DESC, r.id LIMIT 1"""

_INSERT = f"""
    INSERT INTO shop.carts (store_id, id, session_id, customer_id, region_id, currency, source,
                            locale, email, phone, metadata, expires_at, created_at, updated_at)
    SELECT $1, $5, $6, $7, region.id, region.currency, $8, $9, $10, $11, $12,
           $2::timestamptz + make_interval(days => region.cart_days), $2, $2
    FROM ({_REGION}) region
    ON CONFLICT """
_OPEN = f"""
WITH opened AS ({_INSERT} DO NOTHING RETURNING *)
SELECT {_COLUMNS} FROM opened c {_JOINED}"""
_OF_SESSION = "(store_id, session_id) WHERE status = 'open' AND session_id IS NOT NULL"

_ADD_OPENING = f"""
WITH opened AS ({_INSERT} {_OF_SESSION}
    DO UPDATE SET version = carts.version + 1, updated_at = EXCLUDED.updated_at,
                  expires_at = EXCLUDED.expires_at, abandoned_at = NULL, notes = '[]'
    RETURNING id
)
INSERT INTO shop.cart_lines (store_id, id, cart_id, variant_id, quantity, unit_price, created_at)
SELECT $1, $13, opened.id, $14, $15, $16, $2 FROM opened
ON CONFLICT (store_id, cart_id, variant_id)
DO UPDATE SET quantity = cart_lines.quantity + EXCLUDED.quantity, unit_price = EXCLUDED.unit_price
RETURNING cart_id"""

_BUMP = """
    UPDATE shop.carts SET version = version + 1, updated_at = $2, abandoned_at = NULL, notes = '[]',
        expires_at = $2::timestamptz + make_interval(days => coalesce(
            (SELECT cart_days FROM shop.store_settings WHERE store_id = $1), 7))
    WHERE store_id = $1 AND id = $3 AND status = 'open' RETURNING id"""

_OFFER = f"""
SELECT v.id AS variant_id, v.sku, v.tracked, {_LIVE_PRICE} AS price,
       p.status = 'published' AND v.archived_at IS NULL AS published,
       coalesce(stock.available, 0)::bigint AS available,
       coalesce(stock.backorder, false) AS backorder,
       coalesce((SELECT quantity FROM shop.cart_lines cl WHERE cl.store_id = v.store_id
                 AND cl.cart_id = c.id AND cl.variant_id = v.id), 0) AS in_cart,
       coalesce((SELECT sum(h.quantity) FROM shop.stock_reservations h
                 WHERE h.store_id = v.store_id AND h.cart_id = c.id AND h.variant_id = v.id), 0)
           ::bigint AS own_hold
FROM chosen c
JOIN shop.variants v ON v.store_id = c.store_id
JOIN shop.products p ON p.store_id = v.store_id AND p.id = v.product_id
CROSS JOIN LATERAL (
    SELECT sum(l.on_hand - l.reserved - l.held) AS available, bool_or(l.backorder) AS backorder
    FROM shop.inventory_levels l WHERE l.store_id = v.store_id AND l.variant_id = v.id) stock
"""

_OFFER_OF_CART = f"""
WITH chosen AS (
    SELECT store_id, id, currency, region_id FROM shop.carts WHERE store_id = $1 AND id = $3)
{_OFFER} WHERE v.store_id = $1 AND v.id = $4"""

_OFFER_OF_SESSION = f"""
WITH chosen AS (
    SELECT $1::uuid AS store_id, o.id, coalesce(o.currency, region.currency) AS currency,
           coalesce(o.region_id, region.id) AS region_id
    FROM ({_REGION}) region
    LEFT JOIN shop.carts o ON o.store_id = $1 AND o.session_id = $5 AND o.status = 'open')
{_OFFER} WHERE v.store_id = $1 AND v.sku_key = upper($6)"""


async def cart_of_customer(tx: Transaction, customer_id: UUID) -> Cart | None:
    """The open cart of a customer, beside those of their chats."""
    row = await tx.fetchrow(
        _CART + "c.customer_id = $3 AND c.status = 'open' AND c.session_id IS NULL",
        tx.store_id,
        tx.now,
        customer_id,
    )
    return None if row is None else cart_of_row(row, tx.now)


async def insert_cart(tx: Transaction, cart_id: UUID, new: NewCart) -> Cart | None:
    """Open a cart; None when there is no such region, or session or customer have an open one."""
    row = await tx.fetchrow(_OPEN, *_new_cart_args(tx, cart_id, new))
    return None if row is None else cart_of_row(row, tx.now)


async def lock(tx: Transaction, cart_id: UUID | None, session_id: str | None) -> None:
    """Lock a cart, or the open cart of a session, until the transaction ends."""
    await tx.execute(
        """SELECT FROM shop.carts
           WHERE store_id = $1 AND (id = $2 OR (session_id = $3 AND status = 'open')) FOR UPDATE""",
        tx.store_id,
        cart_id,
        session_id,
    )


async def offer(tx: Transaction, cart_id: UUID, variant_id: UUID) -> Offer | None:
    """What a cart can have of a variant of this store."""
    row = await tx.fetchrow(_OFFER_OF_CART, tx.store_id, tx.now, cart_id, variant_id)
    return None if row is None else Offer(**dict(row))


async def offer_by_sku(tx: Transaction, new: NewCart, sku: str) -> Offer | None:
    """What a session's cart, or the one it would get, can have of a SKU in any case."""
    args = (tx.store_id, tx.now, new.region_id, new.currency, new.session_id, sku)
    row = await tx.fetchrow(_OFFER_OF_SESSION, *args)
    return None if row is None else Offer(**dict(row))


async def add_to_session(
    tx: Transaction, new: NewCart, variant_id: UUID, quantity: int, price: int
) -> UUID | None:
    """Add to a session's cart, opening it when there is none; returns the cart's id."""
    args = (*_new_cart_args(tx, tx.new_id(), new), tx.new_id(), variant_id, quantity, price)
    found: UUID | None = await tx.fetchval(_ADD_OPENING, *args)
    return found


async def add_line(
    tx: Transaction, cart_id: UUID, variant_id: UUID, quantity: int, price: int
) -> bool:
    """Add to an open cart; false when it is closed."""
    added = await tx.fetchval(
        f"""WITH bumped AS ({_BUMP})
            INSERT INTO shop.cart_lines
                (store_id, id, cart_id, variant_id, quantity, unit_price, created_at)
            SELECT $1, $4, bumped.id, $5, $6, $7, $2 FROM bumped
            ON CONFLICT (store_id, cart_id, variant_id) DO UPDATE
            SET quantity = cart_lines.quantity + EXCLUDED.quantity,
                unit_price = EXCLUDED.unit_price
            RETURNING id""",
        tx.store_id,
        tx.now,
        cart_id,
        tx.new_id(),
        variant_id,
        quantity,
        price,
    )
    return added is not None


async def set_quantity(
    tx: Transaction, cart_id: UUID, line_id: UUID, quantity: int, price: int
) -> bool:
    """Change a line of an open cart; false when there is no such line or cart."""
    changed = await tx.fetchval(
        f"""WITH bumped AS ({_BUMP})
            UPDATE shop.cart_lines l SET quantity = $5, unit_price = $6
            FROM bumped WHERE l.store_id = $1 AND l.cart_id = bumped.id AND l.id = $4
            RETURNING l.id""",
        tx.store_id,
        tx.now,
        cart_id,
        line_id,
        quantity,
        price,
    )
    return changed is not None


async def remove_lines(tx: Transaction, cart_id: UUID, line_ids: Sequence[UUID]) -> None:
    """Take lines out of an open cart."""
    await tx.execute(
        f"""WITH bumped AS ({_BUMP})
            DELETE FROM shop.cart_lines l USING bumped
            WHERE l.store_id = $1 AND l.cart_id = bumped.id
              AND l.id = ANY ($4::uuid[])""",
        tx.store_id,
        tx.now,
        cart_id,
        list(line_ids),
    )


async def update_cart(tx: Transaction, cart_id: UUID, new: Cart) -> bool:
    """Overwrite what is not lines; false when the cart is closed or has changed meanwhile."""
    changed = await tx.fetchval(
        """UPDATE shop.carts
           SET version = version + 1, updated_at = $4, abandoned_at = NULL, email = $5,
               phone = $6, customer_id = $7, region_id = $8, currency = $9,
               shipping_address = $10, billing_address = $11, shipping_method = $12,
               codes = $13, locale = $14, metadata = $15, credits = $16
           WHERE store_id = $1 AND id = $2 AND version = $3 AND status = 'open' RETURNING id""",
        tx.store_id,
        cart_id,
        new.version,
        tx.now,
        new.email,
        new.phone,
        new.customer_id,
        new.region.id,
        new.region.currency,
        text_of(new.shipping_address),
        text_of(new.billing_address),
        text_of(new.shipping_method),
        list(new.codes),
        new.locale,
        text_of(new.metadata),
        new.credits_wanted,
    )
    return changed is not None


def _new_cart_args(tx: Transaction, cart_id: UUID, new: NewCart) -> tuple[Any, ...]:
    return (
        tx.store_id,
        tx.now,
        new.region_id,
        new.currency,
        cart_id,
        new.session_id,
        new.customer_id,
        new.source,
        new.locale,
        new.email,
        new.phone,
        text_of(new.metadata),
    )


def cart_of_row(row: asyncpg.Record, now: datetime) -> Cart:
    """A cart as this room's statement reads it, and as `shop.add_to_cart` returns it."""
    stored = msgspec.json.decode(row["lines"] or "[]", type=list[StoredLine])
    entries = msgspec.json.decode(row["adjustments"] or "[]", type=list[LineAdjustment])
    drifted = any(line.drifted for line in stored)
    quoted = row["quoted_version"] == row["version"] and not drifted and _holds(row, now)
    method = _json(row["shipping_method"], ShippingMethod)
    lines = lines_of(stored, entries, quoted=quoted)
    return Cart(
        id=row["id"],
        version=row["version"],
        status=row["status"],
        region=_region(row),
        currency=row["currency"],
        source=row["source"],
        locale=row["locale"],
        lines=lines,
        **_totals(row, lines, method, quoted=quoted),
        quoted=quoted,
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        email=row["email"],
        phone=row["phone"],
        customer_id=row["customer_id"],
        session_id=row["session_id"],
        shipping_address=_json(row["shipping_address"], Address),
        billing_address=_json(row["billing_address"], Address),
        shipping_method=method,
        codes=row["codes"],
        metadata=msgspec.json.decode(row["metadata"]),
        quote_flags=row["quote_flags"] if quoted else (),
        adjustments=entries if quoted else (),
        repriced=drifted,
        notes=msgspec.json.decode(row["notes"], type=list[CartNote]),
        merged_into=row["merged_into"],
        pricing_version=row["pricing_version"],
        last_total=row["total"] if row["quoted_version"] == row["version"] else None,
        credits_wanted=row["credits"],
    )


def _holds(row: asyncpg.Record, now: datetime) -> bool:
    """Whether the price tables are those of the stored quote; a closed cart keeps its own."""
    until: datetime | None = row["quote_expires_at"]
    current = row["quoted_pricing_version"] == row["pricing_version"]
    return row["status"] != "open" or (current and (until is None or until > now))


def _totals(
    row: asyncpg.Record,
    lines: Sequence[CartLine],
    method: ShippingMethod | None,
    *,
    quoted: bool,
) -> dict[str, Any]:
    if quoted:
        names = ("subtotal", "discount_total", "shipping_total", "tax_total", "total")
        return {name: row[name] for name in names}
    subtotal, shipping = sum(line.subtotal for line in lines), method.price if method else 0
    return {
        "subtotal": subtotal,
        "discount_total": 0,
        "shipping_total": shipping,
        "tax_total": 0,
        "total": subtotal + shipping,
    }


def _region(row: asyncpg.Record) -> Region:
    return Region(
        id=row["region_id"],
        name=row["region_name"],
        currency=row["currency"],
        countries=row["countries"],
        tax_inclusive=row["tax_inclusive"],
        rounding=row["rounding"],
    )


def _json(text: str | None, kind: type[Any]) -> Any:
    return None if text is None else msgspec.json.decode(text, type=kind)


def text_of(value: Any) -> str | None:
    """A value as it is stored, None where there is none."""
    return None if value is None else msgspec.json.encode(value).decode()
