"""What becomes of a guest's cart at sign-in, over the store API."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

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
from tradewind.carts.rules import NewCart
from tradewind.carts.service import add_sku
from tradewind.catalog.rules import NewRegion
from tradewind.catalog.service import create_region
from tradewind.checkout.links import token_for
from tradewind.checkout.service import call_off_payment, payment_reported, providers, reporting
from tradewind.checkout.service.placing import place_cart
from tradewind.customers.service import for_email, get_customer
from tradewind.database.sessions import NewSession, open_session
from tradewind.payments.service import get_payment
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import Postgres
from tradewind_host.sign_in import SignedIn, cart_of

BASKET = "KIONDO"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(postgres_server: Postgres) -> AsyncIterator[Storefront]:
    with postgres_server.database() as urls:
        async with open_storefront(urls, ManualClock()) as opened:
            yield opened


class Amina(NamedTuple):
    """A customer whose address is proved, and the header of their session."""

    id: UUID
    email: str
    header: dict[str, str]


@pytest_asyncio.fixture(loop_scope="module")
async def amina(site: Storefront) -> Amina:
    return await signed_in(site)


async def signed_in(site: Storefront) -> Amina:
    email = f"amina-{uuid4().hex[:8]}@example.com"
    async with site.engine.database.transaction(site.store.id) as tx:
        customer = await for_email(tx, email)
        new = NewSession(kind="customer", store_id=tx.store_id, customer_id=customer.id)
        opened = await open_session(tx, new)
    return Amina(customer.id, email, {"Authorization": f"Bearer {opened.token}"})


async def own_cart(site: Storefront, who: Amina, *wanted: tuple[str, int]) -> dict[str, Any]:
    """The customer's open cart with these SKUs put into it."""
    cart: dict[str, Any] = told(await site.ask("POST", "/carts", {}, **who.header))["cart"]
    for sku, quantity in wanted:
        body = {"variant_id": await site.variant(sku), "quantity": quantity}
        path = f"/carts/{cart['id']}/line-items"
        cart = told(await site.ask("POST", path, body, **who.header))["cart"]
    return cart


async def claimed(site: Storefront, who: Amina, cart: dict[str, Any]) -> dict[str, Any]:
    answer = await site.ask("POST", f"/carts/{cart['id']}/claim", **who.header)
    found: dict[str, Any] = told(answer)["cart"]
    return found


def units(cart: dict[str, Any]) -> dict[str, int]:
    return {line["sku"]: line["quantity"] for line in cart["lines"]}


async def test_a_guests_cart_becomes_the_customers_with_the_address_they_proved(
    site: Storefront, amina: Amina
) -> None:
    guest = await site.cart((TEA, 2), email=None)
    cart = await claimed(site, amina, guest)
    assert (cart["id"], cart["customer_id"]) == (guest["id"], str(amina.id))
    assert (cart["email"], units(cart), cart["notes"]) == (amina.email, {TEA: 2}, [])
    refused(await site.ask("GET", f"/carts/{guest['id']}"), 404, "not_found")
    assert await claimed(site, amina, guest) == cart
    mine = told(await site.ask("GET", "/customers/me/cart", **amina.header))["cart"]
    assert mine == cart


async def test_units_add_up_and_nothing_is_lost_without_a_note(
    site: Storefront, amina: Amina
) -> None:
    kept = await own_cart(site, amina, (TEA, 1), (BASKET, 2))
    guest = await site.cart((TEA, 2), (BASKET, 2), ("COF-250", 1))
    cart = await claimed(site, amina, guest)
    assert (cart["id"], units(cart)) == (kept["id"], {TEA: 3, BASKET: 3, "COF-250": 1})
    assert len(cart["lines"]) == 3
    (note,) = cart["notes"]
    assert (note["code"], note["sku"], note["wanted"], note["kept"]) == (
        "quantity_capped",
        BASKET,
        4,
        3,
    )
    line = next(one for one in cart["lines"] if one["sku"] == TEA)
    path = f"/carts/{cart['id']}/line-items/{line['id']}"
    changed = told(await site.ask("POST", path, {"quantity": 1}, **amina.header))["cart"]
    assert changed["notes"] == []


