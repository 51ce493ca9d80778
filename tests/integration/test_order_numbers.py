"""Order numbers: short, per store, never given twice, though every process has its own block."""

import asyncio

from tests.support.shops import make_shop
from tradewind.checkout.numbers import BLOCK, OrderNumbers, order_numbers
from tradewind.database import Database


async def test_no_number_is_given_twice_by_two_processes(database: Database) -> None:
    shop = await make_shop(database)
    one, other = OrderNumbers(database), OrderNumbers(database)
    taken = await asyncio.gather(
        *(numbers.take(shop.store.id) for _ in range(BLOCK + 5) for numbers in (one, other))
    )
    assert len(set(taken)) == 2 * (BLOCK + 5)
    assert min(taken) == 1001


async def test_every_store_counts_by_itself(database: Database) -> None:
    first, second = await make_shop(database), await make_shop(database, "second")
    numbers = order_numbers(database)
    assert await numbers.take(first.store.id) == 1001
    assert await numbers.take(first.store.id) == 1002
    assert await numbers.take(second.store.id) == 1001
    assert order_numbers(database) is numbers
