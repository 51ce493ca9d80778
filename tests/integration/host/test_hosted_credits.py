"""Credits on the hosted pages: seen by whoever has signed in, used without a script, let go."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.hosted import AMINA, House, opened
from tests.support.sheets import Sheet
from tests.support.shops import add_variant
from tests.support.thirdparty.cashier import Counter
from tradewind.credits.service import available, give
from tradewind.customers import service as customers
from tradewind.database import Database
from tradewind.database.sessions import NewSession, open_session

COST = 10_000


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with opened(database, tmp_path, Counter()) as house:
        async with house.till.database.transaction(house.till.store.id) as tx:
            await add_variant(tx, "VISIT", COST, on_hand=None, kind="service")
        yield house


async def signs_in(house: House, had: int = 3, days: int | None = None) -> UUID:
    """A customer with so many credits is signed in with this browser."""
    store = house.till.store
    async with house.till.database.transaction(store.id) as tx:
        customer = await customers.create(tx, name="Amina", email="amina@example.com")
        if had:
            await give(tx, customer.id, had, days, "test", "")
    new = NewSession(kind="customer", store_id=store.id, customer_id=customer.id)
    signed = await open_session(house.till.database, new)
    house.client.cookies.set("tradewind_session", signed.token, domain="shop.example")
    return customer.id


async def adds(house: House, quantity: int = 2) -> Sheet:
    return await house.adds("product-visit", quantity)


async def test_they_are_seen_used_and_let_go_in_the_cart(house: House) -> None:
    await signs_in(house)
    cart = await adds(house)
    assert "You have 3 credits." in cart.text
    assert "Total KES 200.00" in cart.text
    used = await house.visitor.sends(cart.form("Use credits"))
    assert used.url.endswith("/store/shop/cart")
    assert "2 credits used for this cart." in used.text
    assert "2 credits: KES -200.00" in used.text
    assert "Discount KES -200.00 Total KES 0.00" in used.text
    assert "Use credits" not in used.buttons()
    without = await house.visitor.sends(used.form("Do not use credits"))
    assert "Total KES 200.00" in without.text
    assert "<script" not in used.html


async def test_they_pay_for_the_order_that_is_reviewed(house: House) -> None:
    customer_id = await signs_in(house)
    cart = await adds(house)
    details = await house.visitor.opens(cart.link("Go to checkout"))
    review = await house.visitor.sends(details.form("Continue"), email=AMINA["email"])
    used = await house.visitor.sends(review.form("Use credits"))
    assert used.url.endswith("/store/shop/pay")
    order_page = await house.visitor.sends(used.form("Place the order"))
    (order,) = await house.orders()
    assert (order.total, order.customer_id) == (0, customer_id)
    assert "2 credits" in order_page.text
    async with house.till.database.transaction(house.till.store.id) as tx:
        assert await available(tx, customer_id) == 1


async def test_titles_of_credits_are_in_the_language_of_the_page(house: House) -> None:
    await signs_in(house)
    cart = await adds(house, 1)
    await house.visitor.sends(cart.form("Use credits"))
    for language, text in (("fr", "1 crédit: KES -100.00"), ("sw", "krediti 1: KES -100.00")):
        page = await house.visitor.opens("/store/shop/cart", headers={"Accept-Language": language})
        assert text in page.text


async def test_a_guest_and_who_has_none_see_nothing_of_them(house: House) -> None:
    assert "credits" not in (await adds(house)).text
    await signs_in(house, had=0)
    assert "credits" not in (await house.visitor.opens("/store/shop/cart")).text


async def test_goods_are_not_paid_with_them(house: House) -> None:
    await signs_in(house)
    assert "credits" not in (await house.adds()).text


async def test_a_cart_filled_before_signing_in_becomes_theirs_when_credits_are_used(
    house: House,
) -> None:
    await adds(house)
    customer_id = await signs_in(house)
    cart = await house.visitor.opens("/store/shop/cart")
    used = await house.visitor.sends(cart.form("Use credits"))
    assert "Total KES 0.00" in used.text
    query = "SELECT customer_id FROM shop.carts WHERE store_id = $1 AND status = 'open'"
    assert [row["customer_id"] for row in await house.till.rows(query)] == [customer_id]


async def test_a_form_of_another_site_and_of_a_session_that_is_over_use_nothing(
    house: House,
) -> None:
    await signs_in(house)
    form = (await adds(house)).form("Use credits")
    refused = await house.client.post(
        form.action, data=form.values, headers={"sec-fetch-site": "cross-site"}
    )
    assert refused.status_code == 403
    house.client.cookies.delete("tradewind_session")
    await house.visitor.sends(form)
    rows = await house.till.rows("SELECT credits FROM shop.carts WHERE store_id = $1")
    assert [row["credits"] for row in rows] == [0]


async def test_the_account_says_what_is_left_and_until_when(house: House) -> None:
    customer_id = await signs_in(house, had=3)
    async with house.till.database.transaction(house.till.store.id) as tx:
        await give(tx, customer_id, 1, 30, "test", "")
    ends = house.till.engine.clock.now() + timedelta(days=30)
    account = await house.visitor.opens("/store/shop/account")
    assert f"Your credits 1 credit until {ends.day} " in account.text
    assert "3 credits" in account.text
