"""Paying with a provider that somebody else wrote, that calls nobody and has to be asked."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import pytest_asyncio

from tests.support.shop import Shop, open_shop
from tests.support.thirdparty.listener import Listener
from tests.support.thirdparty.till import (
    PLAN,
    SESSION,
    Book,
    TillPlugin,
    statement_line,
)
from tradewind import (
    Address,
    AwaitPhone,
    Conflict,
    InvalidInput,
    OrderPlaced,
    PaymentPaid,
    ProviderFault,
)
from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.checkout import service as checkout
from tradewind.checkout.rules import StartRequest
from tradewind.database import Store
from tradewind.inventory import service as inventory
from tradewind.orders.rules import Order
from tradewind.payments.rules import PaymentSession
from tradewind.settings.engine import Engine
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

PHONE = "+254700000101"
ADDRESS = Address(
    first_name="Jane", last_name="Doe", address_1="Moi Avenue 12", city="Nairobi", country_code="ke"
)
SETTINGS = {"till_number": "5566", "passkey": "key-of-the-till"}
SKU, ON_HAND = "KIONDO", 3
TOTAL = 3_500_00 + 300_00


class Level(NamedTuple):
    """What is left of the basket."""

    held: int
    reserved: int


class Counter:
    """A shop that takes the till's payments, and the shopper's side of it."""

    def __init__(self, shop: Shop, book: Book, listener: Listener) -> None:
        self.shop = shop
        self.book = book
        self.listener = listener

    @property
    def engine(self) -> Engine:
        return self.shop.engine

    @property
    def store(self) -> Store:
        return self.shop.branches["demo"].store

    async def cart(self, quantity: int = 1) -> Cart:
        """A cart with baskets, an address and a way of delivery."""
        async with self.engine.database.transaction(self.store.id) as tx:
            new = NewCart(source="web", email="jane@example.com")
            cart = await carts.open_cart(tx, new)
            (offer,) = await tx.fetch(
                "SELECT id FROM shop.variants WHERE store_id = $1 AND sku = $2", tx.store_id, SKU
            )
            cart = await carts.add_line(tx, cart, offer["id"], quantity)
            cart = await carts.update(tx, cart, CartUpdate(shipping_address=ADDRESS))
        (option,) = await checkout.shipping_options(self.engine, self.store, cart.id)
        return await checkout.choose_shipping(self.engine, self.store, cart.id, option.option_id)

    async def pays(self, cart: Cart, **inputs: str) -> PaymentSession:
        """Choose the till."""
        request = StartRequest(provider="till", inputs=inputs or {"phone": PHONE})
        return await checkout.start_payment(self.engine, self.store, cart.id, request)

    async def passes(self, time: timedelta) -> None:
        """Time passes, and what is due is done."""
        self.shop.clock.advance(time.total_seconds())
        await self.shop.settle()

    async def level(self) -> Level:
        async with self.engine.database.transaction(self.store.id) as tx:
            found = await inventory.levels(tx, SKU)
        assert found.on_hand == ON_HAND
        return Level(held=found.held, reserved=found.reserved)

    async def orders(self) -> list[dict[str, Any]]:
        """The store's orders as its merchant sees them."""
        found: list[dict[str, Any]] = (await self.shop.admin("GET", "/admin/orders"))["orders"]
        return found

    async def cases(self) -> list[str]:
        """The kinds of open cases."""
        found = (await self.shop.admin("GET", "/admin/cases?state=open"))["cases"]
        return [case["kind"] for case in found]

    def approve(self) -> None:
        """The shopper types the PIN for the latest request."""
        self.book.decide(self.book.requests[-1].number, "approved", self.shop.clock.now())

    def decline(self) -> None:
        """The shopper presses the other key."""
        self.book.decide(self.book.requests[-1].number, "declined", self.shop.clock.now())


@pytest_asyncio.fixture
async def counter(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Counter]:
    """The stores offer the till."""
    book, listener = Book(), Listener()
    plugins = [TillPlugin(book), listener]
    async with open_shop(database_urls, clock=clock, plugins=plugins) as shop:
        for slug in ("demo", "second"):
            store = shop.branches[slug].store
            for name, settings in (("till", SETTINGS), ("listener", {})):
                await configure(
                    shop.engine, store, name, settings=settings, enabled=True, actor="test"
                )
        yield Counter(shop, book, listener)


# --- offered and started -------------------------------------------------------------------------


