"""Transactions: bound to one store, never nested, and nothing of them outlives their end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.support.roundtrips import count_round_trips
from tradewind.catalog.tables import Category
from tradewind.database import Database, Store
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

SETTING = "SELECT current_setting('tradewind.store_id', true)"
GREETING = "INSERT INTO shop.feature_flags VALUES ($1, 'greeting', true, now())"
GREETINGS = "SELECT count(*) FROM shop.feature_flags WHERE store_id = $1"


@pytest_asyncio.fixture
async def narrow(database_urls: DatabaseUrls, store: Store) -> AsyncIterator[Database]:
    """The same database with a single connection: whoever keeps it is found out at once."""
    narrow = Database(database_urls.app)
    await narrow.open(maximum=1)
    yield narrow
    await asyncio.wait_for(narrow.close(), 5)


async def assert_clean(database: Database) -> None:
    """The one connection is there, in no transaction, and knows no store."""
    connection = await asyncio.wait_for(database.pool.acquire(), 5)
    assert not connection.is_in_transaction()
    assert await connection.fetchval(SETTING) in {None, ""}
    database.pool.release(connection)


async def test_a_transaction_opens_with_one_message(narrow: Database, store: Store) -> None:
    with count_round_trips(narrow) as counted:
        async with narrow.transaction(store.id) as tx:
            assert await tx.fetchval(SETTING) == str(store.id)
    opening = f"BEGIN; SET LOCAL tradewind.store_id = '{store.id}'"
    assert counted.statements == [opening, SETTING, "COMMIT"]


async def test_what_was_written_is_kept_and_the_connection_forgets_the_store(
    narrow: Database, store: Store
) -> None:
    async with narrow.transaction(store.id) as tx:
        await tx.execute(GREETING, store.id)
    await assert_clean(narrow)
    async with narrow.transaction(store.id) as tx:
        assert await tx.fetchval(GREETINGS, store.id) == 1


async def test_an_error_undoes_everything_and_the_connection_forgets_the_store(
    narrow: Database, store: Store
) -> None:
    async def write_and_fail() -> None:
        async with narrow.transaction(store.id) as tx:
            await tx.execute(GREETING, store.id)
            await tx.execute("SELECT 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await write_and_fail()
    await assert_clean(narrow)
    async with narrow.transaction(store.id) as tx:
        assert await tx.fetchval(GREETINGS, store.id) == 0


async def test_a_store_id_that_is_none_is_refused_and_the_connection_given_back(
    narrow: Database,
) -> None:
    with pytest.raises(ValueError, match="badly formed"):
        async with narrow.transaction("'; DROP TABLE shop.orders; --"):  # type: ignore[arg-type]
            pass
    await assert_clean(narrow)


async def test_a_second_transaction_within_the_first_is_refused(
    database: Database, store: Store
) -> None:
    async with database.transaction(store.id) as tx:
        with pytest.raises(RuntimeError, match="already open"):
            async with database.transaction(store.id):
                pass
        assert await tx.fetchval("SELECT 1") == 1
    async with database.transaction(store.id) as tx:
        assert await tx.fetchval("SELECT 1") == 1


async def test_tasks_beside_one_another_have_transactions_of_their_own(
    database: Database, store: Store, second_store: Store
) -> None:
    both_open = asyncio.Barrier(2)

    async def ask(each: Store) -> str:
        async with database.transaction(each.id) as tx:
            await both_open.wait()
            return str(await tx.fetchval(SETTING))

    found = await asyncio.gather(ask(store), ask(second_store))
    assert list(found) == [str(store.id), str(second_store.id)]


async def test_a_commit_that_fails_raises_and_gives_the_connection_back(
    narrow: Database, store: Store, owner: "asyncpg.Connection[Any]"
) -> None:
    await owner.execute("CREATE TABLE shop.late (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    await owner.execute("GRANT INSERT ON shop.late TO tradewind_app")
    done: list[str] = []

    async def write_the_same_twice() -> None:
        async with narrow.transaction(store.id) as tx:
            tx.after_commit(lambda: done.append("told"))
            assert await tx.execute("INSERT INTO shop.late VALUES (1), (1)") == "INSERT 0 2"

    with pytest.raises(asyncpg.UniqueViolationError):
        await write_the_same_twice()
    assert done == []
    await assert_clean(narrow)


async def test_a_failure_that_was_swallowed_is_not_taken_for_a_commit(
    narrow: Database, store: Store
) -> None:
    done: list[str] = []

    async def write_and_swallow() -> None:
        async with narrow.transaction(store.id) as tx:
            tx.after_commit(lambda: done.append("told"))
            await tx.execute(GREETING, store.id)
            with contextlib.suppress(asyncpg.DivisionByZeroError):
                await tx.execute("SELECT 1 / 0")

    with pytest.raises(RuntimeError, match="nothing was kept"):
        await write_and_swallow()
    assert done == []
    await assert_clean(narrow)


async def test_a_cancellation_undoes_everything_and_gives_the_connection_back(
    narrow: Database, store: Store
) -> None:
    written = asyncio.Event()

    async def write_and_wait() -> None:
        async with narrow.transaction(store.id) as tx:
            await tx.execute(GREETING, store.id)
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_wait())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await assert_clean(narrow)
    async with narrow.transaction(store.id) as tx:
        assert await tx.fetchval(GREETINGS, store.id) == 0


async def test_a_cancellation_in_the_middle_of_a_statement_gives_the_connection_back(
    narrow: Database, store: Store, owner: "asyncpg.Connection[Any]"
) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    await owner.execute("SELECT pg_advisory_lock(1)")

    async def wait_for_lock() -> None:
        async with narrow.transaction(store.id) as tx:
            await tx.execute("SELECT pg_advisory_xact_lock($1)", 1)

    task = asyncio.create_task(wait_for_lock())
    async with asyncio.timeout(10):
        while await owner.fetchval(waiting) == 0:
            pass
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await assert_clean(narrow)


async def test_a_connection_that_the_server_closed_is_replaced_and_hides_no_error(
    narrow: Database, store: Store, superuser: "asyncpg.Connection[Any]"
) -> None:
    async def lose_the_connection() -> None:
        async with narrow.transaction(store.id) as tx:
            process = await tx.fetchval("SELECT pg_backend_pid()")
            assert await superuser.fetchval("SELECT pg_terminate_backend($1, 5000)", process)
            # How the client learns of it depends on how much of the end has arrived.
            ends = (asyncpg.InterfaceError, asyncpg.PostgresError, asyncpg.InternalClientError)
            with contextlib.suppress(*ends):
                await tx.execute("SELECT 1")
            raise LookupError

    with pytest.raises(LookupError):
        await lose_the_connection()
    await assert_clean(narrow)


async def test_what_waits_for_the_commit_happens_after_it_and_not_after_a_rollback(
    database: Database, store: Store
) -> None:
    done: list[str] = []

    async def fail() -> None:
        async with database.transaction(store.id) as tx:
            tx.after_commit(lambda: done.append("rolled back"))
            await tx.execute("SELECT 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await fail()
    async with database.transaction(store.id) as tx:
        tx.after_commit(lambda: done.append("committed"))
        assert done == []
    assert done == ["committed"]


async def test_a_piccolo_table_runs_inside_and_is_refused_outside(
    database: Database, store: Store, second_store: Store, clock: ManualClock
) -> None:
    async with database.transaction(store.id) as tx:
        beans = Category(
            store_id=store.id, id=tx.new_id(), name="Beans", handle="beans", created_at=clock.now()
        )
        await Category.insert(beans)
        assert await Category.select(Category.name, Category.position) == [
            {"name": "Beans", "position": 0}
        ]
    async with database.transaction(second_store.id):
        assert await Category.count() == 0
    with pytest.raises(RuntimeError, match="outside of database"):
        await Category.select()


async def test_a_transaction_has_one_present_moment(
    database: Database, store: Store, clock: ManualClock
) -> None:
    async with database.transaction(store.id) as tx:
        began = tx.now
        clock.advance(60)
        assert tx.now == began
    async with database.transaction(store.id) as tx:
        assert (tx.now - began).total_seconds() == 60
