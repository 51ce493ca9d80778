"""Keeping the catalog, one statement for each question; and what a writer must know first."""

from collections.abc import Sequence
from uuid import UUID

from tradewind.catalog.rules import Category, NewProduct, Region, VariantFields
from tradewind.database import Transaction
from tradewind.database.sql import storable_json, values


async def category_names(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names of these categories; those of another store or being deleted are not found."""
    rows = await tx.fetch(
        """SELECT id, name FROM shop.categories
           WHERE store_id = $1 AND id = ANY ($2::uuid[]) AND deleted_at IS NULL""",
        tx.store_id,
        list(ids),
    )
    return {row["id"]: row["name"] for row in rows}


async def sku_owners(tx: Transaction, skus: Sequence[str]) -> dict[str, tuple[UUID, UUID]]:
    """Which variant and product each SKU (upper case) belongs to, archived ones included."""
    rows = await tx.fetch(
        """SELECT sku_key AS sku, id, product_id FROM shop.variants
           WHERE store_id = $1 AND sku_key = ANY ($2::text[])""",
        tx.store_id,
        [sku.upper() for sku in skus],
    )
    return {row["sku"]: (row["id"], row["product_id"]) for row in rows}


async def insert_category(tx: Transaction, category: Category) -> bool:
    """Store a category; false when its handle is taken."""
    added = await tx.fetchval(
        """INSERT INTO shop.categories (store_id, id, parent_id, name, handle, position, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (store_id, handle) DO NOTHING
           RETURNING id""",
        tx.store_id,
        category.id,
        category.parent_id,
        category.name,
        category.handle,
        category.position,
        tx.now,
    )
    return added is not None


async def insert_product(tx: Transaction, product_id: UUID, handle: str, new: NewProduct) -> bool:
    """Store a product; false when its handle is taken."""
    added = await tx.fetchval(
        """INSERT INTO shop.products (store_id, id, title, handle, description, kind, status,
                                      images, options, metadata, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
           ON CONFLICT (store_id, handle) DO NOTHING RETURNING id""",
        tx.store_id,
        product_id,
        new.title,
        handle,
        *_fields(new),
        tx.now,
    )
    return added is not None


async def update_product(tx: Transaction, product_id: UUID, new: NewProduct) -> bool:
    """Overwrite a product; false when its handle belongs to another one."""
    changed = await tx.fetchval(
        """UPDATE shop.products p
           SET title = $3, handle = $4, description = $5, kind = $6, status = $7, images = $8,
               options = $9, metadata = $10, version = version + 1, updated_at = $11
           WHERE store_id = $1 AND id = $2 AND NOT EXISTS (
               SELECT FROM shop.products o
               WHERE o.store_id = $1 AND o.handle = $4 AND o.id <> $2)
           RETURNING id""",
        tx.store_id,
        product_id,
        new.title,
        new.handle,
        *_fields(new),
        tx.now,
    )
    return changed is not None


def _fields(new: NewProduct) -> tuple[object, ...]:
    return (
        new.description,
        new.kind,
        new.status,
        list(new.images),
        storable_json(new.options),
        storable_json(new.metadata),
    )


async def set_status(tx: Transaction, product_ids: Sequence[UUID], status: str) -> None:
    """Publish, withdraw or archive products; those that are so already stay in their version."""
    await tx.execute(
        """UPDATE shop.products SET status = $3, version = version + 1, updated_at = $4
           WHERE store_id = $1 AND id = ANY ($2::uuid[]) AND status <> $3""",
        tx.store_id,
        list(product_ids),
        status,
        tx.now,
    )


async def touch_product(tx: Transaction, product_id: UUID) -> None:
    """Give a product a new version: something that belongs to it was changed."""
    await tx.execute(
        """UPDATE shop.products SET version = version + 1, updated_at = $3
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        product_id,
        tx.now,
    )


async def set_categories(tx: Transaction, product_id: UUID, category_ids: Sequence[UUID]) -> None:
    """Put a product on these shelves and no others."""
    await tx.execute(
        """DELETE FROM shop.product_categories
           WHERE store_id = $1 AND product_id = $2 AND category_id <> ALL ($3::uuid[])""",
        tx.store_id,
        product_id,
        list(category_ids),
    )
    await tx.execute(
        """INSERT INTO shop.product_categories (store_id, category_id, product_id)
           SELECT $1, unnest($3::uuid[]), $2 ON CONFLICT DO NOTHING""",
        tx.store_id,
        product_id,
        list(category_ids),
    )


async def archive_variants(tx: Transaction, product_id: UUID, *, keep: Sequence[UUID]) -> None:
    """Take a product's other variants off sale."""
    await tx.execute(
        """UPDATE shop.variants SET archived_at = $4
           WHERE store_id = $1 AND product_id = $2 AND id <> ALL ($3::uuid[])
             AND archived_at IS NULL""",
        tx.store_id,
        product_id,
        list(keep),
        tx.now,
    )


async def archive_variant(tx: Transaction, variant_id: UUID) -> None:
    """Take a variant off sale. Its SKU stays its own."""
    await tx.execute(
        """UPDATE shop.variants SET archived_at = $3
           WHERE store_id = $1 AND id = $2 AND archived_at IS NULL""",
        tx.store_id,
        variant_id,
        tx.now,
    )


async def upsert_variants(
    tx: Transaction, product_id: UUID, variants: Sequence[VariantFields]
) -> None:
    """Write variants, and put on sale again what was archived.

    Raises asyncpg.UniqueViolationError when another variant has a SKU.
    """
    if not variants:
        return
    rows = [
        (
            tx.store_id,
            one.id,
            product_id,
            one.sku,
            one.title,
            storable_json(one.options),
            one.tax_class,
            one.tracked,
            one.weight_grams,
            one.position,
            one.image,
            storable_json(one.metadata),
            tx.now,
        )
        for one in variants
    ]
    await tx.execute(
        f"""INSERT INTO shop.variants (store_id, id, product_id, sku, title, options, tax_class,
                                      tracked, weight_grams, position, image, metadata, created_at)
           VALUES {values(len(rows), 13)}
           ON CONFLICT (store_id, id) DO UPDATE
           SET sku = EXCLUDED.sku, title = EXCLUDED.title, options = EXCLUDED.options,
               tax_class = EXCLUDED.tax_class, tracked = EXCLUDED.tracked,
               weight_grams = EXCLUDED.weight_grams, position = EXCLUDED.position,
               image = EXCLUDED.image, metadata = EXCLUDED.metadata, archived_at = NULL""",
        *[cell for row in rows for cell in row],
    )


async def insert_region(tx: Transaction, region: Region) -> None:
    """Store a region; the first one becomes the store's default."""
    await tx.execute(
        """INSERT INTO shop.regions
               (store_id, id, name, currency, countries, tax_inclusive, rounding, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        tx.store_id,
        region.id,
        region.name,
        region.currency,
        list(region.countries),
        region.tax_inclusive,
        region.rounding,
        tx.now,
    )
    await tx.execute(
        """UPDATE shop.store_settings SET default_region_id = $2, updated_at = $3
           WHERE store_id = $1 AND default_region_id IS NULL""",
        tx.store_id,
        region.id,
        tx.now,
    )


async def update_region(tx: Transaction, region: Region) -> None:
    """Overwrite a region; its currency stays."""
    await tx.execute(
        """UPDATE shop.regions SET name = $3, countries = $4, tax_inclusive = $5, rounding = $6
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        region.id,
        region.name,
        list(region.countries),
        region.tax_inclusive,
        region.rounding,
    )