async def test_the_till_is_offered_beside_the_others_with_what_it_needs(counter: Counter) -> None:
    cart = await counter.cart()
    offered = await checkout.payment_methods(counter.engine, counter.store, cart.id)
    assert [(one.provider, one.method.id) for one in offered] == [
        ("manual", "cash_on_delivery"),
        ("till", "push"),
    ]
    assert [one.name for one in offered[-1].method.inputs] == ["phone"]


async def test_a_store_in_another_currency_is_not_offered_the_till(counter: Counter) -> None:
    store = counter.shop.branches["second"].store
    async with counter.engine.database.transaction(store.id) as tx:
        cart = await carts.open_cart(tx, NewCart(source="web", email="jane@example.com"))
    offered = await checkout.payment_methods(counter.engine, store, cart.id)
    assert "till" not in {one.provider for one in offered}


async def test_without_the_phone_number_nothing_starts(counter: Counter) -> None:
    cart = await counter.cart()
    with pytest.raises(InvalidInput) as refused:
        await counter.pays(cart, phone=" ")
    assert [error.path for error in refused.value.errors] == ["inputs.phone"]
    assert not counter.book.requests
    assert await counter.level() == Level(held=0, reserved=0)


async def test_the_shopper_is_told_to_approve_and_the_goods_are_held(counter: Counter) -> None:
    session = await counter.pays(await counter.cart(2))
    assert (session.status, session.flow) == ("open", "push")
    assert session.action == AwaitPhone(text=f"Enter your PIN on {PHONE}.")
    assert [one.amount for one in counter.book.requests] == ["7300"]
    assert await counter.level() == Level(held=2, reserved=0)
    assert not await counter.orders()


# --- approved ------------------------------------------------------------------------------------


async def test_an_approval_is_found_by_asking_and_the_order_stands_once(counter: Counter) -> None:
    await counter.pays(await counter.cart())
    await counter.passes(PLAN[0])
    assert not await counter.orders()
    counter.approve()
    await counter.passes(PLAN[1])
    (order,) = await counter.orders()
    assert (order["status"], order["payment_status"]) == ("processing", "paid")
    assert order["total"] == TOTAL
    assert await counter.level() == Level(held=0, reserved=1)
    placed = [one for one in counter.listener.heard if isinstance(one, OrderPlaced)]
    paid = [one for one in counter.listener.heard if isinstance(one, PaymentPaid)]
    assert [str(one.order_id) for one in placed] == [order["id"]]
    assert [(one.provider, one.amount.amount) for one in paid] == [("till", TOTAL)]


async def test_the_provider_is_asked_by_its_plan_and_no_more_once_it_is_decided(
    counter: Counter,
) -> None:
    await counter.pays(await counter.cart())
    await counter.passes(PLAN[0] - timedelta(seconds=1))
    assert len(counter.book.asked) == 0
    for number, wait in enumerate((timedelta(seconds=1), PLAN[1], PLAN[2], PLAN[2]), start=1):
        await counter.passes(wait)
        assert len(counter.book.asked) == number
    counter.approve()
    await counter.passes(PLAN[2])
    await counter.passes(SESSION)
    assert len(counter.book.asked) == 5
    assert len(await counter.orders()) == 1
    assert counter.listener.types().count("order.placed") == 1


async def test_completing_asks_the_provider_and_does_not_wait_for_the_plan(
    counter: Counter,
) -> None:
    cart = await counter.cart()
    await counter.pays(cart)
    with pytest.raises(Conflict) as refused:
        await checkout.complete(counter.engine, counter.store, cart.id)
    assert refused.value.reason == "payment_not_completed"
    counter.approve()
    order = await checkout.complete(counter.engine, counter.store, cart.id)
    assert order.payment_status == "paid"
    await counter.passes(PLAN[0])
    assert counter.listener.types().count("payment.paid") == 1
    assert (await checkout.complete(counter.engine, counter.store, cart.id)).id == order.id


async def test_an_approval_whose_answer_was_lost_is_found_by_our_own_reference(
    counter: Counter,
) -> None:
    cart = await counter.cart()
    counter.book.trouble = "silent"
    session = await counter.pays(cart)
    assert (session.status, counter.book.asked) == ("open", [str(session.payment_id)])
    assert len(counter.book.requests) == 1
    counter.book.trouble = ""
    counter.approve()
    await counter.passes(PLAN[0])
    (order,) = await counter.orders()
    assert order["payment_status"] == "paid"
    (payment,) = await payments_of(counter, order)
    assert payment["provider_id"] == "till"


