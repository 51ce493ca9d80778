"""Buying on the hosted pages: from the list of products to the page of the order."""

from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.hosted import AMINA, House, Linking, opened
from tests.support.sheets import SITE
from tests.support.shops import make_shop
from tests.support.thirdparty.cashier import Counter
from tradewind.catalog.rules import NewProduct, NewVariant
from tradewind.catalog.service import create_product
from tradewind.contracts.channel import OrderItem
from tradewind.contracts.money import Money
from tradewind.conversations.rules import parse_command
from tradewind.database import Database
from tradewind.inventory.service import set_level
from tradewind.settings.service import configure
from tradewind_host.storefront import shelves

# --- looking around ------------------------------------------------------------------------------


async def test_the_list_shows_prices_pictures_of_this_host_shelves_and_what_is_sold_out(
    house: House,
) -> None:
    sheet = await house.visitor.opens("/store/shop")
    assert sheet.status == HTTPStatus.OK
    assert "Mug KES 1,299.00" in sheet.text
    assert "Shirt From KES 900.00" in sheet.text
    pictures = [tag["src"] for name, tag in sheet.tags if name == "img"]
    assert pictures == ["/media/shop/shirt.jpg"]
    shelf = await house.visitor.opens(sheet.link("Things to wear"))
    assert "Mug" not in shelf.text
    assert "Shirt" in shelf.text
    async with house.till.database.transaction(house.till.store.id) as tx:
        await set_level(tx, "SHIRT-L", on_hand=0)
    assert "Sold out" in (await house.visitor.opens("/store/shop")).text


async def test_what_is_looked_for_is_found_and_what_is_not_there_is_said(house: House) -> None:
    found = await house.visitor.opens("/store/shop?q=shirt")
    assert "Shirt" in found.links
    assert "Mug" not in found.links
    nothing = await house.visitor.opens("/store/shop?q=%3Cb%3Ezzzz")
    assert "We found nothing for “<b>zzzz”. Show everything" in nothing.text
    assert "<b>" not in nothing.html


