"""The hosted account page, as a browser without scripts has it."""

import copy
import re
from collections.abc import AsyncIterator
from html import unescape
from http import HTTPStatus

import httpx
import pytest
import pytest_asyncio

from tests.support.customers import Visitor, code_in
from tests.support.letterbox import Letterbox, open_letterbox
from tradewind.database.sessions import NewSession, open_session
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import Postgres
from tradewind_host.storefront import visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(postgres_server: Postgres, clock: ManualClock) -> AsyncIterator[Letterbox]:
    with postgres_server.database() as urls:
        async with open_letterbox(urls, clock) as opened:
            yield opened


class Browser:
    """Somebody's browser; it keeps cookies and says where a form comes from."""

    def __init__(self, box: Letterbox, language: str = "en") -> None:
        self.box, self.person = box, Visitor(box)
        self.site = str(box.shop.client.base_url).rstrip("/")
        self.client = httpx.AsyncClient(
            transport=box.shop.network,
            base_url=self.site,
            follow_redirects=True,
            headers={"Accept-Language": language},
        )

    async def opens(self, path: str = "account", slug: str = "demo") -> httpx.Response:
        return await self.client.get(f"/store/{slug}/{path}")

    async def sends(self, path: str, **fields: str) -> httpx.Response:
        """Press the button of a form of ours."""
        return await self.client.post(
            f"/store/demo/account{path}", data=fields, headers={"Origin": self.site}
        )

    async def asks(self, identity: str = "") -> httpx.Response:
        """Have a code sent."""
        answer = await self.sends("", identity=identity or self.person.email)
        await self.box.settle()
        return answer

    async def signs_in(self) -> httpx.Response:
        """All the way to the account."""
        answer = await self.asks()
        assert answer.status_code == HTTPStatus.OK
        who = self.person.email
        return await self.sends("/code", identity=who, code=self.person.code())


@pytest.fixture
def browser(house: Letterbox, clock: ManualClock) -> Browser:
    clock.advance(60 * 60)
    return Browser(house)