async def test_what_the_customer_had_told_wins_and_what_only_the_guest_told_is_kept(
    site: Storefront, amina: Amina
) -> None:
    kept = await own_cart(site, amina, (TEA, 1))
    body = {"email": "home@example.com", "metadata": {"gift": True, "from": "home"}}
    told(await site.ask("POST", f"/carts/{kept['id']}", body, **amina.header))
    guest = await site.cart((TEA, 1), email="guest@example.com")
    other = {"shipping_address": HOME, "metadata": {"from": "guest", "ref": 7}}
    await site.post(f"/carts/{guest['id']}", other)
    cart = await claimed(site, amina, guest)
    assert (cart["email"], cart["shipping_address"]) == ("home@example.com", HOME)
    assert cart["metadata"] == {"gift": True, "from": "home", "ref": 7}


async def test_a_merged_cart_says_where_it_went_and_can_be_claimed_again(
    site: Storefront, amina: Amina
) -> None:
    kept = await own_cart(site, amina, (TEA, 1))
    guest = await site.cart()
    cart = await claimed(site, amina, guest)
    path = f"/carts/{guest['id']}"
    for call in (
        site.ask("GET", path),
        site.ask("GET", path, **amina.header),
        site.ask("POST", path, {"email": EMAIL}),
        site.ask("POST", f"{path}/line-items", {"variant_id": await site.variant()}),
        site.ask("POST", f"{path}/payment-sessions", {"provider_id": "manual"}),
        site.ask("POST", f"{path}/complete"),
    ):
        assert refused(await call, 409, "cart_merged")["cart_id"] == kept["id"]
    assert await claimed(site, amina, guest) == cart
    brian = await signed_in(site)
    refused(await site.ask("POST", f"{path}/claim", **brian.header), 404, "not_found")
    refused(await site.ask("POST", f"{path}/claim"), 401, "unauthorized")


async def test_the_cart_that_is_looked_at_keeps_its_currency(
    site: Storefront, amina: Amina
) -> None:
    async with site.engine.database.transaction(site.store.id) as tx:
        abroad = await create_region(tx, NewRegion(name="Abroad", currency="EUR", countries=["de"]))
        await tx.execute(
            """INSERT INTO shop.prices (store_id, id, variant_id, currency, amount, created_at)
               SELECT $1, $2, id, 'EUR', 700, $3 FROM shop.variants
               WHERE store_id = $1 AND sku = $4""",
            tx.store_id,
            tx.new_id(),
            tx.now,
            TEA,
        )
    kept = await own_cart(site, amina, (TEA, 1), ("COF-250", 2))
    change = {"shipping_address": HOME}
    told(await site.ask("POST", f"/carts/{kept['id']}", change, **amina.header))
    guest = (await site.post("/carts", {"region_id": str(abroad.id)}))["cart"]
    body = {"variant_id": await site.variant(), "quantity": 1}
    await site.post(f"/carts/{guest['id']}/line-items", body)
    cart = await claimed(site, amina, guest)
    assert (cart["id"], cart["currency"], units(cart)) == (kept["id"], "EUR", {TEA: 2})
    assert (cart["total"], cart["shipping_address"]) == (1400, None)
    left_out = [(one["code"], one.get("sku"), one.get("wanted")) for one in cart["notes"]]
    assert left_out == [("no_price", "COF-250", 2), ("address_dropped", None, None)]
    empty = (await site.post("/carts", {"currency_code": "KES"}))["cart"]
    assert (await claimed(site, amina, empty))["currency"] == "EUR"


