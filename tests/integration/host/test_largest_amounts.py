"""The dearest prices and the largest quantities: refused where they come in, never an overflow."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.support.storefront import EMAIL, TEA, Storefront, fields, open_storefront, refused, told
from tradewind.catalog.rules import LARGEST_AMOUNT
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

SECOND = "TEA-250"
EVERY = 100_000


@pytest_asyncio.fixture
async def site(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Storefront]:
    async with open_storefront(database_urls, clock) as opened:
        yield opened


async def costs(site: Storefront, sku: str, amount: int) -> None:
    headers = {"Authorization": f"Bearer {site.shop.branches['demo'].secret_key}"}
    path = f"/admin/variants/{await site.variant(sku)}/prices"
    body = {"currency": "KES", "amount": amount}
    told(await site.shop.client.request("POST", path, json=body, headers=headers))
    path = f"/admin/inventory/{sku}"
    body = {"on_hand": EVERY}
    told(await site.shop.client.request("POST", path, json=body, headers=headers))


async def add(site: Storefront, cart: dict[str, Any], quantity: int, sku: str = TEA) -> Any:
    body = {"variant_id": await site.variant(sku), "quantity": quantity}
    return await site.ask("POST", f"/carts/{cart['id']}/line-items", body)


async def test_a_line_of_more_than_can_be_kept_is_refused_at_every_door(site: Storefront) -> None:
    await costs(site, TEA, LARGEST_AMOUNT // EVERY)
    cart = await site.cart((TEA, EVERY))
    assert cart["total"] == LARGEST_AMOUNT  # the largest line fits to the last unit
    await costs(site, TEA, LARGEST_AMOUNT)
    cart = await site.cart((TEA, 1))
    for answer in (
        await add(site, cart, 1),
        await add(site, cart, EVERY - 1),
        await site.ask(
            "POST", f"/carts/{cart['id']}/line-items/{cart['lines'][0]['id']}", {"quantity": 2}
        ),
    ):
        assert fields(refused(answer, 422, "invalid_input")) == {"quantity": "amount_too_large"}
    assert (await site.get(f"/carts/{cart['id']}"))["cart"]["total"] == LARGEST_AMOUNT


async def test_a_price_that_rises_leaves_a_cart_that_can_be_read_and_mended(
    site: Storefront,
) -> None:
    await costs(site, TEA, 100)
    cart = await site.cart((TEA, 1000), (SECOND, 1))
    await costs(site, TEA, LARGEST_AMOUNT)
    path = f"/carts/{cart['id']}"
    seen = (await site.get(path))["cart"]
    assert seen["total"] <= LARGEST_AMOUNT
    answer = await site.complete(cart)
    assert not answer.is_success
    (line,) = [one["id"] for one in seen["lines"] if one["sku"] == TEA]
    mended = (await site.post(f"{path}/line-items/{line}", {"quantity": 1}))["cart"]
    (now,) = [one for one in mended["lines"] if one["sku"] == TEA]
    assert (now["unit_price"], now["subtotal"]) == (LARGEST_AMOUNT, LARGEST_AMOUNT)


async def test_of_what_has_become_cheaper_there_may_be_more(site: Storefront) -> None:
    await costs(site, TEA, LARGEST_AMOUNT)
    cart = await site.cart((TEA, 1))
    await costs(site, TEA, 100)
    path = f"/carts/{cart['id']}/line-items/{cart['lines'][0]['id']}"
    (line,) = (await site.post(path, {"quantity": 2}))["cart"]["lines"]
    assert (line["unit_price"], line["subtotal"]) == (100, 200)


async def test_the_database_takes_no_line_and_no_price_beyond_it(site: Storefront) -> None:
    await costs(site, TEA, LARGEST_AMOUNT // 2)
    cart = await site.cart((TEA, 2), email=EMAIL)
    for statement in (
        "UPDATE shop.cart_lines SET quantity = 3 WHERE store_id = $1 AND cart_id = $2",
        "UPDATE shop.cart_lines SET unit_price = 9e14 WHERE store_id = $1 AND cart_id = $2",
        "UPDATE shop.prices SET amount = 1000000000000001 WHERE store_id = $1 AND $2::uuid <> id",
        "UPDATE shop.variants SET weight_grams = -1 WHERE store_id = $1 AND $2::uuid <> id",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await site.rows(statement, cart["id"])
