"""A transaction that does its work and then fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tradewind.database import Database, Store, Transaction


class Undone(Exception):
    """What ends the transaction."""


@asynccontextmanager
async def undone(database: Database, store: Store) -> AsyncIterator[Transaction]:
    """A transaction on `store` that is rolled back where it would have been committed."""
    with suppress(Undone):
        async with database.transaction(store.id) as tx:
            yield tx
            raise Undone
