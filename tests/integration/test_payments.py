"""Money on PostgreSQL: reports in any order, late money, look-ups."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from tests.support.moneybooks import PRICE, PUSH, cases_of, events_of, ledger_of, order_now, told
from tests.support.tills import Till, open_till
from tradewind.carts.service import add_line, get_cart
from tradewind.cases.service import list_cases
from tradewind.checkout.service import (
    cancel_order,
    complete,
    expire_order,
    expire_orders,
    mark_paid,
    pay_order,
    payment_reported,
    place,
    poll_payment,
    reporting,
    start_payment,
)
from tradewind.contracts.errors import Conflict, NotFound
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Database
from tradewind.inventory.service import levels
from tradewind.orders.service import order_of_cart, payments_of, timeline
from tradewind.testing.clock import ManualClock


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", PRICE)
        yield opened


async def test_a_paid_cart_is_placed_by_the_report_alone(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    session = await start_payment(till.engine, till.store, cart.id, PUSH)
    assert (session.status, session.amount) == ("open", PRICE)
    report = told(till.fact(PRICE))
    await payment_reported(till.engine, till.store, session.payment_id, report, "webhook")
    async with till.database.transaction(till.store.id) as tx:
        order = await order_of_cart(tx, cart.id)
    assert order is not None
    assert (order.status, order.payment_status, order.paid_total) == ("processing", "paid", PRICE)
    assert await events_of(till) == ["payment.paid", "order.placed"]
    assert await ledger_of(till) == {"provider:push": PRICE, "sales": -PRICE}
    assert (await till.session(cart)).status == "completed"
    assert (await complete(till.engine, till.store, cart.id)).id == order.id


async def test_fifty_copies_of_a_report_and_the_client_make_one_order(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    session = await start_payment(till.engine, till.store, cart.id, PUSH)
    report = told(till.fact(PRICE))
    till.push.says = [till.fact(PRICE)]
    await asyncio.gather(
        *(
            payment_reported(till.engine, till.store, session.payment_id, report, "webhook")
            for _ in range(50)
        ),
        complete(till.engine, till.store, cart.id),
    )
    assert await till.value("SELECT count(*) FROM shop.orders WHERE store_id = $1") == 1
    assert await till.value("SELECT count(*) FROM shop.payment_facts WHERE store_id = $1") == 1
    assert sorted(await events_of(till)) == ["order.placed", "payment.paid"]
    assert await ledger_of(till) == {"provider:push": PRICE, "sales": -PRICE}
    assert await cases_of(till) == []


async def test_every_order_of_the_same_reports_ends_the_same(till: Till) -> None:
    facts = [
        till.fact(PRICE, "failed", object_id="attempt-1"),
        till.fact(PRICE, object_id="attempt-2"),
        till.fact(30_000, kind="refund", object_id="refund-1"),
        till.fact(PRICE, "failed", object_id="attempt-2"),
    ]
    ends = set()
    for arrangement in list(permutations(facts))[::3]:
        cart = await till.cart(("MUG", 1))
        session = await start_payment(till.engine, till.store, cart.id, PUSH)
        for fact in (*arrangement, arrangement[0]):
            report = told(fact, status="pending")
            await payment_reported(till.engine, till.store, session.payment_id, report, "webhook")
        async with till.database.transaction(till.store.id) as tx:
            order = await order_of_cart(tx, cart.id)
            assert order is not None
            [payment] = await payments_of(tx, order.id)
        ends.add(
            (
                order.status,
                order.payment_status,
                order.paid_total,
                order.refunded_total,
                payment.status,
                payment.captured,
                payment.refunded,
            )
        )
    assert ends == {
        ("processing", "partially_refunded", PRICE, 30_000, "partially_refunded", PRICE, 30_000)
    }


async def test_a_report_that_is_not_trusted_is_looked_up_first(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    session = await start_payment(till.engine, till.store, cart.id, PUSH)
    lie = told(till.fact(PRICE), trusted=False)
    await payment_reported(till.engine, till.store, session.payment_id, lie, "webhook")
    assert till.push.fetched == 1
    async with till.database.transaction(till.store.id) as tx:
        assert await order_of_cart(tx, cart.id) is None


async def test_a_declined_payment_leaves_a_cart_that_can_be_paid_again(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    first = await start_payment(till.engine, till.store, cart.id, PUSH)
    declined = told(till.fact(PRICE, "failed"), status="failed")
    await payment_reported(till.engine, till.store, first.payment_id, declined, "webhook")
    assert await events_of(till) == ["payment.failed"]
    with pytest.raises(Conflict) as refused:
        await complete(till.engine, till.store, cart.id)
    assert refused.value.reason == "payment_not_completed"
    second = await start_payment(till.engine, till.store, cart.id, PUSH)
    paid = told(till.fact(PRICE, object_id="charge-2"))
    await payment_reported(till.engine, till.store, second.payment_id, paid, "webhook")
    order = await complete(till.engine, till.store, cart.id)
    assert order.payment_status == "paid"


async def test_a_decline_at_once_is_an_answer_not_an_error(till: Till) -> None:
    till.push.on_start = lambda _: PaymentResult(
        status="failed", code="insufficient_funds", message="Not enough money."
    )
    cart = await till.cart(("MUG", 1))
    session = await start_payment(till.engine, till.store, cart.id, PUSH)
    assert (session.status, session.code) == ("failed", "insufficient_funds")
    async with till.database.transaction(till.store.id) as tx:
        assert (await levels(tx, "MUG")).held == 0


async def test_money_for_an_older_snapshot_places_what_was_paid(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    old = await start_payment(till.engine, till.store, cart.id, PUSH)
    async with till.database.transaction(till.store.id) as tx:
        now = await get_cart(tx, cart.id)
        await add_line(tx, now, now.lines[0].variant_id, 1)
    await start_payment(till.engine, till.store, cart.id, PUSH)
    assert len(till.push.canceled) == 1
    report = told(till.fact(PRICE))
    await payment_reported(till.engine, till.store, old.payment_id, report, "webhook")
    async with till.database.transaction(till.store.id) as tx:
        order = await order_of_cart(tx, cart.id)
    assert order is not None
    assert (order.total, order.paid_total, order.lines[0].quantity) == (PRICE, PRICE, 1)


async def test_money_that_comes_twice_is_a_case(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    first = await start_payment(till.engine, till.store, cart.id, PUSH)
    second = await start_payment(till.engine, till.store, cart.id, PUSH)
    for number, session in enumerate((first, second)):
        report = told(till.fact(PRICE, object_id=f"charge-{number}"))
        await payment_reported(till.engine, till.store, session.payment_id, report, "webhook")
    assert await till.value("SELECT count(*) FROM shop.orders WHERE store_id = $1") == 1
    assert await cases_of(till) == ["paid_not_placed"]
    assert (await ledger_of(till))["sales"] == -2 * PRICE


async def test_money_for_goods_that_are_gone_is_a_case(till: Till, clock: ManualClock) -> None:
    await till.stock("RARE", 5000, on_hand=1)
    slow, quick = await till.cart(("RARE", 1)), await till.cart(("RARE", 1))
    session = await start_payment(till.engine, till.store, slow.id, PUSH)
    clock.advance(16 * 60)
    await place(till.engine, till.store, quick.id, "manual")
    report = told(till.fact(5000))
    await payment_reported(till.engine, till.store, session.payment_id, report, "webhook")
    async with till.database.transaction(till.store.id) as tx:
        [case] = await list_cases(tx)
        assert await order_of_cart(tx, slow.id) is None
    assert (case.kind, case.amount) == ("paid_not_placed", 5000)
    assert case.actions == ["close"]


async def test_money_for_a_canceled_order_is_a_case(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    session = await till.session(cart)
    await cancel_order(till.engine, till.store, order.id, "owner", "changed mind")
    assert len(till.push.canceled) == 1
    report = told(till.fact(PRICE))
    await payment_reported(till.engine, till.store, session.payment_id, report, "webhook")
    assert await cases_of(till) == ["late_payment"]
    assert (await order_now(till, order)).status == "canceled"
    assert (await order_now(till, order)).paid_total == PRICE


async def test_another_amount_or_currency_is_a_case_and_places_nothing(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    session = await start_payment(till.engine, till.store, cart.id, PUSH)
    for fact in (
        till.fact(PRICE - 1, object_id="short"),
        till.fact(PRICE, object_id="dollars", currency="USD"),
    ):
        await payment_reported(till.engine, till.store, session.payment_id, told(fact), "webhook")
    assert sorted(await cases_of(till)) == ["currency_mismatch", "shortfall"]
    async with till.database.transaction(till.store.id) as tx:
        assert await order_of_cart(tx, cart.id) is None


async def test_another_stores_payment_does_not_exist(database: Database, till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    session = await start_payment(till.engine, till.store, cart.id, PUSH)
    async with open_till(database, slug="theirs") as theirs:
        report = told(till.fact(PRICE))
        with pytest.raises(NotFound):
            await payment_reported(
                theirs.engine, theirs.store, session.payment_id, report, "webhook"
            )


async def test_an_order_paid_online_stays_pending_until_the_money_is_certain(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    assert (order.status, order.payment_status) == ("pending", "awaiting")
    assert await events_of(till) == []
    async with till.database.transaction(till.store.id) as tx:
        assert (await levels(tx, "MUG")).reserved == 1
    session = await till.session(cart)
    till.push.says = [till.fact(PRICE)]
    await poll_payment(till.engine, till.store, session.id)
    paid = await order_now(till, order)
    assert (paid.status, paid.payment_status) == ("processing", "paid")
    assert await events_of(till) == ["payment.paid", "order.placed"]
    async with till.database.transaction(till.store.id) as tx:
        entries = [entry.type for entry in await timeline(tx, order.id)]
    assert entries == ["order.created", "payment", "order.placed"]


async def test_look_ups_follow_the_plan_until_the_time_is_over(
    till: Till, clock: ManualClock
) -> None:
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    session = await till.session(cart)
    due = "SELECT run_at FROM control.jobs WHERE kind = 'poll_payment' ORDER BY id DESC LIMIT 1"
    first = await till.database.pool.fetchval(due)
    assert first == clock.now() + timedelta(seconds=5)
    clock.advance(5)
    await poll_payment(till.engine, till.store, session.id)
    assert till.push.fetched == 1
    assert await till.database.pool.fetchval(due) == first + timedelta(seconds=5)
    clock.advance(600)
    await poll_payment(till.engine, till.store, session.id)
    assert len(till.push.canceled) == 1
    assert (await order_now(till, order)).status == "pending"
    assert await events_of(till) == ["payment.failed"]
    fetched = till.push.fetched
    await poll_payment(till.engine, till.store, session.id)
    assert till.push.fetched == fetched


async def test_an_order_paid_at_the_last_moment_does_not_expire(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    session = await till.session(cart)
    report = told(till.fact(PRICE))
    await payment_reported(till.engine, till.store, session.payment_id, report, "webhook")
    assert (await expire_order(till.engine, till.store, order.id)).status == "processing"


async def test_a_declined_order_can_be_paid_by_another_attempt(till: Till) -> None:
    waits = till.push.on_start
    till.push.on_start = lambda _: PaymentResult(status="failed", code="no_funds")
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    assert order.status == "pending"
    assert (await till.session(cart)).status == "failed"
    till.push.on_start = waits
    session = await pay_order(till.engine, till.store, order.id, PUSH)
    report = told(till.fact(PRICE))
    await payment_reported(till.engine, till.store, session.payment_id, report, "webhook")
    paid = await order_now(till, order)
    assert (paid.status, paid.payment_status) == ("processing", "paid")
    with pytest.raises(Conflict) as refused:
        await pay_order(till.engine, till.store, order.id, PUSH)
    assert refused.value.reason == "order_closed"


async def test_an_order_nobody_pays_expires_though_its_attempt_failed(
    till: Till, clock: ManualClock
) -> None:
    till.push.on_start = lambda _: PaymentResult(status="failed", code="no_funds")
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    assert await expire_orders(till.engine, till.store) == 0
    clock.advance(3600)
    assert await expire_orders(till.engine, till.store) == 1
    assert (await order_now(till, order)).status == "expired"
    async with till.database.transaction(till.store.id) as tx:
        assert (await levels(tx, "MUG")).available == 100


async def test_cash_for_an_order_that_waits_for_a_provider_is_not_booked_as_the_providers(
    till: Till,
) -> None:
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    paid = await mark_paid(till.engine, till.store, order.id, "owner")
    assert (paid.status, paid.payment_status) == ("processing", "paid")
    async with till.database.transaction(till.store.id) as tx:
        came = {one.provider: one.captured for one in await payments_of(tx, order.id)}
    assert came == {"push": 0, "manual": PRICE}


async def test_an_order_that_is_paid_in_part_does_not_expire_and_holds_up_no_other(
    till: Till, clock: ManualClock
) -> None:
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    session = await till.session(cart)
    report = told(till.fact(PRICE - 1))
    await payment_reported(till.engine, till.store, session.payment_id, report, "webhook")
    clock.advance(3601)
    assert await expire_orders(till.engine, till.store) == 0
    assert (await order_now(till, order)).status == "pending"


async def test_money_whose_order_was_never_placed_is_placed_by_the_next_look_up(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart = await till.cart(("MUG", 1))
    session = await start_payment(till.engine, till.store, cart.id, PUSH)

    async def dies(*_: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(reporting, "settle", dies)
        with pytest.raises(ConnectionResetError):
            await payment_reported(
                till.engine, till.store, session.payment_id, told(till.fact(PRICE)), "webhook"
            )
    await poll_payment(till.engine, till.store, session.id)
    async with till.database.transaction(till.store.id) as tx:
        order = await order_of_cart(tx, cart.id)
    assert order is not None
    assert order.payment_status == "paid"
