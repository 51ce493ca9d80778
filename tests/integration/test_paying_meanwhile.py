"""A cart that is edited or placed just as somebody begins to pay it, unseen by either."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.support.tills import Till, open_till
from tests.support.waiting import held_up, until_waiting
from tradewind.carts import service as carts
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    add_line,
    cart_edited,
    choose_shipping,
    place,
    quote,
    start_payment,
)
from tradewind.contracts.errors import Conflict
from tradewind.database import Database
from tradewind.pricing.service import create_tax_rate

PUSH = StartRequest(provider="push", inputs={"phone": "+254700000001"})


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", 1_000, on_hand=100)
        yield opened


async def test_a_line_is_not_added_unseen_by_an_attempt_that_begins_meanwhile(
    till: Till, owner: "asyncpg.Connection[Any]"
) -> None:
    cart = await quote(till.engine, till.store, (await till.cart(("MUG", 1))).id)
    mug = cart.lines[0].variant_id

    async def add() -> None:
        async with till.database.transaction(till.store.id) as tx:
            assert await add_line(tx, cart.id, None, mug, 1) is None
            await carts.add_line(tx, await carts.lock_cart(tx, cart.id), mug, 1)
            await cart_edited(tx, cart.id)

    async with held_up(owner, "shop.payment_sessions", "BEFORE INSERT"):
        paying = asyncio.create_task(start_payment(till.engine, till.store, cart.id, PUSH))
        await until_waiting(owner)
        adding = asyncio.create_task(add())
        await until_waiting(owner, 2)
    await adding
    await paying
    assert (await till.session(cart)).status == "voided"


async def test_an_attempt_that_begins_while_the_cart_is_placed_is_called_off(
    till: Till, owner: "asyncpg.Connection[Any]"
) -> None:
    cart = await till.cart(("MUG", 1))
    await choose_shipping(till.engine, till.store, cart.id, str(till.shop.delivery))
    async with held_up(owner, "shop.payment_sessions", "BEFORE INSERT"):
        paying = asyncio.create_task(start_payment(till.engine, till.store, cart.id, PUSH))
        await until_waiting(owner)
        wanted = place(till.engine, till.store, cart.id, "manual", "cash_on_delivery")
        placing = asyncio.create_task(wanted)
        await until_waiting(owner, 2)
    order = await placing
    await asyncio.gather(paying, return_exceptions=True)
    statuses = await till.rows(
        """SELECT status, order_id FROM shop.payment_sessions
           WHERE store_id = $1 AND cart_id = $2""",
        cart.id,
    )
    assert {row["order_id"]: row["status"] for row in statuses} == {
        None: "voided",
        order.id: "open",
    }
    with pytest.raises(Conflict):
        await start_payment(till.engine, till.store, cart.id, PUSH)


async def test_who_pays_what_was_shown_before_the_price_tables_changed_is_refused(
    till: Till,
) -> None:
    shown = await quote(till.engine, till.store, (await till.cart(("MUG", 1))).id)
    async with till.database.transaction(till.store.id) as tx:
        await create_tax_rate(tx, till.shop.region.id, "10")
    now = await quote(till.engine, till.store, shown.id)
    assert (shown.total, now.total) == (1_000, 1_100)
    assert now.version > shown.version
    with pytest.raises(Conflict) as refused:
        await start_payment(till.engine, till.store, shown.id, PUSH, quoted=shown)
    assert refused.value.reason == "cart_changed"
    assert (await quote(till.engine, till.store, shown.id)).version == now.version
    assert (await start_payment(till.engine, till.store, shown.id, PUSH)).amount == 1_100
