"""Reading the catalog, one statement for each question."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from tradewind.catalog.queries.counting import best_first, has_begun, in_terms, is_not_over
from tradewind.catalog.rules import (
    Category,
    Product,
    Region,
    Terms,
    Variant,
)
from tradewind.catalog.search.queries import arguments, call
from tradewind.catalog.search.rules import Meaning
from tradewind.database import Transaction
from tradewind.database.sql import storable_text

_LONGEST_SKU = 64

# The region of a new cart in a currency, where nobody has said which.
_REGION = """(
    SELECT r.id FROM shop.regions r LEFT JOIN shop.store_settings s ON s.store_id = r.store_id
    WHERE r.store_id = $1 AND r.currency = $2
    ORDER BY (r.id IS NOT DISTINCT FROM s.default_region_id) DESC, r.id LIMIT 1
)"""

# What a variant costs in a currency, what it would without the prices that run for a time, and
# when that may change.
_PRICE = f"""(
    SELECT (array_agg(pr.amount ORDER BY {best_first("pr")})
            FILTER (WHERE {has_begun("pr", "$3")}))[1] AS amount,
           (array_agg(pr.amount ORDER BY {best_first("pr")})
            FILTER (WHERE pr.starts_at IS NULL))[1] AS plain,
           least(min(pr.starts_at) FILTER (WHERE pr.starts_at > $3), min(pr.ends_at)) AS until
    FROM shop.prices pr
    WHERE pr.store_id = $1 AND pr.variant_id = v.id
      AND {in_terms("pr", currency="$2", region="$region")} AND {is_not_over("pr", "$3")}
)"""

_STOCK = """(
    SELECT sum(l.on_hand - l.reserved - l.held)::bigint AS available,
           coalesce(bool_or(l.backorder), false) AS backorder
    FROM shop.inventory_levels l WHERE l.store_id = v.store_id AND l.variant_id = v.id
)"""

_VARIANTS = f"""(
    SELECT json_agg(json_build_object(
        'id', v.id, 'product_id', v.product_id, 'sku', v.sku, 'title', v.title,
        'options', v.options, 'tracked', v.tracked, 'tax_class', v.tax_class, 'kind', p.kind,
        'image', v.image, 'backorder', stock.backorder,
        'available', CASE WHEN v.tracked THEN coalesce(stock.available, 0) END,
        'price', CASE WHEN price.amount IS NOT NULL THEN
            json_build_object('amount', price.amount, 'currency', $2::text) END,
        'original_price', CASE WHEN price.plain > price.amount THEN
            json_build_object('amount', price.plain, 'currency', $2::text) END,
        'price_until', price.until
        ) ORDER BY v.position, v.id)
    FROM shop.variants v
    CROSS JOIN LATERAL {_PRICE} price
    CROSS JOIN LATERAL {_STOCK} stock
    WHERE v.store_id = p.store_id AND v.product_id = p.id AND v.archived_at IS NULL
)"""

_PRODUCT = f"""
    p.id, p.title, p.handle, p.kind, p.description, p.images, p.status, p.version, p.created_at,
    (SELECT json_agg(json_build_object('id', c.id, 'name', c.name, 'handle', c.handle,
            'parent_id', c.parent_id, 'position', c.position) ORDER BY c.position, c.id)
     FROM shop.product_categories pc
     JOIN shop.categories c ON c.store_id = pc.store_id AND c.id = pc.category_id
     WHERE pc.store_id = p.store_id AND pc.product_id = p.id) AS categories,
    {_VARIANTS} AS variants"""

_LISTED = f"""
WITH RECURSIVE shelves AS (
    SELECT id FROM shop.categories WHERE store_id = $1 AND id = $4
    UNION ALL
    SELECT c.id FROM shop.categories c JOIN shelves s ON c.parent_id = s.id WHERE c.store_id = $1
), page AS (
    SELECT p.* FROM shop.products p
    WHERE p.store_id = $1 AND p.status <> 'archived' AND (p.status = 'published' OR NOT $5)
      AND ($4::uuid IS NULL OR EXISTS (
          SELECT FROM shop.product_categories pc JOIN shelves s ON s.id = pc.category_id
          WHERE pc.store_id = $1 AND pc.product_id = p.id))
      AND ($6::uuid IS NULL OR p.id > $6)
    ORDER BY p.id LIMIT $7
)
SELECT {_PRODUCT} FROM page p ORDER BY p.id""".replace("$region", _REGION)

_FOUND = f"""
WITH page AS (
    SELECT p.*, s.place FROM {call(5)} s
    JOIN shop.products p ON p.store_id = $1 AND p.id = s.product_id
    WHERE p.status <> 'archived' AND (p.status = 'published' OR NOT $4)
)
SELECT {_PRODUCT} FROM page p ORDER BY p.place""".replace("$region", _REGION)

_ONE = f"""
SELECT {_PRODUCT} FROM shop.products p
WHERE p.store_id = $1 AND (p.id = $4 OR p.handle = $5)
  AND (p.status = 'published' OR (NOT $6 AND p.status <> 'archived'))""".replace("$region", _REGION)

_SHOWN = f"""
SELECT {_PRODUCT} FROM shop.products p
WHERE p.store_id = $1 AND p.id = ANY ($5::uuid[]) AND p.status = 'published'""".replace(
    "$region", "$4"
)


async def products(
    tx: Transaction,
    currency: str,
    category_id: UUID | None,
    after: UUID | None,
    limit: int,
    *,
    published_only: bool,
) -> list[Product]:
    """Products in the order of their making, after one of them."""
    rows = await tx.fetch(
        _LISTED, tx.store_id, currency, tx.now, category_id, published_only, after, limit
    )
    return [_product(row) for row in rows]


async def search(
    tx: Transaction, currency: str, meaning: Meaning, skip: int, limit: int, *, published_only: bool
) -> list[Product]:
    """Products that a query may mean, best first."""
    args = arguments(tx, meaning, skip, limit, published_only=published_only)
    rows = await tx.fetch(_FOUND, tx.store_id, currency, tx.now, published_only, *args)
    return [_product(row) for row in rows]


async def shown(tx: Transaction, terms: Terms, product_ids: Sequence[UUID]) -> list[Product]:
    """Those of these products that are published, in any order."""
    args = (tx.store_id, terms.currency, tx.now, terms.region_id, list(product_ids))
    return [_product(row) for row in await tx.fetch(_SHOWN, *args)]


async def product(
    tx: Transaction,
    currency: str,
    product_id: UUID | None,
    handle: str,
    *,
    published_only: bool,
) -> Product | None:
    """One product by id or handle."""
    args = (tx.store_id, currency, tx.now, product_id, handle, published_only)
    row = await tx.fetchrow(_ONE, *args)
    return None if row is None else _product(row)


async def similar_skus(tx: Transaction, sku: str, limit: int) -> list[str]:
    """Published SKUs that look like this one, nearest first."""
    rows = await tx.fetch(
        """SELECT v.sku FROM shop.nearest_products($2, 20) s
           JOIN shop.products p ON p.store_id = $1 AND p.id = s.product_id
           JOIN shop.variants v ON v.store_id = $1 AND v.product_id = p.id
           WHERE p.status = 'published' AND v.archived_at IS NULL
           ORDER BY public.similarity(v.sku_key, upper($2)) DESC, v.sku LIMIT $3""",
        tx.store_id,
        storable_text(sku, _LONGEST_SKU),
        limit,
    )
    return [row["sku"] for row in rows]


async def categories(tx: Transaction) -> list[Category]:
    """Every category with the number of published products on it and below it."""
    rows = await tx.fetch(
        """WITH RECURSIVE below AS (
               SELECT id AS root, id FROM shop.categories WHERE store_id = $1
               UNION ALL
               SELECT b.root, c.id FROM shop.categories c JOIN below b ON c.parent_id = b.id
               WHERE c.store_id = $1
           )
           SELECT c.id, c.name, c.handle, c.parent_id, c.position,
                  (SELECT count(DISTINCT p.id) FROM below b
                   JOIN shop.product_categories pc ON pc.store_id = $1 AND pc.category_id = b.id
                   JOIN shop.products p ON p.store_id = $1 AND p.id = pc.product_id
                   WHERE b.root = c.id AND p.status = 'published') AS products
           FROM shop.categories c WHERE c.store_id = $1 ORDER BY c.position, c.id""",
        tx.store_id,
    )
    return [Category(**dict(row)) for row in rows]


async def regions(tx: Transaction) -> list[Region]:
    """Every region, the store's default first."""
    rows = await tx.fetch(
        """SELECT r.id, r.name, r.currency, r.countries, r.tax_inclusive, r.rounding
           FROM shop.regions r LEFT JOIN shop.store_settings s ON s.store_id = r.store_id
           WHERE r.store_id = $1
           ORDER BY (r.id IS NOT DISTINCT FROM s.default_region_id) DESC, r.id""",
        tx.store_id,
    )
    return [Region(**dict(row)) for row in rows]


def _product(row: asyncpg.Record) -> Product:
    return Product(
        id=row["id"],
        title=row["title"],
        handle=row["handle"],
        kind=row["kind"],
        description=row["description"],
        images=row["images"],
        status=row["status"],
        categories=msgspec.json.decode(row["categories"] or "[]", type=list[Category]),
        variants=msgspec.json.decode(row["variants"] or "[]", type=list[Variant]),
        version=row["version"],
        created_at=row["created_at"],
    )