async def test_a_till_that_was_switched_off_meanwhile_still_brings_the_money(
    counter: Counter,
) -> None:
    await counter.pays(await counter.cart())
    await counter.shop.admin("PUT", "/admin/plugins/till", {"enabled": False})
    counter.approve()
    await counter.passes(PLAN[0])
    (order,) = await counter.orders()
    assert order["payment_status"] == "paid"
    cart = await counter.cart()
    offered = await checkout.payment_methods(counter.engine, counter.store, cart.id)
    assert "till" not in {one.provider for one in offered}


async def test_money_that_came_for_a_cart_that_was_changed_places_what_was_paid(
    counter: Counter,
) -> None:
    cart = await counter.cart()
    await counter.pays(cart)
    async with counter.engine.database.transaction(counter.store.id) as tx:
        current = await carts.get_cart(tx, cart.id)
        await carts.set_quantity(tx, current, current.lines[0].id, 3)
    counter.approve()
    await counter.passes(PLAN[0])
    (order,) = await counter.orders()
    assert (order["total"], order["payment_status"]) == (TOTAL, "paid")


async def test_two_attempts_that_are_both_approved_make_one_order_and_a_case(
    counter: Counter,
) -> None:
    cart = await counter.cart()
    await counter.pays(cart)
    await counter.pays(cart)
    counter.approve()
    await counter.passes(PLAN[0])
    first, _second = counter.book.requests
    counter.book.decide(first.number, "approved", counter.shop.clock.now())
    await hand_in(counter, first.number)
    (order,) = await counter.orders()
    assert order["payment_status"] == "paid"
    assert len(await counter.cases()) == 1
    assert counter.listener.types().count("order.placed") == 1


# --- not approved --------------------------------------------------------------------------------


async def test_a_refusal_on_the_phone_gives_the_goods_back_and_another_way_can_be_taken(
    counter: Counter,
) -> None:
    cart = await counter.cart()
    await counter.pays(cart)
    counter.decline()
    await counter.passes(PLAN[0])
    assert not await counter.orders()
    assert counter.listener.types().count("payment.failed") == 1
    order = await checkout.place(counter.engine, counter.store, cart.id, "manual")
    assert (order.status, order.payment_status) == ("processing", "awaiting")
    assert await counter.level() == Level(held=0, reserved=1)


async def test_after_a_refusal_others_can_have_the_goods_at_once(counter: Counter) -> None:
    await counter.pays(await counter.cart(ON_HAND))
    counter.decline()
    await counter.passes(PLAN[0])
    assert await counter.level() == Level(held=0, reserved=0)
    other = await counter.cart(ON_HAND)
    await checkout.place(counter.engine, counter.store, other.id, "manual")
    assert (await counter.level()).reserved == ON_HAND


async def test_a_late_refusal_of_an_older_attempt_leaves_the_goods_to_the_newer_one(
    counter: Counter,
) -> None:
    cart = await counter.cart()
    await counter.pays(cart)
    await counter.pays(cart)
    first, _second = counter.book.requests
    counter.book.decide(first.number, "declined", counter.shop.clock.now())
    await hand_in(counter, first.number)
    assert await counter.level() == Level(held=1, reserved=0)


async def test_a_closed_till_says_so_and_the_shopper_can_try_again(counter: Counter) -> None:
    cart = await counter.cart()
    counter.book.trouble = "refuses"
    with pytest.raises(ProviderFault):
        await counter.pays(cart)
    counter.book.trouble = ""
    session = await counter.pays(cart)
    counter.approve()
    await counter.passes(PLAN[0])
    (order,) = await counter.orders()
    (payment,) = await payments_of(counter, order)
    assert payment["id"] == str(session.payment_id)


async def test_without_an_approval_the_goods_are_free_again_when_the_time_is_over(
    counter: Counter,
) -> None:
    await counter.pays(await counter.cart(ON_HAND))
    await wait_in_vain(counter)
    assert await counter.level() == Level(held=0, reserved=0)
    assert not await counter.orders()
    asked = len(counter.book.asked)
    await counter.passes(timedelta(hours=1))
    assert len(counter.book.asked) == asked + 1


async def test_a_pending_order_outlives_its_payment_and_gives_its_goods_back_when_it_expires(
    counter: Counter,
) -> None:
    order = await placed_pending(counter)
    assert order.status == "pending"
    assert await counter.level() == Level(held=0, reserved=1)
    await wait_in_vain(counter)
    (found,) = await counter.orders()
    assert found["status"] == "pending"
    assert counter.listener.types().count("payment.failed") == 1
    await order_lapses(counter)
    (found,) = await counter.orders()
    assert found["status"] == "expired"
    assert await counter.level() == Level(held=0, reserved=0)
    assert counter.listener.types().count("order.expired") == 1
    assert "order.placed" not in counter.listener.types()


