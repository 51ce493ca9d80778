"""Services: what was agreed goes with the order, and nothing is delivered."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.letterbox import JANE, Letterbox, open_letterbox, text_of
from tradewind.carts.rules import CartUpdate, NewCart
from tradewind.carts.service import add_sku, update
from tradewind.checkout.links import order_url
from tradewind.checkout.service import place
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

AGREED = "Saturday at ten\nat <Amina's>"


@pytest_asyncio.fixture
async def box(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Letterbox]:
    async with open_letterbox(database_urls, clock) as opened:
        yield opened


async def test_what_was_agreed_is_with_the_order_on_its_page_and_in_its_letter(
    box: Letterbox,
) -> None:
    body = {
        "title": "Tea tasting",
        "kind": "service",
        "status": "published",
        "variants": [{"sku": "TASTING", "prices": [{"currency": "KES", "amount": 150_000}]}],
    }
    await box.shop.admin("POST", "/admin/products", body)
    store = box.store()
    async with box.engine.database.transaction(store.id) as tx:
        cart = await add_sku(tx, NewCart(source="web", session_id="web:1"), "TASTING", 1)
        told = CartUpdate(email=JANE, metadata={"agreed": AGREED, "room": 4})
        cart = await update(tx, cart, told)
    order = await place(box.engine, store, cart.id, "manual", "cash_on_delivery")
    await box.settle()
    assert (order.shipping_method, order.shipping_address) == (None, None)
    shown = (await box.shop.admin("GET", f"/admin/orders/{order.id}"))["order"]
    assert shown["metadata"] == {"agreed": AGREED, "room": 4}
    page = await box.shop.client.get(order_url(box.engine, store, order.id))
    assert "Saturday at ten<br>at &lt;Amina&#39;s&gt;" in page.text
    (letter,) = box.letters
    assert "at <Amina's>" in text_of(letter)
    assert "at &lt;Amina&#39;s&gt;" in text_of(letter, "html")
