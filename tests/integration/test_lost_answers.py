"""A provider that gives no answer to the start of a payment: nobody is charged twice."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.banks import BankPlugin, Books, Charge, Killed
from tests.support.tills import Till, open_till
from tradewind.carts.rules import Cart
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    beginning,
    complete,
    pay_order,
    place,
    reporting,
    start_payment,
)
from tradewind.checkout.service.starting import IN_FLIGHT
from tradewind.contracts.errors import Conflict, ProviderFault
from tradewind.database import Database
from tradewind.payments.rules import PaymentSession
from tradewind.testing.clock import ManualClock
from tradewind_host.worker import Worker

PRICE = 10_000
PAGE = StartRequest(provider="bank")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "PAUSES", (0.0, 0.0))


@asynccontextmanager
async def bank(database: Database, **capabilities: Any) -> AsyncIterator[tuple[Till, Books]]:
    """A till whose bank takes the money as soon as it is asked for, as with a saved card."""
    books = Books()

    async def charged(charge: Charge) -> None:
        if not charge.facts:
            books.pays(charge.operation_id)

    books.on_effect = charged
    async with open_till(database, BankPlugin(books, **capabilities)) as till:
        await till.stock("MUG", PRICE)
        yield till, books


async def starts(till: Till, cart: Cart, request: StartRequest = PAGE) -> PaymentSession:
    return await start_payment(till.engine, till.store, cart.id, request)


async def paid_once(till: Till, books: Books, cart: Cart) -> None:
    """One charge of the whole amount, one order that it pays, no case."""
    assert books.captured() == PRICE
    await Worker(till.engine).work_off()
    order = await complete(till.engine, till.store, cart.id)
    assert (order.payment_status, order.paid_total) == ("paid", PRICE)
    assert await till.value("SELECT count(*) FROM shop.cases WHERE store_id = $1") == 0


@pytest.mark.parametrize("trouble", ["busy", "lost", "silent"])
async def test_where_it_is_safe_the_start_is_repeated_as_the_same_operation(
    database: Database, trouble: Any
) -> None:
    async with bank(database, recovery="repeat") as (till, books):
        books.trouble["start"] = deque([trouble, trouble])
        cart = await till.cart(("MUG", 1))
        session = await starts(till, cart)
        assert books.made("start") == [str(session.payment_id)] * 3
        await paid_once(till, books, cart)


@pytest.mark.parametrize("recovery", ["repeat", "lookup", "none"])
@pytest.mark.parametrize("trouble", ["busy", "lost", "silent"])
async def test_who_tries_again_goes_on_with_the_same_payment(
    database: Database, recovery: Any, trouble: Any
) -> None:
    async with bank(database, recovery=recovery) as (till, books):
        books.trouble["start"] = deque([trouble] * 3)
        books.trouble["fetch"] = deque(["busy"])
        cart = await till.cart(("MUG", 1))
        with pytest.raises(ProviderFault) as fault:
            await starts(till, cart)
        assert not fault.value.permanent
        assert len(books.made("start")) == (3 if recovery == "repeat" else 1)
        books.trouble.clear()
        if (recovery, trouble) == ("none", "busy"):
            with pytest.raises(ProviderFault):
                await starts(till, cart)
            assert books.charges == {}
            return
        session = await starts(till, cart)
        assert set(books.made("start")) == {str(session.payment_id)}
        await paid_once(till, books, cart)


@pytest.mark.parametrize("trouble", ["lost", "silent"])
async def test_where_it_must_be_looked_up_first_nothing_is_repeated(
    database: Database, trouble: Any
) -> None:
    async with bank(database, recovery="lookup") as (till, books):
        books.trouble["start"] = deque([trouble])
        cart = await till.cart(("MUG", 1))
        session = await starts(till, cart)
        assert session.status == "completed"
        assert len(books.made("start")) == 1
        await paid_once(till, books, cart)


async def test_what_a_look_up_does_not_know_may_be_begun_again(database: Database) -> None:
    async with bank(database, recovery="lookup") as (till, books):
        books.trouble["start"] = deque(["busy"])
        cart = await till.cart(("MUG", 1))
        with pytest.raises(ProviderFault):
            await starts(till, cart)
        assert [name for name, _ in books.calls] == ["start", "fetch"]
        await starts(till, cart)
        assert [name for name, _ in books.calls] == ["start", "fetch", "fetch", "start"]
        await paid_once(till, books, cart)


async def test_while_a_look_up_is_not_answered_nothing_is_begun_again(database: Database) -> None:
    async with bank(database, recovery="lookup") as (till, books):
        books.trouble["start"] = deque(["lost"])
        books.trouble["fetch"] = deque(["busy", "busy", "busy"])
        cart = await till.cart(("MUG", 1))
        for _ in range(3):
            with pytest.raises(ProviderFault):
                await starts(till, cart)
        await starts(till, cart)
        assert len(books.made("start")) == 1
        await paid_once(till, books, cart)


async def test_who_chooses_otherwise_begins_anew_and_what_was_lost_is_called_off(
    database: Database,
) -> None:
    async with bank(database, recovery="lookup") as (till, books):
        books.on_effect = None
        books.trouble["start"] = deque(["lost"])
        books.trouble["fetch"] = deque(["busy"])
        cart = await till.cart(("MUG", 1))
        with pytest.raises(ProviderFault):
            await starts(till, cart)
        [lost] = books.charges.values()
        await starts(till, cart, StartRequest(provider="push", inputs={"phone": "1"}))
        assert lost.canceled


async def test_money_of_a_lost_start_is_found_before_another_way_is_begun(
    database: Database,
) -> None:
    async with bank(database, recovery="lookup") as (till, books):
        books.trouble["start"] = deque(["lost"])
        books.trouble["fetch"] = deque(["busy"])
        cart = await till.cart(("MUG", 1))
        with pytest.raises(ProviderFault):
            await starts(till, cart)
        other = StartRequest(provider="push", inputs={"phone": "1"})
        session = await starts(till, cart, other)
        assert session.status == "voided"
        await paid_once(till, books, cart)


async def test_a_cart_that_is_paid_is_not_paid_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bank(database) as (till, books):
        cart = await till.cart(("MUG", 1))

        async def dies(*_: Any) -> None:
            raise ConnectionResetError

        with monkeypatch.context() as patched:
            patched.setattr(reporting, "settle", dies)
            with pytest.raises(ConnectionResetError):
                await starts(till, cart)
        with pytest.raises(Conflict) as refused:
            await starts(till, cart)
        assert refused.value.reason == "already_paid"
        await paid_once(till, books, cart)


async def test_a_start_under_way_is_not_begun_a_second_time(
    database: Database, clock: ManualClock
) -> None:
    async with bank(database) as (till, books):
        cart = await till.cart(("MUG", 1))
        answers = await asyncio.gather(
            *(starts(till, cart) for _ in range(5)), return_exceptions=True
        )
        refused = [one for one in answers if isinstance(one, Conflict)]
        assert {one.reason for one in refused} <= {
            "in_progress",
            "already_paid",
            "cart_completed",
            "cart_changed",
        }
        await paid_once(till, books, cart)


@pytest.mark.parametrize("moment", ["killed before", "killed after"])
async def test_a_process_that_dies_while_it_starts_is_followed_by_the_same_payment(
    database: Database, clock: ManualClock, moment: Any
) -> None:
    async with bank(database) as (till, books):
        books.trouble["start"] = deque([moment])
        cart = await till.cart(("MUG", 1))
        with pytest.raises(Killed):
            await starts(till, cart)
        with pytest.raises(Conflict) as refused:
            await starts(till, cart)
        assert refused.value.reason == "in_progress"
        clock.advance(IN_FLIGHT.total_seconds())
        await starts(till, cart)
        assert len(set(books.made("start"))) == 1
        await paid_once(till, books, cart)


async def test_a_pending_order_whose_start_was_lost_is_paid_by_the_same_payment(
    database: Database,
) -> None:
    async with bank(database, recovery="lookup") as (till, books):
        books.trouble["start"] = deque(["lost"])
        books.trouble["fetch"] = deque(["busy"])
        cart = await till.cart(("MUG", 1))
        order = await place(till.engine, till.store, cart.id, "bank", request=PAGE)
        assert order.status == "pending"
        await pay_order(till.engine, till.store, order.id, PAGE)
        assert len(books.made("start")) == 1
        await paid_once(till, books, cart)


async def test_a_lost_start_is_found_by_the_look_ups_without_anybody(
    database: Database, clock: ManualClock
) -> None:
    async with bank(database, recovery="lookup") as (till, books):
        books.trouble["start"] = deque(["lost"])
        books.trouble["fetch"] = deque(["busy"])
        cart = await till.cart(("MUG", 1))
        with pytest.raises(ProviderFault):
            await starts(till, cart)
        clock.advance(60)
        await paid_once(till, books, cart)


async def test_a_page_that_is_lost_is_given_again(database: Database) -> None:
    async with bank(database, recovery="lookup") as (till, books):
        books.on_effect = None
        books.trouble["start"] = deque(["lost"])
        cart = await till.cart(("MUG", 1))
        session = await starts(till, cart)
        assert session.action is not None
        assert len(books.charges) == 1
