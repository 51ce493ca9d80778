"""Carts that nobody comes back to: told of once, expired, and forgotten in the end."""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from tests.support.storefront import HOME, TEA, Storefront, open_storefront, refused, told
from tradewind.carts.keeping import queries
from tradewind.carts.keeping.service import note_abandoned
from tradewind.checkout import service as checkout
from tradewind.stores.service import change_settings
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import Postgres

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOURS = 60 * 60
DAYS = 24 * HOURS


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(postgres_server: Postgres) -> AsyncIterator[Storefront]:
    with postgres_server.database() as urls:
        async with open_storefront(urls, ManualClock()) as opened:
            yield opened


async def told_of(site: Storefront, cart: dict[str, Any]) -> list[dict[str, Any]]:
    """What subscribers were told of this cart."""
    rows = await site.rows(
        """SELECT payload FROM shop.events
           WHERE store_id = $1 AND type = 'cart.abandoned' AND aggregate = 'cart:' || $2::text
           ORDER BY sequence""",
        cart["id"],
    )
    return [msgspec.json.decode(payload) for (payload,) in rows]


async def runs(site: Storefront) -> None:
    """What the worker does from time to time."""
    for each in (
        checkout.release_expired_holds,
        checkout.note_abandoned_carts,
        checkout.expire_carts,
        checkout.forget_carts,
    ):
        await each(site.engine, site.store)


async def test_a_cart_left_alone_is_told_of_once_until_its_shopper_comes_back(
    site: Storefront,
) -> None:
    cart, guest = await site.cart((TEA, 2)), await site.cart(email=None)
    empty = (await site.post("/carts", {"email": "nothing@example.com"}))["cart"]
    site.shop.clock.advance(4 * HOURS - 1)
    await runs(site)
    assert await told_of(site, cart) == []
    site.shop.clock.advance(1)
    for _ in range(2):
        await runs(site)
    (event,) = await told_of(site, cart)
    assert (event["email"], event["total"]) == (
        "amina@example.com",
        {"amount": cart["total"], "currency": "KES"},
    )
    assert [await told_of(site, one) for one in (guest, empty)] == [[], []]
    await site.get(f"/carts/{cart['id']}")
    body = {"variant_id": await site.variant(), "quantity": 1}
    for one in (cart, empty):
        await site.post(f"/carts/{one['id']}/line-items", body)
    site.shop.clock.advance(4 * HOURS)
    await runs(site)
    assert len(await told_of(site, cart)) == 2
    assert len(await told_of(site, empty)) == 1


async def test_the_store_says_after_how_long(site: Storefront) -> None:
    async with site.engine.database.transaction(site.store.id) as tx:
        await change_settings(tx, {"abandoned_after_hours": 48}, "test")
    cart = await site.cart()
    site.shop.clock.advance(47 * HOURS)
    await runs(site)
    assert await told_of(site, cart) == []
    site.shop.clock.advance(1 * HOURS)
    await runs(site)
    assert len(await told_of(site, cart)) == 1


async def test_workers_at_the_same_time_tell_of_a_cart_once(site: Storefront) -> None:
    carts = [await site.cart() for _ in range(3)]
    site.shop.clock.advance(50 * HOURS)
    async with site.engine.database.transaction(site.store.id) as tx:
        first = await note_abandoned(tx, most=2)
        # While one worker is at it, another one takes what is left.
        other = await asyncio.create_task(second(site), context=contextvars.Context())
        assert (first, other) == (2, 1)
    assert [len(await told_of(site, one)) for one in carts] == [1, 1, 1]


async def second(site: Storefront) -> int:
    async with site.engine.database.transaction(site.store.id) as tx:
        return await note_abandoned(tx, most=2)


async def test_an_expired_cart_is_deleted_with_all_that_is_in_it(site: Storefront) -> None:
    cart, paid, done = await site.cart(), await site.cart(), await site.cart()
    await site.post(f"/carts/{paid['id']}", {"billing_address": HOME, "metadata": {"a": 1}})
    await site.pays(paid)
    await site.pays(done, provider_id="manual")
    told(await site.complete(done))
    site.shop.clock.advance(7 * DAYS)
    await runs(site)
    for one in (cart, paid):
        assert (await site.get(f"/carts/{one['id']}"))["cart"]["status"] == "expired"
    site.shop.clock.advance(30 * DAYS - 1)
    await runs(site)
    assert (await site.get(f"/carts/{cart['id']}"))["cart"]["lines"]
    site.shop.clock.advance(1)
    await runs(site)
    refused(await site.ask("GET", f"/carts/{cart['id']}"), 404, "not_found")
    for table in ("cart_lines", "line_adjustments"):
        query = f"SELECT count(*) FROM shop.{table} WHERE store_id = $1 AND cart_id = ANY ($2)"
        assert await site.rows(query, [UUID(cart["id"]), UUID(paid["id"])]) == [(0,)]
    kept = (await site.get(f"/carts/{paid['id']}"))["cart"]
    assert (kept["email"], kept["billing_address"], kept["metadata"]) == (None, None, {})
    assert (await site.get(f"/carts/{done['id']}"))["cart"]["email"] == "amina@example.com"


async def test_no_statement_looks_at_every_cart(site: Storefront) -> None:
    statements = {
        queries._ABANDON: "carts_left_alone",
        queries._OVER: "carts_over",
        queries._EXPIRE: "carts_expiry",
    }
    async with site.engine.database.transaction(site.store.id) as tx:
        await tx.execute("SET LOCAL enable_seqscan = off")
        past = tx.now - timedelta(days=1)
        args: dict[str, tuple[Any, ...]] = {
            queries._ABANDON: (tx.store_id, tx.now, past, 10),
            queries._OVER: (tx.store_id, past, 10),
            queries._EXPIRE: (tx.store_id, tx.now, 10),
        }
        for statement, index in statements.items():
            plan = await tx.fetch(f"EXPLAIN {statement}", *args[statement])
            assert any(index in row[0] for row in plan), plan
