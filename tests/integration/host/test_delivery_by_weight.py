"""What a parcel costs by its weight, from the admin's entry to the shopper's cart."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.support.storefront import HOME, PRICE, TEA, Storefront, open_storefront, refused
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

BANDS = [
    {"price": 20_000, "up_to_grams": 1000},
    {"price": 35_000, "over_grams": 1000, "up_to_grams": 5000},
]


@pytest_asyncio.fixture
async def site(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Storefront]:
    async with open_storefront(database_urls, clock) as opened:
        yield opened


async def admin(site: Storefront, method: str, path: str, body: Any = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {site.shop.branches['demo'].secret_key}"}
    answer = await site.shop.client.request(method, f"/admin/{path}", json=body, headers=headers)
    assert answer.is_success, answer.text
    found: dict[str, Any] = next(iter(answer.json().values()))
    return found


async def weigh(site: Storefront, grams: int | None) -> None:
    variant = await site.variant()
    query = "SELECT product_id FROM shop.variants WHERE store_id = $1 AND id = $2"
    ((product,),) = await site.rows(query, variant)
    await admin(site, "POST", f"products/{product}/variants/{variant}", {"weight_grams": grams})


async def parcel(site: Storefront) -> str:
    (region,) = (await site.get("/regions"))["regions"]
    body = {
        "region_id": region["id"],
        "name": "By weight",
        "price": 99_000,
        "rules": {"weight_bands": BANDS},
    }
    return str((await admin(site, "POST", "shipping-options", body))["id"])


async def price_of(site: Storefront, cart: str, option: str) -> int | None:
    found = (await site.get(f"/carts/{cart}/shipping-options"))["shipping_options"]
    prices = {one["id"]: one["price"]["amount"] for one in found}
    return prices.get(option)


async def test_a_parcel_costs_what_the_band_of_its_weight_says(site: Storefront) -> None:
    option = await parcel(site)
    cart = await site.cart((TEA, 2))
    (line,) = cart["lines"]
    assert await price_of(site, cart["id"], option) == 99_000  # nobody knows what it weighs
    await weigh(site, 500)
    for quantity, price in ((1, 20_000), (2, 20_000), (3, 35_000), (10, 35_000), (11, None)):
        path = f"/carts/{cart['id']}/line-items/{line['id']}"
        await site.post(path, {"quantity": quantity})
        assert await price_of(site, cart["id"], option) == price, quantity
    refused(
        await site.ask("POST", f"/carts/{cart['id']}/shipping-method", {"option_id": option}),
        404,
        "unknown_shipping_option",
    )


async def test_a_chosen_parcel_follows_the_weight_until_it_is_too_heavy(
    site: Storefront,
) -> None:
    option = await parcel(site)
    await weigh(site, 500)
    cart = await site.cart((TEA, 2))
    path = f"/carts/{cart['id']}"
    await site.post(path, {"shipping_address": HOME})
    chosen = (await site.post(f"{path}/shipping-method", {"option_id": option}))["cart"]
    assert chosen["shipping_total"] == 20_000
    assert chosen["total"] == 2 * PRICE + 20_000
    await weigh(site, 600)  # the quote that is stored is void
    heavier = (await site.get(path))["cart"]
    assert heavier["shipping_total"] == 35_000
    assert heavier["total"] == 2 * PRICE + 35_000
    await weigh(site, 2600)
    gone = (await site.get(path))["cart"]
    assert (gone["shipping_method"], gone["shipping_total"]) == (None, 0)
    late = await site.ask("POST", f"{path}/complete", {"expected_total": chosen["total"]})
    assert not late.is_success


async def test_a_weight_that_stays_voids_no_quotes(site: Storefront) -> None:
    await weigh(site, 500)

    async def version() -> int:
        query = "SELECT pricing_version FROM shop.store_settings WHERE store_id = $1"
        ((found,),) = await site.rows(query)
        return int(found)

    before = await version()
    await weigh(site, 500)
    assert await version() == before
    await weigh(site, 501)
    assert await version() == before + 1
