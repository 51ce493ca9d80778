"""A promotion that was used up: the shopper is told once, and orders at the new total."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from tests.support.promoting import cart_with, make, told, used
from tests.support.tills import Till, open_till
from tradewind.carts.rules import Cart
from tradewind.carts.service import get_cart
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    Agreement,
    payment_reported,
    place,
    place_agreed,
    quote,
    start_payment,
)
from tradewind.contracts.errors import Conflict
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Database
from tradewind.orders.rules import Order

PRICE, TENTH = 10_000, 1_000
PHONE, OTHER = "+254700000001", "+254700000002"


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", PRICE, on_hand=1000)
        yield opened


async def nobodys(till: Till, price: int) -> Cart:
    """A mug in the cart of somebody who has not said who they are."""
    cart = await till.cart(("MUG", 1), email="")
    cart = await quote(till.engine, till.store, cart.id)
    assert (cart.email or None, cart.phone, cart.total) == (None, None, price)
    return cart


async def agreed(till: Till, cart_id: UUID, phone: str = PHONE) -> Order:
    terms = Agreement(method="chat", phone=phone)
    return await place_agreed(till.engine, till.store, cart_id, terms)


async def refused(till: Till, cart: Cart, phone: str = PHONE) -> None:
    with pytest.raises(Conflict, match=r"KES 100\.00") as refusal:
        await agreed(till, cart.id, phone)
    assert refusal.value.reason == "promotion_exhausted"


async def test_who_joins_only_with_the_order_is_told_once_and_then_orders_without_it(
    till: Till,
) -> None:
    promotion = await make(till, None, limit_per_customer=1)
    first = await agreed(till, (await nobodys(till, PRICE - TENTH)).id)
    assert (first.total, first.phone) == (PRICE - TENTH, PHONE)
    cart = await nobodys(till, PRICE - TENTH)
    await refused(till, cart)
    assert (await quote(till.engine, till.store, cart.id)).total == PRICE
    second = await agreed(till, cart.id)
    assert (second.total, second.phone) == (PRICE, PHONE)
    assert await used(till, promotion) == (1, 0)


async def test_a_number_that_was_mistyped_then_is_not_that_of_the_order(till: Till) -> None:
    await make(till, None, limit_per_customer=1)
    await agreed(till, (await nobodys(till, PRICE - TENTH)).id)
    cart = await nobodys(till, PRICE - TENTH)
    await refused(till, cart)
    assert (await agreed(till, cart.id, OTHER)).phone == OTHER


async def test_an_attempt_to_pay_what_it_cost_before_is_called_off(till: Till) -> None:
    await make(till, None, limit_per_customer=1)
    await agreed(till, (await nobodys(till, PRICE - TENTH)).id)
    cart = await nobodys(till, PRICE - TENTH)
    await told(till, cart, phone=OTHER)
    push = StartRequest(provider="push", inputs={"phone": OTHER})
    session = await start_payment(till.engine, till.store, cart.id, push)
    await refused(till, cart)
    assert (await till.session(cart)).status == "voided"
    paid = PaymentResult(status="succeeded", facts=[till.fact(PRICE - TENTH)])
    await payment_reported(till.engine, till.store, session.payment_id, paid, "webhook")
    async with till.database.transaction(till.store.id) as tx:
        assert (await get_cart(tx, cart.id)).status == "completed"


@pytest.mark.parametrize("seen", [PRICE - TENTH, None])
async def test_a_quote_that_a_limit_has_overtaken_is_refused_once(
    till: Till, seen: int | None
) -> None:
    await make(till, None, usage_limit=1)
    late, early = await cart_with(till), await cart_with(till, email="b@example.com")
    assert late.total == early.total == PRICE - TENTH

    async def ordered(cart: Cart, total: int | None) -> Order:
        cash = "cash_on_delivery"
        return await place(till.engine, till.store, cart.id, "manual", cash, expected_total=total)

    await ordered(early, PRICE - TENTH)
    with pytest.raises(Conflict) as refusal:
        await ordered(late, seen)
    assert refusal.value.reason == "cart_changed"
    assert (await ordered(late, PRICE)).total == PRICE
