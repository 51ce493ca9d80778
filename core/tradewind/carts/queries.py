"""Carts in SQL, one statement for each question."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tradewind.carts.rules import (
    Cart,
    CartLine,
    ShippingMethod,
    StoredLine,
    lines_of,
)
from tradewind.catalog.rules import Region
from tradewind.contracts.pricing import Address
from tradewind.database import Transaction
from tradewind.pricing.rules import LineAdjustment

_LIVE_PRICE = """(
    SELECT pr.amount FROM shop.prices pr
    WHERE pr.store_id = c.store_id AND pr.variant_id = v.id AND pr.currency = c.currency
      AND (pr.region_id IS NULL OR pr.region_id = c.region_id)
      AND (pr.starts_at IS NULL OR pr.starts_at <= $2) AND (pr.ends_at IS NULL OR pr.ends_at > $2)
    ORDER BY pr.region_id NULLS LAST, pr.starts_at DESC NULLS LAST LIMIT 1
)"""

_CART = f"""
SELECT c.id, c.session_id, c.customer_id, c.currency, c.source, c.locale, c.email, c.phone,
       c.shipping_address, c.billing_address, c.shipping_method, c.codes, c.metadata, c.status,
       c.version, c.quoted_version, c.quote_flags, c.subtotal, c.discount_total, c.shipping_total,
       c.tax_total, c.total, c.expires_at, c.created_at,
       r.id AS region_id, r.name AS region_name, r.countries, r.tax_inclusive, r.rounding,
       (SELECT jsonb_agg(jsonb_build_object(
            'id', cl.id, 'variant_id', cl.variant_id, 'product_id', v.product_id, 'sku', v.sku,
            'product_title', p.title, 'variant_title', v.title, 'kind', p.kind,
            'quantity', cl.quantity, 'stored_price', cl.unit_price, 'live_price', {_LIVE_PRICE},
            'published', p.status = 'published' AND v.archived_at IS NULL,
            'subtotal', cl.subtotal, 'discount', cl.discount, 'tax', cl.tax, 'total', cl.total,
            'tax_class', v.tax_class, 'tracked', v.tracked, 'options', v.options,
            'image', coalesce(v.image, p.images[1])) ORDER BY cl.id)
        FROM shop.cart_lines cl
        JOIN shop.variants v ON v.store_id = cl.store_id AND v.id = cl.variant_id
        JOIN shop.products p ON p.store_id = v.store_id AND p.id = v.product_id
        WHERE cl.store_id = c.store_id AND cl.cart_id = c.id) AS lines,
       (SELECT jsonb_agg(jsonb_build_object(
            'kind', a.kind, 'source', a.source, 'code', a.code, 'title', a.title,
            'amount', a.amount, 'line_id', a.line_id, 'rate', a.rate::text) ORDER BY a.id)
        FROM shop.line_adjustments a
        WHERE a.store_id = c.store_id AND a.cart_id = c.id) AS adjustments
FROM shop.carts c
JOIN shop.regions r ON r.store_id = c.store_id AND r.id = c.region_id
WHERE c.store_id = $1 AND """  # noqa: S608 - fixed fragments, no values


async def cart(tx: Transaction, cart_id: UUID) -> Cart | None:
    """A cart with its lines at today's prices."""
    row = await tx.fetchrow(_CART + "c.id = $3", tx.store_id, tx.now, cart_id)
    return None if row is None else _cart(row)


async def cart_of_session(tx: Transaction, session_id: str) -> Cart | None:
    """The open cart of a chat or browser session."""
    row = await tx.fetchrow(
        _CART + "c.session_id = $3 AND c.status = 'open'", tx.store_id, tx.now, session_id
    )
    return None if row is None else _cart(row)


def _cart(row: asyncpg.Record) -> Cart:
    stored = msgspec.json.decode(row["lines"] or "[]", type=list[StoredLine])
    entries = msgspec.json.decode(row["adjustments"] or "[]", type=list[LineAdjustment])
    drifted = any(line.drifted for line in stored)
    quoted = row["quoted_version"] == row["version"] and not drifted
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
    )


def _totals(
    row: asyncpg.Record,
    lines: Sequence[CartLine],
    method: ShippingMethod | None,
    *,
    quoted: bool,
) -> dict[str, int]:
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


def _text(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
