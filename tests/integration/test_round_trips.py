"""The counter of round trips counts what it says."""

import asyncpg
import pytest

from tests.support.roundtrips import count_round_trips
from tests.support.storefront import open_storefront, told
from tradewind.database import Database, Store
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

SLUGS = "SELECT slug FROM control.stores WHERE name = $1"


async def test_begin_statements_and_commit_count_one_each(database: Database, store: Store) -> None:
    with count_round_trips(database) as counted:
        async with database.transaction(store.id) as tx:
            await tx.execute("SELECT 1")
            await tx.fetch(SLUGS, "a")
    assert [text.split()[0] for text in counted.statements] == [
        "BEGIN;",
        "SELECT",
        "SELECT",
        "COMMIT",
    ]
    assert counted.warm == 4


async def test_a_statement_is_made_known_to_its_connection_once(
    database: Database, store: Store
) -> None:
    async def ask() -> tuple[int, int]:
        with count_round_trips(database) as counted:
            await database.pool.fetch(SLUGS, "a")
        return counted.total, counted.warm

    assert await ask() == (2, 1)
    assert await ask() == (1, 1)


async def test_a_rollback_counts_too(database: Database, store: Store) -> None:
    with count_round_trips(database) as counted, pytest.raises(asyncpg.DivisionByZeroError):
        async with database.transaction(store.id) as tx:
            await tx.execute("SELECT 1 / 0")
    assert counted.statements[-1] == "ROLLBACK"
    assert counted.warm == 3


async def test_several_rows_at_once_are_one_message(database: Database, store: Store) -> None:
    with count_round_trips(database) as counted:
        async with database.transaction(store.id) as tx:
            await tx.connection.executemany(SLUGS, [("a",), ("b",), ("c",)])
    assert counted.warm == 3


async def test_other_databases_and_other_times_are_not_counted(
    database: Database, store: Store
) -> None:
    other = Database(database.dsn)
    await other.open()
    with count_round_trips(database) as counted:
        await other.pool.fetch(SLUGS, "a")
    await database.pool.fetch(SLUGS, "a")
    assert counted.total == 0
    await other.close()


async def test_connections_opened_meanwhile_are_counted(database: Database, store: Store) -> None:
    with count_round_trips(database) as counted:
        async with database.pool.borrow() as one, database.pool.borrow() as two:
            await one.execute("SELECT 1")
            await two.execute("SELECT 2")
    assert counted.statements == ["SELECT 1", "SELECT 2"]


async def test_a_line_is_added_to_a_cart_in_one_round_trip(
    database_urls: DatabaseUrls, clock: ManualClock
) -> None:
    async with open_storefront(database_urls, clock) as site:
        cart = await site.cart()
        body = {"variant_id": await site.variant(), "quantity": 1}
        with count_round_trips(site.engine.database) as counted:
            await site.post(f"/carts/{cart['id']}/line-items", body)
    (statement,) = counted.statements
    assert "add_to_cart" in statement


async def test_paying_and_completing_ask_for_nothing_twice(
    database_urls: DatabaseUrls, clock: ManualClock
) -> None:
    async with open_storefront(database_urls, clock) as site:
        warm = await site.cart()
        await site.pays(warm, provider_id="manual")
        told(await site.complete(warm))
        cart = await site.cart()
        await site.get(f"/carts/{cart['id']}")
        with count_round_trips(site.engine.database) as paying:
            await site.pays(cart, provider_id="manual")
        with count_round_trips(site.engine.database) as completing:
            told(await site.complete(cart))
    assert paying.warm <= 7, paying.statements
    assert completing.warm <= 7, completing.statements
    for counted in (paying, completing):
        asked = [text for text in counted.statements if not text.startswith(("BEGIN", "COMMIT"))]
        assert len(asked) == len(set(asked))
