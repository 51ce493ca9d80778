"""Hundreds of prices in one statement."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tradewind.bulk.queries.products import rows_of, sold_in
from tradewind.bulk.rules.prices import (
    KnownPrice,
    KnownPrices,
    PricedRegion,
    PricedVariant,
    PricePlan,
)
from tradewind.database import Transaction


async def known(tx: Transaction, skus: Sequence[str], *, lock: bool) -> KnownPrices:
    """What is stored of what a batch names; with `lock` nobody changes those products meanwhile.

    `skus` are in upper case.
    """
    if lock:
        await tx.execute(
            """SELECT FROM shop.products WHERE store_id = $1 AND id IN (
                   SELECT product_id FROM shop.variants
                   WHERE store_id = $1 AND sku_key = ANY ($2::text[]))
               ORDER BY id FOR NO KEY UPDATE""",
            tx.store_id,
            list(skus),
        )
    variants = await tx.fetch(
        """SELECT sku_key, id, product_id FROM shop.variants
           WHERE store_id = $1 AND sku_key = ANY ($2::text[]) AND archived_at IS NULL""",
        tx.store_id,
        list(skus),
    )
    prices = await tx.fetch(
        """SELECT id, variant_id, currency, amount, region_id, starts_at, ends_at FROM shop.prices
           WHERE store_id = $1 AND variant_id = ANY ($2::uuid[])""",
        tx.store_id,
        [row["id"] for row in variants],
    )
    return KnownPrices(
        {row["sku_key"]: PricedVariant(row["id"], row["product_id"]) for row in variants},
        await _regions(tx),
        [KnownPrice(**dict(row)) for row in prices],
        await sold_in(tx),
    )


async def _regions(tx: Transaction) -> dict[str, PricedRegion]:
    """Regions by name; of two with the same name the older one is meant."""
    rows = await tx.fetch(
        "SELECT name, id, currency FROM shop.regions WHERE store_id = $1 ORDER BY id DESC",
        tx.store_id,
    )
    return {row["name"].strip(): PricedRegion(row["id"], row["currency"]) for row in rows}


async def write(tx: Transaction, plan: PricePlan) -> None:
    """Write what a plan says. What goes, goes first: two prices never run at the same time."""
    await tx.execute(
        "DELETE FROM shop.prices WHERE store_id = $1 AND id = ANY ($2::uuid[])",
        tx.store_id,
        plan.removed,
    )
    await tx.execute(
        """UPDATE shop.prices r SET amount = n.amount, ends_at = n.ends_at
           FROM jsonb_to_recordset($2::jsonb) AS n (id uuid, amount bigint, ends_at timestamptz)
           WHERE r.store_id = $1 AND r.id = n.id""",
        tx.store_id,
        rows_of(plan.changed),
    )
    await tx.execute(
        """INSERT INTO shop.prices (store_id, id, variant_id, currency, amount, region_id,
                                    starts_at, ends_at, created_at)
           SELECT $1, n.id, n.variant_id, n.currency, n.amount, n.region_id, n.starts_at, n.ends_at,
                  $3
           FROM jsonb_to_recordset($2::jsonb)
               AS n (id uuid, variant_id uuid, currency text, amount bigint, region_id uuid,
                     starts_at timestamptz, ends_at timestamptz)""",
        tx.store_id,
        rows_of(plan.created),
        tx.now,
    )
    await tx.execute(
        """UPDATE shop.products SET version = version + 1, updated_at = $3
           WHERE store_id = $1 AND id = ANY ($2::uuid[])""",
        tx.store_id,
        list(plan.touched),
        tx.now,
    )


class PriceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A price as it stands in a file, still in minor units."""

    sku: str
    region: str | None
    price: KnownPrice


async def page(
    tx: Transaction, after: UUID | None, limit: int
) -> tuple[list[PriceLine], UUID | None]:
    """The prices of the next `limit` variants, and the last of those variants."""
    variants = await tx.fetch(
        """SELECT v.id FROM shop.variants v
           JOIN shop.products p ON p.store_id = $1 AND p.id = v.product_id
           WHERE v.store_id = $1 AND ($2::uuid IS NULL OR v.id > $2)
             AND v.archived_at IS NULL AND p.status <> 'archived'
           ORDER BY v.id LIMIT $3""",
        tx.store_id,
        after,
        limit,
    )
    rows = await tx.fetch(
        """SELECT v.sku, r.name AS region, p.id, p.variant_id, p.currency, p.amount, p.region_id,
                  p.starts_at, p.ends_at
           FROM shop.prices p
           JOIN shop.variants v ON v.store_id = $1 AND v.id = p.variant_id
           LEFT JOIN shop.regions r ON r.store_id = $1 AND r.id = p.region_id
           WHERE p.store_id = $1 AND p.variant_id = ANY ($2::uuid[])
           ORDER BY v.id, p.currency, r.name NULLS FIRST, p.region_id, p.starts_at NULLS FIRST""",
        tx.store_id,
        [row["id"] for row in variants],
    )
    return [_line(dict(row)) for row in rows], variants[-1]["id"] if variants else None


def _line(row: dict[str, object]) -> PriceLine:
    sku, region = row.pop("sku"), row.pop("region")
    return msgspec.convert({"sku": sku, "region": region, "price": row}, PriceLine)
