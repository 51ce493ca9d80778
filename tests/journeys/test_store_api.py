"""A storefront buys through the store API: cash, and a card whose news comes at any moment."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest_asyncio

from tests.support.storefront import (
    EMAIL,
    HOME,
    PRICE,
    TEA,
    Storefront,
    open_storefront,
    refused,
    told,
)
from tradewind.carts.rules import NewCart
from tradewind.carts.service import add_line, open_cart
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import start_payment
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

ROUNDS, AT_ONCE = 200, 8
EVENTS = """
    SELECT (SELECT count(*) FROM shop.orders WHERE store_id = $1),
           (SELECT count(*) FROM shop.payments WHERE store_id = $1 AND status = 'paid'),
           (SELECT count(*) FROM shop.payments WHERE store_id = $1),
           (SELECT count(*) FROM shop.events WHERE store_id = $1 AND type = 'order.placed'),
           (SELECT count(*) FROM shop.events WHERE store_id = $1 AND type = 'payment.paid'),
           (SELECT count(*) FROM shop.cases WHERE store_id = $1)"""


@pytest_asyncio.fixture
async def site(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Storefront]:
    async with open_storefront(database_urls, clock) as opened:
        yield opened


async def counts(site: Storefront) -> tuple[int, ...]:
    """Orders, payments that are paid, payments, orders placed, payments told of, cases."""
    (found,) = await site.rows(EVENTS)
    return tuple(found)


async def test_a_guest_buys_with_cash_on_delivery(site: Storefront) -> None:
    created = await site.ask("POST", "/carts", {"email": EMAIL, "metadata": {"from": "site"}})
    assert created.status_code == 201
    path = f"/carts/{created.json()['cart']['id']}"
    body = {"variant_id": await site.variant(), "quantity": 2}
    cart = (await site.post(f"{path}/line-items", body))["cart"]
    assert (cart["subtotal"], cart["total"], cart["currency"]) == (2 * PRICE, 2 * PRICE, "KES")
    await site.post(path, {"shipping_address": HOME})
    (option,) = (await site.get(f"{path}/shipping-options"))["shipping_options"]
    assert option["price"] == {"amount": 30_000, "currency": "KES"}
    cart = (await site.post(f"{path}/shipping-method", {"option_id": option["id"]}))["cart"]
    assert (cart["shipping_method"], cart["total"]) == (option, 2 * PRICE + 30_000)
    ways = (await site.get(f"{path}/payment-methods"))["payment_methods"]
    assert ("manual", "cash_on_delivery", True) in [
        (way["provider_id"], way["method"], way["pays_later"]) for way in ways
    ]
    started = await site.ask("POST", f"{path}/payment-sessions", {"provider_id": "manual"})
    session = started.json()["payment_session"]
    assert (started.status_code, session["method"]) == (201, "cash_on_delivery")
    assert session["action"]["kind"] == "instructions"
    placed = await site.post(f"{path}/complete", {"expected_total": cart["total"]})
    order = placed["order"]
    assert (order["status"], order["payment_status"]) == ("processing", "awaiting")
    assert (order["total"], order["email"], order["source"]) == (cart["total"], EMAIL, "web")
    assert order["metadata"] == {"from": "site"}
    assert order["shipping_address"] == HOME
    again = await site.post(f"{path}/complete")
    assert again["order"] == order
    seen = await site.get(f"/orders/{order['id']}?token={placed['token']}")
    assert seen["order"] == {**order, "downloads": []}
    assert await counts(site) == (1, 0, 1, 1, 0, 0)


async def test_a_card_whose_webhook_comes_before_the_page_asks(site: Storefront) -> None:
    cart = await site.cart()
    session = await site.pays(cart)
    assert session["action"]["client_secret"] == session["data"]["client_secret"]
    refused(await site.complete(cart), 409, "payment_not_completed")
    await site.webhook(session, site.confirmed(session))
    await site.shop.settle()
    placed = told(await site.complete(cart, payment_intent_id=session["data"]["payment_intent_id"]))
    assert (placed["order"]["status"], placed["order"]["payment_status"]) == ("processing", "paid")
    assert await counts(site) == (1, 1, 1, 1, 1, 0)


async def test_a_card_whose_webhook_comes_after_the_page_asked(site: Storefront) -> None:
    cart = await site.cart()
    session = await site.pays(cart)
    fact = site.confirmed(session)
    placed = told(await site.complete(cart, expected_total=PRICE))
    assert placed["order"]["payment_status"] == "paid"
    await site.webhook(session, fact)
    await site.shop.settle()
    assert told(await site.complete(cart))["order"]["id"] == placed["order"]["id"]
    assert await counts(site) == (1, 1, 1, 1, 1, 0)


async def test_a_card_whose_page_never_asks(site: Storefront) -> None:
    cart = await site.cart()
    session = await site.pays(cart)
    await site.webhook(session, site.confirmed(session))
    await site.shop.settle()
    assert await counts(site) == (1, 1, 1, 1, 1, 0)


async def test_a_card_whose_page_and_webhook_are_both_lost_is_looked_up(site: Storefront) -> None:
    cart = await site.cart()
    site.confirmed(await site.pays(cart))
    site.shop.clock.advance(61)
    await site.shop.settle()
    assert told(await site.complete(cart))["order"]["payment_status"] == "paid"
    assert await counts(site) == (1, 1, 1, 1, 1, 0)


async def test_a_card_whose_webhook_and_page_come_at_the_same_instant(site: Storefront) -> None:
    chance = random.Random(4)
    async with site.engine.database.transaction(site.store.id) as tx:
        await tx.execute(
            "UPDATE shop.inventory_levels SET on_hand = 10000 WHERE store_id = $1", tx.store_id
        )
    for _ in range(0, ROUNDS, AT_ONCE):
        await asyncio.gather(*(one_instant(site, chance) for _ in range(AT_ONCE)))
    await site.shop.settle()
    assert await counts(site) == (ROUNDS, ROUNDS, ROUNDS, ROUNDS, ROUNDS, 0)
    (stock,) = await site.rows(
        """SELECT reserved, held FROM shop.inventory_levels WHERE store_id = $1
           AND sku = $2""",
        TEA,
    )
    assert stock == (ROUNDS, 0)


async def one_instant(site: Storefront, chance: random.Random) -> None:
    """One purchase: the page asks, the webhook comes and is worked on, all at once."""
    cart, session = await begun(site)
    fact = site.confirmed(session)

    async def page() -> dict[str, Any]:
        await some_turns(chance)
        return told(await site.complete(cart))

    async def news() -> None:
        await some_turns(chance)
        await site.webhook(session, fact)
        await some_turns(chance)
        await site.shop.worker.work_off()

    doing = [page(), news()]
    chance.shuffle(doing)
    await asyncio.gather(*doing)


async def begun(site: Storefront) -> tuple[dict[str, Any], dict[str, Any]]:
    """A cart whose payment has begun, by a shorter way than the shopper's."""
    tea = UUID(await site.variant())
    async with site.engine.database.transaction(site.store.id) as tx:
        cart = await open_cart(tx, NewCart(source="web", email=EMAIL))
        cart = await add_line(tx, cart, tea, 1)
    request = StartRequest(provider="elements")
    session = await start_payment(site.engine, site.store, cart.id, request)
    return {"id": str(cart.id)}, {"data": session.data}


async def some_turns(chance: random.Random) -> None:
    """Let others go first, a few times."""
    for _ in range(chance.randrange(60)):
        await asyncio.sleep(0)
