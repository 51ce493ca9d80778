"""Hundreds of products in one statement."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg
import msgspec

from tradewind.bulk.rules.merging import KnownProduct, KnownVariant
from tradewind.bulk.rules.product_plan import (
    Known,
    PriceWrite,
    ProductPlan,
    ProductWrite,
    ShelvesOf,
    VariantWrite,
)
from tradewind.bulk.rules.shelves import Shelf
from tradewind.catalog.rules import Option
from tradewind.database import Transaction

_COLUMNS = "p.id, p.handle, p.title, p.description, p.kind, p.status, p.images, p.options"


async def _whole(tx: Transaction, rows: Sequence[asyncpg.Record]) -> list[KnownProduct]:
    """Products with all that hangs on them, in the order of their rows.

    Each table is asked once for all of them: while the planner has no statistics of a store, such
    as during its first import, it would read all of the store's variants for every product.
    """
    ids = [row["id"] for row in rows]
    shelves, variants = await _shelves_of(tx, ids), await _variants_of(tx, ids)
    found = []
    for row in rows:
        fields = dict(row)
        fields["options"] = msgspec.json.decode(row["options"], type=list[Option])
        its = shelves.get(row["id"], [])
        found.append(KnownProduct(**fields, categories=its, variants=variants[row["id"]]))
    return found


async def _shelves_of(tx: Transaction, ids: Sequence[UUID]) -> Mapping[UUID, list[UUID]]:
    rows = await tx.fetch(
        """SELECT product_id, array_agg(category_id ORDER BY category_id) AS categories
           FROM shop.product_categories WHERE store_id = $1 AND product_id = ANY ($2::uuid[])
           GROUP BY product_id""",
        tx.store_id,
        ids,
    )
    return {row["product_id"]: row["categories"] for row in rows}


async def _variants_of(
    tx: Transaction, ids: Sequence[UUID]
) -> defaultdict[UUID, list[KnownVariant]]:
    rows = await tx.fetch(
        """SELECT product_id, id, sku, title, options, tax_class, tracked, weight_grams, image,
                  position, archived_at IS NOT NULL AS archived
           FROM shop.variants WHERE store_id = $1 AND product_id = ANY ($2::uuid[])
           ORDER BY position, id""",
        tx.store_id,
        ids,
    )
    prices = await _prices_of(tx, [row["id"] for row in rows])
    found: defaultdict[UUID, list[KnownVariant]] = defaultdict(list)
    for row in rows:
        fields = dict(row)
        product_id = fields.pop("product_id")
        fields["options"] = msgspec.json.decode(fields["options"], type=dict[str, str])
        priced, plain = prices.get(row["id"], (False, {}))
        found[product_id].append(KnownVariant(**fields, priced=priced, prices=plain))
    return found


async def _prices_of(
    tx: Transaction, ids: Sequence[UUID]
) -> Mapping[UUID, tuple[bool, dict[str, int]]]:
    """Whether some price of each variant counts now or will, and its plain ones by currency."""
    rows = await tx.fetch(
        """SELECT variant_id, bool_or(ends_at IS NULL OR ends_at > $3) AS priced,
                  jsonb_object_agg(currency, amount)
                      FILTER (WHERE region_id IS NULL AND starts_at IS NULL) AS plain
           FROM shop.prices WHERE store_id = $1 AND variant_id = ANY ($2::uuid[])
           GROUP BY variant_id""",
        tx.store_id,
        ids,
        tx.now,
    )
    read = msgspec.json.Decoder(dict[str, int]).decode
    return {row["variant_id"]: (row["priced"], read(row["plain"] or "{}")) for row in rows}


async def known(
    tx: Transaction, handles: Sequence[str], skus: Sequence[str], *, lock: bool
) -> Known:
    """What is stored of what a batch names; with `lock` nobody changes those products meanwhile.

    `skus` are in upper case.
    """
    products = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM shop.products p
            WHERE p.store_id = $1 AND p.handle = ANY ($2::text[])
            ORDER BY p.id {"FOR NO KEY UPDATE OF p" if lock else ""}""",
        tx.store_id,
        list(handles),
    )
    owners = await tx.fetch(
        """SELECT sku_key, product_id FROM shop.variants
           WHERE store_id = $1 AND sku_key = ANY ($2::text[])""",
        tx.store_id,
        list(skus),
    )
    return Known(
        {one.handle: one for one in await _whole(tx, products)},
        {row["sku_key"]: row["product_id"] for row in owners},
        currencies=await sold_in(tx),
    )


