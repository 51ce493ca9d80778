"""Giving money back: never more than is here, never twice, whatever is lost on the way."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from tests.support.banks import BankPlugin, Books, Killed
from tests.support.tills import Till, open_till
from tradewind.cases.service import Case, close_case, list_cases
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    cancel_order,
    expire_orders,
    mark_paid,
    pay_order,
    payment_reported,
    place,
    poll_payment,
    providers,
    refund_case,
    refund_order,
    refund_payment,
    refunding,
    retry_refund,
    start_payment,
)
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound, ProviderFault
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Database
from tradewind.ledger.service import balances
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order, payments_of, timeline
from tradewind.payments.refund_queries import refunds_of
from tradewind.payments.rules import Payment, Refund, RefundLine
from tradewind.settings.service import audit_log, configure
from tradewind.testing.clock import ManualClock
from tradewind_host.worker import Worker

PRICE = 10_000
PAGE = StartRequest(provider="bank")
MINUTE, HOUR, DAY = 60, 3600, 86_400


class Desk:
    """A till with a bank, and what a merchant does at it."""

    def __init__(self, till: Till, books: Books) -> None:
        self.till, self.books = till, books
        self.engine, self.store = till.engine, till.store
        self.worker = Worker(till.engine)

    async def paid(self, *amounts: int, quantity: int = 1) -> Order:
        """An order that was paid on the bank's page, in as many parts."""
        cart = await self.till.cart(("MUG", quantity))
        order = await place(self.engine, self.store, cart.id, "bank", request=PAGE)
        session = await self.till.session(cart)
        for amount in amounts or (PRICE * quantity,):
            self.books.pays(str(session.payment_id), amount)
        await poll_payment(self.engine, self.store, session.id)
        return await self.order(order.id)

    async def order(self, order_id: UUID) -> Order:
        async with self.till.database.transaction(self.store.id) as tx:
            return await get_order(tx, order_id)

    async def payments(self, order: Order) -> list[Payment]:
        async with self.till.database.transaction(self.store.id) as tx:
            return await payments_of(tx, order.id)

    async def refunds(self, order: Order) -> list[Refund]:
        async with self.till.database.transaction(self.store.id) as tx:
            known = await payments_of(tx, order.id)
            return await refunds_of(tx, [one.id for one in known])

    async def back(self, order: Order, amount: int | None = None, **more: Any) -> list[Refund]:
        return await refund_order(self.engine, self.store, order.id, "owner", amount, **more)

    async def told(self, payment: Payment, *facts: Any, status: Any = "pending") -> None:
        report = PaymentResult(status=status, facts=facts)
        await payment_reported(self.engine, self.store, payment.id, report, "webhook")

    async def cases(self) -> list[Case]:
        async with self.till.database.transaction(self.store.id) as tx:
            return await list_cases(tx)

    async def ledger(self) -> dict[str, int]:
        async with self.till.database.transaction(self.store.id) as tx:
            found = {one.code: one.debit - one.credit for one in await balances(tx)}
        assert sum(found.values()) == 0
        return found

    async def events(self, kind: str) -> list[Any]:
        query = "SELECT payload FROM shop.events WHERE store_id = $1 AND type = $2 ORDER BY id"
        return await self.till.rows(query, kind)

    async def history(self, order: Order) -> list[str]:
        async with self.till.database.transaction(self.store.id) as tx:
            return [entry.type for entry in await timeline(tx, order.id)]


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    books = Books()
    async with open_till(database, BankPlugin(books)) as till:
        await till.stock("MUG", PRICE)
        yield Desk(till, books)


def parts(refunds: list[Refund]) -> list[tuple[str, int]]:
    return [(one.status, one.amount) for one in refunds]


# --- what is given back ------------------------------------------------------------------------


async def test_everything_goes_back_and_is_seen_everywhere(desk: Desk) -> None:
    order = await desk.paid()
    [refund] = await desk.back(order, reason="broken")
    assert (refund.status, refund.amount, refund.reason) == ("succeeded", PRICE, "broken")
    after = await desk.order(order.id)
    assert (after.payment_status, after.refunded_total) == ("refunded", PRICE)
    assert desk.books.returned() == PRICE
    assert await desk.ledger() == {"provider:bank": 0, "sales": -PRICE, "refunds": PRICE}
    assert len(await desk.events("order.refunded")) == 1
    assert "refund_requested" in await desk.history(order)
    async with desk.till.database.transaction(desk.store.id) as tx:
        [entry] = [one for one in await audit_log(tx) if one.action == "order.refunded"]
    assert (entry.actor, entry.detail["amount"]) == ("owner", PRICE)
    assert await desk.cases() == []


