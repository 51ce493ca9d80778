"""The connections of a process: lent one at a time, and none is lost or lent in a bad state."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from tests.support.roundtrips import count_round_trips
from tests.support.shops import Shop, add_variant, make_shop
from tradewind.catalog.queries import plain_page, plain_product
from tradewind.database import Database, Store
from tradewind.database.pool import Connection, Pool
from tradewind.testing.database import DatabaseUrls

SETTING = "SELECT current_setting('tradewind.store_id', true)"
PID = "SELECT pg_backend_pid()"


@pytest_asyncio.fixture
async def pool(database_urls: DatabaseUrls) -> AsyncIterator[Pool]:
    """Two connections."""
    opened = Pool(database_urls.app, most=2, prepared=True)
    yield opened
    await asyncio.wait_for(opened.close(), 5)


async def test_what_was_given_back_last_is_lent_first(pool: Pool) -> None:
    one, two = await pool.acquire(), await pool.acquire()
    assert pool.lent == 2
    pool.release(one)
    pool.release(two)
    assert pool.lent == 0
    assert await pool.acquire() is two
    pool.release(two)
    assert pool.connections == {one, two}


async def test_who_comes_when_all_are_out_waits_for_their_turn(pool: Pool) -> None:
    one, two = await pool.acquire(), await pool.acquire()
    waiting = asyncio.create_task(pool.fetchval("SELECT 5"))
    await asyncio.sleep(0)
    assert not waiting.done()
    pool.release(two)
    assert await waiting == 5
    pool.release(one)


async def test_who_stops_waiting_takes_nobody_s_turn(pool: Pool) -> None:
    one, two = await pool.acquire(), await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    pool.release(one)
    pool.release(two)
    assert [await pool.acquire(), await pool.acquire()] == [two, one]
    pool.release(one)
    pool.release(two)


async def test_one_in_a_transaction_is_not_lent_again(pool: Pool) -> None:
    connection = await pool.acquire()
    await connection.execute("BEGIN")
    pool.release(connection)
    assert connection.is_closed()
    assert pool.connections == frozenset()
    assert await pool.fetchval("SELECT 1") == 1


async def test_what_the_server_refuses_costs_no_connection_and_what_breaks_off_does(
    pool: Pool,
) -> None:
    pid = await pool.fetchval(PID)
    for query in ("SELECT 1 / 0", "SELECT nothing"):
        with pytest.raises(asyncpg.PostgresError):
            await pool.fetch(query)
        with pytest.raises(asyncpg.PostgresError):
            await pool.execute(query)
    assert await pool.fetchval(PID) == pid
    endless = asyncio.create_task(pool.fetch("SELECT pg_sleep(60)"))
    while not pool.lent:  # noqa: ASYNC110 - asyncpg has no event
        await asyncio.sleep(0)
    endless.cancel()
    with pytest.raises(asyncio.CancelledError):
        await endless
    assert await pool.fetchval(PID) != pid
    assert pool.lent == 0


async def test_one_that_the_server_closed_is_replaced(
    pool: Pool, superuser: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    pid = await pool.fetchval(PID)
    (connection,) = pool.connections
    await superuser.execute("SELECT pg_terminate_backend($1)", pid)
    while not connection.is_closed():  # noqa: ASYNC110 - asyncpg has no event
        await asyncio.sleep(0)
    assert await pool.fetchval(PID) != pid
    assert connection not in pool.connections


async def test_where_none_can_be_opened_the_turn_is_not_lost(
    database_urls: DatabaseUrls,
) -> None:
    nowhere = Pool(database_urls.app + "_that_is_not_there", most=1, prepared=True)
    for _ in range(2):
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncio.wait_for(nowhere.fetch("SELECT 1"), 5)
    await nowhere.close()


async def test_closing_waits_for_what_is_out_and_lends_no_more(database_urls: DatabaseUrls) -> None:
    pool = Pool(database_urls.app, most=2, prepared=True)
    connection = await pool.acquire()
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0)
    assert not closing.done()
    pool.release(connection)
    await asyncio.wait_for(closing, 5)
    assert connection.is_closed()
    await pool.close()


async def test_who_waits_while_it_closes_is_told(database_urls: DatabaseUrls) -> None:
    pool = Pool(database_urls.app, most=1, prepared=True)
    connection = await pool.acquire()
    waiting = asyncio.create_task(pool.fetch("SELECT 1"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0)
    pool.release(connection)
    with pytest.raises(asyncpg.InterfaceError, match="closed"):
        await waiting
    await asyncio.wait_for(closing, 5)


async def test_who_comes_while_it_closes_or_later_is_told_at_once(
    database_urls: DatabaseUrls,
) -> None:
    pool = Pool(database_urls.app, most=1, prepared=True)
    connection = await pool.acquire()
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0)
    with pytest.raises(asyncpg.InterfaceError, match="closed"):
        await asyncio.wait_for(pool.acquire(), 2)
    pool.release(connection)
    await asyncio.wait_for(closing, 5)
    with pytest.raises(asyncpg.InterfaceError, match="closed"):
        await asyncio.wait_for(pool.fetch("SELECT 1"), 2)


async def test_a_transaction_whose_end_is_broken_off_too_gives_no_connection_back(
    database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = Database(database_urls.app)
    await narrow.open(maximum=1)
    (connection,) = narrow.pool.connections

    async def broken_off(*_: Any) -> str:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "execute", broken_off)
        with pytest.raises(asyncio.CancelledError):
            async with narrow.transaction(uuid4()):
                pass
    assert connection.is_closed()
    assert await asyncio.wait_for(narrow.pool.fetchval("SELECT 1"), 5) == 1
    await narrow.close()


# --- calls that name their store themselves ----------------------------------------------------


@pytest_asyncio.fixture
async def stocked(database: Database) -> Shop:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "MUG", 500)
    return shop


async def test_a_call_is_one_round_trip_and_leaves_no_store_behind(
    database_urls: DatabaseUrls, stocked: Shop
) -> None:
    narrow = Database(database_urls.app)
    await narrow.open(maximum=1)

    async def look() -> None:
        page = await plain_page(narrow, stocked.store.id, newest=False, after=None, limit=5)
        ((product_id, _),) = page.products
        assert (await plain_product(narrow, stocked.store.id, product_id)).products

    await look()
    with count_round_trips(narrow) as counted:
        await look()
    assert counted.warm == 2
    assert await narrow.pool.fetchval(SETTING) in {None, ""}
    await narrow.close()


async def test_a_call_sees_its_store_and_no_other(
    database: Database, stocked: Shop, second_store: Store
) -> None:
    own = await plain_page(database, stocked.store.id, newest=True, after=None, limit=5)
    ((product_id, _),) = own.products
    assert [free for free, _ in own.stock.values()] == [100]
    for other in (second_store.id, uuid4()):
        page = await plain_page(database, other, newest=True, after=None, limit=5)
        assert (page.products, page.stock) == ([], {})
        for name in (product_id, "product-mug"):
            one = await plain_product(database, other, name)
            assert (one.products, one.stock) == ([], {})
    assert (await plain_product(database, stocked.store.id, product_id)).stock == own.stock


async def test_a_transaction_that_names_a_store_keeps_it(
    database: Database, stocked: Shop, second_store: Store
) -> None:
    page = "SELECT cardinality(product_ids) FROM shop.shelf($1, false, NULL, 5)"
    one = "SELECT count(product_id) FROM shop.shelf_of($1, NULL, 'product-mug')"
    async with database.transaction(second_store.id) as tx:
        assert await tx.fetchval(page, stocked.store.id) is None
        assert await tx.fetchval(one, stocked.store.id) == 0
        assert await tx.fetchval(SETTING) == str(second_store.id)
    async with database.transaction(stocked.store.id) as tx:
        assert await tx.fetchval(page, stocked.store.id) == 1
        assert await tx.fetchval(one, stocked.store.id) == 1


async def test_a_call_within_a_transaction_is_refused(database: Database, stocked: Shop) -> None:
    async with database.transaction(stocked.store.id):
        with pytest.raises(RuntimeError, match="already open"):
            await plain_product(database, stocked.store.id, "mug")


async def test_behind_a_pooler_a_call_is_made_in_a_transaction(
    database_urls: DatabaseUrls, stocked: Shop
) -> None:
    pooled = Database(database_urls.app, prepared=False)
    await pooled.open(maximum=1)
    with count_round_trips(pooled) as counted:
        page = await plain_page(pooled, stocked.store.id, newest=False, after=None, limit=5)
    assert len(page.products) == 1
    assert counted.statements[0].startswith("BEGIN;")
    assert counted.statements[-1] == "COMMIT"
    await pooled.close()
