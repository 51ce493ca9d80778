"""Hear from other processes that there is work, over a connection of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

from tradewind.database.engine import Database

CHANNEL = "tradewind_work"


@asynccontextmanager
async def listening(database: Database, heard: Callable[[], None]) -> AsyncIterator[asyncio.Event]:
    """Call `heard` whenever another process left work; yields an event that tells of a lost line.

    Behind a pooler in transaction mode nobody can listen, so nothing is heard there: the poll has
    to do. Raises asyncpg's errors when the server cannot be reached.
    """
    lost, own = asyncio.Event(), database.name

    def told(_connection: object, _pid: int, _channel: str, who: object) -> None:
        if who != own:
            heard()

    if not database.prepared:
        yield lost
        return
    connection = await asyncpg.connect(database.dsn)
    try:
        connection.add_termination_listener(lambda _connection: lost.set())
        await connection.add_listener(CHANNEL, told)
        yield lost
    finally:
        await connection.close()
