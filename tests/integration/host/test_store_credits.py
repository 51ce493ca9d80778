"""Credits on a cart through the store API: seen, used, let go, and nobody else's."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.support.roundtrips import count_round_trips
from tests.support.shops import add_variant
from tests.support.storefront import EMAIL, PRICE, TEA, Storefront, open_storefront, refused, told
from tradewind.checkout.links import token_for
from tradewind.credits.service import give
from tradewind.customers.service import for_email
from tradewind.database.sessions import NewSession, open_session
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import Postgres

VISIT = "VISIT"
COST = 5_000
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(postgres_server: Postgres) -> AsyncIterator[Storefront]:
    with postgres_server.database() as urls:
        async with open_storefront(urls, ManualClock()) as opened:
            async with opened.engine.database.transaction(opened.store.id) as tx:
                await add_variant(tx, VISIT, COST, on_hand=None, kind="service")
            yield opened


class Owner(NamedTuple):
    """A signed-in customer with three credits, and the header of their session."""

    id: UUID
    header: dict[str, str]


@pytest_asyncio.fixture(loop_scope="module")
async def owner(site: Storefront) -> Owner:
    return await signed_in(site, 3)


async def signed_in(site: Storefront, had: int) -> Owner:
    async with site.engine.database.transaction(site.store.id) as tx:
        customer = await for_email(tx, f"{uuid4().hex[:8]}@example.com")
        if had:
            await give(tx, customer.id, had, None, "test", "")
        new = NewSession(kind="customer", store_id=tx.store_id, customer_id=customer.id)
        token = (await open_session(tx, new)).token
    return Owner(customer.id, {"Authorization": f"Bearer {token}"})


async def cart_of(site: Storefront, owner: Owner, **wanted: int) -> dict[str, Any]:
    made = told(await site.ask("POST", "/carts", {"email": EMAIL}, **owner.header))["cart"]
    for sku, quantity in (wanted or {VISIT: 2, TEA: 1}).items():
        body = {"variant_id": await site.variant(sku), "quantity": quantity}
        path = f"/carts/{made['id']}/line-items"
        made = told(await site.ask("POST", path, body, **owner.header))["cart"]
    return dict(made)


async def use(site: Storefront, owner: Owner, cart: dict[str, Any], body: Any) -> dict[str, Any]:
    answer = await site.ask("POST", f"/carts/{cart['id']}/credits", body, **owner.header)
    return dict(told(answer)["cart"])


async def test_they_are_shown_used_changed_and_let_go(site: Storefront, owner: Owner) -> None:
    cart = await cart_of(site, owner)
    assert cart["credits"] == {"available": 3, "applied": 0}
    one = await use(site, owner, cart, {"quantity": 1})
    assert (one["credits"], one["total"]) == ({"available": 3, "applied": 1}, COST + PRICE)
    every = await use(site, owner, cart, None)
    assert (every["credits"], every["total"]) == ({"available": 3, "applied": 2}, PRICE)
    [entry] = [one for line in every["lines"] for one in line["adjustments"]]
    assert (entry["kind"], entry["code"], entry["amount"]) == ("credit", "credits", -2 * COST)
    body = {"variant_id": await site.variant(VISIT), "quantity": 2}
    path = f"/carts/{cart['id']}/line-items"
    more = told(await site.ask("POST", path, body, **owner.header))["cart"]
    assert (more["credits"]["applied"], more["total"]) == (3, COST + PRICE)
    none = await use(site, owner, cart, {"quantity": 0})
    assert (none["credits"]["applied"], none["total"]) == (0, 4 * COST + PRICE)
    await use(site, owner, cart, None)
    answer = await site.ask("DELETE", f"/carts/{cart['id']}/credits", **owner.header)
    assert told(answer)["cart"]["credits"] == {"available": 3, "applied": 0}
    assert told(await site.ask("POST", "/carts", {}, **owner.header))["cart"]["credits"] == {
        "available": 3,
        "applied": 0,
    }


async def test_they_are_asked_for_once_and_only_where_they_can_pay(
    site: Storefront, owner: Owner
) -> None:
    cart = await cart_of(site, owner, **{TEA: 1})
    assert cart["credits"] is None
    path = f"/carts/{cart['id']}"
    with count_round_trips(site.engine.database) as counted:
        told(await site.ask("GET", path, **owner.header))
    assert not any("credit_grants" in text for text in counted.statements)
    body = {"variant_id": await site.variant(VISIT), "quantity": 1}
    told(await site.ask("POST", f"{path}/line-items", body, **owner.header))
    with count_round_trips(site.engine.database) as counted:
        shown = told(await site.ask("GET", path, **owner.header))["cart"]
    assert shown["credits"] == {"available": 3, "applied": 0}
    assert sum("credit_grants" in text for text in counted.statements) == 1


async def test_a_cart_that_they_pay_is_ordered_without_a_payment(
    site: Storefront, owner: Owner
) -> None:
    cart = await use(site, owner, await cart_of(site, owner, VISIT=2), None)
    assert cart["total"] == 0
    path = f"/carts/{cart['id']}/complete"
    order = told(await site.ask("POST", path, {"expected_total": 0}, **owner.header))["order"]
    assert (order["payment_status"], order["total"]) == ("paid", 0)
    answer = await site.ask("GET", "/customers/me/credits", **owner.header)
    assert told(answer)["credits"]["balance"] == 1


async def test_a_guest_has_none_and_nobody_has_those_of_others(
    site: Storefront, owner: Owner
) -> None:
    guest = await site.cart((VISIT, 1))
    assert guest["credits"] is None
    refused(await site.ask("POST", f"/carts/{guest['id']}/credits"), 409, "cart_of_guest")
    refused(await site.ask("DELETE", f"/carts/{guest['id']}/credits"), 409, "cart_of_guest")
    theirs = await cart_of(site, owner)
    stranger = await signed_in(site, 0)
    for header in ({}, stranger.header):
        answer = await site.ask("POST", f"/carts/{theirs['id']}/credits", **header)
        refused(answer, 404, "not_found")
    own = await use(site, stranger, await cart_of(site, stranger), None)
    assert own["credits"] == {"available": 0, "applied": 0}


async def test_whoever_signs_in_uses_theirs_on_the_cart_they_filled_as_a_guest(
    site: Storefront, owner: Owner
) -> None:
    cart = await use(site, owner, await site.cart((VISIT, 1)), None)
    assert cart["customer_id"] == str(owner.id)
    assert (cart["credits"], cart["total"]) == ({"available": 3, "applied": 1}, 0)


async def test_a_link_to_the_cart_shows_and_uses_those_of_its_customer(
    site: Storefront, owner: Owner
) -> None:
    cart = await cart_of(site, owner)
    token = token_for(site.engine, site.store, UUID(cart["id"]), "cart")
    answer = await site.ask("POST", f"/carts/{cart['id']}/credits?token={token}")
    assert told(answer)["cart"]["credits"] == {"available": 3, "applied": 2}


@pytest.mark.parametrize("quantity", [-1, 1_000_001, 1.5])
async def test_what_is_no_number_of_credits_is_refused(
    site: Storefront, owner: Owner, quantity: Any
) -> None:
    cart = await cart_of(site, owner)
    path = f"/carts/{cart['id']}/credits"
    answer = await site.ask("POST", path, {"quantity": quantity}, **owner.header)
    assert answer.status_code == 422
