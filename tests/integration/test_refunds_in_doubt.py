"""Refunds whose answer is lost, late or a refusal: asked for again as the same, looked up, told."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.banks import Killed
from tests.support.refunding import (
    DAY,
    HOUR,
    MINUTE,
    PAGE,
    PRICE,
    Desk,
    open_desk,
    parts,
    settled,
)
from tests.support.shops import add_variant
from tradewind.cases.service import close_case
from tradewind.checkout.service import (
    place,
    poll_payment,
    providers,
    refunding,
    retry_refund,
)
from tradewind.contracts.errors import InvalidInput, ProviderFault
from tradewind.credits.rules import PackTerms
from tradewind.credits.service import set_terms
from tradewind.database import Database
from tradewind.orders.rules import Order
from tradewind.payments.rules import RefundLine
from tradewind.testing.clock import ManualClock


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as desk:
        yield desk


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


async def packed(desk: Desk) -> Order:
    """A mug and a pack of ten credits that cost the same, paid on the bank's page."""
    async with desk.till.database.transaction(desk.store.id) as tx:
        pack = await add_variant(tx, "VISITS", PRICE, on_hand=None, kind="pack")
        await set_terms(tx, PackTerms(variant_id=pack.id, credits=10, days=None))
    cart = await desk.till.cart(("MUG", 1), ("VISITS", 1))
    order = await place(desk.engine, desk.store, cart.id, "bank", request=PAGE)
    session = await desk.till.session(cart)
    desk.books.pays(str(session.payment_id))
    await poll_payment(desk.engine, desk.store, session.id)
    return await desk.order(order.id)


def one_of(order: Order, sku: str) -> list[RefundLine]:
    return [RefundLine(line_id=line.id, quantity=1) for line in order.lines if line.sku == sku]


async def credits_left(desk: Desk) -> int:
    query = "SELECT sum(remaining) FROM shop.credit_grants WHERE store_id = $1"
    return int(await desk.till.value(query))


@pytest.mark.parametrize(("sku", "left"), [("MUG", 10), ("VISITS", 0)])
async def test_money_that_is_back_before_its_refund_has_a_name_is_that_of_its_lines(
    desk: Desk, clock: ManualClock, sku: str, left: int
) -> None:
    order = await packed(desk)
    desk.books.trouble["refund"] = deque(["lost"])
    [refund] = await desk.back(order, lines=one_of(order, sku))
    [payment] = await desk.payments(order)
    _, fact = desk.books.refunds[refund.operation_id]
    await desk.told(payment, fact)
    assert parts(await desk.refunds(order)) == [("pending", PRICE)]
    assert (await desk.order(order.id)).refunded_total == PRICE
    assert await credits_left(desk) == left
    await settled(desk, clock, seconds=HOUR)
    assert parts(await desk.refunds(order)) == [("succeeded", PRICE)]
    assert await credits_left(desk) == left


async def test_a_refund_of_lines_that_is_tried_again_is_for_the_same_lines(desk: Desk) -> None:
    order = await packed(desk)
    lines = one_of(order, "VISITS")
    desk.books.trouble["refund"] = deque(["refused", "refused"])
    [refund] = await desk.back(order, lines=lines)
    [again] = await retry_refund(desk.engine, desk.store, refund.id, "owner")
    [third] = await retry_refund(desk.engine, desk.store, again.id, "owner")
    assert (third.status, third.amount, third.lines) == ("succeeded", PRICE, lines)
    assert await credits_left(desk) == 0
    with pytest.raises(InvalidInput, match="cannot be refunded"):
        await desk.back(order, lines=lines)
    assert desk.books.returned() == PRICE
