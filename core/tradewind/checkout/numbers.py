"""Short order numbers, taken in blocks so that placing an order never waits for another one."""

import asyncio
from collections.abc import Iterator
from uuid import UUID
from weakref import WeakKeyDictionary

from tradewind.database import Database, directory

BLOCK = 32


class OrderNumbers:
    """The numbers this process may give out. What is left at its end is never used: gaps."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._blocks: dict[UUID, Iterator[int]] = {}
        self._refill = asyncio.Lock()

    async def take(self, store_id: UUID) -> int:
        """The next number of a store; takes a new block in a transaction of its own."""
        number = next(self._blocks.get(store_id, iter(())), None)
        if number is not None:
            return number
        async with self._refill:
            number = next(self._blocks.get(store_id, iter(())), None)
            if number is None:
                first = await directory.take_order_numbers(self._database, store_id, BLOCK)
                self._blocks[store_id] = iter(range(first + 1, first + BLOCK))
                number = first
        return number


_of_process: WeakKeyDictionary[Database, OrderNumbers] = WeakKeyDictionary()


def order_numbers(database: Database) -> OrderNumbers:
    """The one giver of numbers for this database in this process."""
    return _of_process.setdefault(database, OrderNumbers(database))
