"""Stock on PostgreSQL: never oversold, a journal that adds up, holds that lapse."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.support.tills import Till, open_till
from tradewind.carts.rules import Cart, NewCart
from tradewind.carts.service import add_line, add_sku, get_cart, set_quantity
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    cancel_order,
    complete,
    hold_stock,
    place,
    start_payment,
)
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound, OutOfStock
from tradewind.database import Database, Transaction
from tradewind.inventory import queries as stock_rows
from tradewind.inventory.rules import Level
from tradewind.inventory.service import (
    levels,
    list_levels,
    receive,
    release_expired_holds,
    set_level,
)
from tradewind.orders.rules import Order
from tradewind.stores.service import StoreSettings, save_settings
from tradewind.testing.clock import ManualClock

CASH = StartRequest(provider="manual", method="cash_on_delivery")


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        yield opened


async def buy(till: Till, cart: Cart) -> Order | OutOfStock:
    try:
        return await place(till.engine, till.store, cart.id, "manual", "cash_on_delivery")
    except OutOfStock as refused:
        return refused


async def rush(till: Till, shoppers: int) -> list[Order]:
    """So many shoppers order one unit each at the same time; the orders that came of it."""
    carts = [await till.cart(("LAST", 1), email=f"{n}@example.com") for n in range(shoppers)]
    outcomes = await asyncio.gather(*(buy(till, cart) for cart in carts))
    return [one for one in outcomes if isinstance(one, Order)]


async def check_journal(till: Till) -> None:
    """The movements of each level sum to it."""
    rows = await till.rows(
        """SELECT l.sku, l.on_hand, l.reserved, l.held, m.on_hand AS moved_on_hand,
                  m.reserved AS moved_reserved, m.held AS moved_held
           FROM shop.inventory_levels l
           JOIN (SELECT variant_id, location_id, sum(on_hand) AS on_hand,
                        sum(reserved) AS reserved, sum(held) AS held
                 FROM shop.stock_movements WHERE store_id = $1
                 GROUP BY variant_id, location_id) m
               ON m.variant_id = l.variant_id AND m.location_id = l.location_id
           WHERE l.store_id = $1"""
    )
    assert rows
    for row in rows:
        assert row["on_hand"] == row["moved_on_hand"], row
        assert row["reserved"] == row["moved_reserved"], row
        assert row["held"] == row["moved_held"], row


async def test_thirty_parallel_orders_for_seven_units_give_seven(till: Till) -> None:
    await till.stock("LAST", on_hand=7)
    orders = await rush(till, 30)
    assert len(orders) == 7
    assert len({order.number for order in orders}) == 7
    async with till.database.transaction(till.store.id) as tx:
        level = await levels(tx, "LAST")
    assert (level.reserved, level.available) == (7, 0)
    await check_journal(till)


async def test_the_guard_is_what_keeps_stock_from_being_oversold(
    till: Till, owner: "asyncpg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    await till.stock("LAST", on_hand=7)
    guard = "AND (l.backorder OR l.on_hand - l.reserved - l.held + k.held >= k.quantity)"
    assert guard in stock_rows._RESERVE
    monkeypatch.setattr(stock_rows, "_RESERVE", stock_rows._RESERVE.replace(guard, ""))
    checks = await owner.fetch(
        """SELECT conname FROM pg_constraint
           WHERE conrelid = 'shop.inventory_levels'::regclass AND contype = 'c'
             AND pg_get_constraintdef(oid) LIKE '%reserved%'"""
    )
    for row in checks:
        await owner.execute(f'ALTER TABLE shop.inventory_levels DROP CONSTRAINT "{row[0]}"')
    orders = await rush(till, 30)
    assert len(orders) == 30


async def test_the_table_itself_refuses_when_only_the_statement_forgets(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    await till.stock("LAST", on_hand=1)
    guard = "AND (l.backorder OR l.on_hand - l.reserved - l.held + k.held >= k.quantity)"
    monkeypatch.setattr(stock_rows, "_RESERVE", stock_rows._RESERVE.replace(guard, ""))
    first, second = await till.cart(("LAST", 1)), await till.cart(("LAST", 1))
    assert isinstance(await buy(till, first), Order)
    with pytest.raises(asyncpg.CheckViolationError):
        await buy(till, second)


async def test_parallel_orders_of_the_same_goods_in_any_order_never_deadlock(till: Till) -> None:
    await till.stock("A", on_hand=1000)
    await till.stock("B", on_hand=1000)
    carts = [
        await till.cart(*([("A", 1), ("B", 1)] if number % 2 else [("B", 1), ("A", 1)]))
        for number in range(20)
    ]
    outcomes = await asyncio.gather(*(buy(till, cart) for cart in carts))
    assert all(isinstance(one, Order) for one in outcomes)
    await check_journal(till)


async def test_goods_on_backorder_are_sold_below_nothing(till: Till) -> None:
    await till.stock("SOON", on_hand=1)
    async with till.database.transaction(till.store.id) as tx:
        await set_level(tx, "SOON", backorder=True)
    order = await buy(till, await till.cart(("SOON", 5)))
    assert isinstance(order, Order)
    async with till.database.transaction(till.store.id) as tx:
        level = await levels(tx, "SOON")
    assert (level.available, level.backorder) == (-4, True)


async def test_canceling_gives_the_stock_back_once(till: Till) -> None:
    await till.stock("MUG", on_hand=5)
    order = await buy(till, await till.cart(("MUG", 2)))
    assert isinstance(order, Order)
    canceled = await asyncio.gather(
        *(cancel_order(till.engine, till.store, order.id, "owner") for _ in range(5))
    )
    assert {one.status for one in canceled} == {"canceled"}
    async with till.database.transaction(till.store.id) as tx:
        assert (await levels(tx, "MUG")).available == 5
    await check_journal(till)


async def test_a_session_holds_stock_and_its_own_order_uses_the_hold_up(till: Till) -> None:
    await till.stock("MUG", on_hand=2)
    mine, other = await till.cart(("MUG", 2)), await till.cart(("MUG", 1))
    await start_payment(till.engine, till.store, mine.id, CASH)
    async with till.database.transaction(till.store.id) as tx:
        assert (await levels(tx, "MUG")).held == 2
    assert isinstance(await buy(till, other), OutOfStock)
    await start_payment(till.engine, till.store, mine.id, CASH)
    order = await complete(till.engine, till.store, mine.id)
    assert order.status == "processing"
    async with till.database.transaction(till.store.id) as tx:
        level = await levels(tx, "MUG")
    assert (level.reserved, level.held, level.available) == (2, 0, 0)
    await check_journal(till)


async def test_a_lapsed_hold_makes_way_before_anybody_is_refused(
    till: Till, clock: ManualClock
) -> None:
    await till.stock("MUG", on_hand=2)
    sleeper, buyer = await till.cart(("MUG", 2)), await till.cart(("MUG", 2))
    await hold_stock(till.engine, till.store, sleeper.id)
    clock.advance(15 * 60 - 1)
    assert isinstance(await buy(till, buyer), OutOfStock)
    clock.advance(2)
    assert isinstance(await buy(till, buyer), Order)
    assert isinstance(await buy(till, sleeper), OutOfStock)
    await check_journal(till)


async def test_a_lapsed_hold_makes_way_before_a_cart_is_refused(
    till: Till, clock: ManualClock
) -> None:
    await till.stock("MUG", on_hand=3)
    sleeper, buyer = await till.cart(("MUG", 3)), NewCart(source="web", session_id="web:buyer")
    await hold_stock(till.engine, till.store, sleeper.id)
    async with till.database.transaction(till.store.id) as tx:
        with pytest.raises(OutOfStock):
            await add_sku(tx, buyer, "MUG", 1)
    clock.advance(15 * 60 + 1)
    async with till.database.transaction(till.store.id) as tx:
        cart = await add_sku(tx, buyer, "MUG", 1)
    assert (await free(till)).held == 0
    for more in (add_one, set_two):
        await hold_stock(till.engine, till.store, (await till.cart(("MUG", 2))).id)
        clock.advance(15 * 60 + 1)
        async with till.database.transaction(till.store.id) as tx:
            cart = await more(tx, await get_cart(tx, cart.id))
        assert cart.lines[0].quantity == 2
        assert (await free(till)).held == 0
        async with till.database.transaction(till.store.id) as tx:
            cart = await set_quantity(tx, cart, cart.lines[0].id, 1)
    await check_journal(till)


async def free(till: Till) -> Level:
    async with till.database.transaction(till.store.id) as tx:
        return await levels(tx, "MUG")


async def add_one(tx: Transaction, cart: Cart) -> Cart:
    return await add_line(tx, cart, cart.lines[0].variant_id, 1)


async def set_two(tx: Transaction, cart: Cart) -> Cart:
    return await set_quantity(tx, cart, cart.lines[0].id, 2)


async def test_holds_lapse_by_themselves(till: Till, clock: ManualClock) -> None:
    await till.stock("MUG", on_hand=2)
    await hold_stock(till.engine, till.store, (await till.cart(("MUG", 2))).id)
    clock.advance(15 * 60 + 1)
    async with till.database.transaction(till.store.id) as tx:
        assert await release_expired_holds(tx) == 1
        assert (await levels(tx, "MUG")).available == 2
    await check_journal(till)


async def test_one_address_cannot_hold_more_carts_than_the_store_allows(till: Till) -> None:
    await till.stock("MUG", on_hand=50)
    async with till.database.transaction(till.store.id) as tx:
        await save_settings(tx, StoreSettings(currency="KES", holds_per_address=2))
    carts = [await till.cart(("MUG", 1), email=f"{n}@example.com") for n in range(3)]
    for cart in carts[:2]:
        await hold_stock(till.engine, till.store, cart.id, network_address="192.0.2.1")
    with pytest.raises(Conflict) as refused:
        await hold_stock(till.engine, till.store, carts[2].id, network_address="192.0.2.1")
    assert refused.value.reason == "too_many_holds"
    await hold_stock(till.engine, till.store, carts[2].id, network_address="192.0.2.2")


async def test_the_merchant_sets_and_adjusts_stock(till: Till) -> None:
    await till.stock("MUG", on_hand=5)
    async with till.database.transaction(till.store.id) as tx:
        level = await set_level(tx, "mug", adjust=-2, reason="broken", actor="owner")
        assert (level.sku, level.on_hand) == ("MUG", 3)
        await receive(tx, {"MUG": 10}, actor="owner")
        page = await list_levels(tx, query="mu")
        for on_hand, adjust in ((None, None), (1, 1), (-1, None), (None, 10**15)):
            with pytest.raises(InvalidInput):
                await set_level(tx, "MUG", on_hand=on_hand, adjust=adjust)
        with pytest.raises(NotFound):
            await levels(tx, "NOPE")
    assert [(one.sku, one.on_hand) for one in page.items] == [("MUG", 10)]
    await check_journal(till)


async def test_stock_cannot_be_set_below_what_is_promised(till: Till) -> None:
    await till.stock("MUG", on_hand=5)
    await buy(till, await till.cart(("MUG", 3)))
    with pytest.raises(Conflict) as refused:
        async with till.database.transaction(till.store.id) as tx:
            await set_level(tx, "MUG", on_hand=2)
    assert refused.value.reason == "stock_promised"
    assert refused.value.detail == "3 of MUG are promised to orders and carts; 2 are fewer."
    async with till.database.transaction(till.store.id) as tx:
        assert (await levels(tx, "MUG")).on_hand == 5


async def test_another_stores_stock_does_not_exist(database: Database, till: Till) -> None:
    async with open_till(database, slug="theirs") as theirs:
        await theirs.stock("THEIRS")
        async with database.transaction(till.store.id) as tx:
            with pytest.raises(NotFound):
                await levels(tx, "THEIRS")
            with pytest.raises(NotFound):
                await set_level(tx, "THEIRS", on_hand=0)
