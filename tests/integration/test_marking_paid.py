"""The merchant's word: orders marked as paid, once, in parts, and of this store alone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.moneybooks import PRICE, PUSH, cases_of, events_of, ledger_of, order_now
from tests.support.tills import Till, open_till
from tradewind.checkout.service import (
    cancel_order,
    expire_order,
    mark_paid,
    place,
)
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound
from tradewind.database import Database
from tradewind.orders.service import timeline
from tradewind.settings.service import audit_log


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", PRICE)
        yield opened


async def test_the_merchant_marks_an_order_paid_in_parts(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "manual", "cash_on_delivery")
    part = await mark_paid(till.engine, till.store, order.id, "owner", 100_000, "half now")
    assert (part.payment_status, part.due) == ("partially_paid", 29_900)
    with pytest.raises(Conflict) as refused:
        await mark_paid(till.engine, till.store, order.id, "owner", 30_000)
    assert refused.value.reason == "amount_too_large"
    paid = await mark_paid(till.engine, till.store, order.id, "owner")
    assert (paid.payment_status, paid.paid_total) == ("paid", PRICE)
    with pytest.raises(Conflict) as refused:
        await mark_paid(till.engine, till.store, order.id, "owner")
    assert refused.value.reason == "already_paid"
    for amount in (0, -5):
        with pytest.raises((InvalidInput, Conflict)):
            await mark_paid(till.engine, till.store, order.id, "owner", amount)
    assert await events_of(till) == ["order.placed", "payment.paid"]
    assert await ledger_of(till) == {"provider:manual": PRICE, "sales": -PRICE}
    assert await cases_of(till) == []
    async with till.database.transaction(till.store.id) as tx:
        log = [entry.action for entry in await audit_log(tx)]
        entries = [entry.type for entry in await timeline(tx, order.id)]
    assert log.count("order.marked_paid") == 2
    assert entries == ["order.placed", "payment", "marked_paid", "payment", "marked_paid"]


async def test_marking_paid_twice_with_one_operation_id_counts_once(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "manual", "cash_on_delivery")
    both = await asyncio.gather(
        *(
            mark_paid(till.engine, till.store, order.id, "owner", 100, operation_id="op-1")
            for _ in range(2)
        )
    )
    assert {one.paid_total for one in both} == {100}


async def test_marking_a_pending_order_paid_places_it(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    paid = await mark_paid(till.engine, till.store, order.id, "owner")
    assert (paid.status, paid.payment_status) == ("processing", "paid")
    assert "order.placed" in await events_of(till)


async def test_a_canceled_order_takes_no_payment_and_a_paid_one_is_not_canceled(
    till: Till,
) -> None:
    first = await place(till.engine, till.store, (await till.cart(("MUG", 1))).id, "manual")
    canceled = await cancel_order(till.engine, till.store, first.id, "owner", "no stock")
    assert canceled.status == "canceled"
    with pytest.raises(Conflict) as refused:
        await mark_paid(till.engine, till.store, first.id, "owner")
    assert refused.value.reason == "order_closed"
    second = await place(till.engine, till.store, (await till.cart(("MUG", 1))).id, "manual")
    await mark_paid(till.engine, till.store, second.id, "owner")
    with pytest.raises(Conflict) as refused:
        await cancel_order(till.engine, till.store, second.id, "owner")
    assert refused.value.reason == "order_paid"
    assert await events_of(till) == [
        "order.placed",
        "order.canceled",
        "order.placed",
        "payment.paid",
    ]


async def test_another_stores_order_cannot_be_marked_or_canceled(
    database: Database, till: Till
) -> None:
    order = await place(till.engine, till.store, (await till.cart(("MUG", 1))).id, "manual")
    async with open_till(database, slug="theirs") as theirs:
        for journey in (
            mark_paid(theirs.engine, theirs.store, order.id, "owner"),
            cancel_order(theirs.engine, theirs.store, order.id, "owner"),
            expire_order(theirs.engine, theirs.store, order.id),
        ):
            with pytest.raises(NotFound):
                await journey
    assert (await order_now(till, order)).status == "processing"
