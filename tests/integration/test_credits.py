"""Packs: credits that are granted with the payment, seen, taken, and gone with the money."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from tests.support.shop import Shop, open_shop
from tradewind.carts.rules import CartUpdate, NewCart
from tradewind.carts.service import add_sku, update
from tradewind.checkout.service import place
from tradewind.contracts.errors import Conflict
from tradewind.credits.rules import Grant, balance, taken_from
from tradewind.customers import service as customers
from tradewind.database.sessions import NewSession, open_session
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

AMINA = "amina@example.com"
DAY = 24 * 60 * 60


@pytest_asyncio.fixture
async def shop(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Shop]:
    async with open_shop(database_urls, clock=clock) as opened:
        yield opened


async def admin(shop: Shop, method: str, path: str, **sent: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {shop.branches['demo'].secret_key}"}
    return await shop.client.request(method, f"/admin/{path}", headers=headers, **sent)


async def pack(shop: Shop, kind: str = "pack", **terms: Any) -> httpx.Response:
    """A pack of visits, and what it grants."""
    body = {
        "title": "Ten visits",
        "kind": kind,
        "status": "published",
        "variants": [{"sku": "VISITS", "prices": [{"currency": "KES", "amount": 500_000}]}],
    }
    made = (await admin(shop, "POST", "products", json=body)).json()["product"]
    path = f"variants/{made['variants'][0]['id']}/credits"
    return await admin(shop, "PUT", path, json={"credits": 10, **terms})


async def buy(shop: Shop, quantity: int = 1, customer: UUID | None = None, also: str = "") -> Order:
    store = shop.branches["demo"].store
    async with shop.engine.database.transaction(store.id) as tx:
        new = NewCart(source="web", session_id=f"web:{tx.new_id()}", customer_id=customer)
        cart = await add_sku(tx, new, "VISITS", quantity)
        if also:
            cart = await add_sku(tx, new, also, 1)
        cart = await update(tx, cart, CartUpdate(email=AMINA))
    return await place(shop.engine, store, cart.id, "manual", "cash_on_delivery")


async def pay(shop: Shop, bought: Order) -> None:
    """Twice at once, of which one is right."""
    path = f"orders/{bought.id}/mark-paid"
    answers = await asyncio.gather(*(admin(shop, "POST", path, json={}) for _ in range(2)))
    assert sorted(one.status_code for one in answers) == [HTTPStatus.OK, HTTPStatus.CONFLICT]


async def now(shop: Shop, bought: Order) -> Order:
    async with shop.engine.database.transaction(shop.branches["demo"].store.id) as tx:
        return await get_order(tx, bought.id)


async def amina(shop: Shop, *, proved: bool = True) -> tuple[UUID, dict[str, str]]:
    """A customer with a proved address, and what opens the store API to her."""
    store = shop.branches["demo"].store
    async with shop.engine.database.transaction(store.id) as tx:
        customer = await customers.for_email(tx, AMINA if proved else "other@example.com")
        new = NewSession(kind="customer", store_id=store.id, customer_id=customer.id)
        session = await open_session(tx, new)
    key = shop.branches["demo"].publishable_key
    headers = {"X-Publishable-Key": key, "Authorization": f"Bearer {session.token}"}
    return customer.id, headers


async def seen(shop: Shop, headers: dict[str, str]) -> dict[str, Any]:
    answer = await shop.client.get("/store/customers/me/credits", headers=headers)
    assert answer.status_code == HTTPStatus.OK, answer.text
    return dict(answer.json()["credits"])


async def test_a_pack_grants_its_credits_once_it_is_paid(shop: Shop) -> None:
    assert (await pack(shop)).status_code == HTTPStatus.OK
    me, headers = await amina(shop)
    bought = await buy(shop, 2, me)
    assert (await seen(shop, headers))["balance"] == 0
    await pay(shop, bought)
    found = await seen(shop, headers)
    assert found["balance"] == 20
    (grant,) = found["grants"]
    assert (grant["order_id"], grant["credits"], grant["expires_at"]) == (str(bought.id), 20, None)
    after = await now(shop, bought)
    assert (after.status, after.fulfillment_status) == ("completed", "delivered")


async def test_more_than_can_be_counted_keeps_no_order_from_being_paid(shop: Shop) -> None:
    await pack(shop, credits=1_000_000)
    me, headers = await amina(shop)
    await pay(shop, await buy(shop, 3_000, me))
    assert (await seen(shop, headers))["balance"] == 2**31 - 1


async def test_a_guest_finds_them_after_signing_in_and_nobody_else_does(shop: Shop) -> None:
    await pack(shop)
    await pay(shop, await buy(shop))
    _, headers = await amina(shop)
    _, stranger = await amina(shop, proved=False)
    assert (await seen(shop, headers))["balance"] == 10
    assert (await seen(shop, stranger))["balance"] == 0


async def test_they_end_with_their_days(shop: Shop, clock: ManualClock) -> None:
    await pack(shop, days=30)
    _, headers = await amina(shop)
    await pay(shop, await buy(shop))
    assert (await seen(shop, headers))["balance"] == 10
    clock.advance(30 * DAY)
    _, headers = await amina(shop)
    found = await seen(shop, headers)
    assert (found["balance"], found["grants"][0]["remaining"]) == (0, 10)


async def test_they_go_with_the_money(shop: Shop) -> None:
    await pack(shop)
    me, headers = await amina(shop)
    bought = await buy(shop, 1, me)
    await pay(shop, bought)
    await admin(shop, "POST", f"customers/{me}/credits", json={"credits": -4, "note": "used"})
    part = await admin(shop, "POST", f"orders/{bought.id}/refund", json={"amount": 100})
    assert part.is_success, part.text
    await shop.settle()
    assert (await seen(shop, headers))["balance"] == 6
    rest = await admin(shop, "POST", f"orders/{bought.id}/refund", json={})
    assert rest.is_success, rest.text
    await shop.settle()
    assert (await now(shop, bought)).payment_status == "refunded"
    assert (await seen(shop, headers))["balance"] == 0
    assert await entries(shop) == [("pack", 10), ("taken", -4), ("refunded", -6)]


async def refunded(shop: Shop, bought: Order, **given: Any) -> None:
    answer = await admin(shop, "POST", f"orders/{bought.id}/refund", json=given)
    assert answer.is_success, answer.text
    await shop.settle()


async def test_a_part_of_the_money_takes_the_same_part_of_the_credits(shop: Shop) -> None:
    await pack(shop)
    me, headers = await amina(shop)
    bought = await buy(shop, 1, me)
    await pay(shop, bought)
    for amount, left in ((250_000, 5), (74_999, 4), (1, 4), (25_000, 3)):
        await refunded(shop, bought, amount=amount)
        assert (await seen(shop, headers))["balance"] == left
    assert (await now(shop, bought)).payment_status == "partially_refunded"
    await refunded(shop, bought)
    assert (await seen(shop, headers))["balance"] == 0
    assert await entries(shop) == [("pack", 10), *(("refunded", -n) for n in (5, 1, 1, 3))]


async def test_money_for_other_lines_takes_no_credits(shop: Shop) -> None:
    await pack(shop)
    me, headers = await amina(shop)
    bought = await buy(shop, 3, me, "TEA-PURPLE")
    await pay(shop, bought)
    lines = {line.sku: str(line.id) for line in bought.lines}
    await refunded(shop, bought, lines=[{"line_id": lines["TEA-PURPLE"], "quantity": 1}])
    assert (await seen(shop, headers))["balance"] == 30
    await refunded(shop, bought, lines=[{"line_id": lines["VISITS"], "quantity": 1}])
    assert (await seen(shop, headers))["balance"] == 20
    await refunded(shop, bought, lines=[{"line_id": lines["VISITS"], "quantity": 2}])
    assert (await now(shop, bought)).payment_status in {"refunded", "partially_refunded"}
    assert (await seen(shop, headers))["balance"] == 0


async def test_what_was_used_of_a_part_is_a_case_and_what_comes_back_of_it_goes(
    shop: Shop,
) -> None:
    await pack(shop)
    me, headers = await amina(shop)
    bought = await buy(shop, 1, me)
    await pay(shop, bought)
    visits = await visited(shop, me, 8)
    await refunded(shop, bought, amount=250_000)
    assert (await seen(shop, headers))["balance"] == 0
    (case,) = (await admin(shop, "GET", "cases?state=open")).json()["cases"]
    told = case["evidence"]
    assert (case["kind"], told["granted"], told["used"]) == ("pack_used", 10, 3)
    await admin(shop, "POST", f"orders/{visits.id}/cancel", json={})
    assert (await seen(shop, headers))["balance"] == 5
    named = [("pack", 10), ("used", -8), ("refunded", -2), ("returned", 8), ("refunded", -3)]
    assert await entries(shop) == named


async def test_more_of_the_money_is_a_case_again_once_the_first_is_closed(shop: Shop) -> None:
    await pack(shop)
    me, _ = await amina(shop)
    bought = await buy(shop, 1, me)
    await pay(shop, bought)
    await visited(shop, me, 8)
    for sent, opens in (
        ({"amount": 250_000}, [3]),
        ({"amount": 1}, []),
        ({"amount": 50_000}, [4]),
        ({"amount": 100_000}, [6]),
        ({}, [8]),
    ):
        await refunded(shop, bought, **sent)
        cases = (await admin(shop, "GET", "cases?state=open")).json()["cases"]
        assert [one["evidence"]["used"] for one in cases] == opens
        for one in cases:
            assert (await admin(shop, "POST", f"cases/{one['id']}/close", json={})).is_success


async def visited(shop: Shop, customer: UUID, times: int) -> Order:
    """An order of a service that credits pay for."""
    body = {
        "title": "Visit",
        "kind": "service",
        "status": "published",
        "variants": [{"sku": "VISIT", "prices": [{"currency": "KES", "amount": 60_000}]}],
    }
    assert (await admin(shop, "POST", "products", json=body)).is_success
    store = shop.branches["demo"].store
    async with shop.engine.database.transaction(store.id) as tx:
        new = NewCart(source="web", session_id=f"web:{tx.new_id()}", customer_id=customer)
        cart = await add_sku(tx, new, "VISIT", times)
        told = CartUpdate(email=AMINA, credits_wanted=times)
        cart = await update(tx, cart, told)
    return await place(shop.engine, store, cart.id, "manual", "cash_on_delivery")


async def test_the_database_takes_back_no_more_than_was_refunded(shop: Shop) -> None:
    await pack(shop)
    me, _ = await amina(shop)
    await pay(shop, await buy(shop, 1, me))
    for change in ("withdrawn = 1, remaining = 9", "forfeited = 11", "forfeited = -1"):
        async with shop.engine.database.transaction(shop.branches["demo"].store.id) as tx:
            with pytest.raises(Exception, match="no_more_than_was_refunded"):
                await tx.execute(
                    f"UPDATE shop.credit_grants SET {change} WHERE store_id = $1", tx.store_id
                )
            await tx.connection.execute("ROLLBACK; BEGIN")


async def entries(shop: Shop) -> list[tuple[str, int]]:
    store = shop.branches["demo"].store
    async with shop.engine.database.transaction(store.id) as tx:
        query = "SELECT reason, amount FROM shop.credit_entries WHERE store_id = $1 ORDER BY id"
        return [tuple(row) for row in await tx.fetch(query, store.id)]


async def test_the_merchant_gives_and_takes_and_it_is_written_down(shop: Shop) -> None:
    me, headers = await amina(shop)
    path = f"customers/{me}/credits"
    given = await admin(shop, "POST", path, json={"credits": 3, "days": 7, "note": "sorry"})
    assert given.json()["credits"]["balance"] == 3
    refused = await admin(shop, "POST", path, json={"credits": -4})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_enough_credits")
    nothing = await admin(shop, "POST", path, json={"credits": 0})
    assert nothing.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    taken = await admin(shop, "POST", path, json={"credits": -3})
    assert taken.json()["credits"]["balance"] == (await seen(shop, headers))["balance"] == 0
    assert (await admin(shop, "GET", path)).json() == taken.json()
    log = (await admin(shop, "GET", "audit-log")).json()["audit_log"]
    written = [one["detail"] for one in log if one["action"] == "customer.credits"]
    assert sorted(one["credits"] for one in written) == [-3, 3]
    assert not [one for one in written if "sorry" in str(one)]


async def test_twenty_at_once_take_no_more_than_there_is(shop: Shop) -> None:
    me, headers = await amina(shop)
    path = f"customers/{me}/credits"
    for amount in (4, 3):
        await admin(shop, "POST", path, json={"credits": amount})
    asked = [admin(shop, "POST", path, json={"credits": -1}) for _ in range(20)]
    codes = [one.status_code for one in await asyncio.gather(*asked)]
    assert sorted(codes) == [HTTPStatus.OK] * 7 + [HTTPStatus.CONFLICT] * 13
    assert (await seen(shop, headers))["balance"] == 0


async def test_only_packs_grant_credits(shop: Shop) -> None:
    refused = await pack(shop, kind="service")
    assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.CONFLICT, "not_a_pack")


async def test_a_pack_without_terms_waits_for_the_merchant(shop: Shop) -> None:
    await pack(shop)
    store = shop.branches["demo"].store
    async with shop.engine.database.transaction(store.id) as tx:
        await tx.execute("DELETE FROM shop.pack_terms WHERE store_id = $1", store.id)
    bought = await buy(shop)
    await pay(shop, bought)
    assert (await now(shop, bought)).fulfillment_status == "unfulfilled"


def test_what_ends_first_is_taken_first(clock: ManualClock) -> None:
    moment = clock.now()
    never = grant(1, 5, None, clock)
    over = grant(2, 5, -1, clock)
    soon = grant(3, 2, 1, clock)
    later = grant(4, 2, 9, clock)
    grants = [never, over, soon, later]
    assert balance(grants, moment) == 9
    found = [(one.grant_id.int, one.amount) for one in taken_from(grants, 5, moment)]
    assert found == [(3, 2), (4, 2), (1, 1)]
    with pytest.raises(Conflict):
        taken_from(grants, 10, moment)


def grant(number: int, left: int, days: int | None, clock: ManualClock) -> Grant:
    moment = clock.now()
    ends = None if days is None else timedelta(days=days) + moment
    return Grant(id=UUID(int=number), credits=5, remaining=left, created_at=moment, expires_at=ends)
