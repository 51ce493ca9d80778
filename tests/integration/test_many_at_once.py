"""What hundreds of products cost PostgreSQL before it has any statistics of their store."""

import pytest

from tests.support.shops import make_shop
from tradewind.bulk.queries import products, stock
from tradewind.catalog.search import service as search
from tradewind.database import Database, Transaction

NUMBER = 300


async def fill(tx: Transaction) -> None:
    """So many products, each with a variant, a price and stock."""
    for statement in (
        """INSERT INTO shop.products (store_id, id, title, handle, created_at, updated_at)
           SELECT $1, md5(i::text)::uuid, 'Mug', 'mug-' || i, $2, $2
           FROM generate_series(1, $3::integer) AS i""",
        """INSERT INTO shop.variants (store_id, id, product_id, sku, created_at)
           SELECT $1, md5(i::text)::uuid, md5(i::text)::uuid, 'MUG-' || i, $2
           FROM generate_series(1, $3::integer) AS i""",
        """INSERT INTO shop.prices (store_id, id, variant_id, currency, amount, created_at)
           SELECT $1, md5(i::text)::uuid, md5(i::text)::uuid, 'KES', 100, $2
           FROM generate_series(1, $3::integer) AS i""",
        """INSERT INTO shop.inventory_levels
               (store_id, variant_id, location_id, sku, on_hand, updated_at)
           SELECT $1, md5(i::text)::uuid, s.id, 'MUG-' || i, 5, $2
           FROM generate_series(1, $3::integer) AS i, shop.stock_locations s
           WHERE s.store_id = $1""",
    ):
        await tx.execute(statement, tx.store_id, tx.now, NUMBER)


async def rows_read(tx: Transaction, table: str) -> int:
    """How many rows of a table the connection has looked at that were not reported before."""
    return int(
        await tx.fetchval(
            """SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
               WHERE schemaname = 'shop' AND relname = $1""",
            table,
        )
    )


async def test_a_variant_is_read_once_when_its_product_is_indexed(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await fill(tx)
    async with database.transaction(shop.store.id) as tx:
        ids = [row["id"] for row in await tx.fetch("SELECT id FROM shop.products")]
        before = await rows_read(tx, "variants")
        await search.index(tx, ids)
        assert NUMBER <= await rows_read(tx, "variants") - before <= 2 * NUMBER


@pytest.mark.parametrize("table", ["variants", "prices"])
async def test_what_is_stored_of_a_batch_is_read_once(database: Database, table: str) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await fill(tx)
    numbers = range(1, NUMBER + 1)
    async with database.transaction(shop.store.id) as tx:
        handles, skus = [f"mug-{n}" for n in numbers], [f"MUG-{n}" for n in numbers]
        before = await rows_read(tx, table)
        found = await products.known(tx, handles, skus, lock=True)
        assert found.products["mug-7"].variants[0].prices == {"KES": 100}
        assert NUMBER <= await rows_read(tx, table) - before <= 2 * NUMBER


async def test_a_page_of_stock_reads_the_levels_of_its_variants_alone(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await fill(tx)
        await tx.execute(
            "UPDATE shop.variants SET tracked = false WHERE store_id = $1", tx.store_id
        )
    async with database.transaction(shop.store.id) as tx:
        before = await rows_read(tx, "inventory_levels")
        lines, _ = await stock.page(tx, None, 10)
        assert {line.on_hand for line in lines} == {5}
        assert await rows_read(tx, "inventory_levels") - before <= 10 * 3