async def test_two_equal_parts_on_purpose_are_two_and_one_named_request_is_one(desk: Desk) -> None:
    order = await desk.paid()
    await desk.back(order, 1000, operation_id="op-a")
    await desk.back(order, 1000, operation_id="op-b")
    first = await desk.back(order, 2000, operation_id="op-1")
    again = await desk.back(order, 2000, operation_id="op-1")
    assert [one.id for one in first] == [one.id for one in again]
    assert desk.books.returned() == 4000
    after = await desk.order(order.id)
    assert (after.payment_status, after.refunded_total) == ("partially_refunded", 4000)
    assert len(await desk.events("order.refunded")) == 3


async def test_a_nameless_refund_said_again_gives_nothing_back_for_a_while(
    desk: Desk, clock: ManualClock
) -> None:
    order = await desk.paid()
    await desk.back(order, 1000)
    for _ in range(2):
        with pytest.raises(Conflict) as refused:
            await desk.back(order, 1000)
        assert refused.value.reason == "idempotency_key_required"
    [payment] = await desk.payments(order)
    await refund_payment(desk.engine, desk.store, payment.id, "owner", 1000)
    with pytest.raises(Conflict):
        await refund_payment(desk.engine, desk.store, payment.id, "owner", 1000)
    assert desk.books.returned() == 2000
    await desk.back(order, 1000, reason="another matter")
    clock.advance(10 * MINUTE + 1)
    await desk.back(order, 1000)
    assert desk.books.returned() == 4000


async def test_a_nameless_refund_that_failed_may_be_said_again(desk: Desk) -> None:
    order = await desk.paid()
    desk.books.trouble["refund"] = deque(["refused"])
    assert parts(await desk.back(order, 1000)) == [("failed", 1000)]
    assert parts(await desk.back(order, 1000)) == [("succeeded", 1000)]


async def test_more_than_is_here_is_refused_before_anybody_is_asked(desk: Desk) -> None:
    order = await desk.paid()
    with pytest.raises(Conflict) as refused:
        await desk.back(order, PRICE + 1)
    assert refused.value.reason == "refund_too_large"
    for nonsense in (0, -1):
        with pytest.raises(InvalidInput):
            await desk.back(order, nonsense)
    await desk.back(order, 4000)
    with pytest.raises(Conflict) as refused:
        await desk.back(order, 6001)
    assert refused.value.reason == "refund_too_large"
    await desk.back(order)
    for amount in (None, 1):
        with pytest.raises(Conflict) as refused:
            await desk.back(order, amount)
        assert refused.value.reason == "nothing_to_refund"
    assert desk.books.returned() == PRICE
    assert len(desk.books.made("refund")) == 2


async def test_an_unpaid_order_has_nothing_to_give_back(desk: Desk) -> None:
    cart = await desk.till.cart(("MUG", 1))
    order = await place(desk.engine, desk.store, cart.id, "manual")
    with pytest.raises(Conflict) as refused:
        await desk.back(order)
    assert refused.value.reason == "nothing_to_refund"


async def test_what_is_under_way_cannot_be_given_back_again(desk: Desk) -> None:
    order = await desk.paid()
    desk.books.refund_status = "pending"
    [refund] = await desk.back(order, 7000)
    assert refund.status == "pending"
    assert (await desk.order(order.id)).payment_status == "paid"
    with pytest.raises(Conflict) as refused:
        await desk.back(order, 3001)
    assert refused.value.reason == "refund_too_large"


@pytest.mark.parametrize(
    ("name", "refusals", "given_back"), [("op", 0, 3000), ("op-{}", 9, 9000), (None, 11, 3000)]
)
async def test_many_at_once_never_give_back_more_than_came(
    desk: Desk, name: str | None, refusals: int, given_back: int
) -> None:
    order = await desk.paid()
    names = [name.format(number) if name else None for number in range(12)]
    asked = (desk.back(order, 3000, operation_id=one) for one in names)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [one for one in answers if isinstance(one, BaseException)]
    assert all(isinstance(one, Conflict) for one in refused)
    assert len(refused) == refusals
    assert desk.books.returned() == given_back
    assert (await desk.order(order.id)).refunded_total == given_back


