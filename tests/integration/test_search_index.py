"""The index of words on PostgreSQL: kept up with the catalog, apart by store, and quick."""

import asyncio
from collections.abc import AsyncIterator
from operator import itemgetter
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tests.support.engines import engine_with
from tests.support.roundtrips import count_round_trips
from tests.support.searching import titles
from tests.support.shops import add_variant, make_shop
from tradewind.catalog.rules import ProductUpdate
from tradewind.catalog.search import service as search
from tradewind.catalog.search.rules import key, near_keys
from tradewind.catalog.service import (
    list_products,
    update_product,
)
from tradewind.database import Database, Transaction
from tradewind.settings.engine import Engine
from tradewind.testing.clock import ManualClock


@pytest_asyncio.fixture
async def engine(database: Database) -> AsyncIterator[Engine]:
    async with engine_with(database) as made:
        yield made


async def test_a_change_is_found_at_once_and_what_was_no_more(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "A", 1, title="Kettle")
        change = ProductUpdate(title="Teapot")
        await update_product(tx, variant.product_id, change, currency="KES")
        assert await titles(tx, "teapt") == ["Teapot"]
        assert await titles(tx, "kettle") == []
        change = ProductUpdate(status="draft")
        await update_product(tx, variant.product_id, change, currency="KES")
        assert await titles(tx, "teapot") == []
        assert await titles(tx, "teapot", published_only=False) == ["Teapot"]


async def test_another_stores_words_are_not_found_and_change_nothing(database: Database) -> None:
    mine, theirs = await make_shop(database, "mine"), await make_shop(database, "theirs")
    async with database.transaction(mine.store.id) as tx:
        await add_variant(tx, "MINE", 1, title="Kericho tea")
        before = {query: await titles(tx, query) for query in ("kericho", "kerichx", "ker")}
    async with database.transaction(theirs.store.id) as tx:
        for n, title in enumerate(["Kerichx", "Kerichy coffee", "Kerosene", "Secretword"]):
            await add_variant(tx, f"T-{n}", 1, title=title)
        assert await titles(tx, "secretwrd") == ["Secretword"]
        assert (
            await tx.fetch(
                "SELECT FROM shop.known_words('{kericho}', '{}', 9) WHERE word = 'kericho'"
            )
            == []
        )
    async with database.transaction(mine.store.id) as tx:
        assert {query: await titles(tx, query) for query in before} == before
        assert await titles(tx, "secretword") == []
        assert await titles(tx, "t-0") == []
        around = near_keys(theirs.store.id, "secretword")
        known = "SELECT word FROM shop.known_words($1, $2, 9)"
        assert await tx.fetch(known, ["s"], around) == []
    assert await database.pool.fetch(known, ["s", "k"], around) == []


async def test_the_worker_indexes_what_fell_behind(engine: Engine, database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "A", 1, title="Kettle")
        await add_variant(tx, "B", 1, title="Pan")
        await tx.execute("UPDATE shop.product_search SET edition = 0, keys = '{}'")
        assert await titles(tx, "kettle") == []
    assert await search.catch_up(engine, shop.store) == 2
    assert await search.catch_up(engine, shop.store) == 0
    async with database.transaction(shop.store.id) as tx:
        assert await titles(tx, "ketle") == ["Kettle"]
        await tx.execute(
            "UPDATE shop.products SET title = 'Teapot', version = version + 1 WHERE id = $1",
            variant.product_id,
        )
    assert await search.catch_up(engine, shop.store) == 1


