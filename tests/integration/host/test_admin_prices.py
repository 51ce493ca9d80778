"""Keeping prices by the admin API: several currencies, regions, dates, and never two at once."""

from http import HTTPStatus
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.integration.host.conftest import Shop
from tests.integration.host.test_admin_catalog import Keeper, codes
from tests.integration.host.test_problem_details import problem
from tradewind.testing.clock import ManualClock

NOON = "2026-06-15T12:00:00Z"


@pytest_asyncio.fixture
async def keeper(client: httpx.AsyncClient, shop: Shop) -> Keeper:
    return Keeper(client, shop)


@pytest.fixture
def path(shop: Shop) -> str:
    """Where the prices of the shop's first variant are."""
    return f"/variants/{shop.variant_id}/prices"


def price(amount: int, **more: Any) -> dict[str, Any]:
    return {"currency": "KES", "amount": amount, **more}


def told(listed: dict[str, Any]) -> list[tuple[str, int, str | None, str | None, str | None]]:
    """The prices of an answer, without their ids."""
    names = ("currency", "amount", "region_id", "starts_at", "ends_at")
    return [tuple(one[name] for name in names) for one in listed["prices"]]


async def region(keeper: Keeper, currency: str, country: str) -> str:
    body = {"name": country, "currency": currency, "countries": [country]}
    return str((await keeper.does("POST", "/regions", body))["region"]["id"])


async def shown(keeper: Keeper, **query: str) -> Any:
    """What the store API says the variant costs."""
    shop = keeper.shop
    answer = await keeper.client.get(
        f"/store/products/{shop.product_id}", params=query, headers=shop.publishable
    )
    return answer.json()["product"]["variants"][0]["price"]


async def test_a_variant_has_a_price_in_each_currency(keeper: Keeper, path: str) -> None:
    listed = await keeper.does("POST", path, {"currency": "USD", "amount": 199})
    assert told(listed) == [("KES", 25000, None, None, None), ("USD", 199, None, None, None)]
    again = await keeper.does("POST", path, {"currency": "USD", "amount": 249})
    assert told(again)[1] == ("USD", 249, None, None, None)
    assert await shown(keeper, currency_code="USD") == {"amount": 249, "currency": "USD"}
    seen = await keeper.does("GET", f"/products/{keeper.shop.product_id}")
    assert seen["product"]["variants"][0]["prices"] == again["prices"]


async def test_prices_of_a_region_and_of_a_time_come_with_a_variant_as_well(
    keeper: Keeper,
) -> None:
    prices = [
        price(900),
        price(800, region_id=keeper.shop.region_id),
        price(700, starts_at="2026-06-01T00:00:00Z", ends_at="2026-07-01T00:00:00+03:00"),
    ]
    made = await keeper.product({"variants": [{"sku": "CUP", "prices": prices}]})
    assert told(made["variants"][0]) == [
        ("KES", 900, None, None, None),
        ("KES", 700, None, "2026-06-01T00:00:00Z", "2026-06-30T21:00:00Z"),
        ("KES", 800, keeper.shop.region_id, None, None),
    ]


async def test_a_price_with_a_time_counts_while_it_runs(
    keeper: Keeper, path: str, clock: ManualClock
) -> None:
    now = clock.now()
    ends = now.replace(year=now.year + 1).isoformat()
    listed = await keeper.does("POST", path, price(20_000, ends_at=ends))
    assert listed["prices"][1]["starts_at"] == now.isoformat().replace("+00:00", "Z")
    assert await shown(keeper) == {"amount": 20_000, "currency": "KES"}
    seen = await keeper.does("GET", f"/products/{keeper.shop.product_id}")
    assert seen["product"]["variants"][0]["price"] == {"amount": 20_000, "currency": "KES"}
    clock.advance(366 * 86_400)
    assert await shown(keeper) == {"amount": 25_000, "currency": "KES"}