async def test_a_part_is_taken_from_what_has_most_left(desk: Desk) -> None:
    order = await desk.paid(2000, 5000, 3000)
    await desk.back(order, 6000)
    taken = {one.object_id: one.amount for one in await desk.refunds(order)}
    assert sorted(taken.values()) == [1000, 5000]
    await desk.back(order)
    assert desk.books.returned() == PRICE
    assert (await desk.order(order.id)).payment_status == "refunded"


async def test_money_that_came_in_several_ways_goes_back_in_each(desk: Desk) -> None:
    cart = await desk.till.cart(("MUG", 1))
    order = await place(desk.engine, desk.store, cart.id, "manual", "cash_on_delivery")
    await mark_paid(desk.engine, desk.store, order.id, "owner", 4000)
    await mark_paid(desk.engine, desk.store, order.id, "owner", 6000)
    await desk.back(order)
    assert await desk.ledger() == {"provider:manual": 0, "sales": -PRICE, "refunds": PRICE}
    assert parts(await desk.refunds(order)) == [("succeeded", 6000), ("succeeded", 4000)]


async def test_money_given_back_at_the_banks_own_desk_is_not_given_back_again(desk: Desk) -> None:
    order = await desk.paid()
    [payment] = await desk.payments(order)
    await desk.told(payment, desk.till.fact(8000, kind="refund", object_id="by-hand"))
    with pytest.raises(Conflict) as refused:
        await desk.back(order, 2001)
    assert refused.value.reason == "refund_too_large"
    await desk.back(order)
    assert desk.books.returned() == 2000


async def test_money_the_payer_took_back_through_their_bank_is_not_given_back_as_well(
    desk: Desk,
) -> None:
    order = await desk.paid()
    [payment] = await desk.payments(order)
    await desk.told(payment, desk.till.fact(PRICE, "pending", kind="dispute", object_id="d"))
    with pytest.raises(Conflict) as refused:
        await desk.back(order)
    assert refused.value.reason == "nothing_to_refund"
    await desk.told(payment, desk.till.fact(PRICE, "won", kind="dispute", object_id="d"))
    await desk.back(order)
    assert desk.books.returned() == PRICE


async def test_units_of_a_line_share_its_price_to_the_last_cent(desk: Desk) -> None:
    await desk.till.stock("SET", 3333)
    cart = await desk.till.cart(("MUG", 1), ("SET", 3))
    order = await place(desk.engine, desk.store, cart.id, "manual")
    await mark_paid(desk.engine, desk.store, order.id, "owner")
    line = next(one for one in order.lines if one.sku == "SET")
    one = [RefundLine(line_id=line.id, quantity=1)]
    names = ("first", "second", "third")
    given = [(await desk.back(order, lines=one, operation_id=name))[0] for name in names]
    assert sum(refund.amount for refund in given) == 9999
    assert given[0].lines == one
    with pytest.raises(InvalidInput) as refused:
        await desk.back(order, lines=one)
    assert refused.value.errors[0].path == "lines.0.quantity"
    with pytest.raises(InvalidInput) as refused:
        await desk.back(order, lines=[RefundLine(line_id=order.id, quantity=1)])
    assert refused.value.errors[0].path == "lines.0.line_id"


async def test_a_provider_that_gives_nothing_back_is_not_asked(database: Database) -> None:
    books = Books()
    async with open_till(database, BankPlugin(books, refund=False)) as till:
        await till.stock("MUG", PRICE)
        desk = Desk(till, books)
        order = await desk.paid()
        with pytest.raises(Conflict) as refused:
            await desk.back(order)
        assert refused.value.reason == "refund_not_offered"
        [payment] = await desk.payments(order)
        await desk.told(payment, till.fact(500, object_id="more"))
        [case] = await desk.cases()
        assert (case.kind, case.actions) == ("overpaid", ["close"])