def text(answer: httpx.Response) -> str:
    """What a page says."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


async def test_from_the_address_to_the_orders_and_out_again(browser: Browser) -> None:
    order = await browser.box.order(to=browser.person.email)
    theirs = await browser.box.order(to="somebody@example.com")
    await browser.box.settle()
    browser.person.box.office.envelopes.clear()
    assert "Sign in" in text(await browser.opens())
    account = await browser.signs_in()
    assert account.url.path == "/store/demo/account"
    assert f"Order {order.number}" in text(account)
    assert order.money(order.total).text() in text(account)
    assert browser.person.email in text(account)
    assert str(theirs.number) not in text(account)
    (link,) = re.findall(r'href="([^"]*/orders/[^"]*)"', account.text)
    assert f"Order {order.number}" in text(await browser.client.get(unescape(link)))
    (csrf,) = re.findall(r'name="csrf" value="([^"]*)"', account.text)
    token = browser.client.cookies["tradewind_session"]
    left = await browser.sends("/sign-out", csrf=csrf)
    assert "Sign in" in text(left)
    assert "tradewind_session" not in browser.client.cookies
    browser.client.cookies.set("tradewind_session", token)
    assert "Sign in" in text(await browser.opens())


async def test_the_cookie_is_kept_from_scripts_other_sites_and_other_stores(
    browser: Browser,
) -> None:
    answer = (await browser.signs_in()).history[0]
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/store/demo;" in cookie
    token = browser.client.cookies["tradewind_session"]
    browser.client.cookies.set("tradewind_session", token, path="/store/second")
    assert "Sign in" in text(await browser.opens(slug="second"))
    assert "Your orders" in text(await browser.opens())


async def test_over_https_the_cookie_goes_over_https_alone(house: Letterbox) -> None:
    store = house.store()
    new = NewSession(kind="customer", store_id=store.id, customer_id=store.id)
    opened = await open_session(house.engine.database, new)
    engine = copy.copy(house.engine)
    for site, secure in (("https://shop.example", True), ("http://shop.example", False)):
        engine.public_url = site
        cookie = visitor.kept(engine, store, opened)
        assert (cookie.secure, cookie.httponly, cookie.samesite) == (secure, True, "lax")


@pytest.mark.parametrize("path", ["", "/code", "/sign-out"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://shop.test"},
    ],
)
async def test_a_form_of_another_site_does_nothing(
    browser: Browser, path: str, headers: dict[str, str]
) -> None:
    await browser.signs_in()
    answer = await browser.client.post(
        f"/store/demo/account{path}", data={"identity": browser.person.email}, headers=headers
    )
    assert answer.status_code == HTTPStatus.FORBIDDEN
    await browser.box.settle()
    assert len(browser.person.letters) == 1
    assert "Your orders" in text(await browser.opens())


async def test_nobody_is_signed_out_without_the_word_of_the_page(browser: Browser) -> None:
    await browser.signs_in()
    other = Browser(browser.box)
    page = await other.signs_in()
    (csrf,) = re.findall(r'name="csrf" value="([^"]*)"', page.text)
    for word in ("", csrf):
        answer = await browser.sends("/sign-out", csrf=word)
        assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "Your orders" in text(await browser.opens())


async def test_a_wrong_code_is_told_and_can_be_entered_again(browser: Browser) -> None:
    await browser.asks()
    code = browser.person.code()
    who = browser.person.email
    wrong = await browser.sends("/code", identity=who, code=f"{(int(code) + 1) % 1_000_000:06}")
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "not valid any more" in text(wrong)
    assert f'value="{who}"' in wrong.text
    assert "Your orders" in text(await browser.sends("/code", identity=who, code=code))


async def test_the_page_says_the_same_whoever_is_named(browser: Browser) -> None:
    await browser.box.shop.says(browser.person.wa, "hi")
    await browser.signs_in()
    await browser.client.post("/store/demo/account/sign-out")
    answers = set()
    for who in (
        browser.person.email,
        "nobody@example.com",
        browser.person.phone,
        "+254711999888",
    ):
        answer = await Browser(browser.box).asks(who)
        assert answer.status_code == HTTPStatus.OK
        answers.add(answer.text.replace(who, "WHO"))
    assert len(answers) == 1


async def test_a_number_is_reached_in_its_chat(browser: Browser) -> None:
    person = browser.person
    await browser.box.shop.says(person.wa, "hi")
    await browser.box.shop.hears(person.wa)
    spelled = f"0{person.wa[3:]}"
    await browser.asks(spelled)
    code = code_in(await browser.box.shop.hears_text(person.wa, "demo"))
    assert "Your orders" in text(await browser.sends("/code", identity=spelled, code=code))


@pytest.mark.parametrize("identity", ["", "nobody", "a@b", "12", "<script>alert(1)</script>@x"])
async def test_what_is_neither_address_nor_number_is_told(browser: Browser, identity: str) -> None:
    for path in ("", "/code"):
        answer = await browser.sends(path, identity=identity, code="000000")
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "neither an e-mail address" in text(answer)
        assert "<script>" not in answer.text


async def test_too_many_codes_are_refused_for_a_while(browser: Browser) -> None:
    for _ in range(5):
        assert (await browser.asks()).status_code == HTTPStatus.OK
    answer = await browser.asks()
    assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert answer.headers["retry-after"] == "180"
    assert "too often" in text(answer)
    assert len(browser.person.letters) == 5


@pytest.mark.parametrize(("language", "word"), [("sw", "Ingia"), ("fr", "Se connecter")])
async def test_the_page_speaks_the_language_of_the_browser(
    house: Letterbox, language: str, word: str
) -> None:
    answer = await Browser(house, language).opens()
    assert word in text(answer)
    assert f'<html lang="{language}">' in answer.text


async def test_long_lists_go_on(browser: Browser) -> None:
    made = [await browser.box.order(to=browser.person.email) for _ in range(21)]
    await browser.box.settle()
    browser.person.box.office.envelopes.clear()
    first = await browser.signs_in()
    assert f"Order {made[-1].number}" in text(first)
    assert f"Order {made[0].number}" not in text(first)
    (older,) = re.findall(r'href="([^"]*before=[^"]*)"', first.text)
    assert f"Order {made[0].number}" in text(await browser.client.get(unescape(older)))


async def test_a_customer_s_cart_is_seen_again_only_by_them(browser: Browser) -> None:
    async def cart() -> str:
        return text(await browser.opens("cart"))

    page = await browser.signs_in()
    shelf = await browser.opens("")
    (product, *_) = re.findall(r'href="([^"]*/products/[^"]*)"', shelf.text)
    shown = await browser.client.get(unescape(product))
    form = dict(re.findall(r'name="(variant|quantity)"[^>]*value="([^"]*)"', shown.text))
    added = await browser.client.post(
        shown.url.path, data={"quantity": "1", **form}, headers={"Origin": browser.site}
    )
    assert added.is_success
    full = await cart()
    (csrf,) = re.findall(r'name="csrf" value="([^"]*)"', page.text)
    await browser.sends("/sign-out", csrf=csrf)
    assert await cart() != full
    assert "empty" in await cart()
    browser.box.shop.clock.advance(60 * 60)
    await browser.signs_in()
    assert await cart() == full


async def test_the_page_is_not_kept_and_runs_no_script(browser: Browser) -> None:
    for answer in (await browser.opens(), await browser.signs_in()):
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "<script" not in answer.text


async def test_a_store_that_is_not_there_has_no_account_page(browser: Browser) -> None:
    assert (await browser.opens(slug="nowhere")).status_code == HTTPStatus.NOT_FOUND


async def test_what_a_browser_has_in_its_cart_is_in_the_cart_of_whoever_signs_in(
    browser: Browser,
) -> None:
    async def fills(one: Browser, quantity: int) -> httpx.Response:
        page = await one.opens("products/kiondo-basket")
        (variant,) = set(re.findall(r'name="variant"[^>]*value="([^"]*)"', page.text))
        had = re.findall(r'name="had.[^"]*" value="([^"]*)"', page.text)
        fields = {"variant": variant, "quantity": str(quantity)}
        if had:
            fields[f"had.{variant}"] = had[0]
        path = "/store/demo/products/kiondo-basket"
        return await one.client.post(path, data=fields, headers={"Origin": one.site})

    await fills(browser, 2)
    await browser.signs_in()
    assert 'value="2"' in (await browser.opens("cart")).text
    elsewhere = Browser(browser.box)
    elsewhere.person = browser.person
    await fills(elsewhere, 2)
    together = await elsewhere.signs_in()
    assert together.url.path == "/store/demo/cart"
    assert "Kiondo basket: 3 instead of 4. There are no more of them." in text(together)
    assert 'value="3"' in (await browser.opens("cart")).text
    third = Browser(browser.box)
    third.person = browser.person
    await third.signs_in()
    assert 'value="3"' in (await third.opens("cart")).text
    stranger = Browser(browser.box)
    stranger.client.cookies.set("tradewind_cart", third.client.cookies["tradewind_cart"])
    assert "Your cart is empty" in text(await stranger.opens("cart"))
