"""Taking money that is held: never more than is held or due, never twice, whatever is lost."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.banks import BankPlugin, Books, Killed, Trouble
from tests.support.letters import ORDER
from tests.support.tills import Till, open_till
from tradewind.cases.service import Case, list_cases
from tradewind.checkout.rules import StartRequest, check_capture
from tradewind.checkout.service import (
    cancel_order,
    capture_payment,
    cart_edited,
    mark_paid,
    payment_reported,
    place,
    poll_payment,
    refund_order,
    retry_capture,
    start_payment,
)
from tradewind.checkout.service.reporting import settle, take_facts
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound, TradewindError
from tradewind.contracts.payment import Fact, PaymentResult
from tradewind.database import Database
from tradewind.ledger.service import balances
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order, order_of_cart, payments_of, timeline
from tradewind.payments.rules import Capture, Payment
from tradewind.payments.service import captures_of, get_payment, lock_payment
from tradewind.settings.service import audit_log
from tradewind.testing.clock import ManualClock
from tradewind_host.worker import Worker

PRICE = 10_000
HOLD = StartRequest(provider="bank", intent="authorize")


class Desk:
    """A till with a bank that holds money until it is asked for."""

    def __init__(self, till: Till, books: Books, clock: ManualClock) -> None:
        self.till, self.books, self.clock = till, books, clock
        self.engine, self.store = till.engine, till.store
        self.worker = Worker(till.engine)

    async def held(self, amount: int | None = None) -> Order:
        """An order whose money is held."""
        cart = await self.till.cart(("MUG", 1))
        order = await place(self.engine, self.store, cart.id, "bank", request=HOLD)
        session = await self.till.session(cart)
        self.books.holds(str(session.payment_id), amount)
        await poll_payment(self.engine, self.store, session.id)
        return await self.order(order.id)

    async def order(self, order_id: UUID) -> Order:
        async with self.till.database.transaction(self.store.id) as tx:
            return await get_order(tx, order_id)

    async def payment(self, order: Order) -> Payment:
        async with self.till.database.transaction(self.store.id) as tx:
            [payment] = await payments_of(tx, order.id)
            return payment

    async def captures(self, order: Order) -> list[tuple[str, int]]:
        async with self.till.database.transaction(self.store.id) as tx:
            made = await captures_of(tx, await payments_of(tx, order.id))
            return [(one.status, one.amount) for one in made]

    async def takes(
        self, order: Order, amount: int | None = None, name: str | None = None
    ) -> list[Capture]:
        return await capture_payment(
            self.engine, self.store, order.id, "owner", amount, operation_id=name
        )

    async def later(self, seconds: int) -> None:
        self.clock.advance(seconds)
        await self.worker.work_off()

    async def cases(self) -> list[Case]:
        async with self.till.database.transaction(self.store.id) as tx:
            return await list_cases(tx)

    async def history(self, order: Order) -> list[str]:
        async with self.till.database.transaction(self.store.id) as tx:
            return [entry.type for entry in await timeline(tx, order.id)]

    async def sales(self) -> int:
        async with self.till.database.transaction(self.store.id) as tx:
            found = {one.code: one.credit - one.debit for one in await balances(tx)}
        assert sum(found.values()) == 0
        return found.get("sales", 0)


@pytest.fixture
async def desk(database: Database, clock: ManualClock) -> AsyncIterator[Desk]:
    books = Books()
    async with open_till(database, BankPlugin(books)) as till:
        await till.stock("MUG", PRICE)
        yield Desk(till, books, clock)


# --- what is taken -----------------------------------------------------------------------------


async def test_held_money_is_taken_and_seen_everywhere(desk: Desk) -> None:
    order = await desk.held()
    assert (order.status, order.payment_status) == ("processing", "authorized")
    assert await desk.sales() == 0
    [capture] = await desk.takes(order)
    assert (capture.status, capture.amount) == ("succeeded", PRICE)
    order = await desk.order(order.id)
    assert (order.payment_status, order.paid_total, order.due) == ("paid", PRICE, 0)
    assert (await desk.sales(), desk.books.captured()) == (PRICE, PRICE)
    assert (await desk.history(order))[-2:] == ["capture_requested", "payment"]
    async with desk.till.database.transaction(desk.store.id) as tx:
        [entry] = [one for one in await audit_log(tx) if one.action == "order.captured"]
    assert (entry.actor, entry.detail["amount"]) == ("owner", PRICE)
    with pytest.raises(Conflict) as refused:
        await desk.takes(order)
    assert refused.value.reason == "already_paid"
    assert len(desk.books.made("capture")) == 1


async def test_money_is_taken_in_parts_and_never_more_than_is_held(desk: Desk) -> None:
    order = await desk.held()
    await desk.takes(order, 4_000)
    order = await desk.order(order.id)
    assert (order.payment_status, order.paid_total) == ("partially_paid", 4_000)
    for amount, code in ((6_001, "capture_too_large"), (0, "invalid_input"), (-1, "invalid_input")):
        with pytest.raises((Conflict, InvalidInput)) as refused:
            await desk.takes(order, amount)
        assert refused.value.reason == code
    assert len(desk.books.made("capture")) == 1
    assert await desk.cases() == []
    await desk.takes(order)
    assert await desk.captures(order) == [("succeeded", 4_000), ("succeeded", 6_000)]
    assert (await desk.order(order.id)).payment_status == "paid"


async def test_what_came_otherwise_is_not_taken_as_well(desk: Desk) -> None:
    order = await desk.held()
    await mark_paid(desk.engine, desk.store, order.id, "owner", 7_000)
    with pytest.raises(Conflict) as refused:
        await desk.takes(order, 3_001)
    assert refused.value.reason == "capture_too_large"
    [capture] = await desk.takes(order)
    assert capture.amount == 3_000


async def test_money_that_came_otherwise_lets_go_of_what_is_held(desk: Desk) -> None:
    order = await desk.held()
    await mark_paid(desk.engine, desk.store, order.id, "owner", 7_000)
    await desk.worker.work_off()
    assert desk.books.made("cancel") == []
    await mark_paid(desk.engine, desk.store, order.id, "owner")
    await desk.worker.work_off()
    assert len(desk.books.made("cancel")) == 1
    order = await desk.order(order.id)
    assert (order.status, order.payment_status, order.due) == ("processing", "paid", 0)
    async with desk.till.database.transaction(desk.store.id) as tx:
        known = await payments_of(tx, order.id)
    assert [(one.held, one.captured) for one in known] == [(0, 0), (0, 7_000), (0, 3_000)]


async def test_nothing_is_taken_where_nothing_is_held(desk: Desk) -> None:
    cart = await desk.till.cart(("MUG", 1))
    order = await place(desk.engine, desk.store, cart.id, "bank", request=HOLD)
    with pytest.raises(Conflict) as refused:
        await desk.takes(order)
    assert refused.value.reason == "nothing_to_capture"
    await cancel_order(desk.engine, desk.store, order.id, "owner")
    with pytest.raises(Conflict) as refused:
        await desk.takes(order)
    assert refused.value.reason == "order_closed"
    with pytest.raises(NotFound):
        await capture_payment(desk.engine, desk.store, cart.id, "owner")
    assert desk.books.made("capture") == []


async def test_a_provider_that_cannot_is_not_asked(desk: Desk) -> None:
    order = await desk.held()
    provider: Any = desk.engine.plugins.provider("bank")
    provider.capabilities = msgspec.structs.replace(provider.capabilities, capture=False)
    with pytest.raises(Conflict) as refused:
        await desk.takes(order)
    assert refused.value.reason == "capture_not_offered"
    assert desk.books.made("capture") == []


# --- never twice -------------------------------------------------------------------------------


async def test_a_named_capture_is_one_and_two_names_are_two(desk: Desk) -> None:
    order = await desk.held()
    [first] = await desk.takes(order, 3_000, "one")
    [again] = await desk.takes(order, 3_000, "one")
    assert (first.id, desk.books.captured()) == (again.id, 3_000)
    await desk.takes(order, 3_000, "two")
    assert desk.books.captured() == 6_000


async def test_a_nameless_capture_said_again_is_refused_for_a_while(desk: Desk) -> None:
    order = await desk.held()
    await desk.takes(order, 3_000)
    with pytest.raises(Conflict) as refused:
        await desk.takes(order, 3_000)
    assert refused.value.reason == "idempotency_key_required"
    assert desk.books.captured() == 3_000
    desk.clock.advance(601)
    await desk.takes(order, 3_000)
    assert desk.books.captured() == 6_000


async def test_many_at_the_same_moment_take_it_once(desk: Desk) -> None:
    order = await desk.held()
    tries = [desk.takes(order, PRICE, f"name {number}") for number in range(8)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    refused = [one.reason for one in answers if isinstance(one, Conflict)]
    assert len(refused) == 7
    assert set(refused) <= {"capture_under_way", "already_paid"}
    assert (desk.books.captured(), len(desk.books.made("capture"))) == (PRICE, 1)


async def test_the_database_itself_refuses_two_at_once_and_too_much(
    desk: Desk, superuser: "asyncpg.Connection[Any]"
) -> None:
    order = await desk.held()
    desk.books.trouble["capture"] = deque(["busy"])
    await desk.takes(order, 1_000)
    copy = """INSERT INTO shop.captures
        SELECT store_id, gen_random_uuid(), payment_id, order_id, 'x', 'x', $1, currency, $2, held,
               captured, code, actor, 0, NULL, created_at, updated_at FROM shop.captures"""
    with pytest.raises(asyncpg.UniqueViolationError, match="captures_one_at_a_time"):
        await superuser.execute(copy, "pending", 1_000)
    with pytest.raises(asyncpg.CheckViolationError, match="captures_within_what_is_held"):
        await superuser.execute(copy, "failed", PRICE + 1)
    await superuser.execute(copy, "failed", PRICE)


# --- answers that are lost ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "recovery"), [("lost", "lookup"), ("silent", "repeat"), ("killed after", "repeat")]
)
async def test_a_lost_answer_is_looked_up_and_money_taken_once(
    database: Database, clock: ManualClock, trouble: Trouble, recovery: str
) -> None:
    books = Books()
    async with open_till(database, BankPlugin(books, recovery=recovery)) as till:
        await till.stock("MUG", PRICE)
        desk = Desk(till, books, clock)
        order = await desk.held()
        books.trouble["capture"] = deque([trouble])
        try:
            await desk.takes(order, name="n")
        except Killed:
            assert trouble == "killed after"
        assert await desk.captures(order) == [("pending", PRICE)]
        with pytest.raises(Conflict) as refused:
            await desk.takes(order, 1)
        assert refused.value.reason == "capture_under_way"
        with pytest.raises(Conflict) as refused:
            await cancel_order(desk.engine, desk.store, order.id, "owner")
        assert refused.value.reason == "capture_under_way"
        await desk.later(70)
        assert await desk.captures(order) == [("succeeded", PRICE)]
        assert (books.captured(), len(books.made("capture"))) == (PRICE, 1)
        assert (await desk.order(order.id)).payment_status == "paid"


async def test_a_bank_that_is_busy_is_asked_again_under_the_same_operation(desk: Desk) -> None:
    order = await desk.held()
    desk.books.trouble["capture"] = deque(["busy", "killed before"])
    assert [one.status for one in await desk.takes(order)] == ["pending"]
    with pytest.raises(Killed):
        await desk.later(61)
    desk.worker = Worker(desk.engine)
    await desk.later(600)
    assert await desk.captures(order) == [("succeeded", PRICE)]
    made = desk.books.made("capture")
    assert (len(made), len(set(made))) == (3, 1)


async def test_a_refusal_is_a_case_and_another_try_ends_it(desk: Desk) -> None:
    order = await desk.held()
    desk.books.trouble["capture"] = deque(["refused"])
    [capture] = await desk.takes(order)
    assert (capture.status, capture.code) == ("failed", "not_allowed")
    [case] = await desk.cases()
    assert (case.kind, case.amount, case.actions) == ("capture_failed", PRICE, ["close"])
    assert (await desk.history(order))[-1] == "capture_failed"
    await desk.takes(order)
    assert await desk.cases() == []
    assert (await desk.order(order.id)).payment_status == "paid"


async def test_a_bank_that_never_answers_is_a_case_to_be_tried_again(desk: Desk) -> None:
    order = await desk.held()
    desk.books.trouble["capture"] = deque(["busy"] * 8)
    desk.books.trouble["fetch"] = deque(["busy"] * 7)
    await desk.takes(order)
    for _ in range(8):
        await desk.later(6 * 3600 + 1)
    [case] = await desk.cases()
    assert (case.kind, case.actions) == ("capture_failed", ["retry", "close"])
    assert await desk.captures(order) == [("pending", PRICE)]
    [capture] = await retry_capture(desk.engine, desk.store, UUID(case.subject_id))
    assert capture.status == "succeeded"
    assert await desk.cases() == []
    assert len(set(desk.books.made("capture"))) == 1


async def test_what_the_bank_tells_by_itself_decides_a_capture(desk: Desk) -> None:
    order = await desk.held()
    desk.books.trouble["capture"] = deque(["lost"])
    await desk.takes(order)
    payment = await desk.payment(order)
    assert payment.session_id is not None
    await poll_payment(desk.engine, desk.store, payment.session_id)
    assert await desk.captures(order) == [("pending", PRICE)]
    await desk.later(61)
    assert await desk.captures(order) == [("succeeded", PRICE)]


# --- calling off -------------------------------------------------------------------------------


async def test_canceling_lets_held_money_go_at_the_provider(desk: Desk) -> None:
    order = await desk.held()
    canceled = await cancel_order(desk.engine, desk.store, order.id, "owner")
    assert canceled.status == "canceled"
    assert [charge.canceled for charge in desk.books.charges.values()] == [True]
    assert (await desk.payment(order)).held == 0
    with pytest.raises(Conflict) as refused:
        await desk.takes(order)
    assert refused.value.reason == "order_closed"


async def test_the_rest_that_is_held_goes_too_when_what_was_taken_is_back(desk: Desk) -> None:
    order = await desk.held()
    await desk.takes(order, 4_000)
    with pytest.raises(Conflict) as refused:
        await cancel_order(desk.engine, desk.store, order.id, "owner")
    assert refused.value.reason == "order_paid"
    await refund_order(desk.engine, desk.store, order.id, "owner")
    await cancel_order(desk.engine, desk.store, order.id, "owner")
    assert [charge.canceled for charge in desk.books.charges.values()] == [True]


async def test_a_hold_that_an_order_stands_by_is_not_let_go_by_an_edit_before_it(
    desk: Desk,
) -> None:
    cart = await desk.till.cart(("MUG", 1))
    session = await start_payment(desk.engine, desk.store, cart.id, HOLD)
    async with desk.till.database.transaction(desk.store.id) as tx:
        await cart_edited(tx, cart.id)
    charge = desk.books.charges[str(session.payment_id)]
    desk.books.holds(charge.operation_id)
    told = PaymentResult(status="authorized", facts=charge.facts)
    await payment_reported(desk.engine, desk.store, session.payment_id, told, "webhook")
    await desk.worker.work_off()
    async with desk.till.database.transaction(desk.store.id) as tx:
        order = await order_of_cart(tx, cart.id)
    assert order is not None
    assert (order.status, order.payment_status) == ("processing", "authorized")
    assert charge.canceled is False
    await cancel_order(desk.engine, desk.store, order.id, "owner")
    assert charge.canceled is True


async def test_a_hold_that_is_gone_by_the_time_of_placing_makes_no_order(desk: Desk) -> None:
    cart = await desk.till.cart(("MUG", 1))
    session = await start_payment(desk.engine, desk.store, cart.id, HOLD)
    charge = desk.books.charges[str(session.payment_id)]
    desk.books.holds(charge.operation_id)
    held = await _known(desk, session.payment_id, charge.facts)
    desk.books.cancel(charge)
    await _known(desk, session.payment_id, charge.facts)
    assert held.certain
    assert await settle(desk.engine, desk.store, held) is None
    assert await desk.cases() == []
    async with desk.till.database.transaction(desk.store.id) as tx:
        assert await order_of_cart(tx, cart.id) is None


async def _known(desk: Desk, payment_id: UUID, facts: list[Fact]) -> Payment:
    """What a report writes down before it goes on to place the order."""
    async with desk.till.database.transaction(desk.store.id) as tx:
        await take_facts(tx, desk.engine, await lock_payment(tx, payment_id), facts, "webhook")
        return await get_payment(tx, payment_id)


async def test_a_hold_that_ended_meanwhile_is_a_failed_capture(desk: Desk) -> None:
    order = await desk.held()
    payment = await desk.payment(order)
    charge = desk.books.charges[str(payment.id)]
    desk.books.trouble["capture"] = deque(["busy"])
    await desk.takes(order)
    desk.books.cancel(charge)
    await desk.later(61)
    assert await desk.captures(order) == [("failed", PRICE)]
    assert len(desk.books.made("capture")) == 1


# --- the rule ----------------------------------------------------------------------------------


@given(
    total=st.integers(1, 10**9),
    paid=st.integers(0, 10**9),
    held=st.integers(0, 10**9),
    offered=st.integers(0, 10**9),
    amount=st.none() | st.integers(-5, 2 * 10**9),
)
def test_what_is_taken_is_never_more_than_is_due_held_or_offered(
    total: int, paid: int, held: int, offered: int, amount: int | None
) -> None:
    order = msgspec.structs.replace(ORDER, total=total, paid_total=min(paid, total))
    try:
        taken = check_capture(order, amount, held, min(offered, held))
    except TradewindError:
        return
    assert 0 < taken <= min(order.due, held, offered)
    assert amount in {None, taken}
