"""What plugin authors get for their tests: databases that do not meet, servers that do not stay."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import pytest

from tradewind.database import Database, Store
from tradewind.testing.clock import START, ManualClock
from tradewind.testing.database import DatabaseUrls, Postgres, make_folder, remove_folder

USER = """
import sys
from pathlib import Path
from tradewind.testing.database import Postgres

server = Postgres(Path(sys.argv[1]))
server.start()
print(server.cluster.dsn("postgres"), flush=True)
sys.stdin.read()
"""

NEXT_POSITION = "SELECT nextval(pg_get_serial_sequence('control.outbox_pointers', 'position'))"


async def test_two_databases_do_not_meet_and_both_are_gone_afterwards(
    postgres_server: Postgres,
) -> None:
    with postgres_server.database() as one, postgres_server.database() as two:
        first, second = Database(one.app), Database(two.app)
        await asyncio.gather(first.open(), second.open())
        await first.pool.execute("INSERT INTO control.schedules VALUES ('sweep', now())")
        assert await second.pool.fetch("SELECT FROM control.schedules") == []
        assert len(await first.pool.fetch("SELECT FROM control.schedules")) == 1
        await asyncio.gather(first.close(), second.close())
    for urls in (one, two):
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(urls.app)


async def test_a_database_is_dropped_while_somebody_is_still_connected(
    postgres_server: Postgres,
) -> None:
    with postgres_server.database() as urls:
        left_open = await asyncpg.connect(urls.app)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        await left_open.fetch("SELECT 1")
    left_open.terminate()


async def test_a_database_that_was_used_is_lent_again_as_if_it_were_new(
    postgres_server: Postgres,
) -> None:
    positions = []
    names = []
    for _ in range(2):
        with postgres_server.lent() as urls:
            connection = await asyncpg.connect(urls.owner)
            assert await connection.fetch("SELECT FROM control.schedules") == []
            await connection.execute("INSERT INTO control.schedules VALUES ('sweep', now())")
            positions.append(await connection.fetchval(NEXT_POSITION))
            names.append(urls.name)
            await connection.close()
    assert positions == [1, 1]
    assert names[0] == names[1]


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE shop.more (id int)",
        "ALTER TABLE control.schedules ADD COLUMN more int",
        "ALTER TABLE shop.orders NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY own_store ON shop.orders",
        "GRANT TRUNCATE ON control.schedules TO tradewind_app",
        "CREATE OR REPLACE FUNCTION shop.more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DELETE FROM migration",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET jit = off', current_database()); END $$",
    ],
)
async def test_a_database_whose_schema_was_changed_is_not_lent_again(
    postgres_server: Postgres, change: str
) -> None:
    with postgres_server.lent() as before:
        pass
    with postgres_server.lent() as urls:
        assert urls == before
        connection = await asyncpg.connect(urls.owner)
        await connection.execute(change)
        await connection.close()
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(urls.app)


async def test_a_database_whose_schema_is_again_what_it_was_is_lent_again(
    postgres_server: Postgres,
) -> None:
    names = []
    for _ in range(2):
        with postgres_server.lent() as urls:
            names.append(urls.name)
            connection = await asyncpg.connect(urls.owner)
            await connection.execute("CREATE TABLE shop.more (id int); DROP TABLE shop.more")
            await connection.close()
    assert names[0] == names[1]


async def test_long_texts_are_taken_back_with_their_rows(postgres_server: Postgres) -> None:
    toast = """SELECT pg_relation_size(reltoastrelid) FROM pg_class
        WHERE oid = 'control.stores'::regclass"""
    with postgres_server.lent() as urls:
        connection = await asyncpg.connect(urls.owner)
        await connection.execute(
            """INSERT INTO control.stores (id, slug, name, created_at)
            SELECT gen_random_uuid(), 'long', string_agg(gen_random_uuid()::text, ''), now()
            FROM generate_series(1, 1000)"""
        )
        assert await connection.fetchval(toast) > 0
        await connection.close()
    with postgres_server.lent() as again:
        assert again == urls
        connection = await asyncpg.connect(again.owner)
        assert await connection.fetchval(toast) == 0
        await connection.close()


async def test_whoever_is_still_connected_does_not_see_the_next_test(
    postgres_server: Postgres,
) -> None:
    with postgres_server.lent() as urls:
        left_open = await asyncpg.connect(urls.app)
        await left_open.execute("BEGIN; INSERT INTO control.schedules VALUES ('sweep', now())")
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        await left_open.fetch("SELECT 1")
    left_open.terminate()
    with postgres_server.lent() as urls:
        connection = await asyncpg.connect(urls.app)
        assert await connection.fetch("SELECT FROM control.schedules") == []
        await connection.close()


def test_a_test_without_an_event_loop_can_have_a_database(database_urls: DatabaseUrls) -> None:
    assert database_urls.app != database_urls.owner
    assert all(url.endswith(database_urls.name) for url in database_urls[:2])


async def test_two_stores_live_in_one_database(
    database: Database, store: Store, second_store: Store
) -> None:
    slugs = await database.pool.fetch("SELECT slug FROM control.stores ORDER BY slug")
    assert [row["slug"] for row in slugs] == [store.slug, second_store.slug]


@pytest.mark.faults
async def test_a_server_whose_users_were_killed_is_stopped_with_its_folder() -> None:
    folder = make_folder()
    user = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        USER,
        str(folder),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert user.stdout is not None
    dsn = (await user.stdout.readline()).decode().strip()
    await (await asyncpg.connect(dsn)).close()
    user.kill()
    await user.wait()
    await (await asyncpg.connect(dsn)).close()
    remove_folder(folder)
    assert not folder.exists()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncpg.connect(dsn)


def test_a_folder_that_was_never_used_is_removed_too() -> None:
    folder: Path = make_folder()
    remove_folder(folder)
    assert not folder.exists()


def test_the_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock()
    assert clock.now() == clock.now() == START
    clock.advance(90.5)
    assert (clock.now() - START).total_seconds() == 90.5
