"""Stripe's Payment Element on a storefront: the real plugin, Stripe's stand-in, their webhooks."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.support.banks import Books
from tests.support.elements import ElementsPlugin
from tests.support.storefront import PRICE, Storefront, refused, told
from tests.support.stripe_shop import open_stripe_shop
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

ROUNDS = 6
COUNTS = """
    SELECT (SELECT count(*) FROM shop.orders WHERE store_id = $1),
           (SELECT count(*) FROM shop.payments WHERE store_id = $1 AND status = 'paid'),
           (SELECT count(*) FROM shop.events WHERE store_id = $1 AND type = 'order.placed'),
           (SELECT count(*) FROM shop.cases WHERE store_id = $1)"""


@pytest_asyncio.fixture
async def site(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Storefront]:
    async with open_stripe_shop(database_urls, clock) as opened:
        yield Storefront(opened.shop, Books(), ElementsPlugin(Books()))


async def test_a_card_in_the_page_at_every_moment_of_its_webhook(site: Storefront) -> None:
    """Before `complete`, after it, without it, and at the same instant."""
    before, after, never = [await begun(site) for _ in range(3)]
    assert after[1]["action"]["kind"] == "client_secret"
    assert after[1]["data"]["client_secret"].startswith(after[1]["data"]["payment_intent_id"])
    refused(await site.complete(after[0]), 409, "payment_not_completed")
    await pays(site, before[1])
    await pays(site, never[1])
    await site.shop.settle()
    told(await completed(site, *before))
    await pays(site, after[1])
    order = told(await completed(site, *after))["order"]
    assert (order["payment_status"], order["total"]) == ("paid", PRICE)
    await site.shop.settle()
    assert await site.rows(COUNTS) == [(3, 3, 3, 0)]
    chance = random.Random(7)
    for _ in range(ROUNDS):
        await one_instant(site, chance)
    await site.shop.settle()
    total = 3 + ROUNDS
    assert await site.rows(COUNTS) == [(total, total, total, 0)]


async def begun(site: Storefront) -> tuple[dict[str, Any], dict[str, Any]]:
    """A cart and the payment of it that has begun."""
    cart = await site.cart()
    return cart, await site.pays(cart, provider_id="stripe")


async def pays(site: Storefront, session: dict[str, Any]) -> None:
    """The shopper confirms in the page; Stripe sends its webhook."""
    body = {"payment_intent": session["data"]["payment_intent_id"], "outcome": "succeeded"}
    answer = await site.shop.sandbox.post("/stripe/pay", json=body)
    assert answer.is_success, answer.text


async def completed(site: Storefront, cart: dict[str, Any], session: dict[str, Any]) -> Any:
    """What the page asks then."""
    return await site.complete(
        cart, payment_intent_id=session["data"]["payment_intent_id"], expected_total=cart["total"]
    )


async def one_instant(site: Storefront, chance: random.Random) -> None:
    """The page asks while the webhook comes and is worked on."""
    cart, session = await begun(site)
    await pays(site, session)

    async def later(doing: Any) -> Any:
        for _ in range(chance.randrange(60)):
            await asyncio.sleep(0)
        return await doing

    answer, *_ = await asyncio.gather(
        later(completed(site, cart, session)),
        later(site.shop.carrier.deliveries.settle()),
        later(site.shop.worker.work_off()),
    )
    assert told(answer)["order"]["payment_status"] == "paid"