async def test_a_provider_that_was_switched_off_still_gives_back(desk: Desk) -> None:
    order = await desk.paid()
    await configure(desk.engine, desk.store, "bank", actor="owner", enabled=False)
    [refund] = await desk.back(order)
    assert refund.status == "succeeded"


async def test_another_stores_order_and_payment_cannot_be_refunded(
    database: Database, desk: Desk
) -> None:
    order = await desk.paid()
    [payment] = await desk.payments(order)
    async with open_till(database, BankPlugin(Books()), slug="theirs") as theirs:
        with pytest.raises(NotFound):
            await refund_order(theirs.engine, theirs.store, order.id, "owner")
        with pytest.raises(NotFound):
            await refund_payment(theirs.engine, theirs.store, payment.id, "owner")
    assert desk.books.returned() == 0


async def test_an_order_of_which_everything_went_back_can_be_canceled(desk: Desk) -> None:
    order = await desk.paid()
    await desk.back(order)
    canceled = await cancel_order(desk.engine, desk.store, order.id, "owner")
    assert canceled.status == "canceled"


# --- what goes wrong on the way ----------------------------------------------------------------


async def settled(desk: Desk, clock: ManualClock, *, seconds: int = 2 * DAY) -> None:
    """Time passes, and the worker does what is due."""
    for _ in range(seconds // (10 * MINUTE)):
        clock.advance(10 * MINUTE)
        await desk.worker.work_off()


@pytest.mark.parametrize("trouble", ["busy", "lost", "silent"])
async def test_an_answer_that_is_lost_is_asked_for_again_as_the_same_operation(
    desk: Desk, clock: ManualClock, trouble: Any
) -> None:
    order = await desk.paid()
    desk.books.trouble["refund"] = deque([trouble, trouble])
    [refund] = await desk.back(order)
    assert refund.status == "pending"
    clock.advance(MINUTE)
    await desk.worker.work_off()
    clock.advance(5 * MINUTE)
    await desk.worker.work_off()
    assert parts(await desk.refunds(order)) == [("succeeded", PRICE)]
    assert desk.books.made("refund") == [refund.operation_id] * 3
    assert desk.books.returned() == (await desk.order(order.id)).refunded_total == PRICE
    await settled(desk, clock)
    assert len(desk.books.made("refund")) == 3


@pytest.mark.parametrize("moment", ["killed before", "killed after"])
async def test_a_process_that_dies_while_it_asks_leaves_the_rest_to_a_job(
    desk: Desk, clock: ManualClock, moment: Any
) -> None:
    order = await desk.paid()
    desk.books.trouble["refund"] = deque([moment])
    with pytest.raises(Killed):
        await desk.back(order)
    await settled(desk, clock)
    assert parts(await desk.refunds(order)) == [("succeeded", PRICE)]
    assert len(set(desk.books.made("refund"))) == 1
    assert desk.books.returned() == (await desk.order(order.id)).refunded_total == PRICE


async def test_a_process_that_dies_before_it_asks_leaves_the_rest_to_a_job(
    desk: Desk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await desk.paid()

    async def dies(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(refunding, "follow_refund", dies)
        with pytest.raises(Killed):
            await desk.back(order, operation_id="op")
    assert desk.books.made("refund") == []
    clock.advance(30)
    await desk.worker.work_off()
    assert parts(await desk.refunds(order)) == [("succeeded", PRICE)]
    assert parts(await desk.back(order, operation_id="op")) == [("succeeded", PRICE)]
    await settled(desk, clock)
    assert desk.books.returned() == PRICE
    assert len(desk.books.made("refund")) == 1


async def test_a_process_that_dies_before_it_writes_the_answer_down_leaves_the_rest_to_a_job(
    desk: Desk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await desk.paid()

    async def dies(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(refunding, "take_facts", dies)
        with pytest.raises(Killed):
            await desk.back(order)
    assert desk.books.returned() == PRICE
    await settled(desk, clock)
    assert parts(await desk.refunds(order)) == [("succeeded", PRICE)]
    assert desk.books.returned() == (await desk.order(order.id)).refunded_total == PRICE


async def test_two_workers_do_not_ask_at_the_same_time(desk: Desk, clock: ManualClock) -> None:
    order = await desk.paid()
    desk.books.trouble["refund"] = deque(["silent"])
    [refund] = await desk.back(order)
    clock.advance(MINUTE)
    await asyncio.gather(
        *(refunding.follow_refund(desk.engine, desk.store, refund.id, 1) for _ in range(5))
    )
    assert len(desk.books.made("refund")) == 2


async def test_a_refusal_is_a_case_and_the_money_can_be_given_back_again(desk: Desk) -> None:
    order = await desk.paid()
    desk.books.trouble["refund"] = deque(["refused"])
    [refund] = await desk.back(order)
    assert (refund.status, refund.code) == ("failed", "not_allowed")
    [case] = await desk.cases()
    assert (case.kind, case.amount, case.actions) == ("refund_failed", PRICE, ["retry", "close"])
    assert "refund_failed" in await desk.history(order)
    assert (await desk.order(order.id)).payment_status == "paid"
    [again] = await retry_refund(desk.engine, desk.store, refund.id, "owner")
    assert (again.status, again.operation_id != refund.operation_id) == ("succeeded", True)
    [same] = await retry_refund(desk.engine, desk.store, refund.id, "owner")
    assert same.id == again.id
    assert desk.books.returned() == PRICE
    assert await desk.cases() == []


async def test_a_refund_that_fails_again_is_the_same_case(desk: Desk) -> None:
    order = await desk.paid()
    desk.books.trouble["refund"] = deque(["refused", "refused"])
    [refund] = await desk.back(order)
    [again] = await retry_refund(desk.engine, desk.store, refund.id, "owner")
    assert again.status == "failed"
    assert len(await desk.cases()) == 1
    [third] = await retry_refund(desk.engine, desk.store, again.id, "owner")
    assert third.status == "succeeded"
    assert desk.books.returned() == PRICE


async def test_a_pending_refund_is_looked_up_until_it_is_decided(
    desk: Desk, clock: ManualClock
) -> None:
    order = await desk.paid()
    desk.books.refund_status = "pending"
    [refund] = await desk.back(order)
    clock.advance(MINUTE)
    await desk.worker.work_off()
    assert len(desk.books.made("refund")) == 1
    assert (await desk.refunds(order))[0].status == "pending"
    assert refund.provider_ref is not None
    desk.books.decide(refund.provider_ref, "succeeded")
    await settled(desk, clock, seconds=HOUR)
    assert parts(await desk.refunds(order)) == [("succeeded", PRICE)]
    asked = len(desk.books.made("fetch"))
    await settled(desk, clock)
    assert len(desk.books.made("fetch")) == asked


async def test_a_refund_that_fails_days_later_moves_itself_alone(
    desk: Desk, clock: ManualClock
) -> None:
    order = await desk.paid()
    [first] = await desk.back(order, 4000)
    [second] = await desk.back(order, 1000)
    [payment] = await desk.payments(order)
    clock.advance(3 * DAY)
    assert first.provider_ref is not None
    await desk.told(payment, desk.books.decide(first.provider_ref, "failed"))
    assert parts(await desk.refunds(order)) == [("failed", 4000), ("succeeded", 1000)]
    after = await desk.order(order.id)
    assert (after.payment_status, after.refunded_total) == ("partially_refunded", 1000)
    [case] = await desk.cases()
    assert (case.kind, case.amount, case.subject_id) == ("refund_failed", 4000, str(first.id))
    assert case.evidence["code"] == "account_closed"
    assert await desk.ledger() == {"provider:bank": 9000, "sales": -PRICE, "refunds": 1000}
    await desk.back(order)
    assert second.status == "succeeded"
    assert desk.books.returned() == PRICE


async def test_a_provider_that_never_answers_becomes_a_case_within_a_day(
    desk: Desk, clock: ManualClock
) -> None:
    order = await desk.paid()
    desk.books.trouble["refund"] = deque(["busy"] * 50)
    [refund] = await desk.back(order)
    await settled(desk, clock, seconds=DAY)
    [case] = await desk.cases()
    assert (case.kind, case.actions) == ("refund_failed", ["retry", "close"])
    asked = desk.books.made("refund")
    assert set(asked) == {refund.operation_id}
    assert len(asked) == refunding.REPEATS
    await settled(desk, clock, seconds=10 * DAY)
    assert len(desk.books.made("refund")) == refunding.REPEATS
    desk.books.trouble.clear()
    [again] = await retry_refund(desk.engine, desk.store, refund.id, "owner")
    assert (again.id, again.status) == (refund.id, "succeeded")
    assert desk.books.returned() == PRICE
    assert await desk.cases() == []


async def test_a_doubt_that_somebody_has_settled_is_not_brought_up_day_after_day(
    desk: Desk, clock: ManualClock
) -> None:
    order = await desk.paid()
    desk.books.trouble["refund"] = deque(["busy"] * 50)
    await desk.back(order)
    await settled(desk, clock, seconds=2 * DAY)
    [case] = await desk.cases()
    async with desk.till.database.transaction(desk.store.id) as tx:
        await close_case(tx, case.id, "owner", "given back by hand")
    await settled(desk, clock, seconds=3 * DAY)
    assert await desk.cases() == []


async def test_a_refund_that_was_made_unseen_is_looked_for_before_it_is_asked_for_anew(
    desk: Desk, clock: ManualClock
) -> None:
    order = await desk.paid()
    desk.books.trouble["refund"] = deque(["lost"] * 50)
    [refund] = await desk.back(order, 4000)
    await settled(desk, clock, seconds=2 * DAY)
    assert len(await desk.cases()) == 1
    desk.books.trouble.clear()
    desk.books.refunds["forgotten"] = desk.books.refunds.pop(refund.operation_id)
    desk.books.trouble["fetch"] = deque(["busy"])
    with pytest.raises(ProviderFault):
        await retry_refund(desk.engine, desk.store, refund.id, "owner")
    [found] = await retry_refund(desk.engine, desk.store, refund.id, "owner")
    assert (found.id, found.status) == (refund.id, "succeeded")
    assert desk.books.returned() == (await desk.order(order.id)).refunded_total == 4000
    assert await desk.cases() == []


@pytest.mark.parametrize("looking", [[], ["busy"]])
async def test_a_refusal_after_an_answer_that_was_lost_does_not_undo_what_went(
    desk: Desk, clock: ManualClock, looking: list[Any]
) -> None:
    order = await desk.paid()
    desk.books.trouble["refund"] = deque(["lost", "refused"])
    desk.books.trouble["fetch"] = deque(looking)
    await desk.back(order, 4000)
    await settled(desk, clock, seconds=HOUR)
    assert parts(await desk.refunds(order)) == [("succeeded", 4000)]
    assert desk.books.returned() == 4000
    assert await desk.cases() == []


async def test_a_refusal_after_an_attempt_that_did_nothing_is_a_refusal(
    desk: Desk, clock: ManualClock
) -> None:
    order = await desk.paid()
    desk.books.trouble["refund"] = deque(["busy", "refused"])
    await desk.back(order, 4000)
    await settled(desk, clock, seconds=HOUR)
    assert parts(await desk.refunds(order)) == [("failed", 4000)]
    assert [one.kind for one in await desk.cases()] == ["refund_failed"]


async def test_a_webhook_may_tell_of_a_refund_before_the_call_has_returned(
    desk: Desk, clock: ManualClock
) -> None:
    order = await desk.paid()
    [payment] = await desk.payments(order)
    desk.books.trouble["refund"] = deque(["lost"])
    [refund] = await desk.back(order, 4000)
    [(_, fact)] = desk.books.refunds.values()
    await desk.told(payment, fact)
    assert (await desk.order(order.id)).refunded_total == 4000
    clock.advance(MINUTE)
    await desk.worker.work_off()
    assert parts(await desk.refunds(order)) == [("succeeded", 4000)]
    assert (await desk.order(order.id)).refunded_total == desk.books.returned() == 4000
    assert refund.status == "pending"


async def test_a_bank_that_is_gone_is_waited_for(
    desk: Desk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await desk.paid()

    async def nobody(*_: Any) -> None:
        return None

    with monkeypatch.context() as patched:
        patched.setattr(providers, "desk_anyway", nobody)
        [refund] = await desk.back(order)
    assert refund.status == "pending"
    clock.advance(MINUTE)
    await desk.worker.work_off()
    assert parts(await desk.refunds(order)) == [("succeeded", PRICE)]


# --- cases -------------------------------------------------------------------------------------


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
