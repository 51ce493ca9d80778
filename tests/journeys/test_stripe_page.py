"""Orders of the chat that are paid on Stripe's page: at once, late, at the second try, never."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest_asyncio

from tests.support.shop import SHOP
from tests.support.stripe_shop import StripeShop, open_stripe_shop
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

GOOD, DECLINED, ASKS = "4242424242424242", "4000000000000002", "4000000000003220"
PRICE = 75_000


@pytest_asyncio.fixture
async def payer(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[StripeShop]:
    async with open_stripe_shop(database_urls, clock) as opened:
        yield opened


def states(order: dict[str, object]) -> tuple[object, object]:
    return order["status"], order["payment_status"]


async def test_an_order_is_paid_on_stripes_page_at_the_second_try(payer: StripeShop) -> None:
    await payer.orders()
    page = await payer.page()
    assert states(await payer.order()) == ("pending", "awaiting")
    assert "Your card was declined." in (await payer.types(page, DECLINED)).text
    assert states(await payer.order()) == ("pending", "awaiting")
    bank = (await payer.types(page, ASKS)).headers["Location"]
    back = await payer.tells_bank(bank, "approve")
    assert httpx.URL(back.headers["Location"]).host == SHOP
    home = await payer.shop.client.get(back.headers["Location"], follow_redirects=True)
    assert home.is_success
    order = await payer.order()
    assert states(order) == ("processing", "paid")
    assert "Payment received: KES 750.00" in await payer.heard()
    assert await payer.cases() == []
    (booked,) = await payer.books()
    assert (booked["amount_received"], booked["currency"]) == (PRICE, "kes")
    await payer.shop.admin("POST", f"/admin/orders/{order['id']}/refund", {"amount": 25_000})
    assert states(await payer.order()) == ("processing", "partially_refunded")
    (booked,) = await payer.books()
    assert booked["amount_returned"] == 25_000


async def test_a_page_that_is_left_ends_with_the_order_and_what_comes_late_goes_back(
    payer: StripeShop,
) -> None:
    before = await payer.available()
    await payer.orders()
    page = await payer.page()
    await payer.passes(timedelta(hours=3))
    assert states(await payer.order()) == ("expired", "failed")
    assert await payer.available() == before
    assert (await payer.types(page, GOOD)).status_code == 409
    assert await payer.books() == []

    late = {"checkout_session": page.rpartition("/")[2], "outcome": "succeeded"}
    await payer.shop.sandbox.post("/stripe/pay", json=late)
    await payer.shop.settle()
    (case,) = await payer.cases()
    assert case["kind"] == "late_payment"
    await payer.shop.admin("POST", f"/admin/cases/{case['id']}/refund", {})
    assert states(await payer.order()) == ("expired", "refunded")
    (booked,) = await payer.books()
    assert (booked["amount_received"], booked["amount_returned"]) == (PRICE, PRICE)
    assert await payer.cases() == []


async def test_money_that_nobody_tells_of_is_found_by_asking(payer: StripeShop) -> None:
    await payer.orders()
    page = await payer.page()
    silent = {"checkout_session": page.rpartition("/")[2], "outcome": "succeeded", "webhook": False}
    await payer.shop.sandbox.post("/stripe/pay", json=silent)
    assert states(await payer.order()) == ("pending", "awaiting")
    await payer.passes(timedelta(seconds=25))
    assert states(await payer.order()) == ("processing", "paid")