async def shelves(tx: Transaction) -> list[Shelf]:
    """Every category of the store, in its order."""
    rows = await tx.fetch(
        """SELECT id, parent_id, name, handle, deleted_at IS NOT NULL AS deleting
           FROM shop.categories WHERE store_id = $1 ORDER BY position, id""",
        tx.store_id,
    )
    return [Shelf(**dict(row)) for row in rows]


async def write(tx: Transaction, plan: ProductPlan) -> None:
    """Write what a plan says: categories first, then products and what hangs on them."""
    await _add_shelves(tx, plan.shelves.new)
    await _insert_products(tx, plan.created)
    await _update_products(tx, plan.changed)
    await _upsert_variants(tx, plan.variants)
    await _set_prices(tx, plan.prices)
    await _place(tx, plan.placed)


def rows_of(writes: Sequence[msgspec.Struct]) -> str:
    """Rows as the one JSON document that `jsonb_to_recordset` takes apart again."""
    return msgspec.json.encode(writes).decode()


async def _add_shelves(tx: Transaction, new: Sequence[Shelf]) -> None:
    if new:
        await tx.execute(
            """INSERT INTO shop.categories (store_id, id, parent_id, name, handle, created_at)
               SELECT $1, c.id, c.parent_id, c.name, c.handle, $3
               FROM jsonb_to_recordset($2::jsonb)
                   AS c (id uuid, parent_id uuid, name text, handle text)""",
            tx.store_id,
            rows_of(new),
            tx.now,
        )


async def _insert_products(tx: Transaction, new: Sequence[ProductWrite]) -> None:
    if new:
        await tx.execute(
            """INSERT INTO shop.products (store_id, id, handle, title, description, kind, status,
                                          images, options, created_at, updated_at)
               SELECT $1, p.id, p.handle, p.title, p.description, p.kind, p.status, p.images,
                      p.options, $3, $3
               FROM jsonb_to_recordset($2::jsonb)
                   AS p (id uuid, handle text, title text, description text, kind text, status text,
                         images text[], options jsonb)""",
            tx.store_id,
            rows_of(new),
            tx.now,
        )


async def _update_products(tx: Transaction, changed: Sequence[ProductWrite]) -> None:
    if changed:
        await tx.execute(
            """UPDATE shop.products p
               SET title = n.title, description = n.description, kind = n.kind, status = n.status,
                   images = n.images, options = n.options, version = p.version + 1, updated_at = $3
               FROM jsonb_to_recordset($2::jsonb)
                   AS n (id uuid, title text, description text, kind text, status text,
                         images text[], options jsonb)
               WHERE p.store_id = $1 AND p.id = n.id""",
            tx.store_id,
            rows_of(changed),
            tx.now,
        )


async def _upsert_variants(tx: Transaction, variants: Sequence[VariantWrite]) -> None:
    if variants:
        await tx.execute(
            """INSERT INTO shop.variants (store_id, id, product_id, sku, title, options, tax_class,
                                          tracked, weight_grams, position, image, created_at)
               SELECT $1, v.id, v.product_id, v.sku, v.title, v.options, v.tax_class, v.tracked,
                      v.weight_grams, v.position, v.image, $3
               FROM jsonb_to_recordset($2::jsonb)
                   AS v (id uuid, product_id uuid, sku text, title text, options jsonb,
                         tax_class text, tracked boolean, weight_grams integer, position integer,
                         image text)
               ON CONFLICT (store_id, id) DO UPDATE
               SET sku = EXCLUDED.sku, title = EXCLUDED.title, options = EXCLUDED.options,
                   tax_class = EXCLUDED.tax_class, tracked = EXCLUDED.tracked,
                   weight_grams = EXCLUDED.weight_grams, image = EXCLUDED.image,
                   archived_at = NULL""",
            tx.store_id,
            rows_of(variants),
            tx.now,
        )


