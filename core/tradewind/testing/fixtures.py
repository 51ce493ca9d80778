"""pytest fixtures around a real PostgreSQL: `pytest -p tradewind.testing.fixtures`.

The processes of one run share one server, in a folder that the first of them makes and removes.
With TRADEWIND_TEST_POSTGRES_BIN the server is the PostgreSQL in that folder, not the embedded one.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tradewind.database.directory import add_store
from tradewind.database.embedded import Cluster
from tradewind.database.engine import Database, Store
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls, Postgres, make_folder, remove_folder

FOLDER = "TRADEWIND_TEST_FOLDER"
PROGRAMS = "TRADEWIND_TEST_POSTGRES_BIN"
CLOSING_SECONDS = 20

_made = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Name the run's folder before pytest-xdist starts its workers, which inherit the name."""
    if FOLDER not in os.environ:
        config.stash[_made] = make_folder()
        os.environ[FOLDER] = str(config.stash[_made])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's folder, in the process that made it."""
    folder = config.stash.get(_made, None)
    if folder is not None:
        del os.environ[FOLDER]
        remove_folder(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The run's server; makes and drops databases."""
    programs = os.environ.get(PROGRAMS)
    server = Postgres(Path(os.environ[FOLDER]), Path(programs) if programs else None)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres(postgres_server: Postgres) -> Cluster:
    """How to reach the run's server as its superuser."""
    return postgres_server.cluster


@pytest.fixture
def database_urls(postgres_server: Postgres) -> Iterator[DatabaseUrls]:
    """A migrated database without a row: the app's URL, the owner's URL, and its name."""
    with postgres_server.lent() as urls:
        yield urls


@pytest.fixture
def empty_database_urls(postgres_server: Postgres) -> Iterator[DatabaseUrls]:
    """A fresh database that no migration has touched."""
    with postgres_server.database(migrated=False) as urls:
        yield urls


@pytest.fixture
def clock() -> ManualClock:
    """The clock of `database`; stands still until the test moves it."""
    return ManualClock()


@pytest_asyncio.fixture
async def database(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Database]:
    """A fresh database, open as the role the app connects as. A leaked connection is an error."""
    database = Database(database_urls.app, clock=clock)
    await database.open()
    yield database
    await asyncio.wait_for(database.close(), CLOSING_SECONDS)


@pytest_asyncio.fixture
async def owner(database_urls: DatabaseUrls) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection to the same database as the role that owns the tables."""
    connection = await asyncpg.connect(database_urls.owner)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def superuser(
    postgres: Cluster, database_urls: DatabaseUrls
) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection to the same database that no policy and no foreign key binds."""
    connection = await asyncpg.connect(postgres.dsn(database_urls.name))
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def store(database: Database) -> Store:
    """A store with nothing in it."""
    return await add_store(database, "first", "First store")


@pytest_asyncio.fixture
async def second_store(database: Database) -> Store:
    """Another store in the same database."""
    return await add_store(database, "second", "Second store")