async def test_a_pending_order_stands_once_it_is_approved(counter: Counter) -> None:
    order = await placed_pending(counter)
    counter.approve()
    await counter.passes(PLAN[0])
    (found,) = await counter.orders()
    assert (found["id"], found["status"], found["payment_status"]) == (
        str(order.id),
        "processing",
        "paid",
    )
    assert counter.listener.types().count("order.placed") == 1
    assert counter.listener.types().count("payment.paid") == 1


# --- too late ------------------------------------------------------------------------------------


async def test_money_that_comes_after_the_order_expired_opens_a_case(counter: Counter) -> None:
    await placed_pending(counter)
    await wait_in_vain(counter)
    await order_lapses(counter)
    await approved_too_late(counter)
    assert await counter.cases() == ["late_payment"]
    (order,) = await counter.orders()
    assert order["status"] == "expired"
    assert "order.placed" not in counter.listener.types()


async def test_money_that_comes_after_the_session_expired_places_the_order_if_it_can(
    counter: Counter,
) -> None:
    await counter.pays(await counter.cart())
    await wait_in_vain(counter)
    await approved_too_late(counter)
    (order,) = await counter.orders()
    assert (order["status"], order["payment_status"]) == ("processing", "paid")
    assert not await counter.cases()


async def test_money_that_comes_after_the_goods_were_sold_to_others_opens_a_case(
    counter: Counter,
) -> None:
    await counter.pays(await counter.cart(ON_HAND))
    await wait_in_vain(counter)
    other = await counter.cart(1)
    await checkout.place(counter.engine, counter.store, other.id, "manual")
    await approved_too_late(counter)
    assert await counter.cases() == ["paid_not_placed"]
    assert len(await counter.orders()) == 1


# --- the door that is not there ------------------------------------------------------------------


async def test_the_tills_webhook_door_is_closed(counter: Counter) -> None:
    answer = await counter.shop.client.post("/webhooks/till", content=b'{"paid": true}')
    assert answer.status_code == 404
    inbox = (await counter.shop.admin("GET", "/admin/webhook-inbox"))["webhook_inbox"]
    assert not inbox


async def test_one_provider_has_no_say_over_the_payments_of_another(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart = await counter.cart()
    placed = await checkout.place(counter.engine, counter.store, cart.id, "manual")
    (order,) = await counter.orders()
    (payment,) = await payments_of(counter, order)
    request = counter.book.take(payment["id"], PHONE, "3800", "KES")
    counter.book.decide(request.number, "approved", counter.shop.clock.now())

    async def none() -> list[str]:
        return []

    monkeypatch.setattr(counter.shop, "faults", none)
    await hand_in(counter, request.number)
    (order,) = await counter.orders()
    assert (order["id"], order["payment_status"]) == (str(placed.id), "awaiting")


async def placed_pending(counter: Counter) -> Order:
    """An order that waits for its money."""
    cart = await counter.cart()
    request = StartRequest(provider="till", inputs={"phone": PHONE})
    return await checkout.place(
        counter.engine, counter.store, cart.id, "till", "push", request=request
    )


async def wait_in_vain(counter: Counter) -> None:
    """Until the session is over, step by step, as a worker would."""
    over = counter.shop.clock.now() + SESSION
    while counter.shop.clock.now() <= over:
        await counter.passes(PLAN[0])


async def order_lapses(counter: Counter) -> None:
    """Until the order has waited for long enough."""
    await counter.passes(timedelta(hours=1))
    await checkout.expire_orders(counter.engine, counter.store)
    await counter.shop.settle()


async def approved_too_late(counter: Counter) -> None:
    """The shopper approves after all, and the plugin reads of it, twice."""
    counter.approve()
    number = counter.book.requests[0].number
    await hand_in(counter, number, number)


async def hand_in(counter: Counter, *numbers: str) -> None:
    """The plugin finds requests in the day's statement."""
    context = await counter.engine.context_anyway(counter.store, "till")
    assert context is not None
    for number in numbers:
        await context.inbox(statement_line(number))
    await counter.shop.settle()


async def payments_of(counter: Counter, order: dict[str, Any]) -> list[dict[str, Any]]:
    """An order's payments as the merchant sees them."""
    found = await counter.shop.admin("GET", f"/admin/orders/{UUID(order['id'])}")
    payments: list[dict[str, Any]] = found["order"]["payments"]
    return payments