async def _set_prices(tx: Transaction, prices: Sequence[PriceWrite]) -> None:
    if prices:
        await tx.execute(
            """INSERT INTO shop.prices (store_id, id, variant_id, currency, amount, created_at)
               SELECT $1, r.id, r.variant_id, r.currency, r.amount, $3
               FROM jsonb_to_recordset($2::jsonb)
                   AS r (id uuid, variant_id uuid, currency text, amount bigint)
               ON CONFLICT (store_id, variant_id, currency)
                   WHERE region_id IS NULL AND starts_at IS NULL
               DO UPDATE SET amount = EXCLUDED.amount""",
            tx.store_id,
            rows_of(prices),
            tx.now,
        )


async def _place(tx: Transaction, placed: Sequence[ShelvesOf]) -> None:
    """Put products on their shelves and no others."""
    if not placed:
        return
    products = [one.product_id for one in placed for _ in one.category_ids]
    categories = [category for one in placed for category in one.category_ids]
    await tx.execute(
        """DELETE FROM shop.product_categories pc
           WHERE pc.store_id = $1 AND pc.product_id = ANY ($2::uuid[]) AND NOT EXISTS (
               SELECT FROM unnest($3::uuid[], $4::uuid[]) AS n (product_id, category_id)
               WHERE n.product_id = pc.product_id AND n.category_id = pc.category_id)""",
        tx.store_id,
        [one.product_id for one in placed],
        products,
        categories,
    )
    await tx.execute(
        """INSERT INTO shop.product_categories (store_id, category_id, product_id)
           SELECT $1, category_id, product_id
           FROM unnest($2::uuid[], $3::uuid[]) AS n (product_id, category_id)
           ON CONFLICT DO NOTHING""",
        tx.store_id,
        products,
        categories,
    )


async def page(tx: Transaction, after: UUID | None, limit: int) -> list[KnownProduct]:
    """Products in the order of their making, but those that are gone."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM shop.products p
            WHERE p.store_id = $1 AND p.status <> 'archived' AND ($2::uuid IS NULL OR p.id > $2)
            ORDER BY p.id LIMIT $3""",
        tx.store_id,
        after,
        limit,
    )
    return await _whole(tx, rows)


async def most_options(tx: Transaction) -> int:
    """How many options a variant of the store has at most."""
    most: int = await tx.fetchval(
        """SELECT coalesce(max((SELECT count(*) FROM jsonb_object_keys(v.options))), 0)::integer
           FROM shop.variants v WHERE v.store_id = $1 AND v.archived_at IS NULL""",
        tx.store_id,
    )
    return most


async def sold_in(tx: Transaction) -> frozenset[str]:
    """Currencies of the store's regions, and its own."""
    rows = await tx.fetch(
        """SELECT currency FROM shop.regions WHERE store_id = $1
           UNION SELECT currency FROM shop.store_settings WHERE store_id = $1""",
        tx.store_id,
    )
    return frozenset(row["currency"] for row in rows)


async def currencies(tx: Transaction) -> list[str]:
    """Currencies that the store sells in or has plain prices in."""
    rows = await tx.fetch(
        """SELECT currency FROM shop.regions WHERE store_id = $1
           UNION SELECT currency FROM shop.prices
           WHERE store_id = $1 AND region_id IS NULL AND starts_at IS NULL
           UNION SELECT currency FROM shop.store_settings WHERE store_id = $1
           ORDER BY 1""",
        tx.store_id,
    )
    return [row["currency"] for row in rows]
