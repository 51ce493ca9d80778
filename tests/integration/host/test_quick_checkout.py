"""Quick checkout over HTTP: ordered in one call, paid on the provider's page, or expired."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from litestar.datastructures import Headers

from tests.support.bankhouses import SKU, TOTAL, Bankhouse, open_bankhouse
from tests.support.waiting import held_up, until_waiting
from tradewind.checkout.links import bearer_token
from tradewind.checkout.service import expire_orders
from tradewind.contracts.errors import InvalidInput
from tradewind.database.directory import add_api_key
from tradewind.settings.service import configure, set_flag
from tradewind.stores.service import change_settings
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.quick_checkout.initiate import is_preview
from tradewind_host.quick_checkout.returning import check_returns, origin_of

ORIGIN = "https://site.example"
PERSON = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
CUSTOMER = {"email": "Amina@example.com", "name": "Amina Otieno", "phone": "+254 700 000 001"}


class Site:
    """A storefront of store `demo` that knows quick checkout alone."""

    def __init__(self, house: Bankhouse) -> None:
        self.house, self.client = house, house.shop.client

    async def posts(self, key: str | None = None, **body: Any) -> httpx.Response:
        known = {
            "items": [{"sku": SKU, "quantity": 1}],
            "customer": CUSTOMER,
            "provider_id": "bank",
        }
        headers = {"X-Publishable-Key": "pk_site", "Origin": ORIGIN}
        if key is not None:
            headers["Idempotency-Key"] = key
        wanted = {name: value for name, value in (known | body).items() if value is not None}
        return await self.client.post("/api/checkout", json=wanted, headers=headers)

    async def orders(self, **body: Any) -> dict[str, Any]:
        answer = await self.posts(**body)
        assert answer.status_code == 201, answer.text
        placed: dict[str, Any] = answer.json()
        return placed

    async def looks(self, placed: dict[str, Any], **more: Any) -> httpx.Response:
        path = f"/api/orders/{placed['order_id']}"
        return await self.client.get(path, params={"token": placed["token"]}, **more)

    async def follows(
        self, placed: dict[str, Any], method: str = "GET", **headers: str
    ) -> httpx.Response:
        query = {"order": placed["order_id"], "token": placed["token"]}
        return await self.client.request(
            method, "/api/payments/initiate", params=query, headers=headers
        )

    async def payments(self, placed: dict[str, Any]) -> list[Any]:
        found: list[Any] = (await self.house.detail(placed["order_id"]))["payments"]
        return found

    async def pays(self, placed: dict[str, Any]) -> None:
        name = (await self.payments(placed))[-1]["id"]
        await self.house.tells(UUID(name), self.house.books.pays(name))

    async def left(self) -> int:
        stock = await self.house.shop.admin("GET", f"/admin/inventory/{SKU}")
        return int(stock["available"])


@pytest_asyncio.fixture
async def site(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Site]:
    async with open_bankhouse(database_urls, clock) as house:
        for slug, key in (("demo", "pk_site"), ("second", "pk_second")):
            await add_api_key(
                house.engine.database,
                house.shop.branches[slug].store,
                kind="publishable",
                key=key,
                title="Site",
                origins=[ORIGIN],
            )
        yield Site(house)


# --- the journey -------------------------------------------------------------------------------


async def test_an_order_is_pending_with_the_banks_page_and_stands_once_paid(site: Site) -> None:
    before = await site.left()
    placed = await site.orders(items=[{"sku": SKU.lower(), "quantity": 2}])
    assert placed["url"].startswith("https://bank.example/page-")
    seen = (await site.looks(placed)).json()
    number = seen.pop("number")
    assert number.isdecimal()
    assert seen == {
        "id": placed["order_id"],
        "status": "pending",
        "payment_status": "awaiting",
        "total": 2 * TOTAL,
        "currency": "KES",
    }
    assert await site.left() == before - 2
    order = await site.house.detail(placed["order_id"])
    assert (order["email"], order["name"], order["source"]) == (
        "Amina@example.com",
        "Amina Otieno",
        "web",
    )
    assert "order.placed" not in await site.house.event_types()
    for headers in ({}, PERSON, PERSON):
        went = await site.follows(placed, **headers)
        assert (went.status_code, went.headers["location"]) == (303, placed["url"])
    assert len(site.house.books.made("start")) == 1
    await site.pays(placed)
    seen = (await site.looks(placed)).json()
    assert (seen["status"], seen["payment_status"]) == ("processing", "paid")
    assert (await site.house.event_types()).count("order.placed") == 1
    went = await site.follows(placed)
    assert went.status_code == 303
    assert urlsplit(went.headers["location"]).path == f"/store/demo/orders/{placed['order_id']}"


async def test_an_unpaid_order_expires_and_gives_its_stock_back(site: Site) -> None:
    before = await site.left()
    placed = await site.orders()
    assert await site.left() == before - 1
    site.house.shop.clock.advance(3601)
    site.house.shop.worker.wake()
    await site.house.shop.settle()
    await expire_orders(site.house.engine, site.house.store)
    assert (await site.looks(placed)).json()["status"] == "expired"
    assert await site.left() == before
    went = await site.follows(placed, **PERSON)
    assert urlsplit(went.headers["location"]).path.startswith("/store/demo/orders/")
    assert len(await site.payments(placed)) == 1


async def test_a_named_order_is_one_also_after_its_answer_was_lost(
    site: Site, superuser: Any
) -> None:
    before = await site.left()
    first = (await site.posts(key="one")).json()
    assert (await site.posts(key="one")).json() == first
    await superuser.execute(
        """UPDATE shop.idempotency_keys
           SET response_status = NULL, leased_until = created_at - interval '1 second'"""
    )
    assert (await site.posts(key="one")).json()["order_id"] == first["order_id"]
    assert await site.left() == before - 1
    assert (await site.posts(key="one", customer={"email": "b@example.com"})).status_code == 422
    assert (await site.posts(key="two")).json()["order_id"] != first["order_id"]


async def test_a_method_that_pays_later_stands_at_once(site: Site) -> None:
    found = await site.orders()
    site.house.books.pays((await site.payments(found))[0]["id"])
    assert (await site.looks(found)).json()["payment_status"] == "paid", "money nobody told of"
    placed = await site.orders(provider_id="manual")
    seen = (await site.looks(placed)).json()
    assert (seen["status"], seen["payment_status"]) == ("processing", "awaiting")
    assert urlsplit(placed["url"]).path == f"/store/demo/orders/{placed['order_id']}"
    assert (await site.client.get(placed["url"])).status_code == 200


async def test_without_a_provider_the_first_with_a_page_is_taken(site: Site) -> None:
    placed = await site.orders(provider_id=None)
    assert [one["provider_id"] for one in await site.payments(placed)] == ["bank"]
    for name in ("bank", "otherbank"):
        store = site.house.store
        await configure(site.house.engine, store, name, actor="t", enabled=False)
    refused = await site.posts(provider_id=None)
    assert (refused.status_code, refused.json()["code"]) == (409, "provider_unavailable")


async def test_a_bank_that_does_not_answer_leaves_an_order_to_be_paid_on_our_page(
    site: Site,
) -> None:
    site.house.books.trouble["start"] = deque(["refused"])
    placed = await site.orders()
    assert urlsplit(placed["url"]).path == "/store/demo/checkout"
    assert (await site.client.get(placed["url"])).status_code == 200


# --- what is refused ---------------------------------------------------------------------------


async def test_what_cannot_be_ordered_is_refused_by_code_and_leaves_nothing(site: Site) -> None:
    before = await site.left()
    unknown = "01900000-0000-7000-8000-000000000000"
    for body, status, code in (
        ({"items": [{"sku": "NO-SUCH", "quantity": 1}]}, 404, "unknown_sku"),
        ({"items": [{"variant_id": unknown, "quantity": 1}]}, 404, "unknown_variant"),
        ({"items": [{"sku": SKU, "quantity": 0}]}, 422, "invalid_input"),
        ({"items": [{"sku": SKU, "quantity": -1}]}, 422, "invalid_input"),
        ({"items": [{"sku": SKU, "quantity": 10**30}]}, 422, "invalid_input"),
        ({"items": [{"quantity": 1}]}, 422, "invalid_input"),
        ({"items": [{"sku": SKU, "variant_id": unknown, "quantity": 1}]}, 422, "invalid_input"),
        ({"items": []}, 422, "invalid_input"),
        ({"items": [{"sku": SKU, "quantity": 1, "unit_price": 1}]}, 422, "invalid_input"),
        ({"total": 1}, 422, "invalid_input"),
        ({"items": [{"sku": SKU, "quantity": 90_000}]}, 409, "out_of_stock"),
        ({"customer": {"email": "nobody"}}, 422, "invalid_input"),
        ({"customer": {"email": "a@example.com", "phone": "x"}}, 422, "invalid_input"),
        ({"provider_id": "nobody"}, 404, "not_found"),
        ({"success_url": "https://evil.example/"}, 422, "invalid_input"),
        ({"cancel_url": "javascript:alert(1)"}, 422, "invalid_input"),
    ):
        answer = await site.posts(**body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (body, answer.text)
    assert await site.left() == before
    assert await site.house.listed("orders") == []
    answer = await site.posts(customer={"email": "a@example.com", "phone": "x"})
    assert [one["path"] for one in answer.json()["errors"]] == ["customer.phone"]
    answer = await site.client.post("/api/checkout", json={})
    assert answer.status_code == 401


async def test_orders_that_wait_are_limited_for_one_shopper_and_one_address(site: Site) -> None:
    codes = [(await site.posts()).json().get("code") for _ in range(22)]
    assert codes == [None] * 20 + ["too_many_holds"] * 2
    for number in range(60):
        answer = await site.posts(
            customer={"email": f"{number}@example.com"}, items=[{"sku": "NO", "quantity": 1}]
        )
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert "retry-after" in answer.headers
    assert number == 50 - 22


async def test_who_orders_many_times_at_once_gets_no_more_than_the_limit(
    site: Site, superuser: Any
) -> None:
    house = site.house
    async with house.engine.database.transaction(house.store.id) as tx:
        await change_settings(tx, {"holds_per_shopper": 2}, "test")
    before = await site.left()
    async with held_up(superuser, "shop.orders", "BEFORE INSERT"):
        ordering = asyncio.gather(*(site.posts() for _ in range(5)))
        await until_waiting(superuser, 5)
    codes = [answer.json().get("code") for answer in await ordering]
    assert sorted(map(str, codes)) == ["None"] * 2 + ["too_many_holds"] * 3
    assert await site.left() == before - 2


# --- who may look ------------------------------------------------------------------------------


async def test_an_order_opens_with_its_token_and_nothing_else(site: Site) -> None:
    """And one that shows an order does not let it be paid; browsers read what is listed."""
    placed, other = await site.orders(), await site.orders()
    signed = placed["token"].partition(".")[2]
    for token, headers in (
        ("", {}),
        (other["token"], {}),
        (f"second.{signed}", {}),
        (f"nowhere.{signed}", {}),
        (f"dem\u00f6.{signed}", {}),
        (placed["token"][:-2], {}),
        (placed["token"], {"X-Publishable-Key": "pk_second"}),
        (signed, {"X-Publishable-Key": "pk_second"}),
        ("", {"X-Publishable-Key": "pk_site"}),
    ):
        wrong = {**placed, "token": token}
        answer = await site.looks(wrong, headers=headers)
        assert answer.status_code in {401, 404}, (token, headers)
        if not headers:
            assert (await site.follows(wrong)).status_code == 404
    for token, headers in ((placed["token"], {}), (signed, {"X-Publishable-Key": "pk_site"})):
        answer = await site.looks({**placed, "token": token}, headers=headers)
        assert answer.status_code == 200
    page = f"/store/demo/orders/{placed['order_id']}"
    assert (await site.client.get(page, params={"token": placed["token"]})).status_code == 200
    engine, store = site.house.engine, site.house.store
    shown = bearer_token(engine, store, UUID(placed["order_id"]), "order")
    assert (await site.looks({**placed, "token": shown})).status_code == 200
    assert (await site.follows({**placed, "token": shown})).status_code == 404
    allowed = "access-control-allow-origin"
    looked = await site.looks(placed, headers={"Origin": ORIGIN})
    assert looked.headers[allowed] == ORIGIN
    looked = await site.looks(placed, headers={"Origin": "https://evil.example"})
    assert allowed not in looked.headers
    asked = await site.client.options("/api/checkout", headers={"Origin": ORIGIN})
    assert (asked.status_code, asked.headers[allowed]) == (204, ORIGIN)


# --- following the link ------------------------------------------------------------------------


async def test_another_attempt_is_begun_for_a_person_alone(site: Site) -> None:
    placed = await site.orders(success_url=f"{ORIGIN}/thanks")
    shown = await site.follows(placed, **{"User-Agent": "WhatsApp/2.23.20.0 A"})
    assert shown.status_code == 200
    assert placed["url"] not in shown.text
    assert "/store/demo/pay?" in shown.text
    assert 'http-equiv="refresh"' not in shown.text
    head = await site.follows(placed, method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    [payment] = await site.payments(placed)
    declined = site.house.books.declines(payment["id"])
    await site.house.tells(UUID(payment["id"]), declined, status="failed")
    for headers in (
        {},
        {"User-Agent": "WhatsApp/2.23.20.0 A"},
        {**PERSON, "Sec-Purpose": "prefetch;prerender"},
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    ):
        await site.follows(placed, **headers)
    await site.follows(placed, method="HEAD", **PERSON)
    went = await site.follows(placed)
    assert (went.status_code, urlsplit(went.headers["location"]).path) == (303, "/store/demo/pay")
    assert len(await site.payments(placed)) == 1
    went = await site.follows(placed, **PERSON)
    assert went.headers["location"].startswith("https://bank.example/page-")
    assert went.headers["location"] != placed["url"]
    assert (await site.follows(placed)).headers["location"] == went.headers["location"]
    assert len(await site.payments(placed)) == 2
    await site.pays(placed)
    assert (await site.looks(placed)).json()["payment_status"] == "paid"


async def test_a_site_that_is_listed_no_more_gets_no_payers_back(site: Site) -> None:
    placed = await site.orders(success_url=f"{ORIGIN}/thanks", cancel_url=f"{ORIGIN}/cart")
    [payment] = await site.payments(placed)
    declined = site.house.books.declines(payment["id"])
    await site.house.tells(UUID(payment["id"]), declined, status="failed")
    await site.house.engine.database.pool.execute(
        "UPDATE control.api_keys SET origins = '{https://other.example}' WHERE title = 'Site'"
    )
    went = await site.follows(placed, **PERSON)
    assert went.headers["location"].startswith("https://bank.example/page-")
    first, again = site.house.books.started
    assert first.return_url == f"{ORIGIN}/thanks"
    assert ORIGIN not in again.return_url + again.cancel_url
    assert urlsplit(again.return_url).path.startswith("/store/demo/orders/")


@pytest.mark.parametrize(
    "agent",
    [
        "WhatsApp/2.23.20.0 A",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "TelegramBot (like TwitterBot)",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
        "Mozilla/5.0 (compatible; Googlebot/2.1)",
        "Mozilla/5.0 (Windows NT 6.1) SkypeUriPreview Preview/0.5",
    ],
)
async def test_programs_that_preview_links_are_known_by_name(agent: str) -> None:
    assert is_preview("GET", Headers({"user-agent": agent}))


def test_browsers_of_people_are_no_programs() -> None:
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Safari"
    assert not is_preview("GET", Headers({"user-agent": phone, **PERSON}))
    assert is_preview("HEAD", Headers({"user-agent": phone}))
    assert is_preview("GET", Headers({"user-agent": phone, "purpose": "prefetch"}))


# --- switched off ------------------------------------------------------------------------------


async def test_switched_off_it_takes_no_orders_and_those_it_took_go_on(site: Site) -> None:
    engine, store = site.house.engine, site.house.store
    placed = await site.orders()
    await set_flag(engine, store, "ENABLE_LEGACY_CHECKOUT", enabled=False, actor="t")
    refused = await site.posts(key="later")
    assert (refused.status_code, refused.json()["code"]) == (403, "channel_disabled")
    assert refused.headers["access-control-allow-origin"] == ORIGIN
    assert (await site.looks(placed)).status_code == 200
    assert (await site.follows(placed)).headers["location"] == placed["url"]
    await set_flag(engine, store, "ENABLE_LEGACY_CHECKOUT", enabled=True, actor="t")
    assert (await site.posts(key="later")).status_code == 201


# --- addresses to return to --------------------------------------------------------------------


@given(st.text(max_size=40), st.sampled_from(["https://", "http://", "//", "", "https:/\\"]))
def test_nobody_is_sent_to_an_origin_that_is_not_listed(rest: str, scheme: str) -> None:
    url = scheme + rest
    try:
        check_returns({"success_url": url}, [ORIGIN])
    except InvalidInput:
        return
    assert url == "" or httpx.URL(url).host == "site.example"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Site.example/thanks?a=b#c", "https://site.example:443"),
        ("http://site.example:80", "http://site.example:80"),
        ("https://site.example@evil.example/", ""),
        ("https://site.example\\@evil.example/", ""),
        ("https://site.example:99999/", ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//site.example/", ""),
        ("/thanks", ""),
        ("https://", ""),
        (" https://site.example/", ""),
        ("https://site.example/\n", ""),
    ],
)
def test_the_origin_of_an_address_is_what_browsers_make_of_it(url: str, origin: str) -> None:
    assert origin_of(url) == origin


async def test_listed_addresses_go_to_the_provider(site: Site) -> None:
    urls = {"success_url": f"{ORIGIN}/thanks", "cancel_url": f"{ORIGIN}/cart"}
    placed = await site.orders(**urls)
    started = site.house.books.started[-1]
    assert (started.return_url, started.cancel_url) == tuple(urls.values())
    await site.orders()
    ours = urlsplit(site.house.books.started[-1].return_url)
    assert ours.path.startswith("/store/demo/orders/")
    assert parse_qs(ours.query)["token"]
    assert placed["url"]
