"""Money that came late, twice, too much, too little or in another currency, and goes back."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.refunding import HOUR, MINUTE, PAGE, PRICE, Desk, open_desk, settled
from tradewind.cases.service import Case
from tradewind.checkout.service import (
    cancel_order,
    expire_orders,
    mark_paid,
    pay_order,
    place,
    poll_payment,
    refund_case,
    start_payment,
)
from tradewind.database import Database
from tradewind.orders.service import payments_of
from tradewind.payments.rules import Refund
from tradewind.testing.clock import ManualClock


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as desk:
        yield desk


async def give_back(desk: Desk, case: Case) -> list[Refund]:
    return await refund_case(desk.engine, desk.store, case, "owner")


async def test_late_money_goes_back_with_one_click_or_with_two(
    desk: Desk, clock: ManualClock
) -> None:
    cart = await desk.till.cart(("MUG", 1))
    order = await place(desk.engine, desk.store, cart.id, "bank", request=PAGE)
    session = await desk.till.session(cart)
    clock.advance(HOUR)
    await expire_orders(desk.engine, desk.store)
    desk.books.pays(str(session.payment_id))
    clock.advance(15 * MINUTE)
    await desk.worker.work_off()
    [case] = await desk.cases()
    assert (case.kind, case.amount, case.actions) == ("late_payment", PRICE, ["refund", "close"])
    both = await asyncio.gather(give_back(desk, case), give_back(desk, case))
    assert {one.id for refunds in both for one in refunds} == {both[0][0].id}
    assert desk.books.returned() == PRICE
    after = await desk.order(order.id)
    assert (after.status, after.payment_status) == ("expired", "refunded")


async def test_of_too_much_the_excess_goes_back_and_the_order_stays_paid(desk: Desk) -> None:
    order = await desk.paid(PRICE, 2500)
    [case] = await desk.cases()
    assert (case.kind, case.amount) == ("overpaid", 2500)
    await give_back(desk, case)
    await give_back(desk, case)
    assert desk.books.returned() == 2500
    after = await desk.order(order.id)
    assert (after.payment_status, after.refunded_total) == ("paid", 2500)
    assert len(await desk.cases()) == 1


async def test_an_order_paid_by_two_attempts_gives_the_second_back(desk: Desk) -> None:
    cart = await desk.till.cart(("MUG", 1))
    order = await place(desk.engine, desk.store, cart.id, "bank", request=PAGE)
    first = await desk.till.session(cart)
    second = await pay_order(desk.engine, desk.store, order.id, PAGE)
    for session in (first, second):
        fact = desk.books.pays(str(session.payment_id))
        async with desk.till.database.transaction(desk.store.id) as tx:
            payment = next(
                one for one in await payments_of(tx, order.id) if one.id == session.payment_id
            )
        await desk.told(payment, fact)
    [case] = await desk.cases()
    assert (case.kind, case.amount) == ("overpaid", PRICE)
    [refund] = await give_back(desk, case)
    assert refund.payment_id == second.payment_id
    after = await desk.order(order.id)
    assert (after.status, after.payment_status) == ("processing", "paid")


async def test_too_little_goes_back_and_the_order_ends_when_its_time_is_over(
    desk: Desk, clock: ManualClock
) -> None:
    order = await desk.paid(PRICE - 1)
    assert order.status == "pending"
    [case] = await desk.cases()
    assert (case.kind, case.amount) == ("shortfall", PRICE - 1)
    await give_back(desk, case)
    assert desk.books.returned() == PRICE - 1
    clock.advance(HOUR)
    await expire_orders(desk.engine, desk.store)
    assert (await desk.order(order.id)).status == "expired"


async def test_who_has_paid_too_little_is_not_told_that_nothing_came(
    desk: Desk, clock: ManualClock
) -> None:
    order = await desk.paid(PRICE - 1)
    clock.advance(HOUR)
    await desk.worker.work_off()
    statuses = "SELECT status FROM shop.payment_sessions WHERE store_id = $1"
    assert await desk.till.value(statuses) == "expired"
    assert await desk.events("payment.failed") == []
    assert "payment_failed" not in await desk.history(order)


async def test_what_was_missing_closes_the_case_when_it_comes(desk: Desk) -> None:
    order = await desk.paid(PRICE - 1)
    await mark_paid(desk.engine, desk.store, order.id, "owner")
    assert (await desk.order(order.id)).status == "processing"
    assert await desk.cases() == []


async def test_too_little_twice_with_the_first_given_back_is_still_too_little(desk: Desk) -> None:
    order = await desk.paid(6000)
    await desk.back(order)
    [payment] = await desk.payments(order)
    await desk.told(payment, desk.books.pays(str(payment.id), 6000))
    assert (await desk.order(order.id)).status == "pending"


async def test_once_too_little_went_back_all_is_due_again(desk: Desk) -> None:
    order = await desk.paid(6000)
    await desk.back(order)
    assert (await desk.order(order.id)).due == PRICE
    after = await mark_paid(desk.engine, desk.store, order.id, "owner")
    assert (after.status, after.payment_status, after.due) == ("processing", "paid", 0)


async def test_another_currency_goes_back_in_that_currency(desk: Desk) -> None:
    cart = await desk.till.cart(("MUG", 1))
    session = await start_payment(desk.engine, desk.store, cart.id, PAGE)
    desk.books.pays(str(session.payment_id), 9900, "USD")
    await poll_payment(desk.engine, desk.store, session.id)
    [case] = await desk.cases()
    assert (case.kind, case.amount, case.currency) == ("currency_mismatch", 9900, "USD")
    [refund] = await give_back(desk, case)
    assert (refund.status, refund.currency, refund.amount) == ("succeeded", "USD", 9900)
    await give_back(desk, case)
    assert desk.books.returned() == 9900
    await poll_payment(desk.engine, desk.store, session.id)
    assert len(await desk.cases()) == 1


async def test_money_that_could_not_be_placed_is_not_placed_once_it_goes_back(
    desk: Desk, clock: ManualClock
) -> None:
    await desk.till.stock("RARE", 5000, on_hand=1)
    slow, quick = await desk.till.cart(("RARE", 1)), await desk.till.cart(("RARE", 1))
    session = await start_payment(desk.engine, desk.store, slow.id, PAGE)
    clock.advance(16 * MINUTE)
    taken = await place(desk.engine, desk.store, quick.id, "manual")
    desk.books.pays(str(session.payment_id))
    await poll_payment(desk.engine, desk.store, session.id)
    [case] = await desk.cases()
    assert (case.kind, case.amount) == ("paid_not_placed", 5000)
    desk.books.refund_status = "pending"
    [refund] = await give_back(desk, case)
    await cancel_order(desk.engine, desk.store, taken.id, "owner")
    await poll_payment(desk.engine, desk.store, session.id)
    assert refund.provider_ref is not None
    desk.books.decide(refund.provider_ref, "succeeded")
    await settled(desk, clock, seconds=HOUR)
    await poll_payment(desk.engine, desk.store, session.id)
    count = "SELECT count(*) FROM shop.orders WHERE store_id = $1"
    assert await desk.till.value(count) == 1
    assert desk.books.returned() == 5000