async def test_a_long_list_goes_on_on_the_next_page(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind_host.storefront.shelves.PER_PAGE", 1)
    first = await house.visitor.opens("/store/shop")
    second = await house.visitor.opens(first.link("Show more"))
    assert ("Mug" in first.links, "Shirt" in first.links) == (True, False)
    assert ("Mug" in second.links, "Shirt" in second.links) == (False, True)
    assert "Show more" not in second.links
    assert "Mug" in (await house.visitor.opens("/store/shop?after=nonsense")).links


async def test_the_list_is_sorted_and_filtered_by_plain_addresses(house: House) -> None:
    def names(sheet: Any) -> list[str]:
        return [one for one in ("Mug", "Shirt") if one in sheet.links]

    dear = await house.visitor.opens("/store/shop?sort=-price")
    assert dear.text.index("KES 1,299.00") < dear.text.index("From KES 900.00")
    cheap = await house.visitor.opens("/store/shop?sort=price")
    assert cheap.text.index("From KES 900.00") < cheap.text.index("KES 1,299.00")
    assert names(await house.visitor.opens("/store/shop?low=1000")) == ["Mug"]
    assert names(await house.visitor.opens("/store/shop?high=999,99")) == ["Shirt"]
    none = await house.visitor.opens("/store/shop?low=950&high=1000")
    assert "Nothing here is like that. Show everything" in none.text
    async with house.till.database.transaction(house.till.store.id) as tx:
        await set_level(tx, "MUG", on_hand=0)
    assert names(await house.visitor.opens("/store/shop?available=1")) == ["Shirt"]
    for nonsense in ("sort=best", "options=Color"):
        assert names(await house.visitor.opens(f"/store/shop?{nonsense}")) == ["Mug", "Shirt"]


async def test_a_price_that_is_no_number_is_left_out_and_said_and_the_rest_counts(
    house: House,
) -> None:
    for nonsense in ("low=x", "low=-1", "low=1e99", "low=1.234"):
        found = await house.visitor.opens(f"/store/shop?{nonsense}&high=1000")
        assert ("Mug" in found.links, "Shirt" in found.links) == (False, True)
        assert "A price is a number, such as 1250. This one was left out." in found.text
        assert 'id="low-error"' in found.html
        assert 'id="high-error"' not in found.html
    fine = await house.visitor.opens("/store/shop?low=900&high=1000")
    assert "was left out" not in fine.text


async def test_thousands_may_be_parted_as_the_pages_part_them(house: House) -> None:
    for low in ("1,000", "1%20000", "1,000.00"):
        found = await house.visitor.opens(f"/store/shop?low={low}")
        assert ("Mug" in found.links, "Shirt" in found.links) == (True, False), low


async def test_options_of_the_whole_list_can_be_chosen_on_any_page_of_it_and_stay_chosen(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "PER_PAGE", 1)
    async with house.till.database.transaction(house.till.store.id) as tx:
        for color in ("Red", "Blue"):
            scarf = NewProduct(
                title=f"{color} scarf",
                status="published",
                variants=[
                    NewVariant(
                        sku=f"SCARF-{color}",
                        options={"Color": color},
                        prices=[Money(70_000, "KES")],
                    )
                ],
            )
            await create_product(tx, scarf)
    for path in ("/store/shop", "/store/shop?q=scarf", "/store/shop?low=700"):
        every = await house.visitor.opens(path)
        assert 'value="Color:Blue"' in every.html
        assert 'value="Color:Red"' in every.html
    blue = await house.visitor.opens("/store/shop?q=&options=Color%3ABlue&low=&high=")
    assert ("Blue scarf" in blue.links, "Red scarf" in blue.links) == (True, False)
    assert 'value="Color:Blue" selected' in blue.html
    assert 'value="Color:Red"' in blue.html


async def test_a_price_for_a_time_stands_beside_the_price_at_other_times(house: House) -> None:
    await house.till.rows(
        """INSERT INTO shop.prices
               (store_id, id, variant_id, currency, amount, starts_at, created_at)
           SELECT store_id, gen_random_uuid(), variant_id, currency, 99900, created_at, created_at
           FROM shop.prices WHERE store_id = $1 AND amount = 129900 RETURNING id"""
    )
    assert (
        "Mug KES 999.00 otherwise KES 1,299.00" in (await house.visitor.opens("/store/shop")).text
    )
    assert (
        "KES 999.00 otherwise KES 1,299.00"
        in (await house.visitor.opens("/store/shop/products/mug")).text
    )


async def test_the_pages_speak_the_browsers_language_and_else_the_stores(house: House) -> None:
    french = await house.visitor.opens("/store/shop", headers={"Accept-Language": "fr-CI,en"})
    assert french.language == "fr"
    assert "Tous les produits" in french.text
    await house.till.rows(
        "UPDATE shop.store_settings SET locale = 'sw-KE' WHERE store_id = $1 RETURNING store_id"
    )
    swahili = await house.visitor.opens("/store/shop", headers={"Accept-Language": "de"})
    assert swahili.language == "sw"


async def test_every_page_of_the_shop_runs_no_script_and_only_the_goods_may_be_listed(
    house: House,
) -> None:
    listed = [
        await house.visitor.opens("/store/shop"),
        await house.visitor.opens("/store/shop/products/shirt"),
    ]
    review = await house.reviews()
    own = [
        review,
        await house.visitor.opens("/store/shop/cart"),
        await house.visitor.opens("/store/shop/checkout"),
    ]
    for one in (*listed, *own):
        policy = one.headers["content-security-policy"]
        assert policy.startswith(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action"
        )
        assert one.headers["referrer-policy"] == "same-origin"
        assert one.headers["cache-control"] == "no-store"
        assert "<script" not in one.html
        assert "style=" not in one.html
    assert ["x-robots-tag" in one.headers for one in (*listed, *own)] == [False] * 2 + [True] * 3


# --- the cart ------------------------------------------------------------------------------------


async def test_a_variant_is_chosen_and_one_that_is_sold_out_cannot_be(house: House) -> None:
    product = await house.visitor.opens("/store/shop/products/shirt")
    assert "Small Sold out KES 900.00" in product.text
    assert "Large Only 3 left KES 950.00" in product.text
    cart = await house.visitor.sends(product.form("Add to cart"))
    assert "Shirt – Large KES 950.00 each" in cart.text
    assert "Cart 1" in cart.text


async def test_the_cart_is_kept_by_a_cookie_that_scripts_and_other_sites_cannot_use(
    house: House,
) -> None:
    product = await house.visitor.opens("/store/shop/products/mug")
    assert "set-cookie" not in product.headers
    form = product.form("Add to cart")
    answer = await house.client.post(form.action, data=form.values)
    kept = answer.headers["set-cookie"]
    assert kept.startswith("tradewind_cart=")
    for flag in ("HttpOnly", "Path=/store/shop;", "SameSite=lax", "Secure"):
        assert flag in kept
    cart_id = await house.till.value("SELECT id FROM shop.carts WHERE store_id = $1")
    page = await house.client.get("/store/shop/cart")
    assert "Mug" in page.text
    for told in (kept, page.text, str(page.headers)):
        assert str(cart_id) not in told


async def test_a_form_sent_twice_adds_once_and_another_adds_more(house: House) -> None:
    form = (await house.visitor.opens("/store/shop/products/mug")).form("Add to cart")
    await house.visitor.sends(form, quantity="2")
    twice = await house.visitor.sends(form, quantity="2")
    assert twice.form("Update").values["quantity"] == "2"
    assert "Cart 2" in twice.text
    assert "Cart 3" in (await house.adds(quantity=1)).text


async def test_quantities_change_lines_go_and_what_is_too_much_is_said(house: House) -> None:
    cart = await house.adds()
    more = await house.visitor.sends(cart.form("Update"), quantity="3")
    assert "Total KES 3,897.00" in more.text
    too_much = await house.visitor.sends(more.form("Update"), quantity="6")
    assert too_much.status == HTTPStatus.CONFLICT
    assert "Only 5 are left." in too_much.text
    assert too_much.form("Update").values["quantity"] == "3"
    odd = await house.visitor.sends(more.form("Update"), quantity="-1")
    assert odd.status == HTTPStatus.UNPROCESSABLE_ENTITY
    product = await house.visitor.opens("/store/shop/products/mug")
    refused = await house.visitor.sends(product.form("Add to cart"), quantity="3")
    assert (refused.status, "Only 5 are left." in refused.text) == (HTTPStatus.CONFLICT, True)
    empty = await house.visitor.sends(more.form("Remove"))
    assert "Your cart is empty." in empty.text


async def test_a_new_price_and_goods_that_are_no_longer_sold_are_told(house: House) -> None:
    await house.adds()
    await house.till.rows("UPDATE shop.prices SET amount = 100 WHERE store_id = $1 RETURNING id")
    cart = await house.visitor.opens("/store/shop/cart")
    assert "Prices have changed" in cart.text
    assert "Total KES 2.00" in cart.text
    await house.till.rows(
        "UPDATE shop.products SET status = 'archived' WHERE store_id = $1 RETURNING id"
    )
    cart = await house.visitor.opens("/store/shop/cart")
    assert "This is no longer sold." in cart.text
    assert "Go to checkout" not in cart.links
    assert (await house.visitor.opens("/store/shop/pay")).url.endswith("/store/shop/cart")


@pytest.mark.parametrize(
    ("headers", "fine"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Origin": SITE}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": SITE}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
    ],
)
async def test_a_form_of_another_site_changes_nothing(
    house: House, headers: dict[str, str], *, fine: bool
) -> None:
    form = (await house.adds()).form("Remove")
    answer = await house.client.post(form.action, data=form.values, headers=headers)
    assert answer.status_code == (HTTPStatus.SEE_OTHER if fine else HTTPStatus.FORBIDDEN)
    emptied = "Your cart is empty." in (await house.visitor.opens("/store/shop/cart")).text
    assert emptied is fine


