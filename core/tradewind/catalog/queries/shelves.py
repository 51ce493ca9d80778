"""The tree of categories in SQL."""

from uuid import UUID

from tradewind.catalog.rules import KeptCategory
from tradewind.database import Transaction


async def lock_shelves(tx: Transaction) -> dict[UUID, UUID | None]:
    """Every category with the one it stands in; nobody else changes the tree until the end.

    Not those that are being deleted: nothing stands in them.
    """
    await tx.execute(
        "SELECT FROM shop.categories WHERE store_id = $1 ORDER BY id FOR NO KEY UPDATE", tx.store_id
    )
    rows = await tx.fetch(
        """SELECT id, parent_id FROM shop.categories
           WHERE store_id = $1 AND deleted_at IS NULL""",
        tx.store_id,
    )
    return {row["id"]: row["parent_id"] for row in rows}


async def category(tx: Transaction, category_id: UUID) -> KeptCategory | None:
    """One category, without counts."""
    row = await tx.fetchrow(
        """SELECT id, name, handle, parent_id, position, deleted_at IS NOT NULL AS deleting
           FROM shop.categories
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        category_id,
    )
    return None if row is None else KeptCategory(**dict(row))


async def update_category(tx: Transaction, new: KeptCategory) -> bool:
    """Overwrite a category; false when its handle belongs to another one."""
    changed = await tx.fetchval(
        """UPDATE shop.categories SET name = $3, handle = $4, parent_id = $5, position = $6
           WHERE store_id = $1 AND id = $2 AND NOT EXISTS (
               SELECT FROM shop.categories o
               WHERE o.store_id = $1 AND o.handle = $4 AND o.id <> $2)
           RETURNING id""",
        tx.store_id,
        new.id,
        new.name,
        new.handle,
        new.parent_id,
        new.position,
    )
    return changed is not None


async def touch_products_on(
    tx: Transaction, category_id: UUID, after: UUID | None, most: int
) -> UUID | None:
    """Give products on a shelf a new version: what readers see of them changes.

    So many behind one of them; the last of these is returned, None when no others follow. They are
    locked in the order of their ids, as whoever changes several of them does.
    """
    rows = await tx.fetch(
        """WITH locked AS (
               SELECT p.id
               FROM shop.product_categories pc
               JOIN shop.products p ON p.store_id = $1 AND p.id = pc.product_id
               WHERE pc.store_id = $1 AND pc.category_id = $2
                 AND ($4::uuid IS NULL OR pc.product_id > $4)
               ORDER BY p.id LIMIT $5 FOR NO KEY UPDATE OF p
           )
           UPDATE shop.products p SET version = p.version + 1, updated_at = $3
           FROM locked WHERE p.store_id = $1 AND p.id = locked.id RETURNING p.id""",
        tx.store_id,
        category_id,
        tx.now,
        after,
        most,
    )
    return max(row["id"] for row in rows) if rows and len(rows) == most else None


async def take_off(tx: Transaction, category_id: UUID, most: int) -> int:
    """Take so many products off a shelf, each in a new version; returns how many were there.

    They are locked as above.
    """
    taken: int = await tx.fetchval(
        """WITH locked AS (
               SELECT p.id
               FROM shop.product_categories pc
               JOIN shop.products p ON p.store_id = $1 AND p.id = pc.product_id
               WHERE pc.store_id = $1 AND pc.category_id = $2
               ORDER BY p.id LIMIT $4 FOR NO KEY UPDATE OF p
           ), off AS (
               DELETE FROM shop.product_categories pc USING locked
               WHERE pc.store_id = $1 AND pc.category_id = $2 AND pc.product_id = locked.id
           ), touched AS (
               UPDATE shop.products p SET version = p.version + 1, updated_at = $3
               FROM locked WHERE p.store_id = $1 AND p.id = locked.id
           )
           SELECT count(*) FROM locked""",
        tx.store_id,
        category_id,
        tx.now,
        most,
    )
    return taken


async def mark_deleted(tx: Transaction, category_id: UUID) -> None:
    """Have nothing be put on a shelf any more: it goes when it is empty."""
    await tx.execute(
        """UPDATE shop.categories SET deleted_at = coalesce(deleted_at, $3)
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        category_id,
        tx.now,
    )


async def drop_category(tx: Transaction, category_id: UUID) -> bool:
    """Take an empty shelf away; false while products are on it, true also if it is gone already.

    What an import has put in it meanwhile stands where it stood.
    """
    # Whoever is about to put something there is waited for; the next statements see it.
    there = await tx.fetchval(
        "SELECT id FROM shop.categories WHERE store_id = $1 AND id = $2 FOR UPDATE",
        tx.store_id,
        category_id,
    )
    if there is None:
        return True
    await tx.execute(
        """UPDATE shop.categories c SET parent_id = gone.parent_id FROM shop.categories gone
           WHERE c.store_id = $1 AND c.parent_id = $2 AND gone.store_id = $1 AND gone.id = $2""",
        tx.store_id,
        category_id,
    )
    gone = await tx.fetchval(
        """DELETE FROM shop.categories c
           WHERE c.store_id = $1 AND c.id = $2 AND NOT EXISTS (
               SELECT FROM shop.product_categories pc
               WHERE pc.store_id = $1 AND pc.category_id = $2)
           RETURNING c.id""",
        tx.store_id,
        category_id,
    )
    return gone is not None
