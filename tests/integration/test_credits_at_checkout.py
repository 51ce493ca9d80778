"""Orders that are paid with credits: never more than there are, and given back once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from tests.support.promoting import buy
from tests.support.promoting import make as make_promotion
from tests.support.shops import add_variant
from tests.support.tills import Till, open_till
from tradewind.carts.merging.service import claim
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.carts.service import add_sku, get_cart, open_cart, update, use_credits
from tradewind.cases.service import list_cases
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    cancel_order,
    complete,
    expire_order,
    mark_paid,
    payment_reported,
    quote,
    refund_order,
    start_payment,
)
from tradewind.contracts.errors import Conflict
from tradewind.contracts.payment import PaymentResult
from tradewind.credits import service as packs
from tradewind.credits.rules import PackTerms
from tradewind.customers import service as customers
from tradewind.database import Database
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order
from tradewind.pricing.rules import credits_in
from tradewind.testing.clock import ManualClock

PRICE = 10_000
ORDERS = 20


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        async with database.transaction(opened.store.id) as tx:
            await add_variant(tx, "VISIT", PRICE, on_hand=None, kind="service")
            await add_variant(tx, "MUG", PRICE, on_hand=100)
            pack = await add_variant(tx, "TEN", 50_000, on_hand=None, kind="pack")
            await packs.set_terms(tx, PackTerms(variant_id=pack.id, credits=10, days=None))
        yield opened


async def customer(till: Till, had: int = 0, email: str = "amina@example.com") -> UUID:
    """A customer who was given so many credits."""
    async with till.database.transaction(till.store.id) as tx:
        found = await customers.for_email(tx, email)
        if had:
            await packs.give(tx, found.id, had, None, "test", "")
    return found.id


async def cart_of(
    till: Till, owner: UUID | None, *wanted: tuple[str, int], most: int | None = 1_000_000
) -> Cart:
    """A cart of a chat, quoted, to be paid with at most so many credits."""
    async with till.database.transaction(till.store.id) as tx:
        new = NewCart(source="web", session_id=f"web:{tx.new_id()}", customer_id=owner)
        for sku, quantity in wanted:
            cart = await add_sku(tx, new, sku, quantity)
        cart = await update(tx, cart, CartUpdate(email="amina@example.com"))
        if most is not None:
            cart = await use_credits(tx, cart, most)
    return await quote(till.engine, till.store, cart.id)


async def left(till: Till, owner: UUID) -> int:
    async with till.database.transaction(till.store.id) as tx:
        return await packs.available(tx, owner)


async def entries(till: Till) -> list[tuple[str, int]]:
    query = "SELECT reason, amount FROM shop.credit_entries WHERE store_id = $1 ORDER BY id"
    return [tuple(row) for row in await till.rows(query)]


def applied(cart: Cart) -> tuple[int, int]:
    assert cart.credits is not None
    return cart.credits.available, cart.credits.applied


async def test_credits_pay_whole_units_of_services_and_nothing_else(till: Till) -> None:
    owner = await customer(till, 3)
    cart = await cart_of(till, owner, ("VISIT", 2), ("MUG", 1))
    assert applied(cart) == (3, 2)
    assert (cart.discount_total, cart.total) == (2 * PRICE, PRICE)
    order = await buy(till, cart)
    [entry] = [one for one in order.entries if one.kind == "credit"]
    assert (entry.amount, entry.code, entry.reference) == (-2 * PRICE, "credits", "2")
    assert (order.total, await left(till, owner)) == (PRICE, 1)
    assert await entries(till) == [("gift", 3), ("used", -2)]


async def test_a_cart_that_credits_pay_in_full_needs_no_payment(till: Till) -> None:
    owner = await customer(till, 1)
    cart = await cart_of(till, owner, ("VISIT", 1))
    assert cart.total == 0
    order = await complete(till.engine, till.store, cart.id)
    assert (order.status, order.payment_status, order.total) == ("processing", "paid", 0)
    assert (await complete(till.engine, till.store, cart.id)).id == order.id
    assert await left(till, owner) == 0


async def test_they_pay_what_promotions_leave(till: Till) -> None:
    await make_promotion(till, None, value=Decimal(50))
    owner = await customer(till, 1)
    cart = await cart_of(till, owner, ("VISIT", 2))
    amounts = {one.kind: one.amount for one in cart.adjustments}
    assert amounts == {"promotion": -PRICE, "credit": -PRICE // 2}
    assert cart.total == PRICE // 2


async def test_twenty_orders_at_once_are_paid_with_no_more_credits_than_there_are(
    till: Till,
) -> None:
    owner = await customer(till, 1)
    for had in (1, 1):
        await customer(till, had)
    carts = [await cart_of(till, owner, ("VISIT", 1), ("MUG", 1), most=1) for _ in range(ORDERS)]
    assert {cart.total for cart in carts} == {PRICE}
    results = await asyncio.gather(*(buy(till, one) for one in carts), return_exceptions=True)
    placed = [one for one in results if isinstance(one, Order)]
    assert sum(credits_in(one.entries) for one in placed) == 3
    refused = [one.reason for one in results if isinstance(one, Conflict)]
    assert refused == ["credits_short"] * (ORDERS - 3)
    assert await left(till, owner) == 0
    assert [one for one in await entries(till) if one[0] == "used"] == [("used", -1)] * 3
    lost = next(cart for cart, one in zip(carts, results, strict=True) if isinstance(one, Conflict))
    again = await quote(till.engine, till.store, lost.id)
    assert (again.status, again.total, applied(again)) == ("open", 2 * PRICE, (0, 0))
    assert (await buy(till, again)).total == 2 * PRICE


async def test_without_the_claim_the_same_orders_use_too_many(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unclaimed(*_: object) -> None:
        return

    monkeypatch.setattr("tradewind.checkout.service.placing.claim_credits", unclaimed)
    owner = await customer(till, 1)
    carts = [await cart_of(till, owner, ("VISIT", 1), ("MUG", 1)) for _ in range(3)]
    placed = [await buy(till, one) for one in carts]
    assert sum(credits_in(one.entries) for one in placed) == 3


async def test_a_canceled_order_gives_them_back_once(till: Till) -> None:
    owner = await customer(till, 2)
    order = await buy(till, await cart_of(till, owner, ("VISIT", 2), ("MUG", 1)))
    assert await left(till, owner) == 0
    called_off = [cancel_order(till.engine, till.store, order.id, "test") for _ in range(5)]
    await asyncio.gather(*called_off)
    assert await left(till, owner) == 2
    assert await entries(till) == [("gift", 2), ("used", -2), ("returned", 2)]


async def test_an_order_that_ran_out_of_time_gives_them_back(
    till: Till, clock: ManualClock
) -> None:
    owner = await customer(till, 1)
    order = await buy(till, await cart_of(till, owner, ("VISIT", 1), ("MUG", 1)), "push")
    assert (order.status, await left(till, owner)) == ("pending", 0)
    clock.advance(timedelta(hours=3).total_seconds())
    assert (await expire_order(till.engine, till.store, order.id)).status == "expired"
    assert await left(till, owner) == 1


async def test_a_full_refund_gives_them_back_and_a_cancel_after_it_does_not_again(
    till: Till,
) -> None:
    owner = await customer(till, 1)
    order = await buy(till, await cart_of(till, owner, ("VISIT", 1), ("MUG", 1)))
    await mark_paid(till.engine, till.store, order.id, "test")
    await refund_order(till.engine, till.store, order.id, "test", 100)
    assert await left(till, owner) == 0
    await refund_order(till.engine, till.store, order.id, "test")
    assert await left(till, owner) == 1
    await cancel_order(till.engine, till.store, order.id, "test")
    assert await left(till, owner) == 1
    assert await entries(till) == [("gift", 1), ("used", -1), ("returned", 1)]


async def test_an_order_that_still_waits_for_its_money_keeps_them(till: Till) -> None:
    owner = await customer(till, 1)
    cart = await cart_of(till, owner, ("VISIT", 1), ("MUG", 1))
    order = await buy(till, cart, "push")
    payment_id = (await till.session(cart)).payment_id
    part = [till.fact(100), till.fact(100, kind="refund", object_id="refund-1")]
    result = PaymentResult(status="pending", facts=part)
    await payment_reported(till.engine, till.store, payment_id, result, "webhook")
    async with till.database.transaction(till.store.id) as tx:
        order = await get_order(tx, order.id)
    assert (order.status, order.payment_status) == ("pending", "refunded")
    assert await left(till, owner) == 0
    await cancel_order(till.engine, till.store, order.id, "test")
    assert await left(till, owner) == 1


async def test_the_credits_of_others_are_out_of_reach(till: Till) -> None:
    await customer(till, 5)
    stranger = await customer(till, email="brian@example.com")
    cart = await cart_of(till, stranger, ("VISIT", 1))
    assert (applied(cart), cart.total) == ((0, 0), PRICE)
    guest = await cart_of(till, None, ("VISIT", 1), most=None)
    assert (guest.credits, guest.total) == (None, PRICE)
    async with till.database.transaction(till.store.id) as tx:
        with pytest.raises(Conflict) as refused:
            await use_credits(tx, await get_cart(tx, guest.id), 1)
    assert refused.value.reason == "cart_of_guest"


async def test_another_customer_pays_without_credits_until_they_ask(till: Till) -> None:
    await customer(till, 5)
    owner = await customer(till, 5)
    brian = await customer(till, 5, email="brian@example.com")
    cart = await cart_of(till, owner, ("VISIT", 1))
    async with till.database.transaction(till.store.id) as tx:
        await update(tx, await get_cart(tx, cart.id), CartUpdate(customer_id=brian))
    assert applied(await quote(till.engine, till.store, cart.id)) == (5, 0)


async def test_a_merge_pays_without_credits_until_that_is_asked_again(till: Till) -> None:
    owner = await customer(till, 5)
    guest = await till.cart(("MUG", 1))
    async with till.database.transaction(till.store.id) as tx:
        own = await open_cart(tx, NewCart(source="web", customer_id=owner))
        assert (await use_credits(tx, own, 1)).credits_wanted == 1
        merged = (await claim(tx, guest.id, owner)).cart
    assert (merged.id, merged.credits_wanted) == (own.id, 0)


async def test_money_that_came_for_credits_that_are_gone_is_a_case(till: Till) -> None:
    owner = await customer(till, 1)
    cart = await cart_of(till, owner, ("VISIT", 1), ("MUG", 1))
    push = StartRequest(provider="push", inputs={"phone": "+254700000001"})
    session = await start_payment(till.engine, till.store, cart.id, push)
    assert session.amount == PRICE
    await buy(till, await cart_of(till, owner, ("VISIT", 1), ("MUG", 1)))
    paid = PaymentResult(status="succeeded", facts=[till.fact(PRICE)])
    await payment_reported(till.engine, till.store, session.payment_id, paid, "webhook")
    [case] = await till.rows("SELECT kind, amount FROM shop.cases WHERE store_id = $1")
    assert (case["kind"], case["amount"]) == ("paid_not_placed", PRICE)
    kept = await quote(till.engine, till.store, cart.id)
    assert (kept.status, kept.total) == ("open", 2 * PRICE)


async def test_a_refunded_pack_of_which_credits_were_used_is_a_case(till: Till) -> None:
    owner = await customer(till)
    pack = await buy(till, await cart_of(till, owner, ("TEN", 1)))
    await mark_paid(till.engine, till.store, pack.id, "test")
    used = await buy(till, await cart_of(till, owner, ("VISIT", 4), ("MUG", 1)))
    await refund_order(till.engine, till.store, pack.id, "test")
    assert await left(till, owner) == 0
    async with till.database.transaction(till.store.id) as tx:
        [case] = await list_cases(tx)
    assert (case.kind, case.subject_id, case.amount) == ("pack_used", str(pack.id), 50_000)
    assert (case.evidence["used"], case.evidence["refunded"]) == (4, 50_000)
    await cancel_order(till.engine, till.store, used.id, "test")
    assert await left(till, owner) == 0


async def test_the_database_lets_no_order_give_back_twice(till: Till) -> None:
    owner = await customer(till, 1)
    order = await buy(till, await cart_of(till, owner, ("VISIT", 1), ("MUG", 1)))
    await cancel_order(till.engine, till.store, order.id, "test")
    async with till.database.transaction(till.store.id) as tx:
        with pytest.raises(Exception, match="credit_entries_once"):
            await tx.execute(
                """INSERT INTO shop.credit_entries
                       (store_id, id, grant_id, amount, reason, actor, created_at, order_id)
                   SELECT store_id, $3, grant_id, amount, reason, actor, created_at, order_id
                   FROM shop.credit_entries
                   WHERE store_id = $1 AND order_id = $2 AND reason = 'returned'""",
                tx.store_id,
                order.id,
                tx.new_id(),
            )
        await tx.connection.execute("ROLLBACK; BEGIN")
