"""Giving money back: never more than is here, never twice, where it came from."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import pytest

from tests.support.banks import BankPlugin, Books
from tests.support.refunding import MINUTE, PRICE, Desk, open_desk, parts
from tests.support.tills import open_till
from tradewind.checkout.service import (
    cancel_order,
    mark_paid,
    place,
    refund_order,
    refund_payment,
)
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound
from tradewind.database import Database
from tradewind.payments.rules import RefundLine
from tradewind.settings.service import audit_log, configure
from tradewind.testing.clock import ManualClock


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as desk:
        yield desk


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
