"""Orders that take stock before their money has come: so many, and not for ever."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.support.tills import Till, open_till
from tests.support.waiting import held_up, until_waiting
from tradewind.carts.rules import CartUpdate
from tradewind.carts.service import update
from tradewind.cases.service import Case, close_case, list_cases
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    Agreement,
    cancel_order,
    complete,
    expire_orders,
    hold_stock,
    mark_paid,
    pay_order,
    payment_reported,
    place,
    place_agreed,
    start_payment,
    upkeep,
)
from tradewind.contracts.errors import Conflict
from tradewind.contracts.payment import FactStatus, PaymentResult
from tradewind.customers.service import for_email
from tradewind.database import Database
from tradewind.fulfillment import service as fulfillment
from tradewind.fulfillment.rules import ShippedLine
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order
from tradewind.stores.service import change_settings
from tradewind.testing.clock import ManualClock

HOME, CAFE = "203.0.113.7", "203.0.113.8"
STOCK = 100


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", on_hand=STOCK)
        yield opened


async def allow(till: Till, **settings: int) -> None:
    async with till.database.transaction(till.store.id) as tx:
        await change_settings(tx, settings, "test")


async def by_cash(till: Till, email: str = "amina@example.com", address: str = HOME) -> Order:
    cart = await till.cart(("MUG", 1), email=email)
    way = StartRequest(provider="manual", method="cash_on_delivery", network_address=address)
    return await place(till.engine, till.store, cart.id, "manual", request=way)


async def agreed(till: Till, email: str = "amina@example.com", address: str = HOME) -> Order:
    cart = await till.cart(("MUG", 1), email=email)
    terms = Agreement(method="whatsapp", network_address=address)
    return await place_agreed(till.engine, till.store, cart.id, terms)


async def completed(till: Till, email: str = "amina@example.com", address: str = HOME) -> Order:
    cart = await till.cart(("MUG", 1), email=email)
    await start_payment(till.engine, till.store, cart.id, StartRequest(provider="manual"))
    return await complete(till.engine, till.store, cart.id, network_address=address)


WAYS = (by_cash, agreed, completed)


async def reserved(till: Till) -> int:
    query = "SELECT sum(reserved)::int FROM shop.inventory_levels WHERE store_id = $1"
    return int(await till.value(query))


async def refused(way: Any, *args: Any) -> None:
    with pytest.raises(Conflict) as refusal:
        await way(*args)
    assert refusal.value.reason == "too_many_unpaid"


async def ship(till: Till, order: Order) -> None:
    async with till.database.transaction(till.store.id) as tx:
        lines = [ShippedLine(line_id=line.id, quantity=line.quantity) for line in order.lines]
        await fulfillment.deliver(tx, await get_order(tx, order.id), lines, "test")


@pytest.mark.parametrize("way", WAYS)
async def test_one_shopper_has_so_many_and_another_one_more(till: Till, way: Any) -> None:
    await allow(till, unpaid_per_shopper=2)
    for _ in range(2):
        await way(till)
    for again in WAYS:
        await refused(again, till)
        await refused(again, till, "Amina@Example.com")
    assert await reserved(till) == 2
    await way(till, "juma@example.com")


async def test_who_orders_elsewhere_in_the_name_of_a_guest_takes_nothing_from_them(
    till: Till,
) -> None:
    await allow(till, unpaid_per_shopper=1)
    await by_cash(till, address=CAFE)
    await refused(by_cash, till, "amina@example.com", CAFE)
    await by_cash(till)
    await refused(by_cash, till)


async def test_checkouts_begun_elsewhere_in_the_name_of_a_guest_take_nothing_from_them(
    till: Till,
) -> None:
    await allow(till, holds_per_shopper=1)

    async def begun(address: str) -> None:
        cart = await till.cart(("MUG", 1))
        await hold_stock(till.engine, till.store, cart.id, network_address=address)

    for address in (CAFE, HOME):
        await begun(address)
        with pytest.raises(Conflict, match="unfinished checkouts"):
            await begun(address)


async def test_a_customer_is_the_same_shopper_everywhere(till: Till) -> None:
    await allow(till, unpaid_per_shopper=1)
    async with till.database.transaction(till.store.id) as tx:
        amina = await for_email(tx, "amina@example.com")

    async def ordered(till: Till, address: str) -> Order:
        cart = await till.cart(("MUG", 1))
        async with till.database.transaction(till.store.id) as tx:
            await update(tx, cart, CartUpdate(customer_id=amina.id))
        way = StartRequest(provider="manual", method="cash_on_delivery", network_address=address)
        return await place(till.engine, till.store, cart.id, "manual", request=way)

    await by_cash(till)
    await ordered(till, HOME)
    await refused(ordered, till, CAFE)


async def test_one_that_was_to_be_paid_at_once_counts_when_it_is_to_be_paid_later(
    till: Till,
) -> None:
    await allow(till, unpaid_per_shopper=1)
    cash = StartRequest(provider="manual", method="cash_on_delivery", network_address=HOME)

    async def switched(till: Till) -> Order:
        cart = await till.cart(("MUG", 1))
        push = StartRequest(provider="push", inputs={"phone": "+254700000001"})
        order = await place(till.engine, till.store, cart.id, "push", request=push)
        await pay_order(till.engine, till.store, order.id, cash)
        return order

    await switched(till)
    await refused(switched, till)
    await refused(by_cash, till)
    rows = await till.rows("SELECT status FROM shop.orders WHERE store_id = $1 ORDER BY id")
    assert [row["status"] for row in rows] == ["processing", "pending"]


AT_ONCE, MOST = 20, 3


@pytest.mark.parametrize("limit", ["unpaid_per_shopper", "unpaid_per_address"])
async def test_who_orders_many_times_at_once_gets_no_more_than_the_limit(
    till: Till, owner: "asyncpg.Connection[Any]", limit: str
) -> None:
    """Half of them in one go, half by turning what was to be paid at once into cash."""
    await allow(till, unpaid_per_shopper=0, unpaid_per_address=0)
    await allow(till, **{limit: MOST})
    names = [
        "amina@example.com" if limit == "unpaid_per_shopper" else f"{n}@example.com"
        for n in range(AT_ONCE)
    ]
    cash = StartRequest(provider="manual", method="cash_on_delivery", network_address=HOME)
    terms = Agreement(method="whatsapp", network_address=HOME)
    engine, store = till.engine, till.store
    at_once: list[Any] = []
    for number, name in enumerate(names):
        if number % 2:
            pending = await by_phone(till, name)
            at_once.append(pay_order(engine, store, pending.id, cash))
        else:
            cart = await till.cart(("MUG", 1), email=name)
            at_once.append(place_agreed(engine, store, cart.id, terms))
    async with held_up(owner, "shop.unpaid_orders", "BEFORE INSERT"):
        ordering = asyncio.gather(*at_once, return_exceptions=True)
        await until_waiting(owner, MOST + 2)
    done = await ordering
    refusals = [one for one in done if isinstance(one, BaseException)]
    assert [one for one in refusals if getattr(one, "reason", "") != "too_many_unpaid"] == []
    query = "SELECT count(*) FROM shop.orders WHERE store_id = $1 AND status = 'processing'"
    assert (len(done) - len(refusals), await till.value(query)) == (MOST, MOST)


async def test_the_cart_of_whoever_is_refused_is_kept(till: Till) -> None:
    await allow(till, unpaid_per_shopper=1)
    first = await by_cash(till)
    cart = await till.cart(("MUG", 1))
    terms = Agreement(method="whatsapp", network_address=HOME)
    await refused(place_agreed, till.engine, till.store, cart.id, terms)
    await mark_paid(till.engine, till.store, first.id, "test")
    assert (await place_agreed(till.engine, till.store, cart.id, terms)).cart_id == cart.id


async def test_goods_that_were_sent_do_not_count_any_more(till: Till) -> None:
    await allow(till, unpaid_per_shopper=1)
    await ship(till, await by_cash(till))
    await by_cash(till)
    await refused(by_cash, till)


async def test_one_address_orders_so_often_in_a_day(till: Till, clock: ManualClock) -> None:
    await allow(till, unpaid_per_address=2)
    await by_cash(till, "a@example.com")
    await agreed(till, "b@example.com")
    await refused(completed, till, "c@example.com")
    await by_cash(till, "c@example.com", CAFE)
    clock.advance(24 * 60 * 60)
    await by_cash(till, "d@example.com")


async def test_what_names_no_address_counts_for_the_shopper_alone(till: Till) -> None:
    await allow(till, unpaid_per_address=1)
    for name in ("a", "b", "c"):
        await by_cash(till, f"{name}@example.com", "")


async def test_without_limits_nothing_is_counted(till: Till) -> None:
    await allow(till, unpaid_per_shopper=0, unpaid_per_address=0, agreed_hours=0)
    for way in WAYS:
        await way(till)
    assert await till.value("SELECT count(*) FROM shop.unpaid_orders WHERE store_id = $1") == 0


async def test_whose_they_are_is_kept_as_digests_until_they_are_paid(till: Till) -> None:
    await allow(till, unpaid_per_shopper=20)
    order = await by_cash(till)
    (row,) = await till.rows("SELECT * FROM shop.unpaid_orders WHERE store_id = $1")
    assert (len(row["shopper"]), len(row["address"])) == (16, 16)
    await mark_paid(till.engine, till.store, order.id, "test")
    await expire_orders(till.engine, till.store)
    assert await till.rows("SELECT * FROM shop.unpaid_orders WHERE store_id = $1") == []


@pytest.mark.parametrize("first", ["stands", "draft"])
async def test_what_nobody_confirms_expires_and_frees_its_stock(
    till: Till, clock: ManualClock, first: str
) -> None:
    await allow(till, agreed_hours=3, draft_first=first == "draft")
    order = await agreed(till)
    cash = await by_cash(till)
    clock.advance(3 * 60 * 60 - 1)
    assert await expire_orders(till.engine, till.store) == 0
    assert await reserved(till) == 2
    clock.advance(1)
    assert await expire_orders(till.engine, till.store) == 1
    async with till.database.transaction(till.store.id) as tx:
        assert (await get_order(tx, order.id)).status == "expired"
        assert (await get_order(tx, cash.id)).status == "processing"
    assert await reserved(till) == 1
    assert await expire_orders(till.engine, till.store) == 0


@pytest.mark.parametrize("way", ["agreed", "pending"])
async def test_one_that_cannot_be_ended_is_a_case_once_and_the_others_end(
    till: Till,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    """Even if only so many are looked at in a round, and it is the oldest that fails."""
    await allow(till, agreed_hours=1, order_minutes=60)
    make = agreed if way == "agreed" else by_phone
    found = [await make(till, name) for name in ("a@example.com", "b@example.com")]
    monkeypatch.setattr(upkeep, "_MOST_AT_ONCE", 1)
    await of_units(till, found[0], 1000)
    clock.advance(60 * 60)

    async def round_of_one() -> list[Case]:
        clock.advance(60)
        assert await expire_orders(till.engine, till.store) == 1
        async with till.database.transaction(till.store.id) as tx:
            return list(await list_cases(tx, state=None))

    [case] = await round_of_one()
    assert (case.kind, case.subject_id) == ("order_not_ended", str(found[0].id))
    assert await round_of_one() == [case]
    states = [await state_of(till, one) for one in found]
    assert states == [found[0].status, "expired"]
    assert str(found[0].id) in caplog.text
    async with till.database.transaction(till.store.id) as tx:
        await close_case(tx, case.id, "merchant", "I am looking into it.")
    assert [one.state for one in await round_of_one()] == ["closed"]
    await of_units(till, found[0], 1)
    await round_of_one()
    assert await state_of(till, found[0]) == "expired"


async def test_the_case_of_an_order_that_is_ended_after_all_is_closed(
    till: Till, clock: ManualClock
) -> None:
    await allow(till, agreed_hours=1)
    order = await agreed(till)
    await of_units(till, order, 1000)
    clock.advance(60 * 60)
    await expire_orders(till.engine, till.store)
    async with till.database.transaction(till.store.id) as tx:
        assert len(await list_cases(tx)) == 1
    await of_units(till, order, 1)
    await cancel_order(till.engine, till.store, order.id, "merchant")
    async with till.database.transaction(till.store.id) as tx:
        assert await list_cases(tx) == []


async def of_units(till: Till, order: Order, quantity: int) -> None:
    """Have an order of one unit say another quantity: so much stock cannot be given back."""
    await till.rows(
        "UPDATE shop.order_lines SET quantity = $3 WHERE store_id = $1 AND order_id = $2",
        order.id,
        quantity,
    )


async def test_an_order_whose_money_was_held_and_let_go_counts_and_ends_as_before(
    till: Till, clock: ManualClock
) -> None:
    await allow(till, unpaid_per_shopper=1, agreed_hours=1)
    order = await agreed(till)

    async def reported(status: FactStatus) -> None:
        fact = till.fact(order.total, status, kind="authorization")
        result = PaymentResult(status="pending", facts=[fact])
        query = "SELECT id FROM shop.payments WHERE store_id = $1 AND order_id = $2"
        payment_id = await till.value(query, order.id)
        await payment_reported(till.engine, till.store, payment_id, result, "test")

    await reported("succeeded")
    await expire_orders(till.engine, till.store)
    await reported("canceled")
    async with till.database.transaction(till.store.id) as tx:
        assert (await get_order(tx, order.id)).payment_status in {"awaiting", "failed"}
    await refused(agreed, till)
    clock.advance(60 * 60)
    await expire_orders(till.engine, till.store)
    assert await state_of(till, order) == "expired"


async def by_phone(till: Till, email: str) -> Order:
    cart = await till.cart(("MUG", 1), email=email)
    push = StartRequest(provider="push", inputs={"phone": "+254700000001"})
    return await place(till.engine, till.store, cart.id, "push", request=push)


async def state_of(till: Till, order: Order) -> str:
    async with till.database.transaction(till.store.id) as tx:
        return (await get_order(tx, order.id)).status


async def test_what_is_paid_in_part_or_sent_does_not_expire(till: Till, clock: ManualClock) -> None:
    await allow(till, agreed_hours=1)
    in_part, sent = await agreed(till), await agreed(till)
    await mark_paid(till.engine, till.store, in_part.id, "test", 1)
    await ship(till, sent)
    clock.advance(60 * 60)
    assert await expire_orders(till.engine, till.store) == 0


async def test_money_that_is_confirmed_as_the_order_expires_is_one_or_the_other(
    till: Till, clock: ManualClock
) -> None:
    await allow(till, agreed_hours=1)
    found = [await agreed(till) for _ in range(4)]
    clock.advance(60 * 60)
    confirmed = [mark_paid(till.engine, till.store, one.id, "test") for one in found]
    done = await asyncio.gather(
        expire_orders(till.engine, till.store), *confirmed, return_exceptions=True
    )
    paid = sum(isinstance(one, Order) for one in done)
    rows = await till.rows("SELECT status, payment_status FROM shop.orders WHERE store_id = $1")
    states = [tuple(row) for row in rows]
    assert states.count(("processing", "paid")) == paid
    assert states.count(("expired", "awaiting")) == len(found) - paid
    assert await reserved(till) == paid
