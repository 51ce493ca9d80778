"""An order that waits for its money: what it may be paid with, and other attempts to pay it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.shops import make_shop
from tests.support.tills import Till, open_till
from tradewind.checkout.links import opens
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    cancel_order,
    order_payment_methods,
    pay_order,
    payment_reported,
    place,
)
from tradewind.contracts.errors import Conflict, NotFound, ProviderFault
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Database
from tradewind.inventory.service import levels
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order, payments_of
from tradewind.payments.rules import PaymentSession
from tradewind.payments.service import session_of_order

CASH = StartRequest(provider="manual", method="cash_on_delivery")
PUSH = StartRequest(provider="push", inputs={"phone": "+254700000001"})
PRICE = 129_900


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", PRICE)
        yield opened


@pytest.fixture
async def order(till: Till) -> Order:
    """Waits for an approval on the phone."""
    cart = await till.cart(("MUG", 1))
    return await place(till.engine, till.store, cart.id, "push", request=PUSH)


async def now(till: Till, order: Order) -> Order:
    async with till.database.transaction(till.store.id) as tx:
        return await get_order(tx, order.id)


async def newest(till: Till, order: Order) -> PaymentSession:
    async with till.database.transaction(till.store.id) as tx:
        session = await session_of_order(tx, order.id)
    assert session is not None
    return session


async def events(till: Till) -> list[str]:
    rows = await till.rows("SELECT type FROM shop.events WHERE store_id = $1 ORDER BY id")
    return [row["type"] for row in rows]


async def reported(till: Till, session: PaymentSession, *facts: Any) -> None:
    result = PaymentResult(status="succeeded", facts=facts)
    await payment_reported(till.engine, till.store, session.payment_id, result, "webhook")


# --- what it may be paid with --------------------------------------------------------------------


async def test_an_order_that_waits_is_offered_what_its_cart_was(till: Till, order: Order) -> None:
    offered = await order_payment_methods(till.engine, till.store, order.id)
    assert [(one.provider, one.method.id) for one in offered] == [
        ("manual", "cash_on_delivery"),
        ("push", "push"),
    ]


async def test_an_order_that_waits_for_nothing_is_offered_nothing(till: Till, order: Order) -> None:
    await cancel_order(till.engine, till.store, order.id, "shopper")
    with pytest.raises(Conflict) as refused:
        await order_payment_methods(till.engine, till.store, order.id)
    assert refused.value.reason == "order_closed"


async def test_orders_of_another_store_are_not_found(
    database: Database, till: Till, order: Order
) -> None:
    other = (await make_shop(database, "other")).store
    with pytest.raises(NotFound):
        await order_payment_methods(till.engine, other, order.id)
    with pytest.raises(NotFound):
        await pay_order(till.engine, other, order.id, PUSH)


# --- a method that pays later --------------------------------------------------------------------


async def test_an_order_that_waited_stands_once_it_is_to_be_paid_on_delivery(
    till: Till, order: Order
) -> None:
    first = await newest(till, order)
    session = await pay_order(till.engine, till.store, order.id, CASH)
    stands = await now(till, order)
    assert (stands.status, stands.payment_status) == ("processing", "awaiting")
    assert stands.expires_at is None
    assert (session.provider, session.status, session.order_id) == ("manual", "open", order.id)
    assert session.action is not None
    assert await events(till) == ["order.placed"]
    assert [one.operation_id for one in till.push.canceled] == [f"{first.payment_id}:cancel"]
    async with till.database.transaction(till.store.id) as tx:
        assert (await levels(tx, "MUG")).reserved == 1


async def test_it_is_placed_once_however_often_it_is_asked_for(till: Till, order: Order) -> None:
    await pay_order(till.engine, till.store, order.id, CASH)
    with pytest.raises(Conflict) as refused:
        await pay_order(till.engine, till.store, order.id, CASH)
    assert refused.value.reason == "order_closed"
    assert await events(till) == ["order.placed"]
    async with till.database.transaction(till.store.id) as tx:
        assert len(await payments_of(tx, order.id)) == 2


async def test_after_a_failed_attempt_the_order_is_unpaid_and_no_longer_failed(
    till: Till, order: Order
) -> None:
    await reported(till, await newest(till, order), till.fact(PRICE, "failed"))
    assert (await now(till, order)).payment_status == "failed"
    await pay_order(till.engine, till.store, order.id, CASH)
    assert (await now(till, order)).payment_status == "awaiting"


async def test_another_attempt_online_takes_the_failure_back_as_well(
    till: Till, order: Order
) -> None:
    await reported(till, await newest(till, order), till.fact(PRICE, "failed"))
    await pay_order(till.engine, till.store, order.id, PUSH)
    again = await now(till, order)
    assert (again.status, again.payment_status) == ("pending", "awaiting")


async def test_money_of_the_older_attempt_still_pays_the_order(till: Till, order: Order) -> None:
    first = await newest(till, order)
    await pay_order(till.engine, till.store, order.id, CASH)
    await reported(till, first, till.fact(PRICE))
    paid = await now(till, order)
    assert (paid.status, paid.payment_status, paid.paid_total) == ("processing", "paid", PRICE)
    assert await events(till) == ["order.placed", "payment.paid"]


async def test_a_way_that_was_refused_leaves_the_order_waiting_as_it_was(
    till: Till, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*_: Any) -> PaymentResult:
        return PaymentResult(status="failed", code="not_here", message="Not in this town.")

    monkeypatch.setattr(type(till.engine.plugins.provider("manual")), "start", refuses)
    with pytest.raises(Conflict) as refused:
        await pay_order(till.engine, till.store, order.id, CASH)
    assert (refused.value.reason, refused.value.detail) == ("payment_declined", "Not in this town.")
    assert (await now(till, order)).status == "pending"
    assert (await newest(till, order)).provider == "push"


# --- in place of which attempt -------------------------------------------------------------------


@pytest.mark.parametrize("request_", [PUSH, CASH])
async def test_an_attempt_is_replaced_once(
    till: Till, order: Order, request_: StartRequest
) -> None:
    first = await newest(till, order)
    second = await pay_order(till.engine, till.store, order.id, PUSH, replaces=first.id)
    with pytest.raises(Conflict) as refused:
        await pay_order(till.engine, till.store, order.id, request_, replaces=first.id)
    assert refused.value.reason == "payment_replaced"
    assert (await newest(till, order)).id == second.id
    assert (await now(till, order)).status == "pending"


# --- what is kept and where the payer comes back to ----------------------------------------------


async def test_why_an_attempt_was_declined_at_once_is_kept(till: Till) -> None:
    till.push.on_start = lambda _: PaymentResult(status="failed", code="insufficient_funds")
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    async with till.database.transaction(till.store.id) as tx:
        (payment,) = await payments_of(tx, order.id)
    assert payment.error_code == "insufficient_funds"


async def test_why_an_attempt_came_to_nothing_later_is_kept(till: Till, order: Order) -> None:
    session = await newest(till, order)
    result = PaymentResult(status="canceled", code="customer_canceled")
    await payment_reported(till.engine, till.store, session.payment_id, result, "webhook")
    async with till.database.transaction(till.store.id) as tx:
        (payment,) = await payments_of(tx, order.id)
    assert payment.error_code == "customer_canceled"


async def test_a_provider_that_cannot_is_a_failed_attempt_and_the_order_waits(till: Till) -> None:
    def closed(_: Any) -> PaymentResult:
        raise ProviderFault("no account", permanent=True)

    till.push.on_start = closed
    cart = await till.cart(("MUG", 1))
    order = await place(till.engine, till.store, cart.id, "push", request=PUSH)
    assert order.status == "pending"
    assert (await newest(till, order)).status == "failed"


async def test_the_payer_comes_back_to_the_page_of_the_order(till: Till, order: Order) -> None:
    await pay_order(till.engine, till.store, order.id, PUSH)
    for started in till.push.started:
        back, _, token = started.return_url.partition("?token=")
        assert back == f"https://shop.example/store/shop/orders/{order.id}"
        assert opens(till.engine, till.store, order.id, "order", token)
        assert started.cancel_url.startswith("https://shop.example/store/shop/checkout?order=")
    elsewhere = StartRequest(provider="push", inputs=PUSH.inputs, return_url="https://else.example")
    await pay_order(till.engine, till.store, order.id, elsewhere)
    assert till.push.started[-1].return_url == "https://else.example"