async def test_words_are_counted_and_those_unused_for_days_dropped(
    engine: Engine, database: Database, clock: ManualClock
) -> None:
    shop = await make_shop(database)
    question = "SELECT word, products FROM shop.search_words WHERE store_id = $1"
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "A", 1, title="Green tea")
        variant = await add_variant(tx, "B", 1, title="Black tea")
    await search.count_words(engine, shop.store)
    async with database.transaction(shop.store.id) as tx:
        counted = dict(map(tuple, await tx.fetch(question, tx.store_id)))
        change = ProductUpdate(title="Black coffee")
        await update_product(tx, variant.product_id, change, currency="KES")
        await add_variant(tx, "C", 1, title="Cup", status="draft")
    assert (counted["tea"], counted["black"]) == (2, 1)
    clock.advance(4 * 86_400)
    await search.count_words(engine, shop.store)
    async with database.transaction(shop.store.id) as tx:
        counted = dict(map(tuple, await tx.fetch(question, tx.store_id)))
        assert counted["tea"] == 1
        change = ProductUpdate(title="Green coffee")
        first = (await list_products(tx, currency="KES", query="green")).items[0]
        await update_product(tx, first.id, change, currency="KES")
    await search.count_words(engine, shop.store)
    async with database.transaction(shop.store.id) as tx:
        counted = dict(map(tuple, await tx.fetch(question, tx.store_id)))
    assert "tea" not in counted
    assert counted["coffee"] == 2


async def test_two_who_add_the_same_new_word_at_once_both_succeed(database: Database) -> None:
    shop = await make_shop(database)

    async def add(sku: str) -> None:
        async with database.transaction(shop.store.id) as tx:
            await add_variant(tx, sku, 1, title=f"Kericho harvest {sku}")

    await asyncio.gather(*(add(f"N{n}") for n in range(8)))
    async with database.transaction(shop.store.id) as tx:
        assert len(await titles(tx, "kericho harvst")) == 8


SCANS = """
    SELECT indexrelname::text, idx_scan FROM pg_stat_user_indexes
    WHERE indexrelname IN ('product_search_keys', 'search_words_near', 'search_words_pkey')"""


async def test_under_row_level_security_the_indexes_are_used(
    database: Database, superuser: "asyncpg.Connection[Any]"
) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "A", 1000, title="Green tea")
        await tx.execute(
            """INSERT INTO shop.product_search (store_id, product_id, words, published, keys)
               SELECT $1, gen_random_uuid(), '', true, ARRAY[n, n + 1]
               FROM generate_series(1, 3000) AS n""",
            tx.store_id,
        )
        await tx.execute(
            """INSERT INTO shop.search_words (store_id, word, key, near, seen_at)
               SELECT $1, 'word' || n, n, ARRAY[n, n + 1], $2 FROM generate_series(1, 3000) AS n""",
            tx.store_id,
            tx.now,
        )
    await superuser.execute("ANALYZE shop.product_search, shop.search_words")
    scans = dict(await superuser.fetch(SCANS))
    async with database.transaction(shop.store.id) as tx:
        assert await titles(tx, "gren tea") == ["Green tea"]
        await tx.execute("SELECT pg_stat_force_next_flush()")
    async with database.transaction(shop.store.id) as tx:
        await tx.execute("SELECT 1")
    await superuser.execute("SELECT pg_stat_clear_snapshot()")
    after = dict(await superuser.fetch(SCANS))
    assert {name for name, times in after.items() if times > scans[name]} == set(scans)


