"""A store's own price tables in SQL, one statement for each question."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tradewind.database import Transaction
from tradewind.pricing.rules import BuiltInShipping, PriceBook, Promotion, ShippingRules, TaxRate

_RULES = msgspec.json.Decoder(ShippingRules)
_TAX = """id, region_id, name, rate, tax_class, tax_shipping, country_code, province,
    postal_prefix"""
_OPTION = "id, region_id, name, price, estimate, rules, position"

PROMOTION = """jsonb_build_object(
    'id', p.id, 'title', p.title, 'kind', p.kind, 'value', p.value::text, 'code', p.code,
    'currency', p.currency, 'minimum', p.minimum, 'usage_limit', p.usage_limit,
    'limit_per_customer', p.limit_per_customer, 'stackable', p.stackable,
    'priority', p.priority, 'starts_at', p.starts_at, 'ends_at', p.ends_at, 'rules', p.rules,
    'used', p.used)"""
"""A row `p` of promotions as the JSON of a `Promotion`."""

_BOOK = f"""
SELECT jsonb_build_object(
    'version', coalesce(s.pricing_version, 0),
    'countries', r.countries,
    'inclusive', r.tax_inclusive,
    'rounding', r.rounding,
    'rates', coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'id', t.id, 'region_id', t.region_id, 'name', t.name, 'rate', t.rate::text,
            'tax_class', t.tax_class, 'tax_shipping', t.tax_shipping,
            'country_code', t.country_code, 'province', t.province,
            'postal_prefix', t.postal_prefix) ORDER BY t.id)
        FROM shop.tax_rates t WHERE t.store_id = $1 AND t.region_id = $2), '[]'),
    'options', coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'id', o.id, 'region_id', o.region_id, 'name', o.name, 'price', o.price,
            'estimate', o.estimate, 'rules', o.rules, 'position', o.position)
            ORDER BY o.position, o.id)
        FROM shop.shipping_options o
        WHERE o.store_id = $1 AND o.region_id = $2 AND o.archived_at IS NULL), '[]'),
    'promotions', coalesce((
        SELECT jsonb_agg({PROMOTION} ORDER BY p.id)
        FROM shop.promotions p
        WHERE p.store_id = $1 AND p.code IS NULL AND p.archived_at IS NULL
          AND (p.ends_at IS NULL OR p.ends_at > $3)), '[]'))
FROM shop.regions r LEFT JOIN shop.store_settings s ON s.store_id = r.store_id
WHERE r.store_id = $1 AND r.id = $2
"""

_LIVE = f"""
SELECT jsonb_agg({PROMOTION} || jsonb_build_object('used_by_shopper', (
    SELECT count(DISTINCT u.order_id) FROM shop.promotion_shoppers u
    WHERE u.store_id = p.store_id AND u.promotion_id = p.id AND u.shopper = ANY ($4::text[])))
    ORDER BY p.id)
FROM shop.promotions p
WHERE p.store_id = $1 AND p.archived_at IS NULL
  AND (p.code_key = ANY ($2::text[]) OR p.id = ANY ($3::uuid[]))
"""

# A product belongs to its categories and to all above them.
_CATEGORIES = """
WITH RECURSIVE above (product_id, category_id) AS (
    SELECT pc.product_id, pc.category_id FROM shop.product_categories pc
    WHERE pc.store_id = $1 AND pc.product_id = ANY ($2::uuid[])
    UNION
    SELECT above.product_id, c.parent_id
    FROM above JOIN shop.categories c ON c.store_id = $1 AND c.id = above.category_id
    WHERE c.parent_id IS NOT NULL)
SELECT product_id, array_agg(category_id::text ORDER BY category_id) AS category_ids
FROM above GROUP BY product_id
"""


async def book(tx: Transaction, region_id: UUID) -> PriceBook | None:
    """The price tables of a region as they are now, with the promotions that need no code."""
    text = await tx.fetchval(_BOOK, tx.store_id, region_id, tx.now)
    return None if text is None else msgspec.json.decode(text, type=PriceBook)


async def live_promotions(
    tx: Transaction, codes: Sequence[str], ids: Sequence[UUID], shopper: Sequence[str]
) -> list[Promotion]:
    """The promotions with these codes (in capitals) or ids, and how far each is used up.

    `shopper` is all that one shopper goes by.
    """
    text = await tx.fetchval(_LIVE, tx.store_id, list(codes), list(ids), list(shopper))
    return msgspec.json.decode(text or "[]", type=list[Promotion])


async def categories_of(
    tx: Transaction, product_ids: Sequence[UUID]
) -> Mapping[UUID, Sequence[str]]:
    """The categories of products, and all above these."""
    rows: Sequence[Any] = await tx.fetch(_CATEGORIES, tx.store_id, list(product_ids))
    return {row["product_id"]: row["category_ids"] for row in rows}


async def tax_rates(tx: Transaction, region_id: UUID) -> list[TaxRate]:
    """The taxes of a region."""
    rows = await tx.fetch(
        f"""SELECT {_TAX} FROM shop.tax_rates
            WHERE store_id = $1 AND region_id = $2 ORDER BY id""",
        tx.store_id,
        region_id,
    )
    return [TaxRate(**dict(row)) for row in rows]


async def shipping_options(tx: Transaction, region_id: UUID) -> list[BuiltInShipping]:
    """The store's own delivery options in a region."""
    rows = await tx.fetch(
        f"""SELECT {_OPTION} FROM shop.shipping_options
            WHERE store_id = $1 AND region_id = $2 AND archived_at IS NULL
            ORDER BY position, id""",
        tx.store_id,
        region_id,
    )
    return [_option(row) for row in rows]


