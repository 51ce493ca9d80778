"""While a shopper waits at a page the provider is asked, though not too often."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.shops import make_shop
from tests.support.tills import Till, open_till
from tradewind.checkout.links import opens
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    asking,
    look_up_order,
    place,
    providers,
)
from tradewind.contracts.errors import ProviderFault
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Database
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order
from tradewind.testing.clock import ManualClock

PUSH = StartRequest(provider="push", inputs={"phone": "+254700000001"})
PRICE = 129_900


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", PRICE)
        yield opened


@pytest.fixture
async def order(till: Till) -> Order:
    """Waits for an approval on the phone."""
    cart = await till.cart(("MUG", 1))
    return await place(till.engine, till.store, cart.id, "push", request=PUSH)


async def now(till: Till, order: Order) -> Order:
    async with till.database.transaction(till.store.id) as tx:
        return await get_order(tx, order.id)


async def test_money_that_no_webhook_told_of_is_found_at_once(till: Till, order: Order) -> None:
    till.push.says = [till.fact(PRICE)]
    await look_up_order(till.engine, till.store, order.id)
    paid = await now(till, order)
    assert (paid.status, paid.payment_status) == ("processing", "paid")


async def test_money_that_came_counts_also_when_not_everything_can_be_told(
    till: Till, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def in_part(*_: Any) -> PaymentResult:
        return PaymentResult(status="unknown", facts=[till.fact(PRICE)])

    monkeypatch.setattr(till.push, "fetch", in_part)
    await look_up_order(till.engine, till.store, order.id)
    assert (await now(till, order)).payment_status == "paid"


async def test_the_provider_is_asked_once_in_five_seconds_by_however_many(
    till: Till, order: Order, clock: ManualClock
) -> None:
    asked = [look_up_order(till.engine, till.store, order.id) for _ in range(10)]
    await asyncio.gather(*asked)
    assert till.push.fetched == 1
    clock.advance(4)
    await look_up_order(till.engine, till.store, order.id)
    assert till.push.fetched == 1
    clock.advance(1)
    await look_up_order(till.engine, till.store, order.id)
    assert till.push.fetched == 2


async def test_a_look_up_from_a_page_leaves_the_plan_of_look_ups_as_it_is(
    till: Till, order: Order
) -> None:
    jobs = "SELECT count(*) FROM control.jobs WHERE kind = 'poll_payment'"
    before = await till.database.pool.fetchval(jobs)
    await look_up_order(till.engine, till.store, order.id)
    assert till.push.fetched == 1
    assert await till.database.pool.fetchval(jobs) == before


async def test_nobody_is_asked_about_an_order_that_waits_for_nothing(
    till: Till, order: Order
) -> None:
    till.push.says = [till.fact(PRICE)]
    await look_up_order(till.engine, till.store, order.id)
    fetched = till.push.fetched
    await look_up_order(till.engine, till.store, order.id)
    assert till.push.fetched == fetched


async def test_a_provider_that_fails_or_hangs_changes_nothing_and_keeps_nobody_waiting(
    till: Till, order: Order, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> PaymentResult:
        raise ProviderFault("away", permanent=True)

    async def hangs(*_: Any) -> PaymentResult:
        await asyncio.Event().wait()
        return PaymentResult(status="unknown")

    monkeypatch.setattr(asking, "SECONDS", 0.02)
    assert providers.SECONDS > 1
    for trouble in (fails, hangs):
        monkeypatch.setattr(till.push, "fetch", trouble)
        await look_up_order(till.engine, till.store, order.id)
        assert (await now(till, order)).status == "pending"
        clock.advance(5)


async def test_an_order_of_another_store_is_not_looked_up(
    database: Database, till: Till, order: Order
) -> None:
    other = (await make_shop(database, "other")).store
    await look_up_order(till.engine, other, order.id)
    assert till.push.fetched == 0


async def test_who_comes_back_from_the_provider_may_try_again(till: Till, order: Order) -> None:
    _, _, token = till.push.started[0].return_url.partition("?token=")
    assert opens(till.engine, till.store, order.id, "pay", token)
