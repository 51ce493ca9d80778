"""The catalog as its keeper sees it: drafts, archived products, every price and field."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tradewind.catalog.rules import (
    KeptCategory,
    KeptProduct,
    KeptVariant,
    Option,
    Sought,
)
from tradewind.database import Transaction

_PRICES = """(
    SELECT jsonb_agg(jsonb_build_object(
        'id', pr.id, 'currency', pr.currency, 'amount', pr.amount, 'region_id', pr.region_id,
        'starts_at', pr.starts_at, 'ends_at', pr.ends_at
        ) ORDER BY pr.currency, pr.region_id NULLS FIRST, pr.starts_at NULLS FIRST, pr.id)
    FROM shop.prices pr WHERE pr.store_id = v.store_id AND pr.variant_id = v.id
)"""

_VARIANTS = f"""(
    SELECT jsonb_agg(jsonb_build_object(
        'id', v.id, 'sku', v.sku, 'title', v.title, 'options', v.options,
        'tax_class', v.tax_class, 'tracked', v.tracked, 'weight_grams', v.weight_grams,
        'image', v.image, 'position', v.position, 'metadata', v.metadata,
        'archived', v.archived_at IS NOT NULL, 'backorder', stock.backorder,
        'available', CASE WHEN v.tracked THEN stock.available END,
        'prices', coalesce({_PRICES}, '[]')
        ) ORDER BY v.archived_at IS NOT NULL, v.position, v.id)
    FROM shop.variants v
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.on_hand - l.reserved - l.held), 0)::bigint AS available,
               coalesce(bool_or(l.backorder), false) AS backorder
        FROM shop.inventory_levels l
        WHERE l.store_id = v.store_id AND l.variant_id = v.id) stock
    WHERE v.store_id = p.store_id AND v.product_id = p.id
)"""

_PRODUCT = f"""
    p.id, p.title, p.handle, p.kind, p.status, p.description, p.images, p.options, p.metadata,
    p.version, p.created_at, p.updated_at,
    (SELECT jsonb_agg(jsonb_build_object('id', c.id, 'name', c.name, 'handle', c.handle,
            'parent_id', c.parent_id, 'position', c.position,
            'deleting', c.deleted_at IS NOT NULL) ORDER BY c.position, c.id)
     FROM shop.product_categories pc
     JOIN shop.categories c ON c.store_id = pc.store_id AND c.id = pc.category_id
     WHERE pc.store_id = p.store_id AND pc.product_id = p.id) AS categories,
    {_VARIANTS} AS variants"""

_THESE = f"""
SELECT {_PRODUCT} FROM unnest($2::uuid[]) WITH ORDINALITY AS f(id, place)
JOIN shop.products p ON p.store_id = $1 AND p.id = f.id
ORDER BY f.place"""

# The filters of the list, whatever its order.
_WANTED = """
    p.status = coalesce($2, p.status) AND ($2 IS NOT NULL OR p.status <> 'archived')
    AND p.kind = coalesce($3, p.kind)
    AND ($4::uuid IS NULL OR EXISTS (
        SELECT FROM shop.product_categories pc JOIN shelves s ON s.id = pc.category_id
        WHERE pc.store_id = $1 AND pc.product_id = p.id))
    AND ($5::text IS NULL OR EXISTS (
        SELECT FROM shop.variants v
        WHERE v.store_id = $1 AND v.product_id = p.id AND v.sku_key = upper($5)))"""

_SHELVES = """
WITH RECURSIVE shelves AS (
    SELECT id FROM shop.categories WHERE store_id = $1 AND id = $4
    UNION ALL
    SELECT c.id FROM shop.categories c JOIN shelves s ON c.parent_id = s.id WHERE c.store_id = $1
)"""

_LISTED = f"""{_SHELVES}, page AS (
    SELECT p.* FROM shop.products p
    WHERE p.store_id = $1 AND ($6::uuid IS NULL OR p.id > $6) AND {_WANTED}
    ORDER BY p.id LIMIT $7
)
SELECT {_PRODUCT} FROM page p ORDER BY p.id"""

_FOUND = f"""{_SHELVES}, page AS (
    SELECT p.*, f.place FROM unnest($6::uuid[]) WITH ORDINALITY AS f(id, place)
    JOIN shop.products p ON p.store_id = $1 AND p.id = f.id
    WHERE {_WANTED}
    ORDER BY f.place OFFSET $7 LIMIT $8
)
SELECT {_PRODUCT} FROM page p ORDER BY p.place"""


async def lock_products(tx: Transaction, product_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Keep others from changing these products until the end; the version of each."""
    rows = await tx.fetch(
        """SELECT id, version FROM shop.products WHERE store_id = $1 AND id = ANY ($2::uuid[])
           ORDER BY id FOR NO KEY UPDATE""",
        tx.store_id,
        list(product_ids),
    )
    return {row["id"]: row["version"] for row in rows}


