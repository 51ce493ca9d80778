"""Hundreds of stock levels in one statement, taken in the order of their SKU, as orders do.

What is promised is read under the lock of the row, so that a shopper is never overtaken; the
table's CHECK stands behind it.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tradewind.bulk.queries.products import rows_of
from tradewind.bulk.rules.stock import (
    KnownLevel,
    KnownStock,
    LevelWrite,
    StockedVariant,
    StockPlan,
)
from tradewind.database import Transaction
from tradewind.inventory.queries import default_location

REASON = "import"


class LevelAppeared(Exception):
    """Somebody else made a level at the same time; what was read is out of date."""


async def known(tx: Transaction, skus: Sequence[str], *, lock: bool) -> KnownStock:
    """What is stored of what a batch names; with `lock` nobody changes those levels meanwhile.

    `skus` are in upper case.
    """
    variants = await tx.fetch(
        """SELECT sku_key, id, sku FROM shop.variants
           WHERE store_id = $1 AND sku_key = ANY ($2::text[]) AND archived_at IS NULL""",
        tx.store_id,
        list(skus),
    )
    levels = await tx.fetch(
        f"""SELECT l.variant_id, l.location_id, l.on_hand, l.reserved + l.held AS promised,
                   l.backorder, l.low_at
            FROM shop.inventory_levels l
            WHERE l.store_id = $1 AND l.variant_id = ANY ($2::uuid[])
            ORDER BY l.sku, l.location_id {"FOR UPDATE OF l" if lock else ""}""",
        tx.store_id,
        [row["id"] for row in variants],
    )
    found = [KnownLevel(**dict(row)) for row in levels]
    return KnownStock(
        {row["sku_key"]: StockedVariant(row["id"], row["sku"]) for row in variants},
        await _locations(tx),
        {(one.variant_id, one.location_id): one for one in found},
    )


async def _locations(tx: Transaction) -> dict[str, UUID]:
    """Locations by name; of two with the same name the one that is used first is meant."""
    rows = await tx.fetch(
        """SELECT name, id FROM shop.stock_locations WHERE store_id = $1
           ORDER BY priority DESC, id DESC""",
        tx.store_id,
    )
    found = {row["name"].strip(): row["id"] for row in rows}
    return {**found, "": rows[-1]["id"]} if rows else found


async def make_location(tx: Transaction) -> None:
    """A store has one place at least."""
    await default_location(tx)


async def write(tx: Transaction, plan: StockPlan, actor: str) -> None:
    """Write what a plan says, and every movement into the stock journal. Raises LevelAppeared."""
    if len(await _insert(tx, plan.created)) < len(plan.created):
        raise LevelAppeared
    await tx.execute(
        """UPDATE shop.inventory_levels l
           SET on_hand = n.on_hand, backorder = n.backorder, low_at = n.low_at, updated_at = $3
           FROM jsonb_to_recordset($2::jsonb)
               AS n (variant_id uuid, location_id uuid, on_hand bigint, backorder boolean,
                     low_at bigint)
           WHERE l.store_id = $1 AND l.variant_id = n.variant_id
             AND l.location_id = n.location_id""",
        tx.store_id,
        rows_of(plan.changed),
        tx.now,
    )
    await _journal(tx, [one for one in (*plan.created, *plan.changed) if one.moved], actor)


async def _insert(tx: Transaction, new: Sequence[LevelWrite]) -> Sequence[object]:
    return await tx.fetch(
        """INSERT INTO shop.inventory_levels (store_id, variant_id, location_id, sku, on_hand,
                                              backorder, low_at, updated_at)
           SELECT $1, n.variant_id, n.location_id, n.sku, n.on_hand, n.backorder, n.low_at, $3
           FROM jsonb_to_recordset($2::jsonb)
               AS n (variant_id uuid, location_id uuid, sku text, on_hand bigint, backorder boolean,
                     low_at bigint)
           ORDER BY n.sku, n.location_id
           ON CONFLICT (store_id, variant_id, location_id) DO NOTHING RETURNING variant_id""",
        tx.store_id,
        rows_of(new),
        tx.now,
    )


async def _journal(tx: Transaction, moved: Sequence[LevelWrite], actor: str) -> None:
    await tx.execute(
        """INSERT INTO shop.stock_movements (store_id, id, variant_id, location_id, kind, on_hand,
                                             reason, actor, created_at)
           SELECT $1, m.id, m.variant_id, m.location_id, 'adjusted', m.on_hand, $6, $7, $8
           FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[])
               AS m (id, variant_id, location_id, on_hand)""",
        tx.store_id,
        [tx.new_id() for _ in moved],
        [one.variant_id for one in moved],
        [one.location_id for one in moved],
        [one.moved for one in moved],
        REASON,
        actor,
        tx.now,
    )


class StockLine(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a file of stock. A variant without any level has none of the others."""

    sku: str
    location: str | None
    on_hand: int | None
    backorder: bool | None
    low_at: int | None


async def page(
    tx: Transaction, after: UUID | None, limit: int
) -> tuple[list[StockLine], UUID | None]:
    """The stock of the next `limit` variants that have any, and the last of those variants.

    A plain EXISTS would be answered from a table of all levels, made anew for each page.
    """
    variants = await tx.fetch(
        """SELECT v.id FROM shop.variants v
           JOIN shop.products p ON p.store_id = $1 AND p.id = v.product_id
           WHERE v.store_id = $1 AND ($2::uuid IS NULL OR v.id > $2)
             AND v.archived_at IS NULL AND p.status <> 'archived'
             AND (v.tracked OR (
                 SELECT true FROM shop.inventory_levels l
                 WHERE l.store_id = $1 AND l.variant_id = v.id LIMIT 1))
           ORDER BY v.id LIMIT $3""",
        tx.store_id,
        after,
        limit,
    )
    rows = await tx.fetch(
        """SELECT v.sku, s.name AS location, l.on_hand, l.backorder, l.low_at
           FROM shop.variants v
           LEFT JOIN shop.inventory_levels l ON l.store_id = $1 AND l.variant_id = v.id
           LEFT JOIN shop.stock_locations s ON s.store_id = $1 AND s.id = l.location_id
           WHERE v.store_id = $1 AND v.id = ANY ($2::uuid[])
           ORDER BY v.id, s.priority, s.id""",
        tx.store_id,
        [row["id"] for row in variants],
    )
    lines = [StockLine(**dict(row)) for row in rows]
    return lines, variants[-1]["id"] if variants else None