async def test_attempts_to_pay_either_cart_are_called_off(site: Storefront, amina: Amina) -> None:
    kept = await own_cart(site, amina, (TEA, 1))
    path, pay = f"/carts/{kept['id']}", {"provider_id": "elements"}
    told(await site.ask("POST", f"{path}/payment-sessions", pay, **amina.header))
    guest = await site.cart((BASKET, 1))
    session = await site.pays(guest)
    assert await held(site, guest) == [(BASKET, 1)]
    await claimed(site, amina, guest)
    for cart in (kept, guest):
        assert [one.status for one in await site.sessions(cart)] == ["voided"]
    assert await held(site, guest) == []
    site.confirmed(session)
    (attempt,) = await site.sessions(guest)
    await call_off_payment(site.engine, site.store, attempt.payment_id)
    orders = await site.rows("SELECT cart_id FROM shop.orders WHERE store_id = $1")
    assert (UUID(guest["id"]),) in orders, "money that came all the same pays for what it was"


async def held(site: Storefront, cart: dict[str, Any]) -> list[Any]:
    query = """SELECT v.sku, h.quantity FROM shop.stock_reservations h
               JOIN shop.variants v ON v.store_id = h.store_id AND v.id = h.variant_id
               WHERE h.store_id = $1 AND h.cart_id = $2"""
    return await site.rows(query, UUID(cart["id"]))


async def test_sign_ins_and_edits_at_the_same_time_lose_nothing(site: Storefront) -> None:
    for _ in range(3):
        who = await signed_in(site)
        first, second = await site.cart(), await site.cart()
        body = {"variant_id": await site.variant(), "quantity": 1}
        calls = [
            *(
                site.ask("POST", f"/carts/{one['id']}/claim", **who.header)
                for one in (first, second) * 2
            ),
            site.ask("POST", "/carts", {}, **who.header),
            *(
                site.ask("POST", f"/carts/{one['id']}/line-items", body)
                for one in (first, second) * 2
            ),
        ]
        answers = await asyncio.gather(*calls)
        assert {one.status_code for one in answers[:4]} == {200}
        added = sum(one.status_code == 200 for one in answers[5:])
        assert {one.status_code for one in answers[5:]} <= {200, 404, 409}
        mine = told(await site.ask("GET", "/customers/me/cart", **who.header))["cart"]
        assert units(mine) == {TEA: 2 + added}
        query = "SELECT count(*) FROM shop.carts WHERE store_id = $1 AND customer_id = $2"
        assert await site.rows(f"{query} AND status = 'open'", who.id) == [(1,)]


async def test_a_customer_has_one_open_cart_wherever_they_open_it(
    site: Storefront, amina: Amina
) -> None:
    calls = [site.ask("POST", "/carts", {"metadata": {f"n{n}": n}}, **amina.header) for n in (1, 2)]
    assert {one.status_code for one in await asyncio.gather(*calls)} <= {201, 409}
    cart = told(await site.ask("POST", "/carts", {"metadata": {"n3": 3}}, **amina.header))["cart"]
    assert (cart["email"], cart["metadata"]["n3"]) == (amina.email, 3)
    brian = await signed_in(site)
    answer = await site.ask("GET", "/customers/me/cart", **brian.header)
    refused(answer, 404, "not_found")


async def test_an_edit_makes_a_guests_cart_theirs_unless_they_have_one(
    site: Storefront, amina: Amina
) -> None:
    guest, mine = await site.cart(), await own_cart(site, amina, (TEA, 1))
    path = f"/carts/{guest['id']}"
    edited = told(await site.ask("POST", path, {"metadata": {"a": 1}}, **amina.header))["cart"]
    assert (edited["id"], edited["customer_id"]) == (guest["id"], None)
    assert (await claimed(site, amina, guest))["id"] == mine["id"]


async def test_the_cart_of_a_chat_stays_in_the_chat(site: Storefront, amina: Amina) -> None:
    async with site.engine.database.transaction(site.store.id) as tx:
        chat = NewCart(source="whatsapp", session_id="wa:254700000777")
        theirs = NewCart(source="wa", session_id="wa:254700000778", customer_id=amina.id)
        cart, own = await add_sku(tx, chat, TEA, 1), await add_sku(tx, theirs, TEA, 1)
    token = token_for(site.engine, site.store, cart.id, "cart")
    path = f"/carts/{cart.id}/claim"
    refused(await site.ask("POST", path, **amina.header), 404, "not_found")
    refused(await site.ask("POST", f"{path}?token={token}", **amina.header), 409, "cart_of_chat")
    web = await own_cart(site, amina, (TEA, 1))
    kept = await claimed(site, amina, {"id": str(own.id)})
    assert (kept["id"], kept["session_id"]) == (str(own.id), "wa:254700000778")
    assert web["id"] != str(own.id)