async def test_prices_that_run_at_the_same_time_are_refused(keeper: Keeper, path: str) -> None:
    january = {"starts_at": "2027-01-01T00:00:00Z", "ends_at": "2027-02-01T00:00:00Z"}
    middle = {"starts_at": "2027-01-15T00:00:00Z", "ends_at": "2027-03-01T00:00:00Z"}
    february = {"starts_at": "2027-02-01T00:00:00Z"}
    await keeper.does("POST", path, price(100, **january))
    await problem(await keeper.ask("POST", path, price(90, **middle)), 409, "price_overlaps")
    await keeper.does("POST", path, price(90, region_id=keeper.shop.region_id, **middle))
    await keeper.does("POST", path, {"currency": "USD", "amount": 1, **middle})
    await keeper.does("POST", path, price(80, **february))
    listed = await keeper.does("POST", path, price(110, **january))
    assert [one["amount"] for one in listed["prices"]] == [25000, 110, 80, 90, 1]


async def test_all_prices_are_replaced_at_once(keeper: Keeper, path: str) -> None:
    new = [price(300), price(200, region_id=keeper.shop.region_id)]
    listed = await keeper.does("PUT", path, {"prices": new})
    assert told(listed) == [
        ("KES", 300, None, None, None),
        ("KES", 200, keeper.shop.region_id, None, None),
    ]
    assert await keeper.does("GET", path) == listed


async def test_what_is_wrong_with_prices_is_told_by_its_place(
    keeper: Keeper, path: str, other_shop: Shop
) -> None:
    dollars = await region(keeper, "USD", "us")
    prices = [
        price(1),
        price(2),
        price(-3, region_id=keeper.shop.region_id),
        price(4, region_id=dollars),
        price(5, region_id=other_shop.region_id),
        price(6, starts_at=NOON),
        price(7, starts_at="2026-06-16T12:00:00Z"),
        price(8, starts_at=NOON, ends_at=NOON, region_id=keeper.shop.region_id),
    ]
    answer = await keeper.ask("PUT", path, {"prices": prices[:3] + prices[5:]})
    assert codes(await problem(answer, 422, "invalid_input")) == {
        "prices.1.currency": "duplicate",
        "prices.2.amount": "out_of_range",
        "prices.4": "overlaps",
        "prices.5.ends_at": "out_of_range",
    }
    answer = await keeper.ask("PUT", path, {"prices": prices[3:5]})
    assert codes(await problem(answer, 422, "invalid_input")) == {
        "prices.0.currency": "invalid",
        "prices.1.region_id": "unknown",
    }
    answer = await keeper.ask("POST", path, price(1, starts_at="2026-06-15T12:00:00"))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    for wrong, place in (({"currency": "kes"}, "currency"), ({"region_id": dollars}, "currency")):
        answer = await keeper.ask("POST", path, price(1, **wrong))
        assert codes(await problem(answer, 422, "invalid_input")) == {place: "invalid"}


async def test_a_price_is_taken_away_but_the_last_one_of_what_is_published(
    keeper: Keeper, path: str
) -> None:
    second = await keeper.does("GET", f"/products/{keeper.shop.product_id}")
    variant = second["product"]["variants"][1]
    others = f"/variants/{variant['id']}/prices"
    gone = await keeper.does("DELETE", f"{others}/{variant['prices'][0]['id']}")
    assert gone["prices"] == []
    (last,) = (await keeper.does("GET", path))["prices"]
    await problem(await keeper.ask("DELETE", f"{path}/{last['id']}"), 409, "nothing_to_sell")
    await problem(await keeper.ask("PUT", path, {"prices": []}), 409, "nothing_to_sell")
    await problem(await keeper.ask("DELETE", f"{others}/{last['id']}"), 404, "not_found")


async def test_prices_are_the_products_change_and_in_the_audit_log(
    keeper: Keeper, path: str
) -> None:
    before = await keeper.does("GET", f"/products/{keeper.shop.product_id}")
    await keeper.does("POST", path, price(30_000))
    after = await keeper.does("GET", f"/products/{keeper.shop.product_id}")
    assert after["product"]["version"] == before["product"]["version"] + 1
    (entry, *_) = (await keeper.does("GET", "/audit-log"))["audit_log"]
    (place,) = entry["detail"]
    assert entry["action"] == "prices.updated"
    assert place == f"variants.{keeper.shop.variant_id}.prices"
    changed = entry["detail"][place]
    assert [one["amount"] for one in changed["from"]] == [25_000]
    assert [one["amount"] for one in changed["to"]] == [30_000]
