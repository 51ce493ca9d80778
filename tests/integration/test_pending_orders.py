"""An order that waits for its money: its own time, one attempt after another, and late money."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.tills import Till, open_till
from tradewind.cases.service import Case, list_cases
from tradewind.checkout.rules import MOST_ATTEMPTS, StartRequest
from tradewind.checkout.service import (
    cancel_order,
    expire_order,
    expire_orders,
    mark_paid,
    pay_order,
    payment_reported,
    place,
    poll_payment,
    start_payment,
)
from tradewind.contracts.errors import Conflict, ProviderFault
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Database
from tradewind.inventory.service import levels
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order, timeline
from tradewind.payments.rules import PaymentSession
from tradewind.stores.service import StoreSettings, save_settings
from tradewind.testing.clock import ManualClock
from tradewind_host.worker import Worker

PUSH = StartRequest(provider="push", inputs={"phone": "+254700000001"})
PRICE = 129_900
HOUR = 3600


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", PRICE)
        yield opened


class Waiting:
    """An order that waits for money, and the ways in which it may come."""

    def __init__(self, till: Till, order: Order, session: PaymentSession) -> None:
        self.till, self.order_id, self.session = till, order.id, session

    async def now(self) -> Order:
        async with self.till.database.transaction(self.till.store.id) as tx:
            return await get_order(tx, self.order_id)

    async def again(self, request: StartRequest = PUSH) -> PaymentSession:
        self.session = await pay_order(self.till.engine, self.till.store, self.order_id, request)
        return self.session

    async def reported(
        self, session: PaymentSession, *facts: Any, status: Any = "succeeded"
    ) -> None:
        report = PaymentResult(status=status, facts=facts)
        engine, store = self.till.engine, self.till.store
        await payment_reported(engine, store, session.payment_id, report, "webhook")

    async def paid(self, session: PaymentSession, amount: int = PRICE) -> None:
        fact = self.till.fact(amount, object_id=f"charge-{session.id}")
        await self.reported(session, fact)

    async def poll(self, session: PaymentSession | None = None) -> None:
        found = session or self.session
        await poll_payment(self.till.engine, self.till.store, found.id)

    async def told(self) -> list[tuple[str, str]]:
        async with self.till.database.transaction(self.till.store.id) as tx:
            entries = await timeline(tx, self.order_id)
        return [(entry.type, str(entry.detail.get("code", ""))) for entry in entries]


async def waiting(till: Till) -> Waiting:
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    assert order.status == "pending"
    return Waiting(till, order, await till.session(cart))


async def events_of(till: Till) -> list[str]:
    rows = await till.rows("SELECT type FROM shop.events WHERE store_id = $1 ORDER BY id")
    return [row["type"] for row in rows]


async def cases_of(till: Till) -> list[Case]:
    async with till.database.transaction(till.store.id) as tx:
        return await list_cases(tx)


async def available(till: Till) -> int | None:
    async with till.database.transaction(till.store.id) as tx:
        return (await levels(tx, "MUG")).available


async def status_of(till: Till, session: PaymentSession) -> str:
    query = "SELECT status FROM shop.payment_sessions WHERE store_id = $1 AND id = $2"
    return str(await till.value(query, session.id))


# --- its own time ------------------------------------------------------------------------------


async def test_an_order_outlives_an_attempt_that_times_out(till: Till, clock: ManualClock) -> None:
    one = await waiting(till)
    assert (await one.now()).expires_at == clock.now() + timedelta(minutes=60)
    clock.advance(601)
    await one.poll()
    assert (await one.now()).status == "pending"
    assert await status_of(till, one.session) == "expired"
    assert [change.reason for change in till.push.canceled] == ["expired"]
    assert await events_of(till) == ["payment.failed"]
    assert ("payment_failed", "expired") in await one.told()
    assert await available(till) == 99


async def test_a_store_says_how_long_its_orders_wait(till: Till, clock: ManualClock) -> None:
    async with till.database.transaction(till.store.id) as tx:
        await save_settings(tx, StoreSettings(currency="KES", order_minutes=180))
    one = await waiting(till)
    assert (await one.now()).expires_at == clock.now() + timedelta(hours=3)


async def test_an_order_waits_at_least_as_long_as_its_attempt(
    till: Till, clock: ManualClock
) -> None:
    async with till.database.transaction(till.store.id) as tx:
        await save_settings(tx, StoreSettings(currency="KES", order_minutes=5))
    one = await waiting(till)
    assert (await one.now()).expires_at == one.session.expires_at
    clock.advance(400)
    later = await one.again()
    assert (await one.now()).expires_at == later.expires_at > clock.now() + timedelta(minutes=9)


async def test_an_order_expires_once_is_called_off_first_and_gives_its_stock_back(
    till: Till, clock: ManualClock
) -> None:
    one = await waiting(till)
    clock.advance(601)
    await one.poll()
    await one.again()
    clock.advance(HOUR - 602)
    assert await expire_orders(till.engine, till.store) == 0
    clock.advance(602)
    reserved: list[int | None] = []
    cancel = till.push.cancel

    async def seen(context: Any, change: Any) -> PaymentResult:
        reserved.append(await available(till))
        return await cancel(context, change)

    till.push.cancel = seen  # type: ignore[method-assign]
    assert await expire_orders(till.engine, till.store) == 1
    assert await expire_orders(till.engine, till.store) == 0
    await expire_order(till.engine, till.store, one.order_id)
    assert (await one.now()).status == "expired"
    assert reserved == [99]
    assert await available(till) == 100
    assert (await events_of(till)).count("order.expired") == 1


async def test_an_attempt_that_ends_with_its_order_is_told_as_the_orders_end(
    till: Till, clock: ManualClock
) -> None:
    async with till.database.transaction(till.store.id) as tx:
        await save_settings(tx, StoreSettings(currency="KES", order_minutes=5))
    one = await waiting(till)
    clock.advance(601)
    await one.poll()
    assert (await one.now()).status == "expired"
    assert await events_of(till) == ["order.expired"]


async def test_an_order_that_another_attempt_prolongs_while_it_is_called_off_goes_on_waiting(
    till: Till, clock: ManualClock
) -> None:
    one = await waiting(till)
    clock.advance(HOUR - 1)
    cancel = till.push.cancel

    async def prolonged(context: Any, change: Any) -> PaymentResult:
        till.push.cancel = cancel  # type: ignore[method-assign]
        clock.advance(-2)
        await one.again()
        clock.advance(2)
        return await cancel(context, change)

    till.push.cancel = prolonged  # type: ignore[method-assign]
    clock.advance(1)
    assert (await expire_order(till.engine, till.store, one.order_id)).status == "pending"
    assert await status_of(till, one.session) == "open"


async def test_a_provider_that_will_not_call_off_does_not_keep_the_stock(
    till: Till, clock: ManualClock
) -> None:
    one = await waiting(till)
    till.push.canceling = ProviderFault("no such request", permanent=True)
    clock.advance(HOUR)
    await expire_orders(till.engine, till.store)
    assert (await one.now()).status == "expired"
    assert till.push.fetched == 1


async def test_a_provider_that_is_away_is_waited_for_an_hour(
    till: Till, clock: ManualClock
) -> None:
    one = await waiting(till)
    till.push.canceling = ProviderFault("away", permanent=False)
    clock.advance(HOUR)
    await expire_orders(till.engine, till.store)
    assert (await one.now()).status == "pending"
    clock.advance(HOUR)
    await expire_orders(till.engine, till.store)
    assert (await one.now()).status == "expired"


async def test_money_that_comes_while_an_order_is_called_off_saves_it(
    till: Till, clock: ManualClock
) -> None:
    one = await waiting(till)
    till.push.canceling = ProviderFault("paid already", permanent=True)
    till.push.says = [till.fact(PRICE)]
    clock.advance(HOUR)
    await expire_orders(till.engine, till.store)
    assert ((await one.now()).status, (await one.now()).payment_status) == ("processing", "paid")


# --- another way -------------------------------------------------------------------------------


async def test_a_rejected_attempt_is_told_and_another_pays_the_order(till: Till) -> None:
    one = await waiting(till)
    await one.reported(one.session, till.fact(PRICE, "failed", object_id="no"), status="failed")
    assert (await one.now()).payment_status == "failed"
    assert await status_of(till, one.session) == "failed"
    second = await one.again()
    order = await one.now()
    assert (order.status, order.payment_status) == ("pending", "awaiting")
    await one.paid(second)
    assert ((await one.now()).status, (await one.now()).payment_status) == ("processing", "paid")
    assert await events_of(till) == ["payment.failed", "payment.paid", "order.placed"]
    assert await cases_of(till) == []


async def test_another_attempt_voids_the_older_and_calls_it_off(till: Till) -> None:
    one = await waiting(till)
    first = one.session
    await one.again()
    assert await status_of(till, first) == "voided"
    assert [change.payment_id for change in till.push.canceled] == [first.payment_id]
    assert "payment.failed" not in await events_of(till)


async def test_money_by_the_older_attempt_pays_and_the_newer_is_called_off(till: Till) -> None:
    one = await waiting(till)
    first, second = one.session, await one.again()
    await one.paid(first)
    assert ((await one.now()).status, (await one.now()).payment_status) == ("processing", "paid")
    assert await status_of(till, second) == "voided"
    await Worker(till.engine).work_off()
    called_off = [change.payment_id for change in till.push.canceled]
    assert called_off == [first.payment_id, second.payment_id]
    assert await cases_of(till) == []


async def test_money_by_both_attempts_is_a_case_of_the_excess(till: Till) -> None:
    one = await waiting(till)
    first, second = one.session, await one.again()
    await one.paid(first)
    await one.paid(second)
    [case] = await cases_of(till)
    assert (case.kind, case.amount, case.subject_id) == ("overpaid", PRICE, str(second.payment_id))
    assert (await events_of(till)).count("order.placed") == 1


async def test_cash_for_a_pending_order_calls_the_open_attempt_off(till: Till) -> None:
    one = await waiting(till)
    await mark_paid(till.engine, till.store, one.order_id, "owner")
    assert await status_of(till, one.session) == "voided"
    await Worker(till.engine).work_off()
    assert [change.payment_id for change in till.push.canceled] == [one.session.payment_id]


async def test_a_cart_ordered_another_way_calls_its_open_attempt_off(till: Till) -> None:
    cart = await till.cart(("MUG", 1))
    session = await start_payment(till.engine, till.store, cart.id, PUSH)
    await place(till.engine, till.store, cart.id, "manual")
    assert await status_of(till, session) == "voided"
    await Worker(till.engine).work_off()
    assert [change.payment_id for change in till.push.canceled] == [session.payment_id]


async def test_what_could_not_be_called_off_at_once_is_called_off_later(
    till: Till, clock: ManualClock
) -> None:
    one = await waiting(till)
    first = one.session
    till.push.canceling = ProviderFault("away", permanent=False)
    await one.again()
    till.push.canceling = None
    await Worker(till.engine).work_off()
    assert {change.payment_id for change in till.push.canceled} == {first.payment_id}


async def test_an_attempt_voided_while_its_start_is_under_way_is_called_off_when_it_answers(
    till: Till,
) -> None:
    one = await waiting(till)
    start = till.push.start
    outpaced: list[PaymentSession] = []

    async def slow(context: Any, payment: Any) -> PaymentResult:
        till.push.start = start  # type: ignore[method-assign]
        outpaced.append(await one.again())
        return await start(context, payment)

    till.push.start = slow  # type: ignore[method-assign]
    other = StartRequest(provider="push", inputs={"phone": "+254700000002"})
    voided = await pay_order(till.engine, till.store, one.order_id, other)
    assert voided.status == "voided"
    await Worker(till.engine).work_off()
    assert voided.payment_id in {change.payment_id for change in till.push.canceled}
    assert await status_of(till, outpaced[0]) == "open"


async def test_an_attempt_that_is_refused_late_leaves_the_stock_to_the_one_that_replaced_it(
    till: Till,
) -> None:
    cart = await till.cart(("MUG", 1))
    first, second = (
        StartRequest(provider="push", inputs={"phone": f"+25470000000{number}"})
        for number in (1, 2)
    )
    start, free = till.push.start, await available(till)

    async def refused(context: Any, payment: Any) -> PaymentResult:
        till.push.start = start  # type: ignore[method-assign]
        await start_payment(till.engine, till.store, cart.id, second)
        raise ProviderFault("no", permanent=True)

    till.push.start = refused  # type: ignore[method-assign]
    with pytest.raises(ProviderFault):
        await start_payment(till.engine, till.store, cart.id, first)
    assert free is not None
    assert await available(till) == free - 1


async def test_an_attempt_begun_while_its_order_is_called_off_is_called_off_as_well(
    till: Till,
) -> None:
    one = await waiting(till)
    first, cancel = one.session, till.push.cancel

    async def slow(context: Any, change: Any) -> PaymentResult:
        till.push.cancel = cancel  # type: ignore[method-assign]
        await one.again()
        return await cancel(context, change)

    till.push.cancel = slow  # type: ignore[method-assign]
    order = await cancel_order(till.engine, till.store, one.order_id, "shopper")
    assert order.status == "canceled"
    await Worker(till.engine).work_off()
    canceled = {change.payment_id for change in till.push.canceled}
    assert canceled == {first.payment_id, one.session.payment_id}


async def test_one_order_is_not_tried_for_ever(till: Till, clock: ManualClock) -> None:
    one = await waiting(till)
    for _ in range(MOST_ATTEMPTS - 1):
        await one.again()
    with pytest.raises(Conflict) as refused:
        await one.again()
    assert refused.value.reason == "too_many_attempts"


async def test_an_order_whose_time_is_over_takes_no_further_attempt(
    till: Till, clock: ManualClock
) -> None:
    one = await waiting(till)
    clock.advance(HOUR)
    with pytest.raises(Conflict) as refused:
        await one.again()
    assert refused.value.reason == "order_closed"


# --- late money --------------------------------------------------------------------------------


async def test_late_money_is_found_without_a_webhook(till: Till, clock: ManualClock) -> None:
    one = await waiting(till)
    clock.advance(HOUR)
    await expire_orders(till.engine, till.store)
    worker, asked = Worker(till.engine), till.push.fetched
    waits = (timedelta(minutes=15), timedelta(minutes=45), timedelta(hours=5))
    for number, wait in enumerate(waits, start=1):
        clock.advance(wait.total_seconds())
        await worker.work_off()
        assert till.push.fetched == asked + number
    till.push.says = [till.fact(PRICE)]
    clock.advance(18 * HOUR)
    await worker.work_off()
    [case] = await cases_of(till)
    assert (case.kind, case.amount) == ("late_payment", PRICE)
    assert (await one.now()).status == "expired"
    assert ("payment", "") in await one.told()
    asked = till.push.fetched
    clock.advance(48 * HOUR)
    await worker.work_off()
    assert till.push.fetched == asked


async def test_nobody_is_asked_for_ever(till: Till, clock: ManualClock) -> None:
    await waiting(till)
    clock.advance(HOUR)
    await expire_orders(till.engine, till.store)
    worker, asked = Worker(till.engine), till.push.fetched
    for _ in range(10):
        clock.advance(48 * HOUR)
        await worker.work_off()
    assert till.push.fetched == asked + 5


async def test_a_provider_that_is_away_is_asked_again_by_the_plan(
    till: Till, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waiting(till)
    clock.advance(HOUR)
    await expire_orders(till.engine, till.store)
    fetch = till.push.fetch

    async def away(*_: Any) -> PaymentResult:
        raise ProviderFault("away", permanent=True)

    monkeypatch.setattr(till.push, "fetch", away)
    clock.advance(15 * 60)
    await Worker(till.engine).work_off()
    monkeypatch.setattr(till.push, "fetch", fetch)
    till.push.says = [till.fact(PRICE)]
    clock.advance(45 * 60)
    await Worker(till.engine).work_off()
    assert [case.kind for case in await cases_of(till)] == ["late_payment"]


async def test_goods_on_account_are_not_asked_after(till: Till, clock: ManualClock) -> None:
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "manual")
    await cancel_order(till.engine, till.store, order.id, "owner")
    jobs = "SELECT count(*) FROM control.jobs WHERE kind = 'look_up_late'"
    assert await till.database.pool.fetchval(jobs) == 0