async def shelve(tx: Transaction, rows: list[tuple[bool, list[str], list[str]]]) -> list[UUID]:
    """Entries of products as a search sees them, in order: whether moved, title, other words."""
    ids = [tx.new_id() for _ in rows]
    made = []
    for product_id, (new, title, others) in zip(ids, rows, strict=True):
        of_title = [key(tx.store_id, word) for word in title]
        keys = of_title + [key(tx.store_id, word) for word in others] + [-one for one in of_title]
        # Products that were changed last stand last in the table, however old they are.
        made.append((new, (tx.store_id, product_id, "", True, keys, of_title)))
    await tx.connection.executemany(
        """INSERT INTO shop.product_search (store_id, product_id, words, published, keys, title)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        [row for _, row in sorted(made, key=itemgetter(0))],
    )
    return ids


FILLER: tuple[bool, list[str], list[str]] = (False, ["lamp"], ["new"])


LOTS = {"everywhere": (1400, 0, 0), "now and then": (600, 11, 0), "seldom": (600, 2, 300)}
"""Name → how many products have a word, how many stand after each of them and before all."""


@pytest.mark.parametrize("lot", LOTS)
async def test_of_what_many_products_have_the_titles_come_first_and_nothing_is_lost(
    database: Database, lot: str
) -> None:
    shop = await make_shop(database)
    number, between, ahead = LOTS[lot]
    rows = [FILLER] * ahead
    for n in range(number):
        titled, longer, moved = n % 2 == 0, n % 6 == 0, n % 5 == 0
        title = ["mugs" if longer else "mug"] if titled else ["cup"]
        rows += [(moved, title, [] if titled else ["mug"]), *[FILLER] * between]
    async with database.transaction(shop.store.id) as tx:
        ids = await shelve(tx, rows)
        await tx.execute(
            """INSERT INTO shop.search_words (store_id, word, key, seen_at)
               VALUES ($1, 'mug', 1, $2), ($1, 'mugs', 2, $2)""",
            tx.store_id,
            tx.now,
        )
        found = await search.find(tx, "mug", None, 2000)
        for most in (20, 200, number // 2 + 1, number):
            assert await search.find(tx, "mug", None, most) == found[:most]
    titles_ = {one: title for one, (_, title, _) in zip(ids, rows, strict=True)}
    described = {one for one, (_, _, about) in zip(ids, rows, strict=True) if "mug" in about}
    assert {titles_[one][0] for one in found[: number // 2]} == {"mug", "mugs"}
    assert len(set(found[: number // 2])) == number // 2
    assert set(found[number // 2 :]) == described
    assert len(found) == number
    assert {titles_[one][0] for one in found[:200]} == {"mug"}


async def rows_read(superuser: "asyncpg.Connection[Any]", table: str) -> int:
    """How many rows have been fetched from a table by its indexes so far."""
    await superuser.execute("SELECT pg_stat_clear_snapshot()")
    question = "SELECT idx_tup_fetch FROM pg_stat_user_tables WHERE relname = $1"
    return int(await superuser.fetchval(question, table))


async def test_a_search_reads_few_rows_whether_all_products_fit_or_none(
    database: Database, superuser: "asyncpg.Connection[Any]"
) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        store, lamp = tx.store_id, key(tx.store_id, "lamp")
        await tx.execute(
            """INSERT INTO shop.product_search (store_id, product_id, words, published, keys, title)
               SELECT $1, gen_random_uuid(), '', true, ARRAY[n, $2, -$2::bigint], ARRAY[$2]
               FROM generate_series(1, 20000) AS n""",
            *(store, lamp),
        )
        await tx.execute(
            """INSERT INTO shop.search_words (store_id, word, key, near, seen_at)
               SELECT $1::uuid, 'word' || n, n, ARRAY[n, n + 1], $2::timestamptz
               FROM generate_series(1, 5000) AS n
               UNION ALL
               SELECT $1, word, 0, '{}', $2::timestamptz FROM unnest($3::text[]) AS word""",
            *(store, tx.now, ["lamp", "noproduct"]),
        )
    for table in ("product_search", "search_words"):
        await superuser.execute(f"ANALYZE shop.{table}")

    async def read(query: str) -> dict[str, int]:
        before = {table: await rows_read(superuser, table) for table in tables}
        async with database.transaction(shop.store.id) as tx:
            await search.find(tx, query, None, 200)
            await tx.execute("SELECT pg_stat_force_next_flush()")
        async with database.transaction(shop.store.id) as tx:
            await tx.execute("SELECT 1")
        return {table: await rows_read(superuser, table) - before[table] for table in tables}

    tables = ("product_search", "search_words")
    mistyped_much = (
        "bcdfghjkl mnpqrstvw xzbcdfghj klmnpqrst vwxzbcdfg hjklmnpqr stvwxzbcd fghjklmnp"
    )
    for query, fewest, most in (
        ("lamp", 500, 2000),
        ("noproduct", 250, 300),
        (mistyped_much, 0, 0),
    ):
        found = await read(query)
        assert fewest <= found["product_search"] <= most, query
        assert found["search_words"] <= 50, query


async def test_a_search_takes_two_round_trips(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "A", 1000, title="Green tea")
        with count_round_trips(database) as counted:
            assert await titles(tx, "gren tea") == ["Green tea"]
    assert counted.warm == 2
