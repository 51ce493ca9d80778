"""Wait for what another task or another connection is about to do, without guessing how long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

LONGEST_SECONDS = 30
GATE = 7_206


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask again and again until `holds` is true; fails with `what` when that takes too long."""
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            while not await holds():
                pass
    except TimeoutError:
        raise AssertionError(f"still not after {LONGEST_SECONDS} s: {what}") from None


async def waiting_for_locks(connection: "asyncpg.Connection[Any]") -> int:
    """How many statements in the database of `connection` wait for a lock of any kind."""
    count: int = await connection.fetchval(
        """SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
           WHERE datname = current_database() AND NOT granted"""
    )
    return count


async def until_waiting(connection: "asyncpg.Connection[Any]", statements: int = 1) -> None:
    """Wait until that many statements wait for a lock."""

    async def enough() -> bool:
        return await waiting_for_locks(connection) >= statements

    await until(enough, f"{statements} statements wait for a lock")


@asynccontextmanager
async def held_up(
    owner: "asyncpg.Connection[Any]", table: str, event: str, when: str = "true"
) -> AsyncIterator[None]:
    """Hold up each `event` (such as `BEFORE UPDATE`) on rows of `table` until the block ends.

    `when` narrows it by the row, which is `new`.
    """
    await owner.execute(
        f"""CREATE FUNCTION public.hold_up() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN new; END $$;
            CREATE TRIGGER hold_up {event} ON {table} FOR EACH ROW WHEN ({when})
            EXECUTE FUNCTION public.hold_up();
            SELECT pg_advisory_lock({GATE})"""
    )
    try:
        yield
    finally:
        await owner.execute(f"SELECT pg_advisory_unlock({GATE})")