async def test_a_ticket_of_another_store_or_one_that_was_made_up_opens_no_cart(
    house: House, database: Database
) -> None:
    await house.adds()
    ticket = house.client.cookies["tradewind_cart"]
    await make_shop(database, "foreign")
    for path, cookie, found in [
        ("/store/shop/cart", ticket, True),
        ("/store/foreign/cart", ticket, False),
        ("/store/shop/cart", f"{ticket[:-4]}AAAA", False),
        ("/store/shop/cart", "x", False),
    ]:
        bare = httpx.AsyncClient(transport=house.client._transport, base_url=SITE)
        page = await bare.get(path, headers={"Cookie": f"tradewind_cart={cookie}"})
        assert ("Mug" in page.text) is found


async def test_a_link_begins_a_chat_about_a_product_a_cart_and_an_order(
    database: Database, tmp_path: Path
) -> None:
    plugin = Linking()
    async with opened(database, tmp_path, Counter(), plugin) as house:
        product = await house.visitor.opens("/store/shop/products/mug")
        assert product.link("Ask us on Parrot") == (
            "https://parrot.example/?text=Hello%21+I+have+a+question+about+%E2%80%9CMug%E2%80%9D."
        )
        cart = await house.adds()
        words = parse_qs(urlsplit(cart.link("Ask us on Parrot")).query)["text"][0]
        assert words == "Hello! This is my cart:\nADD MUG 2"
        command = parse_command(words)
        assert command is not None
        assert command.items == [OrderItem(sku="MUG", quantity=2)]
        review = await house.visitor.sends(
            (await house.visitor.opens("/store/shop/checkout")).form("Continue"), **AMINA
        )
        order = await house.visitor.sends(review.form("Cash on delivery"))
        assert "order+1001" in order.link("Ask us on Parrot")
        plugin.parrot.base = "javascript:alert(1)//"
        shown = await house.visitor.opens("/store/shop/products/mug")
        assert "Ask us" not in shown.text
        await configure(house.till.engine, house.till.store, "parrot", actor="x", enabled=False)
        assert "Ask us" not in (await house.visitor.opens("/store/shop/products/mug")).text


async def test_no_channel_with_such_a_link_means_no_link(house: House) -> None:
    assert "Ask us" not in (await house.visitor.opens("/store/shop/products/mug")).text


# --- the checkout --------------------------------------------------------------------------------
