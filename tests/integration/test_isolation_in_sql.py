"""A walk over every table of the shop: a store sees and changes its own rows and no others.

The walk proves first that the own store can do what the other cannot; a last test takes the guard
away to see that the walk would notice.
"""

from collections.abc import Mapping
from typing import Any

import asyncpg

from tests.support.rows import insert_as_replica, insertion, row_for, shop_tables
from tradewind.database import Database, Store

Row = Mapping[str, Any]

DENIED = "permission denied"
REFUSED = "new row violates row-level security policy"
PAST_THE_POLICY = "past the policy"

OWN = {"seen": 1, "updated": "UPDATE 1", "deleted": "DELETE 1", "inserted": PAST_THE_POLICY}
FOREIGN = {"seen": 0, "updated": "UPDATE 0", "deleted": "DELETE 0", "inserted": REFUSED}
HISTORY = {"updated": DENIED, "deleted": DENIED}


async def tried(database: Database, store: Store, statement: str, *args: Any) -> str:
    """What a statement of a store came to: its command tag or a refusal. It is rolled back."""
    async with database.transaction(store.id) as tx:
        await tx.execute("SAVEPOINT before")
        try:
            tag = await tx.execute(statement, *args)
        except asyncpg.InsufficientPrivilegeError as refusal:
            tag = str(refusal).partition(" for table")[0]
        await tx.execute("ROLLBACK TO before")
    return tag


async def inserted(database: Database, store: Store, table: str, row: Row) -> str:
    """What became of an INSERT as far as policies go, which are asked before keys are."""
    try:
        tag = await tried(database, store, insertion(table, row), *row.values())
    except (asyncpg.ForeignKeyViolationError, asyncpg.UniqueViolationError):
        return PAST_THE_POLICY
    return PAST_THE_POLICY if tag == "INSERT 0 1" else tag


async def reach(database: Database, store: Store, table: str, row: Row) -> dict[str, object]:
    """What `store` sees of a table and can do to it, and whether it can add `row`."""
    async with database.transaction(store.id) as tx:
        seen = await tx.fetchval(f"SELECT count(*) FROM shop.{table}")
    return {
        "seen": seen,
        "updated": await tried(database, store, f"UPDATE shop.{table} SET store_id = store_id"),
        "deleted": await tried(database, store, f"DELETE FROM shop.{table}"),
        "inserted": await inserted(database, store, table, row),
    }


async def is_history(superuser: "asyncpg.Connection[Any]", table: str) -> bool:
    return not await superuser.fetchval(
        "SELECT has_table_privilege('tradewind_app', 'shop.' || $1, 'UPDATE')", table
    )


async def test_in_every_table_a_store_reaches_its_own_rows_and_no_others(
    database: Database,
    superuser: "asyncpg.Connection[Any]",
    store: Store,
    second_store: Store,
) -> None:
    tables = await shop_tables(superuser)
    assert len(tables) > 50
    for table in tables:
        await insert_as_replica(superuser, table, await row_for(superuser, table, store.id))
        another = await row_for(superuser, table, store.id)
        history = HISTORY if await is_history(superuser, table) else {}
        own = await reach(database, store, table, another)
        assert own == {**OWN, **history}, table
        foreign = await reach(database, second_store, table, another)
        assert foreign == {**FOREIGN, **history}, table


async def test_no_row_can_be_given_to_another_store(
    database: Database,
    superuser: "asyncpg.Connection[Any]",
    store: Store,
    second_store: Store,
) -> None:
    for table in await shop_tables(superuser):
        if not await is_history(superuser, table):
            await insert_as_replica(superuser, table, await row_for(superuser, table, store.id))
            give = f"UPDATE shop.{table} SET store_id = $1"
            assert await tried(database, store, give, second_store.id) == REFUSED, table


async def test_without_a_store_nothing_is_seen_by_the_app_or_by_the_owner(
    database: Database,
    superuser: "asyncpg.Connection[Any]",
    owner: "asyncpg.Connection[Any]",
    store: Store,
) -> None:
    for table in await shop_tables(superuser):
        await insert_as_replica(superuser, table, await row_for(superuser, table, store.id))
        question = f"SELECT count(*) FROM shop.{table}"
        assert await superuser.fetchval(question) == 1, table
        assert await database.pool.fetchval(question) == 0, table
        if table not in {"product_search", "search_words"}:
            assert await owner.fetchval(question) == 0, table


async def test_nearest_products_finds_the_words_of_the_own_store_alone(
    database: Database,
    superuser: "asyncpg.Connection[Any]",
    store: Store,
    second_store: Store,
) -> None:
    rows = {
        each: {
            **await row_for(superuser, "product_search", each.id),
            "words": f"coffee {each.slug}",
        }
        for each in (store, second_store)
    }
    for row in rows.values():
        await insert_as_replica(superuser, "product_search", row)
    question = "SELECT product_id FROM shop.nearest_products('coffee', 10)"
    for each, row in rows.items():
        async with database.transaction(each.id) as tx:
            assert [found[0] for found in await tx.fetch(question)] == [row["product_id"]]
    assert await database.pool.fetch(question) == []
    assert len(await superuser.fetch("SELECT FROM shop.product_search")) == 2


async def test_the_walk_would_notice_a_table_without_its_guard(
    database: Database,
    superuser: "asyncpg.Connection[Any]",
    store: Store,
    second_store: Store,
) -> None:
    await insert_as_replica(superuser, "carts", await row_for(superuser, "carts", store.id))
    await superuser.execute("ALTER TABLE shop.carts DISABLE ROW LEVEL SECURITY")
    another = await row_for(superuser, "carts", store.id)
    assert await reach(database, second_store, "carts", another) == OWN
