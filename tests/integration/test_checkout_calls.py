"""The calls that a checkout consists of: they tell what the tidy queries tell, of their own store.

A last test counts the round trips of the whole journey.
"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from tests.bench.checkout import buy
from tests.support.roundtrips import count_round_trips
from tests.support.storefront import HOME, TEA, Storefront, open_storefront, told
from tradewind.carts.service import get_cart
from tradewind.checkout.queries import cart_at_once, tried_at_once
from tradewind.checkout.service import read_cart
from tradewind.contracts.errors import NotFound
from tradewind.contracts.payment import PaymentResult
from tradewind.payments.attempt_queries import answer_at_once, attempts_of_cart
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

MOST = 28
ENTRY = """INSERT INTO shop.line_adjustments (store_id, id, cart_id, kind, source, code, title,
                                             rate, amount)
           VALUES ($1, $2, $3, 'tax', 'tradewind', 'VAT', 'VAT', 16, 5)"""
HELD = """SELECT quantity, expires_at FROM shop.stock_reservations
          WHERE store_id = $1 AND cart_id = $2"""


@pytest.fixture
async def site(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Storefront]:
    async with open_storefront(database_urls, clock) as opened:
        yield opened


async def at_the_till(site: Storefront) -> dict[str, Any]:
    """A cart with all that a cart may have: it is quoted, and delivered."""
    cart = await site.cart((TEA, 2))
    here = f"/carts/{cart['id']}"
    await site.post(here, {"shipping_address": HOME, "metadata": {"gift": True}})
    options = (await site.get(f"{here}/shipping-options"))["shipping_options"]
    chosen = await site.post(f"{here}/shipping-method", {"option_id": options[0]["id"]})
    found: dict[str, Any] = chosen["cart"]
    return found


async def test_a_call_reads_the_cart_that_a_transaction_reads(site: Storefront) -> None:
    carts = [await site.cart(email=None), await at_the_till(site)]
    async with site.engine.database.transaction(site.store.id) as tx:
        entry = (tx.store_id, tx.new_id(), UUID(carts[1]["id"]))
        await tx.execute(ENTRY, *entry)
    for cart in carts:
        cart_id = UUID(cart["id"])
        async with site.engine.database.transaction(site.store.id) as tx:
            read = await get_cart(tx, cart_id)
        assert await cart_at_once(site.engine.database, site.store.id, cart_id) == read
        assert await read_cart(site.engine, site.store, cart_id) == read
    assert read.quoted
    assert read.adjustments


async def test_a_call_tells_the_attempts_that_a_transaction_tells(site: Storefront) -> None:
    cart = await at_the_till(site)
    cart_id, database = UUID(cart["id"]), site.engine.database
    none = await tried_at_once(database, site.store.id, cart_id)
    assert none is not None
    assert none.attempts == []
    await site.pays(cart)
    await site.pays(cart, provider_id="manual")
    tried = await tried_at_once(database, site.store.id, cart_id)
    async with database.transaction(site.store.id) as tx:
        attempts = await attempts_of_cart(tx, cart_id)
        read = await get_cart(tx, cart_id)
    assert tried is not None
    assert (tried.cart, tried.attempts) == (read, attempts)
    assert [session.status for session, _ in attempts] == ["open", "voided"]


async def test_a_call_sees_no_cart_of_another_store(site: Storefront) -> None:
    cart = await at_the_till(site)
    await site.pays(cart)
    cart_id, database = UUID(cart["id"]), site.engine.database
    other = site.shop.branches["second"].store
    assert await cart_at_once(database, other.id, cart_id) is None
    assert await tried_at_once(database, other.id, cart_id) is None
    with pytest.raises(NotFound):
        await read_cart(site.engine, other, cart_id)
    assert await tried_at_once(database, site.store.id, cart_id) is not None


async def test_an_answer_counts_once_and_in_its_own_store(site: Storefront) -> None:
    cart = await at_the_till(site)
    await site.pays(cart)
    (session,) = await site.sessions(cart)
    database, other = site.engine.database, site.shop.branches["second"].store
    answer = PaymentResult(status="pending", data={"told": "late"})
    assert await answer_at_once(database, site.store.id, session, answer) is None
    async with database.transaction(site.store.id) as tx:
        starting = "UPDATE shop.payment_sessions SET status = 'starting' WHERE store_id = $1"
        await tx.execute(starting, tx.store_id)
    assert await answer_at_once(database, other.id, session, answer) is None
    opened = await answer_at_once(database, site.store.id, session, answer)
    assert opened is not None
    assert (opened.status, opened.data) == ("open", {"told": "late"})
    assert await site.sessions(cart) == [opened]


async def test_stock_is_held_by_one_call_and_anew_where_it_was_held(
    site: Storefront, clock: ManualClock
) -> None:
    cart = await at_the_till(site)
    cart_id = UUID(cart["id"])
    await site.pays(cart)
    ((first, until),) = await site.rows(HELD, cart_id)
    clock.advance(60)
    await site.pays(cart, provider_id="manual")
    ((second, later),) = await site.rows(HELD, cart_id)
    assert (first, second) == (2, 2)
    assert later > until


async def test_an_edit_calls_off_attempts_with_the_quote_that_it_brings(site: Storefront) -> None:
    cart = await at_the_till(site)
    await site.pays(cart)
    with count_round_trips(site.engine.database) as counted:
        after = (await site.post(f"/carts/{cart['id']}", {"email": "wanjiru@example.com"}))["cart"]
    assert counted.warm <= 6
    (session,) = await site.sessions(cart)
    assert session.status == "voided"
    assert after["version"] == cart["version"] + 1
    assert after == (await site.get(f"/carts/{cart['id']}"))["cart"]


async def test_a_purchase_needs_at_most_so_many_round_trips(site: Storefront) -> None:
    counts: dict[str, list[str]] = {}

    async def call(method: str, path: str, body: Any) -> Any:
        with count_round_trips(site.engine.database) as trips:
            answer = told(await site.ask(method, path, body))
        counts[f"{len(counts)} {method} {path}"] = trips.statements
        return answer

    variant = await site.variant()
    await buy(call, variant)
    counts.clear()
    await buy(call, variant)
    assert sum(map(len, counts.values())) <= MOST, counts
    for asked in counts.values():
        assert len(asked) == len(set(asked))