async def all_shipping_options(tx: Transaction) -> list[BuiltInShipping]:
    """Those of every region."""
    rows = await tx.fetch(
        f"""SELECT {_OPTION} FROM shop.shipping_options
            WHERE store_id = $1 AND archived_at IS NULL ORDER BY position, id""",
        tx.store_id,
    )
    return [_option(row) for row in rows]


async def tax_rate(tx: Transaction, tax_id: UUID) -> TaxRate | None:
    """One tax, locked until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {_TAX} FROM shop.tax_rates WHERE store_id = $1 AND id = $2 FOR UPDATE",
        tx.store_id,
        tax_id,
    )
    return None if row is None else TaxRate(**dict(row))


async def shipping_option(tx: Transaction, option_id: UUID) -> BuiltInShipping | None:
    """One way to deliver that is not archived, locked until the transaction ends."""
    row = await tx.fetchrow(
        f"""SELECT {_OPTION} FROM shop.shipping_options
            WHERE store_id = $1 AND id = $2 AND archived_at IS NULL FOR UPDATE""",
        tx.store_id,
        option_id,
    )
    return None if row is None else _option(row)


def _option(row: asyncpg.Record) -> BuiltInShipping:
    return BuiltInShipping(**{**dict(row), "rules": _RULES.decode(row["rules"])})


async def insert_tax_rate(tx: Transaction, tax: TaxRate) -> None:
    """Store a tax."""
    await tx.execute(
        """INSERT INTO shop.tax_rates (store_id, id, region_id, name, rate, tax_class,
                                       tax_shipping, country_code, province, postal_prefix,
                                       created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        tx.store_id,
        tax.id,
        tax.region_id,
        *_tax_values(tax),
        tx.now,
    )


async def update_tax_rate(tx: Transaction, tax: TaxRate) -> None:
    """Overwrite a tax; its region stays."""
    await tx.execute(
        """UPDATE shop.tax_rates
           SET name = $3, rate = $4, tax_class = $5, tax_shipping = $6, country_code = $7,
               province = $8, postal_prefix = $9
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        tax.id,
        *_tax_values(tax),
    )


async def delete_tax_rate(tx: Transaction, tax_id: UUID) -> None:
    """Remove a tax; what was sold keeps its own record of it."""
    await tx.execute(
        "DELETE FROM shop.tax_rates WHERE store_id = $1 AND id = $2", tx.store_id, tax_id
    )


def _tax_values(tax: TaxRate) -> tuple[Any, ...]:
    return (
        tax.name,
        tax.rate,
        tax.tax_class,
        tax.tax_shipping,
        tax.country_code,
        tax.province,
        tax.postal_prefix,
    )


async def insert_shipping_option(tx: Transaction, option: BuiltInShipping) -> None:
    """Store a delivery option."""
    await tx.execute(
        """INSERT INTO shop.shipping_options (store_id, id, region_id, name, price, estimate,
                                              rules, position, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        tx.store_id,
        option.id,
        option.region_id,
        option.name,
        option.price,
        option.estimate,
        msgspec.json.encode(option.rules).decode(),
        option.position,
        tx.now,
    )


async def update_shipping_option(tx: Transaction, option: BuiltInShipping) -> None:
    """Overwrite a way to deliver; its region stays."""
    await tx.execute(
        """UPDATE shop.shipping_options
           SET name = $3, price = $4, estimate = $5, rules = $6, position = $7
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        option.id,
        option.name,
        option.price,
        option.estimate,
        msgspec.json.encode(option.rules).decode(),
        option.position,
    )


async def archive_shipping_option(tx: Transaction, option_id: UUID) -> None:
    """Offer a way to deliver no longer."""
    await tx.execute(
        "UPDATE shop.shipping_options SET archived_at = $3 WHERE store_id = $1 AND id = $2",
        tx.store_id,
        option_id,
        tx.now,
    )
