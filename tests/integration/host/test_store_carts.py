"""The cart API, row by row: what each call does, and each way in which it refuses."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.support.storefront import (
    EMAIL,
    HOME,
    PRICE,
    TEA,
    Storefront,
    fields,
    open_storefront,
    refused,
    told,
)
from tradewind import Adjustment, Plugin, QuoteRequest, StoreContext, hookimpl
from tradewind.carts.rules import NewCart
from tradewind.carts.service import add_sku
from tradewind.checkout.links import token_for
from tradewind.customers.service import create
from tradewind.database.sessions import NewSession, open_session
from tradewind.hooks import NoSettings
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

BASKET = "KIONDO"


class Tenth(Plugin):
    """A tenth off everything."""

    name = "tenth"
    requires = ">=0.1"
    settings_type = NoSettings

    @hookimpl
    async def price_adjustments(
        self, request: QuoteRequest, context: StoreContext[Any]
    ) -> Sequence[Adjustment]:
        return [
            Adjustment(line_id=line.line_id, code="TENTH", title="Off", amount=-line.subtotal // 10)
            for line in request.lines
        ]


@pytest_asyncio.fixture
async def site(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Storefront]:
    async with open_storefront(database_urls, clock) as opened:
        yield opened


async def signed_in(site: Storefront, email: str = EMAIL) -> dict[str, str]:
    """The header of a customer who has signed in."""
    async with site.engine.database.transaction(site.store.id) as tx:
        customer = await create(tx, email=email)
    new = NewSession(kind="customer", store_id=site.store.id, customer_id=customer.id, agent="")
    opened = await open_session(site.engine.database, new)
    return {"Authorization": f"Bearer {opened.token}"}


async def test_a_cart_is_opened_in_the_region_asked_for_or_the_default_one(
    site: Storefront,
) -> None:
    (region,) = (await site.get("/regions"))["regions"]
    for body in (None, {}, {"region_id": region["id"]}, {"currency_code": "KES"}):
        answer = await site.ask("POST", "/carts", body)
        cart = told(answer)["cart"]
        assert (answer.status_code, cart["region_id"], cart["currency"]) == (
            201,
            region["id"],
            "KES",
        )
        assert (cart["lines"], cart["total"], cart["status"]) == ([], 0, "open")
        assert (cart["customer_id"], cart["session_id"], cart["email"]) == (None, None, None)


WRONG: list[tuple[Any, int, str, str]] = [
    ({"region_id": str(uuid4())}, 404, "not_found", ""),
    ({"currency_code": "EUR"}, 422, "invalid_input", "currency_code"),
    ({"currency_code": "kes"}, 422, "invalid_input", "currency_code"),
    ({"email": "amina at home"}, 422, "invalid_input", "email"),
    ({"email": ""}, 422, "invalid_input", "email"),
    ({"metadata": {"a": "b" * 17_000}}, 422, "invalid_input", "metadata"),
    ({"metadata": {"a": "\0"}}, 422, "invalid_input", ""),
    ({"metadata": []}, 422, "invalid_input", "metadata"),
    ([], 422, "invalid_input", ""),
]


async def test_a_cart_is_not_opened_with_what_cannot_be(site: Storefront) -> None:
    for body, status, code, path in WRONG:
        problem = refused(await site.ask("POST", "/carts", body), status, code)
        assert not path or path in fields(problem), body
    deep = b'{"metadata":{"a":' + b"[" * 40_000 + b"]" * 40_000 + b"}}"
    headers = {"X-Publishable-Key": site.shop.branches["demo"].publishable_key}
    answer = await site.shop.client.post("/store/carts", content=deep, headers=headers)
    assert answer.status_code in {400, 422}, answer.text


async def test_lines_are_added_changed_and_removed(site: Storefront) -> None:
    cart = await site.cart((TEA, 1), (BASKET, 1), (TEA, 1))
    (tea, basket) = cart["lines"]
    assert (tea["sku"], tea["quantity"], tea["subtotal"]) == (TEA, 2, 2 * PRICE)
    path = f"/carts/{cart['id']}/line-items"
    changed = (await site.post(f"{path}/{tea['id']}", {"quantity": 5}))["cart"]
    assert changed["lines"][0]["total"] == 5 * PRICE
    assert changed["total"] == 5 * PRICE + basket["total"]
    assert changed["version"] > cart["version"]
    gone = told(await site.ask("DELETE", f"{path}/{basket['id']}"))["cart"]
    assert [line["id"] for line in gone["lines"]] == [tea["id"]]
    empty = (await site.post(f"{path}/{tea['id']}", {"quantity": 0}))["cart"]
    assert (empty["lines"], empty["total"]) == ([], 0)
    assert (await site.get(f"/carts/{cart['id']}"))["cart"] == empty


async def test_a_line_is_refused_with_what_is_left(site: Storefront) -> None:
    cart = await site.cart()
    path, basket = f"/carts/{cart['id']}/line-items", await site.variant(BASKET)
    answer = await site.ask("POST", path, {"variant_id": basket, "quantity": 4})
    problem = refused(answer, 409, "out_of_stock")
    assert (problem["sku"], problem["left"]) == (BASKET, 3)
    unknown = {"variant_id": str(uuid4()), "quantity": 1}
    refused(await site.ask("POST", path, unknown), 404, "unknown_variant")
    line = f"{path}/{cart['lines'][0]['id']}"
    problem = refused(await site.ask("POST", line, {"quantity": 101}), 409, "out_of_stock")
    assert problem["left"] == 100
    refused(await site.ask("POST", f"{path}/{uuid4()}", {"quantity": 1}), 404, "not_found")
    refused(await site.ask("DELETE", f"{path}/{uuid4()}"), 404, "not_found")
    for quantity in (0, -1, 100_001, 10**30, "many", 1.5, None):
        body = {"variant_id": basket, "quantity": quantity}
        problem = refused(await site.ask("POST", path, body), 422, "invalid_input")
        assert set(fields(problem)) == {"quantity"}
    refused(await site.ask("POST", path, {"variant_id": "tea"}), 422, "invalid_input")
    refused(await site.ask("POST", path), 422, "invalid_input")
    assert (await site.get(f"/carts/{cart['id']}"))["cart"] == cart


async def test_who_buys_and_where_it_goes_is_kept_and_checked(site: Storefront) -> None:
    cart = await site.cart(email=None)
    path = f"/carts/{cart['id']}"
    body = {"email": f" {EMAIL} ", "shipping_address": HOME, "metadata": {"gift": True}}
    kept = (await site.post(path, body))["cart"]
    assert (kept["email"], kept["shipping_address"]) == (EMAIL, HOME)
    kept = (await site.post(path, {"billing_address": HOME, "metadata": {"no": 7}}))["cart"]
    assert kept["metadata"] == {"gift": True, "no": 7}
    assert (await site.post(path, {"email": None}))["cart"]["email"] is None
    wrong: dict[str, Any] = {
        "email": "nobody",
        "shipping_address": {**HOME, "country_code": "us", "city": " "},
        "billing_address": {**HOME, "country_code": "KE", "address_2": "x" * 201},
    }
    problem = refused(await site.ask("POST", path, wrong), 422, "invalid_input")
    assert fields(problem) == {
        "email": "invalid",
        "shipping_address.city": "required",
        "shipping_address.country_code": "not_served",
        "billing_address.country_code": "invalid",
        "billing_address.address_2": "too_long",
    }
    refused(await site.ask("POST", path, {"region_id": str(uuid4())}), 404, "not_found")
    refused(await site.ask("POST", path), 422, "invalid_input")
    short = {"shipping_address": {"first_name": "Amina"}}
    refused(await site.ask("POST", path, short), 422, "invalid_input")
    null = {"shipping_address": {**HOME, "city": "Nai\0robi"}}
    refused(await site.ask("POST", path, null), 422, "invalid_input")


async def test_metadata_cannot_grow_and_saying_the_same_again_changes_nothing(
    site: Storefront,
) -> None:
    cart = await site.cart()
    path = f"/carts/{cart['id']}"
    grown = {"metadata": {"a": "x" * 10_000}, "shipping_address": HOME}
    before = (await site.post(path, grown))["cart"]
    answer = await site.ask("POST", path, {"metadata": {"b": "x" * 10_000}})
    assert fields(refused(answer, 422, "invalid_input")) == {"metadata": "too_large"}
    assert (await site.post(path, {"shipping_address": HOME, "email": EMAIL}))["cart"] == before


async def test_edits_at_the_same_time_are_all_kept(site: Storefront) -> None:
    cart = await site.cart()
    path, tea = f"/carts/{cart['id']}", await site.variant()
    edits = [
        *(site.ask("POST", path, {"metadata": {f"n{n}": n}}) for n in range(4)),
        *(site.ask("POST", f"{path}/line-items", {"variant_id": tea}) for _ in range(4)),
        site.ask("POST", path, {"shipping_address": HOME}),
        *(site.ask("GET", path) for _ in range(3)),
    ]
    for answer in await asyncio.gather(*edits):
        told(answer)
    kept = (await site.get(path))["cart"]
    assert kept["metadata"] == {"n0": 0, "n1": 1, "n2": 2, "n3": 3}
    assert (kept["lines"][0]["quantity"], kept["total"]) == (5, 5 * PRICE)
    assert kept["shipping_address"] == HOME


async def test_delivery_is_chosen_from_what_is_offered(site: Storefront) -> None:
    cart = await site.cart()
    path = f"/carts/{cart['id']}"
    (option,) = (await site.get(f"{path}/shipping-options"))["shipping_options"]
    chosen = (await site.post(f"{path}/shipping-method", {"option_id": option["id"]}))["cart"]
    assert chosen["shipping_method"] == option
    assert chosen["shipping_total"] == option["price"]["amount"]
    answer = await site.ask("POST", f"{path}/shipping-method", {"option_id": "drone"})
    refused(answer, 404, "unknown_shipping_option")
    refused(await site.ask("POST", f"{path}/shipping-method", {}), 422, "invalid_input")
    empty = (await site.post("/carts"))["cart"]
    assert await site.get(f"/carts/{empty['id']}/shipping-options") == {"shipping_options": []}


async def test_a_cart_that_became_an_order_takes_no_change(site: Storefront) -> None:
    cart = await site.cart()
    path, line = f"/carts/{cart['id']}", cart["lines"][0]["id"]
    await site.pays(cart, provider_id="manual")
    told(await site.complete(cart))
    closed = (await site.get(path))["cart"]
    assert (closed["status"], closed["total"]) == ("completed", PRICE)
    for call in (
        site.ask("POST", path, {"email": "other@example.com"}),
        site.ask("POST", f"{path}/line-items", {"variant_id": await site.variant()}),
        site.ask("POST", f"{path}/line-items/{line}", {"quantity": 2}),
        site.ask("DELETE", f"{path}/line-items/{line}"),
        site.ask("POST", f"{path}/shipping-method", {"option_id": "x"}),
        site.ask("POST", f"{path}/payment-sessions", {"provider_id": "manual"}),
    ):
        refused(await call, 409, "cart_completed")


# --- who may open it ---------------------------------------------------------------------------


async def test_the_cart_of_a_chat_is_opened_by_a_signed_token_alone(site: Storefront) -> None:
    async with site.engine.database.transaction(site.store.id) as tx:
        new = NewCart(source="whatsapp", session_id="wa:254700000101")
        cart = await add_sku(tx, new, TEA, 1)
    path = f"/carts/{cart.id}"
    token = token_for(site.engine, site.store, cart.id, "cart")
    for wrong in ("", "?token=abc", f"?token={token_for(site.engine, site.store, cart.id, 'pay')}"):
        refused(await site.ask("GET", path + wrong), 404, "not_found")
        refused(await site.ask("POST", f"{path}/complete{wrong}"), 404, "not_found")
    shown = (await site.get(f"{path}?token={token}"))["cart"]
    assert (shown["id"], shown["session_id"]) == (str(cart.id), "wa:254700000101")
    edited = await site.post(f"{path}?token={token}", {"email": EMAIL})
    assert edited["cart"]["email"] == EMAIL


async def test_the_cart_of_a_customer_opens_only_with_their_session(site: Storefront) -> None:
    amina = await signed_in(site)
    brian = await signed_in(site, "brian@example.com")
    cart = told(await site.ask("POST", "/carts", {}, **amina))["cart"]
    path = f"/carts/{cart['id']}"
    assert cart["customer_id"]
    for call in ("", "/shipping-options", "/payment-methods"):
        refused(await site.ask("GET", path + call), 404, "not_found")
        refused(await site.ask("GET", path + call, **brian), 404, "not_found")
        told(await site.ask("GET", path + call, **amina))
    body = {"variant_id": await site.variant()}
    refused(await site.ask("POST", f"{path}/line-items", body), 404, "not_found")
    pay = {"provider_id": "manual"}
    refused(await site.ask("POST", f"{path}/payment-sessions", pay), 404, "not_found")
    refused(await site.ask("POST", f"{path}/complete"), 404, "not_found")
    told(await site.ask("POST", f"{path}/line-items", body, **amina))


async def test_a_guests_cart_goes_along_with_who_signs_in_and_is_not_known_elsewhere(
    site: Storefront,
) -> None:
    cart, amina = await site.cart(), await signed_in(site)
    path = f"/carts/{cart['id']}"
    refused(await site.ask("GET", path, store="second"), 404, "not_found")
    for wrong in (str(uuid4()), "cart", "0"):
        refused(await site.ask("GET", f"/carts/{wrong}"), 404, "not_found")
    taken = told(await site.ask("POST", path, {"metadata": {"a": 1}}, **amina))["cart"]
    assert taken["customer_id"]
    refused(await site.ask("GET", path), 404, "not_found")


# --- named requests, and plugins that have a say in the price ------------------------------------


async def test_a_named_line_is_added_once_even_if_the_quote_fails_after_it(
    database_urls: DatabaseUrls, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_storefront(database_urls, clock, Tenth()) as site:
        cart = await site.cart()
        path, body = f"/carts/{cart['id']}/line-items", {"variant_id": await site.variant()}
        with monkeypatch.context() as patch:
            patch.setattr("tradewind.carts.quote_queries.store_quote", breaks)
            unquoted = told(await site.ask("POST", path, body, key="two"))["cart"]
        assert [note["code"] for note in unquoted["notes"]] == ["not_quoted"]
        for _ in range(3):
            assert told(await site.ask("POST", path, body, key="two"))["cart"] == unquoted
        shown = (await site.get(f"/carts/{cart['id']}"))["cart"]
        assert (shown["lines"][0]["quantity"], shown["total"]) == (2, 2 * PRICE * 9 // 10)
        third = told(await site.ask("POST", path, body, key="three"))["cart"]
        assert third["lines"][0]["quantity"] == 3


async def breaks(*_: Any) -> None:
    raise ArithmeticError


async def test_a_named_cart_is_made_once(site: Storefront) -> None:
    first = await site.ask("POST", "/carts", {"email": EMAIL}, key="cart")
    again = await site.ask("POST", "/carts", {"email": EMAIL}, key="cart")
    assert (again.status_code, again.content) == (201, first.content)
    other = await site.ask("POST", "/carts", {"email": "b@example.com"}, key="cart")
    refused(other, 422, "idempotency_key_reused")
    assert len(await site.rows("SELECT id FROM shop.carts WHERE store_id = $1")) == 1
    (kept,) = await site.rows("SELECT response_body FROM shop.idempotency_keys WHERE store_id = $1")
    assert EMAIL.encode() not in kept[0]