async def product_of_variant(tx: Transaction, variant_id: UUID) -> UUID | None:
    """The product a variant belongs to."""
    product_id: UUID | None = await tx.fetchval(
        "SELECT product_id FROM shop.variants WHERE store_id = $1 AND id = $2",
        tx.store_id,
        variant_id,
    )
    return product_id


async def these_products(tx: Transaction, product_ids: Sequence[UUID]) -> list[KeptProduct]:
    """These products, in any state, in the order given."""
    return [_product(row) for row in await tx.fetch(_THESE, tx.store_id, list(product_ids))]


async def kept_products(
    tx: Transaction, sought: Sought, after: UUID | None, limit: int
) -> list[KeptProduct]:
    """Products in the order of their making, after one of them."""
    rows = await tx.fetch(_LISTED, *_filters(tx, sought), after, limit)
    return [_product(row) for row in rows]


async def kept_among(
    tx: Transaction, sought: Sought, ids: Sequence[UUID], skip: int, limit: int
) -> list[KeptProduct]:
    """Those of these products that are wanted, in the order given."""
    rows = await tx.fetch(_FOUND, *_filters(tx, sought), list(ids), skip, limit)
    return [_product(row) for row in rows]


async def kept_categories(tx: Transaction) -> list[KeptCategory]:
    """Every category, with how many products are published and how many are drafts on and below."""
    rows = await tx.fetch(
        """WITH RECURSIVE below AS (
               SELECT id AS root, id FROM shop.categories WHERE store_id = $1
               UNION ALL
               SELECT b.root, c.id FROM shop.categories c JOIN below b ON c.parent_id = b.id
               WHERE c.store_id = $1
           ), counts AS (
               SELECT b.root,
                      count(DISTINCT p.id) FILTER (WHERE p.status = 'published') AS products,
                      count(DISTINCT p.id) FILTER (WHERE p.status = 'draft') AS drafts
               FROM below b
               JOIN shop.product_categories pc ON pc.store_id = $1 AND pc.category_id = b.id
               JOIN shop.products p ON p.store_id = $1 AND p.id = pc.product_id
               GROUP BY b.root
           )
           SELECT c.id, c.name, c.handle, c.parent_id, c.position,
                  c.deleted_at IS NOT NULL AS deleting,
                  coalesce(n.products, 0) AS products, coalesce(n.drafts, 0) AS drafts
           FROM shop.categories c LEFT JOIN counts n ON n.root = c.id
           WHERE c.store_id = $1 ORDER BY c.position, c.id""",
        tx.store_id,
    )
    return [KeptCategory(**dict(row)) for row in rows]


def _filters(tx: Transaction, sought: Sought) -> tuple[Any, ...]:
    return (tx.store_id, sought.status, sought.kind, sought.category_id, sought.sku)


def _product(row: Mapping[str, Any] | asyncpg.Record) -> KeptProduct:
    return KeptProduct(
        **{
            **dict(row),
            "options": msgspec.json.decode(row["options"], type=list[Option]),
            "metadata": msgspec.json.decode(row["metadata"]),
            "categories": msgspec.json.decode(row["categories"] or "[]", type=list[KeptCategory]),
            "variants": msgspec.json.decode(row["variants"] or "[]", type=list[KeptVariant]),
        }
    )
