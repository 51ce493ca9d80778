"""The connections of one process, lent one at a time.

asyncpg has a pool of its own, which makes a task and a reset of every return: that costs as much as
a short statement does. Here a connection is left as it must be by whoever used it, and is dropped
where that is not so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg


class Connection(asyncpg.Connection):
    """A connection of a pool."""


class Pool:
    """Lends what was given back last. Who comes when all are out waits for their turn."""

    def __init__(self, dsn: str, *, most: int, prepared: bool) -> None:
        self._dsn = dsn
        self._cache = 100 if prepared else 0
        self._most = most
        self._turns = asyncio.Semaphore(most)
        self._free: list[Connection] = []
        self._all: set[Connection] = set()
        self._closed = False

    @property
    def connections(self) -> frozenset[Connection]:
        """All that are open, lent or not."""
        return frozenset(self._all)

    @property
    def lent(self) -> int:
        """How many are out."""
        return len(self._all) - len(self._free)

    async def acquire(self) -> Connection:
        """A connection, to be given back. Raises asyncpg's errors where none can be opened."""
        self._refuse_closed()
        await self._turns.acquire()
        try:
            return self._usable() or await self._connect()
        except BaseException:
            self._turns.release()
            raise

    def release(self, connection: Connection) -> None:
        """Take a connection back; one in the middle of something, or closed, is dropped."""
        if connection.is_closed() or connection.is_in_transaction():
            self.drop(connection)
            return
        self._free.append(connection)
        self._turns.release()

    def drop(self, connection: Connection) -> None:
        """Take a connection back that is of no use any more."""
        self._all.discard(connection)
        if not connection.is_closed():
            connection.terminate()
        self._turns.release()

    def take_back(self, connection: Connection, error: BaseException) -> None:
        """Take a connection back after a failure: what the server refused has left it usable."""
        if isinstance(error, asyncpg.PostgresError):
            self.release(connection)
        else:
            self.drop(connection)

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[Connection]:
        """A connection for the length of a block."""
        connection = await self.acquire()
        try:
            yield connection
        except BaseException as error:
            self.take_back(connection, error)
            raise
        self.release(connection)

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of one statement, a transaction of its own."""
        connection = await self.acquire()
        try:
            found: list[asyncpg.Record] = await connection.fetch(query, *args)
        except BaseException as error:
            self.take_back(connection, error)
            raise
        self.release(connection)
        return found

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        """The first row of one statement, or None."""
        rows = await self.fetch(query, *args)
        return rows[0] if rows else None

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first column of the first row of one statement, or None."""
        rows = await self.fetch(query, *args)
        return rows[0][0] if rows else None

    async def execute(self, query: str, *args: Any) -> str:
        """Run one statement, or several without arguments; returns the command tag."""
        async with self.borrow() as connection:
            return await connection.execute(query, *args)

    async def close(self) -> None:
        """Lend no more, wait for what is out, and close everything."""
        if self._closed:
            return
        self._closed = True
        for _ in range(self._most):
            await self._turns.acquire()
        for connection in self._free:
            await connection.close()
        self._free.clear()
        self._all.clear()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise asyncpg.InterfaceError("the pool is closed")

    def _usable(self) -> Connection | None:
        self._refuse_closed()
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
            self._all.discard(connection)
        return None

    async def _connect(self) -> Connection:
        opened = await asyncpg.connect(
            self._dsn, connection_class=Connection, statement_cache_size=self._cache
        )
        self._all.add(opened)
        return opened
