"""Paying through the store API, row by row: methods, sessions, complete, the order by its token."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.support.elements import secret_of
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
from tradewind.checkout.links import token_for
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import place
from tradewind.contracts.errors import ProviderFault
from tradewind.customers.service import for_email
from tradewind.database.sessions import NewSession, open_session
from tradewind.settings.keyring import Keyring, new_key
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host import logs

CASH = {"provider_id": "manual"}
CARD = {"provider_id": "elements"}


@pytest_asyncio.fixture
async def site(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Storefront]:
    async with open_storefront(database_urls, clock) as opened:
        yield opened


async def test_ways_to_pay_are_offered_and_the_first_is_taken(site: Storefront) -> None:
    cart = await site.cart()
    ways = (await site.get(f"/carts/{cart['id']}/payment-methods"))["payment_methods"]
    assert [(way["provider_id"], way["method"], way["flow"]) for way in ways] == [
        ("elements", "card", "client_secret"),
        ("elements", "page", "redirect"),
        ("manual", "cash_on_delivery", "instructions"),
    ]
    session = await site.pays(cart)
    assert (session["method"], session["status"], session["amount"]) == ("card", "open", PRICE)
    assert session["action"] == {
        "kind": "client_secret",
        "client_secret": session["data"]["client_secret"],
        "publishable_key": "pk_elements",
    }
    page = await site.pays(cart, method="page", return_url="https://site.example/thanks")
    assert page["action"]["url"].endswith("?back=https://site.example/thanks")
    assert [one.status for one in await site.sessions(cart)] == ["open", "voided"]


async def test_a_payment_is_not_begun_when_something_lacks(site: Storefront) -> None:
    empty = (await site.post("/carts", {"email": EMAIL}))["cart"]
    nameless = await site.cart(email=None)
    cart = await site.cart()
    wrong: list[tuple[Any, Any, int, str]] = [
        (empty, CARD, 409, "cart_empty"),
        (nameless, CARD, 409, "missing_email"),
        (cart, {"provider_id": "nobody"}, 404, "not_found"),
        (cart, {**CARD, "method": "cheque"}, 404, "unknown_payment_method"),
        (cart, {}, 422, "invalid_input"),
        (cart, {**CARD, "intent": "save_only"}, 422, "invalid_input"),
        (cart, {**CASH, "intent": "authorize"}, 422, "invalid_input"),
        (cart, {**CARD, "save_method": True}, 422, "invalid_input"),
        (cart, {**CARD, "return_url": "javascript:alert(1)"}, 422, "invalid_input"),
        (cart, {**CARD, "return_url": "https://evil.example/"}, 422, "invalid_input"),
        (cart, {**CARD, "cancel_url": "https://site.example@evil.example/"}, 422, "invalid_input"),
        (cart, {**CARD, "inputs": {"phone": 7}}, 422, "invalid_input"),
        (cart, {**CARD, "inputs": {"phone": "\0"}}, 422, "invalid_input"),
    ]
    for opened, body, status, code in wrong:
        path = f"/carts/{opened['id']}/payment-sessions"
        refused(await site.ask("POST", path, body), status, code)
    told(await site.ask("POST", f"/carts/{cart['id']}", {"shipping_address": HOME}))
    path = f"/carts/{cart['id']}/payment-sessions"
    refused(await site.ask("POST", path, CARD), 409, "missing_shipping_method")
    assert not site.books.charges


async def test_a_shopper_cannot_say_that_an_order_is_paid(site: Storefront) -> None:
    for told_state, certain in (("paid", "pending"), (7, "pending"), ("pending", "pending")):
        cart = await site.cart()
        await site.post(f"/carts/{cart['id']}", {"metadata": {"wa_payment_state": told_state}})
        await site.pays(cart, **CASH)
        order = told(await site.complete(cart))["order"]
        assert (order["payment_status"], order["metadata"]) == (
            "awaiting",
            {"wa_payment_state": certain},
        )


async def test_a_declined_card_is_a_failed_session(site: Storefront) -> None:
    cart = await site.cart()
    site.elements.declines = True
    session = await site.pays(cart)
    assert (session["status"], session["code"]) == ("failed", "card_declined")
    refused(await site.complete(cart), 409, "payment_not_completed")
    site.elements.declines = False
    site.books.trouble["start"] = deque(["refused"])
    answer = await site.ask("POST", f"/carts/{cart['id']}/payment-sessions", CARD)
    refused(answer, 502, ProviderFault.code)


async def test_a_named_payment_session_is_begun_once_whatever_is_lost(
    site: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart = await site.cart()
    path = f"/carts/{cart['id']}/payment-sessions"

    def dies(*_: Any) -> None:
        raise ArithmeticError

    with monkeypatch.context() as patch:
        patch.setattr("tradewind_host.store_api.payments.payment_session_answer", dies)
        assert (await site.ask("POST", path, CARD, key="pay")).status_code == 500
    answers = [await site.ask("POST", path, CARD, key="pay") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    (session,) = await site.sessions(cart)
    assert str(session.id) == answers[0].json()["payment_session"]["id"]
    assert site.books.made("start") == [str(session.payment_id)]


async def test_complete_is_refused_until_the_money_is_certain(site: Storefront) -> None:
    cart = await site.cart()
    refused(await site.complete(cart), 409, "payment_not_completed")
    session = await site.pays(cart)
    ref = session["data"]["payment_intent_id"]
    refused(await site.complete(cart, payment_intent_id=ref), 409, "payment_not_completed")
    refused(await site.complete(cart, payment_intent_id="pi_other"), 404, "unknown_payment")
    refused(await site.complete(cart, expected_total=PRICE - 1), 409, "cart_changed")
    for wrong in ({"expected_total": -1}, {"expected_total": 2**63}, {"payment_intent_id": ""}):
        refused(await site.complete(cart, **wrong), 422, "invalid_input")
    site.confirmed(session)
    placed = told(await site.complete(cart, payment_intent_id=ref, expected_total=PRICE))
    assert placed["order"]["payment_status"] == "paid"


async def test_that_the_money_is_not_certain_yet_is_not_the_answer_to_a_named_request(
    site: Storefront,
) -> None:
    cart = await site.cart()
    path = f"/carts/{cart['id']}/complete"
    session = await site.pays(cart)
    early = await site.ask("POST", path, {}, key="order")
    refused(early, 409, "payment_not_completed")
    assert early.headers["retry-after"] == "1"
    site.confirmed(session)
    placed = [await site.ask("POST", path, {}, key="order") for _ in range(2)]
    assert [answer.status_code for answer in placed] == [200, 200]
    assert placed[0].content == placed[1].content


async def test_the_payment_of_another_cart_is_no_payment_of_this_one(site: Storefront) -> None:
    cart, other = await site.cart(), await site.cart()
    session = await site.pays(other)
    site.confirmed(session)
    ref = session["data"]["payment_intent_id"]
    refused(await site.complete(cart, payment_intent_id=ref), 404, "unknown_payment")
    assert told(await site.complete(other, payment_intent_id=ref))


async def test_editing_calls_an_attempt_off_and_late_money_pays_for_what_was_seen(
    site: Storefront,
) -> None:
    cart = await site.cart()
    path, session = f"/carts/{cart['id']}", await site.pays(cart)
    await site.post(path, {"metadata": {"gift": True}})
    assert [one.status for one in await site.sessions(cart)] == ["voided"]
    refused(await site.complete(cart), 409, "cart_changed")
    site.confirmed(session)
    placed = told(await site.complete(cart))
    assert (placed["order"]["metadata"], placed["order"]["total"]) == ({}, PRICE)
    await site.shop.settle()
    assert told(await site.complete(cart))["order"]["id"] == placed["order"]["id"]

    second = await site.cart()
    await site.pays(second)
    await site.post(f"/carts/{second['id']}", {"email": "b@example.com"})
    await site.shop.settle()
    charge = list(site.books.charges.values())[-1]
    assert charge.canceled


async def test_what_is_sold_out_or_off_sale_or_dearer_meanwhile(site: Storefront) -> None:
    cart = await site.cart(("KIONDO", 2))
    await site.pays(cart, **CASH)
    taken = (
        "UPDATE shop.inventory_levels SET on_hand = 1, held = 0 WHERE store_id = $1 AND sku = $2"
    )
    async with site.engine.database.transaction(site.store.id) as tx:
        await tx.execute("DELETE FROM shop.stock_reservations WHERE store_id = $1", tx.store_id)
        await tx.execute(taken, tx.store_id, "KIONDO")
    problem = refused(await site.complete(cart), 409, "out_of_stock")
    assert (problem["sku"], problem["left"]) == ("KIONDO", 1)
    tea = await site.cart()
    await site.pays(tea, **CASH)
    async with site.engine.database.transaction(site.store.id) as tx:
        raised = """UPDATE shop.prices SET amount = amount + 1 WHERE store_id = $1 AND variant_id =
            (SELECT id FROM shop.variants WHERE store_id = $1 AND sku = $2)"""
        await tx.execute(raised, tx.store_id, TEA)
    refused(await site.complete(tea), 409, "cart_changed")
    assert (await site.get(f"/carts/{tea['id']}"))["cart"]["total"] == PRICE + 1
    await site.shop.admin("POST", f"/admin/products/{await product(site)}", {"status": "draft"})
    refused(await site.complete(tea), 409, "line_unavailable")


async def product(site: Storefront, sku: str = TEA) -> str:
    """The id of the product with this SKU."""
    rows = await site.rows(
        "SELECT product_id FROM shop.variants WHERE store_id = $1 AND sku = $2", sku
    )
    return str(rows[0][0])


async def test_complete_at_the_same_time_gives_one_order(site: Storefront) -> None:
    cart = await site.cart()
    await site.pays(cart, **CASH)
    path = f"/carts/{cart['id']}/complete"
    named = [site.ask("POST", path, key="done") for _ in range(3)]
    answers = await asyncio.gather(*named, *(site.complete(cart) for _ in range(3)))
    orders = {one.json()["order"]["id"] for one in answers if one.is_success}
    for answer in answers:
        if not answer.is_success:
            assert "retry-after" in answer.headers
            refused(answer, 409, "in_progress")
    assert len(orders) == 1
    again = [await site.ask("POST", path, key="done") for _ in range(2)]
    assert again[0].content == again[1].content
    assert len(await site.rows("SELECT id FROM shop.orders WHERE store_id = $1")) == 1


async def test_money_may_be_held_and_taken_later(site: Storefront) -> None:
    cart = await site.cart()
    session = await site.pays(cart, intent="authorize")
    charge = site.books.by_ref(session["data"]["payment_intent_id"])
    site.books.holds(charge.operation_id)
    placed = told(await site.complete(cart))["order"]
    assert (placed["status"], placed["payment_status"]) == ("processing", "authorized")


async def test_an_order_that_waits_for_its_money_is_not_completed(site: Storefront) -> None:
    cart = await site.cart()
    request = StartRequest(provider="elements", method="card")
    order = await place(site.engine, site.store, UUID(cart["id"]), "elements", "card", request)
    assert order.status == "pending"
    refused(await site.complete(cart), 409, "payment_not_completed")
    (charge,) = site.books.charges.values()
    site.books.pays(charge.operation_id)
    site.shop.clock.advance(6)
    assert told(await site.complete(cart))["order"]["status"] == "processing"


async def test_an_order_is_shown_by_its_token_or_to_its_customer(site: Storefront) -> None:
    async with site.engine.database.transaction(site.store.id) as tx:
        amina = await for_email(tx, EMAIL)
        brian = await for_email(tx, "brian@example.com")
    sessions = {}
    for one in (amina, brian):
        new = NewSession(kind="customer", store_id=site.store.id, customer_id=one.id)
        opened = await open_session(site.engine.database, new)
        sessions[one.id] = {"Authorization": f"Bearer {opened.token}"}
    own = sessions[amina.id]
    cart = told(await site.ask("POST", "/carts", {"email": EMAIL}, **own))["cart"]
    path = f"/carts/{cart['id']}"
    told(await site.ask("POST", f"{path}/line-items", {"variant_id": await site.variant()}, **own))
    told(await site.ask("POST", f"{path}/payment-sessions", CASH, **own))
    placed = told(await site.ask("POST", f"{path}/complete", **own))
    order, token = placed["order"], placed["token"]
    assert order["customer_id"] == str(amina.id)
    shown = f"/orders/{order['id']}"
    assert order["downloads"] == []
    assert (await site.get(f"{shown}?token={token}"))["order"] == order
    assert told(await site.ask("GET", shown, **own))["order"] == order
    refused(await site.ask("GET", shown), 404, "not_found")
    refused(await site.ask("GET", shown, **sessions[brian.id]), 404, "not_found")
    refused(await site.ask("GET", f"{shown}?token={token}x"), 404, "not_found")
    refused(await site.ask("GET", f"{shown}?token={token}", store="second"), 404, "not_found")
    refused(await site.ask("GET", f"/orders/{uuid4()}?token={token}"), 404, "not_found")
    refused(await site.ask("GET", f"{shown}?token={'x' * 300}"), 422, "invalid_input")
    pays = token_for(site.engine, site.store, UUID(order["id"]), "pay")
    told(await site.ask("GET", f"{shown}?token={pays}"))
    site.shop.clock.advance(181 * 86_400)
    refused(await site.ask("GET", f"{shown}?token={token}"), 404, "not_found")


# --- at rest -------------------------------------------------------------------------------------


async def test_no_client_secret_lies_open_in_the_database(
    site: Storefront, superuser: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", "json")
    cart = await site.cart()
    path = f"/carts/{cart['id']}/payment-sessions"
    session = told(await site.ask("POST", path, CARD, key="secret"))["payment_session"]
    secret = secret_of(site.books.by_ref(session["data"]["payment_intent_id"]))
    assert session["data"]["client_secret"] == secret
    site.confirmed(session)
    order = told(await site.complete(cart))["order"]
    await site.shop.settle()
    found = await tables_with(superuser, secret)
    assert found == []
    assert await tables_with(superuser, EMAIL), "the search finds what is there"
    detail = (await site.shop.admin("GET", f"/admin/orders/{order['id']}"))["order"]
    (payment,) = detail["payments"]
    assert payment["data"] == {"payment_intent_id": session["data"]["payment_intent_id"]}
    written = "".join(capsys.readouterr())
    assert "payment-sessions" in written
    for kept_out in (secret, cart["id"]):
        assert kept_out not in written
    site.engine.database.vault = Keyring([new_key()])
    detail = (await site.shop.admin("GET", f"/admin/orders/{order['id']}"))["order"]
    assert detail["payments"][0]["data"] == {}
    lost = await site.ask("POST", path, CARD, key="secret")
    refused(lost, 409, "answer_not_kept")


async def tables_with(superuser: Any, text: str) -> list[str]:
    """The tables in which a text stands as it is."""
    tables = await superuser.fetch(
        """SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
           WHERE schemaname IN ('shop', 'control')"""
    )
    found = []
    for (table,) in tables:
        query = f"""SELECT count(*) FROM {table} t
            WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || $2 || '%'"""
        if await superuser.fetchval(query, text, text.encode().hex()):
            found.append(table)
    return found