async def test_what_cannot_be_claimed_is_refused(site: Storefront, amina: Amina) -> None:
    brian = await signed_in(site)
    theirs = await own_cart(site, brian, (TEA, 1))
    done = await site.cart()
    await site.pays(done, provider_id="manual")
    assert told(await site.complete(done))["order"]["total"] == PRICE
    for cart_id, status, code in (
        (theirs["id"], 404, "not_found"),
        (str(uuid4()), 404, "not_found"),
        (done["id"], 409, "cart_completed"),
    ):
        answer = await site.ask("POST", f"/carts/{cart_id}/claim", **amina.header)
        refused(answer, status, code)


@pytest.mark.parametrize("paid", ["guest", "own"])
async def test_a_cart_that_is_paid_and_not_placed_yet_becomes_an_order_of_its_own(
    site: Storefront, amina: Amina, paid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await own_cart(site, amina, (BASKET, 1))
    guest = await site.cart((TEA, 2), email=amina.email)
    cart, header = (guest, {}) if paid == "guest" else (kept, amina.header)
    session = await pays(site, cart, header)
    site.confirmed(session)
    (attempt,) = await site.sessions(cart)
    came, may = asyncio.Event(), asyncio.Event()

    async def held(*given: Any) -> Any:
        came.set()
        await may.wait()
        return await place_cart(*given)

    monkeypatch.setattr(reporting, "place_cart", held)
    told_of = asyncio.create_task(look_up(site, attempt.payment_id))
    await came.wait()
    path = f"/carts/{guest['id']}/claim"
    refused(await site.ask("POST", path, **amina.header), 409, "already_paid")
    async with site.engine.database.transaction(site.store.id) as tx:
        new = NewSession(kind="customer", store_id=tx.store_id, customer_id=amina.id)
        found = SignedIn(await get_customer(tx, amina.id), await open_session(tx, new))
        signed_in_with = await cart_of(tx, found, UUID(guest["id"]))
    assert signed_in_with is not None
    assert str(signed_in_with.id) == kept["id"]
    may.set()
    await told_of
    mine = told(await site.ask("GET", "/customers/me/orders", **amina.header))["orders"]
    assert [units(one) for one in mine] == [units(cart)]
    (again,) = await site.sessions(cart)
    assert again.status == "completed"


async def pays(site: Storefront, cart: dict[str, Any], header: dict[str, str]) -> dict[str, Any]:
    path, body = f"/carts/{cart['id']}/payment-sessions", {"provider_id": "elements"}
    session: dict[str, Any] = told(await site.ask("POST", path, body, **header))["payment_session"]
    return session


async def look_up(site: Storefront, payment_id: UUID) -> None:
    async with site.engine.database.transaction(site.store.id) as tx:
        payment = await get_payment(tx, payment_id)
    result = await providers.look_up(site.engine, site.store, payment)
    await payment_reported(site.engine, site.store, payment_id, result, "provider")


async def test_a_merged_cart_has_the_first_ten_codes_and_the_customers_come_first(
    site: Storefront, amina: Amina
) -> None:
    codes = [f"OFF{n}-{amina.id.hex[-6:]}" for n in range(14)]
    for code in codes:
        body = {"kind": "percentage", "value": 1, "title": code, "code": code}
        await site.shop.admin("POST", "/admin/promotions", body)
    kept, guest = await own_cart(site, amina, (TEA, 1)), await site.cart()
    for cart, entered in ((kept, codes[6:]), (guest, codes[:8])):
        for code in entered:
            path = f"/carts/{cart['id']}/promotions"
            told(await site.ask("POST", path, {"code": code}, **amina.header))
    cart = await claimed(site, amina, guest)
    assert [one["code"] for one in cart["promotions"]] == [*codes[6:], *codes[:2]]
    assert [one["code"] for one in cart["notes"]] == ["codes_dropped"]
