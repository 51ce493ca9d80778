"""Buying on the hosted pages: from the list of products to the page of the order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.support.channels import Wire
from tests.support.sheets import Sheet, Visitor
from tests.support.shops import make_shop
from tests.support.thirdparty.cashier import CashierPlugin, Counter
from tests.support.tills import Till, open_till
from tradewind import Capabilities, ChatLink, NoSettings, Plugin, hookimpl
from tradewind.catalog.rules import NewProduct, NewVariant
from tradewind.catalog.service import create_category, create_product
from tradewind.contracts.channel import OrderItem
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import Address
from tradewind.conversations.rules import parse_command
from tradewind.customers import service as customers
from tradewind.database import Database
from tradewind.database.sessions import NewSession, open_session
from tradewind.inventory.service import set_level
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order
from tradewind.settings.service import configure
from tradewind.stores.service import change_settings
from tradewind.testing.clock import ManualClock
from tradewind_host.app import create_app
from tradewind_host.config import Config
from tradewind_host.storefront import shelves

SITE = "https://shop.example"
AMINA = {
    "email": "amina@example.com",
    "phone": "0712 345 678",
    "first_name": "Amina",
    "last_name": "Otieno",
    "address_1": "1 Moi Avenue",
    "city": "Nairobi",
    "country_code": "ke",
}


HOME = Address(
    first_name="Amina",
    last_name="Otieno",
    address_1="Oginga Street",
    city="Kisumu",
    country_code="ke",
)


class House(NamedTuple):
    """A till with its pages, a provider with pages of its own, and a visitor with a browser."""

    till: Till
    counter: Counter
    client: httpx.AsyncClient
    visitor: Visitor

    async def adds(self, handle: str = "mug", quantity: int = 2) -> Sheet:
        """Put something in the cart from its page; the cart."""
        product = await self.visitor.opens(f"/store/shop/products/{handle}")
        return await self.visitor.sends(product.form("Add to cart"), quantity=str(quantity))

    async def reviews(self) -> Sheet:
        """Two mugs in the cart, to be sent to Amina: the page on which they are paid."""
        cart = await self.adds()
        details = await self.visitor.opens(cart.link("Go to checkout"))
        return await self.visitor.sends(details.form("Continue"), **AMINA)

    async def orders(self) -> list[Order]:
        rows = await self.till.rows("SELECT id FROM shop.orders WHERE store_id = $1 ORDER BY id")
        async with self.till.database.transaction(self.till.store.id) as tx:
            return [await get_order(tx, row["id"]) for row in rows]

    async def attempts(self, status: str = "%") -> int:
        query = """SELECT count(*) FROM shop.payment_sessions
                   WHERE store_id = $1 AND status LIKE $2"""
        return int(await self.till.value(query, status))


class Parrot(Wire):
    """A channel with links that begin a chat."""

    name = "parrot"
    session_prefix = "pt"
    settings_type = NoSettings  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__(Capabilities(chat_links=True))
        self.base = "https://parrot.example/"

    def address(self, settings: Any) -> str:
        return ""

    def chat_link(self, settings: NoSettings, text: str) -> ChatLink:
        return ChatLink(title="Parrot", url=f"{self.base}?{urlencode({'text': text})}")


class Linking(Plugin):
    """Brings it."""

    name = "parrot"
    requires = ">=0.1"

    def __init__(self) -> None:
        self.parrot = Parrot()

    @hookimpl
    def channels(self) -> Sequence[Parrot]:
        return [self.parrot]


@asynccontextmanager
async def opened(
    database: Database, data_dir: Path, counter: Counter, *more: Plugin
) -> AsyncIterator[House]:
    """The house with these plugins as well."""
    async with open_till(database, CashierPlugin(counter), *more) as till:
        await _furnish(till)
        config = Config(database_url="postgresql://", data_dir=data_dir, public_url=SITE)
        app: Any = create_app(till.engine, config)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            yield House(till, counter, client, Visitor(client))


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with opened(database, tmp_path, Counter()) as house:
        yield house


async def _furnish(till: Till) -> None:
    """A shirt in two sizes, one of them sold out, on a shelf of its own; and a mug."""
    async with till.database.transaction(till.store.id) as tx:
        mug = NewProduct(
            title="Mug",
            handle="mug",
            status="published",
            variants=[NewVariant(sku="MUG", prices=[Money(129_900, "KES")])],
        )
        await create_product(tx, mug)
        await set_level(tx, "MUG", on_hand=5)
        wear = await create_category(tx, "Things to wear", handle="wear")
        shirt = NewProduct(
            title="Shirt",
            handle="shirt",
            status="published",
            description="Cotton.\nFrom Thika.",
            images=["https://cdn.example/shirt.jpg", "/media/shop/shirt.jpg"],
            category_ids=[wear.id],
            variants=[
                NewVariant(sku="SHIRT-S", title="Small", prices=[Money(90_000, "KES")]),
                NewVariant(sku="SHIRT-L", title="Large", prices=[Money(95_000, "KES")]),
            ],
        )
        await create_product(tx, shirt)
        await set_level(tx, "SHIRT-L", on_hand=3)


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


async def test_what_is_missing_or_wrong_is_named_where_it_stands_and_nothing_is_lost(
    house: House,
) -> None:
    cart = await house.adds()
    details = await house.visitor.opens(cart.link("Go to checkout"))
    wrong = {**AMINA, "email": "amina@", "phone": "12", "city": " "}
    sheet = await house.visitor.sends(details.form("Continue"), **wrong)
    assert sheet.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Please look at this again: E-mail Phone Town" in sheet.text
    named = [tag["id"] for _, tag in sheet.tags if tag.get("aria-invalid") == "true"]
    assert named == ["email", "phone", "city"]
    assert sheet.form("Continue").values["address_1"] == "1 Moi Avenue"
    review = await house.visitor.sends(sheet.form("Continue"), **AMINA)
    assert "Amina Otieno 1 Moi Avenue Nairobi Kenya" in review.text
    assert "+254712345678" in review.text


async def test_steps_that_are_not_done_are_not_jumped(house: House) -> None:
    assert (await house.visitor.opens("/store/shop/checkout")).url.endswith("/cart")
    await house.adds()
    for path in ("pay", "checkout/delivery"):
        sheet = await house.visitor.opens(f"/store/shop/{path}")
        assert sheet.title == "Your details – Shop"


async def test_who_is_signed_in_finds_what_they_told_before_and_the_cart_is_theirs(
    house: House,
) -> None:
    store = house.till.store
    async with house.till.database.transaction(store.id) as tx:
        customer = await customers.create(tx, name="Amina", email="amina@example.com")
        await customers.remember_address(tx, customer.id, HOME)
    new = NewSession(kind="customer", store_id=store.id, customer_id=customer.id)
    signed = await open_session(house.till.database, new)
    house.client.cookies.set("tradewind_session", signed.token, domain="shop.example")
    cart = await house.adds()
    details = await house.visitor.opens(cart.link("Go to checkout"))
    form = details.form("Continue")
    assert (form.values["email"], form.values["city"]) == ("amina@example.com", "Kisumu")
    review = await house.visitor.sends(form)
    await house.visitor.sends(review.form("Cash on delivery"))
    (order,) = await house.orders()
    assert order.customer_id == customer.id


async def test_everything_it_will_cost_is_shown_before_paying(house: House) -> None:
    review = await house.reviews()
    assert "Subtotal KES 2,598.00 Delivery KES 300.00 Total KES 2,898.00" in review.text
    assert review.title == "Check and pay – Shop"
    assert "Card" in review.buttons()
    assert "Pay with Mobile money" in review.buttons()
    assert "Cash on delivery" in review.buttons()
    assert await house.orders() == []


async def test_cash_on_delivery_is_ordered_at_once_and_once(house: House) -> None:
    form = (await house.reviews()).form("Cash on delivery")
    first, second = await asyncio.gather(house.visitor.sends(form), house.visitor.sends(form))
    (order,) = await house.orders()
    assert (order.status, order.payment_status, order.source) == ("processing", "awaiting", "web")
    for sheet in (first, second):
        assert sheet.title == f"Order {order.number} – Shop"
        assert "It is still to be paid: KES 2,898.00." in sheet.text
    cart = await house.visitor.opens("/store/shop/cart")
    assert f"is now order {order.number}. See the order Your cart is empty." in cart.text
    assert (await house.adds(quantity=1)).form("Update").values["quantity"] == "1"
    assert order.email == "amina@example.com"


async def test_a_card_leads_to_the_providers_page_and_back_to_the_order_in_any_browser(
    house: House,
) -> None:
    review = await house.reviews()
    leaving = await house.visitor.sends(review.form("Card"))
    (started,) = house.counter.started
    assert leaving.link("Go to the payment") == f"https://pay.example/slips/{started.operation_id}"
    assert await house.orders() == []
    cart_id = await house.till.value("SELECT id FROM shop.carts WHERE store_id = $1")
    assert str(cart_id) not in started.return_url
    house.counter.decide(started.operation_id, "paid", house.till.engine.clock.now())
    url = f"{started.return_url}&status=successful"
    other = Visitor(httpx.AsyncClient(transport=house.client._transport, base_url=SITE))
    for browser in (other, house.visitor):
        back = await browser.opens(url)
        assert "Thank you for your order! We have your payment." in back.text
    (order,) = await house.orders()
    assert (order.status, order.payment_status) == ("processing", "paid")


async def test_a_payer_counts_as_the_network_they_come_from(house: House) -> None:
    house.client._transport.client = ("2001:db8::7", 1)  # type: ignore[attr-defined]
    await house.visitor.sends((await house.reviews()).form("Card"))
    held = await house.till.rows(
        "SELECT network_address FROM shop.stock_reservations WHERE store_id = $1"
    )
    assert [row["network_address"] for row in held] == ["2001:db8::/64"]


async def test_who_comes_back_before_the_money_waits_and_may_pay_another_way(
    house: House, clock: ManualClock
) -> None:
    review = await house.reviews()
    await house.visitor.sends(review.form("Card"))
    (started,) = house.counter.started
    back = await house.visitor.opens(f"{started.return_url}&status=successful")
    assert "We are waiting for the payment" in back.text
    assert back.refresh == "4"
    assert not (await house.visitor.opens(back.link("Do not look again"))).refresh
    assert len(house.counter.asked) == 1
    assert await house.orders() == []
    other = await house.visitor.opens(back.link("Pay another way"))
    assert other.buttons()[:2] == ["Apply", "Pay online"]
    await house.visitor.sends(other.form("Cash on delivery"))
    clock.advance(10)
    (order,) = await house.orders()
    assert order.payment_status == "awaiting"
    assert f"Order {order.number}" in (await house.visitor.opens(started.return_url)).text


async def test_a_declined_card_says_why_and_every_way_is_offered_again(
    house: House, clock: ManualClock
) -> None:
    review = await house.reviews()
    await house.visitor.sends(review.form("Card"))
    (started,) = house.counter.started
    house.counter.decide(started.operation_id, "declined", clock.now())
    back = await house.visitor.opens(started.return_url)
    assert "The payment did not go through There was not enough money for it." in back.text
    leaving = await house.visitor.sends(back.form("Card"))
    again = house.counter.started[1]
    assert leaving.refresh == f"0; url=https://pay.example/slips/{again.operation_id}"
    house.counter.decide(again.operation_id, "paid", clock.now())
    clock.advance(5)
    assert "We have your payment." in (await house.visitor.opens(again.return_url)).text


async def test_a_phone_that_approves_makes_the_order(house: House, clock: ManualClock) -> None:
    review = await house.reviews()
    form = review.form("Mobile money")
    assert form.values["inputs.phone"] == "+254712345678"
    waiting = await house.visitor.presses(form)
    assert "Check your phone" in waiting.text
    assert "Approve on your phone." in waiting.text
    house.till.push.says = [house.till.fact(289_800)]
    clock.advance(10)
    assert "We have your payment." in (await house.visitor.opens("/store/shop/pay")).text


@pytest.mark.parametrize(("button", "inputs"), [("Card", {}), ("Mobile money", {"phone": "07123"})])
async def test_a_button_pressed_often_begins_one_attempt(
    house: House, button: str, inputs: dict[str, str]
) -> None:
    inputs = {"phone": "+254712345678"} if inputs else {}
    form = (await house.reviews()).form(button)
    sheets = await asyncio.gather(*(house.visitor.presses(form, **inputs) for _ in range(4)))
    sheets.append(await house.visitor.presses(form, **inputs))
    assert {sheet.status for sheet in sheets} == {HTTPStatus.OK}
    assert await house.attempts() == 1
    operations = {one.operation_id for one in house.counter.started}
    operations |= {one.operation_id for one in house.till.push.started}
    assert len(operations) == 1


async def test_an_old_page_begins_nothing_beside_an_attempt_it_did_not_know_of(
    house: House,
) -> None:
    old = await house.reviews()
    await house.visitor.presses(old.form("Mobile money"), phone="+254712345678")
    shown = await house.visitor.presses(old.form("Card"))
    assert "Check your phone" in shown.text
    assert house.counter.started == []
    assert "Another payment was begun meanwhile." in shown.text
    await house.visitor.presses(shown.form("Card"))
    assert len(house.counter.started) == 1


async def test_a_cart_that_changed_meanwhile_is_shown_again_before_anything_is_paid(
    house: House,
) -> None:
    review = await house.reviews()
    cart = await house.visitor.opens("/store/shop/cart")
    await house.visitor.sends(cart.form("Update"), quantity="3")
    for button in ("Card", "Cash on delivery"):
        again = await house.visitor.sends(review.form(button))
        assert again.status == HTTPStatus.CONFLICT
        assert "Your cart has changed meanwhile." in again.text
    assert "Total KES 4,197.00" in again.text
    assert (await house.orders(), await house.attempts()) == ([], 0)
    await house.visitor.sends(again.form("Cash on delivery"))
    assert len(await house.orders()) == 1


async def test_what_was_begun_to_be_paid_is_called_off_when_the_cart_changes(house: House) -> None:
    review = await house.reviews()
    for number, change in enumerate((_updates, _adds_one, _moves), 1):
        await house.visitor.sends(review.form("Card"))
        assert (await house.attempts(), await house.attempts("open")) == (number, 1)
        await house.visitor.opens("/store/shop/cart")
        assert await house.attempts("open") == 1
        await change(house)
        assert await house.attempts("voided") == number
        review = await house.visitor.opens("/store/shop/pay")


async def _updates(house: House) -> None:
    cart = await house.visitor.opens("/store/shop/cart")
    await house.visitor.sends(cart.form("Update"), quantity="3")


async def _adds_one(house: House) -> None:
    await house.adds(quantity=1)


async def _moves(house: House) -> None:
    details = await house.visitor.opens("/store/shop/checkout")
    await house.visitor.sends(details.form("Continue"), **{**AMINA, "city": "Kisumu"})


async def test_goods_that_went_meanwhile_are_named_and_the_cart_stays(house: House) -> None:
    review = await house.reviews()
    async with house.till.database.transaction(house.till.store.id) as tx:
        await set_level(tx, "MUG", on_hand=1)
    for button in ("Card", "Cash on delivery"):
        sheet = await house.visitor.sends(review.form(button))
        assert sheet.status == HTTPStatus.CONFLICT
        assert "Of “Mug” only 1 are left." in sheet.text
    cart = await house.visitor.opens(sheet.link("Change the cart"))
    await house.visitor.sends(cart.form("Update"), quantity="1")
    review = await house.visitor.opens("/store/shop/pay")
    await house.visitor.sends(review.form("Cash on delivery"))
    assert len(await house.orders()) == 1


async def test_a_provider_that_cannot_be_reached_loses_nothing(house: House) -> None:
    review = await house.reviews()
    house.counter.trouble = "away"
    sheet = await house.visitor.sends(review.form("Card"))
    assert sheet.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Nothing is lost" in sheet.text
    house.counter.trouble = ""
    leaving = await house.visitor.sends(sheet.form("Card"))
    assert leaving.refresh.startswith("0; url=https://pay.example/")


async def test_what_costs_nothing_is_ordered_without_paying(house: House) -> None:
    await house.till.rows("UPDATE shop.prices SET amount = 0 WHERE store_id = $1 RETURNING id")
    await house.till.rows(
        "UPDATE shop.shipping_options SET price = 0 WHERE store_id = $1 RETURNING id"
    )
    review = await house.reviews()
    assert review.buttons() == ["Apply", "Place the order"]
    done = await house.visitor.sends(review.form("Place the order"))
    (order,) = await house.orders()
    assert done.title == f"Order {order.number} – Shop"


async def test_a_way_back_that_was_made_up_leads_nowhere(house: House) -> None:
    await house.reviews()
    cart = house.client.cookies["tradewind_cart"]
    for ticket in ("", "x", cart):
        sheet = await house.visitor.opens(f"/store/shop/checkout/back?ticket={ticket}")
        assert sheet.status == HTTPStatus.NOT_FOUND


async def test_one_unpaid_order_too_many_is_told_in_words_and_the_cart_stays(house: House) -> None:
    async with house.till.database.transaction(house.till.store.id) as tx:
        await change_settings(tx, {"unpaid_per_address": 1}, "test")
    review = await house.reviews()
    await house.visitor.sends(review.form("Cash on delivery"))
    again = await house.visitor.sends((await house.reviews()).form("Cash on delivery"))
    assert again.status == 409
    assert "orders here whose money has not come yet" in again.text
    assert "Total KES 2,898.00" in again.text
    assert len(await house.orders()) == 1
