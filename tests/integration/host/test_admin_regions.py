"""A merchant's price tables by API: regions, taxes and their zones, ways to deliver."""

from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.integration.host.conftest import Shop
from tradewind.settings.engine import Engine


async def call(client: httpx.AsyncClient, shop: Shop, method: str, path: str, body: Any) -> Any:
    answer = await client.request(method, f"/admin/{path}", json=body, headers=shop.secret)
    assert answer.is_success, answer.text
    return next(iter(answer.json().values()))


async def refused(client: httpx.AsyncClient, shop: Shop, path: str, body: Any) -> list[str]:
    answer = await client.post(f"/admin/{path}", json=body, headers=shop.secret)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, answer.text
    return [error["path"] for error in answer.json()["errors"]]


async def log_of(client: httpx.AsyncClient, shop: Shop) -> list[tuple[str, Any]]:
    listed = (await client.get("/admin/audit-log", headers=shop.secret)).json()["audit_log"]
    return [(entry["action"], entry["detail"]) for entry in listed]


async def version(engine: Engine, shop: Shop) -> int:
    query = "SELECT pricing_version FROM shop.store_settings WHERE store_id = $1"
    async with engine.database.transaction(shop.store.id) as tx:
        found: int = await tx.fetchval(query, tx.store_id)
    return found


CANADA = {"name": "Canada", "currency": "CAD", "countries": ["ca"]}


async def test_a_region_changes_and_keeps_its_currency(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    region = await call(client, shop, "POST", "regions", CANADA)
    change = {"countries": ["ca", "us"], "tax_inclusive": True, "rounding": "unit"}
    changed = await call(client, shop, "POST", f"regions/{region['id']}", change)
    assert changed == {**region, **change}
    assert (await log_of(client, shop))[0] == (
        "region.updated",
        {
            "countries": {"from": ["ca"], "to": ["ca", "us"]},
            "tax_inclusive": {"from": False, "to": True},
            "rounding": {"from": "line", "to": "unit"},
        },
    )
    assert await refused(client, shop, f"regions/{region['id']}", {"countries": []}) == [
        "countries"
    ]
    wrong = await client.post(
        f"/admin/regions/{region['id']}", json={"currency": "USD"}, headers=shop.secret
    )
    assert wrong.is_client_error


async def test_a_tax_of_a_zone_is_made_changed_and_removed(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    region = await call(client, shop, "POST", "regions", CANADA)
    zone = {"country_code": "ca", "province": "QC", "postal_prefix": "H2"}
    tax = await call(
        client, shop, "POST", "tax-rates", {"region_id": region["id"], "rate": "9.975", **zone}
    )
    assert {name: tax[name] for name in zone} == zone
    path = f"tax-rates/{tax['id']}"
    changed = await call(client, shop, "POST", path, {"rate": "10", "postal_prefix": None})
    assert changed == {**tax, "rate": "10", "postal_prefix": None}
    assert (await log_of(client, shop))[0] == (
        "tax_rate.updated",
        {
            "rate": {"from": "9.975", "to": "10"},
            "postal_prefix": {"from": "H2", "to": None},
        },
    )
    assert await call(client, shop, "DELETE", path, None) == changed
    gone = await client.delete(f"/admin/{path}", headers=shop.secret)
    assert gone.status_code == HTTPStatus.NOT_FOUND
    listed = await client.get(
        "/admin/tax-rates", params={"region_id": region["id"]}, headers=shop.secret
    )
    assert listed.json()["tax_rates"] == []


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"rate": "100"}, "rate"),
        ({"name": ""}, "name"),
        ({"country_code": "us"}, "country_code"),
        ({"province": " "}, "province"),
        ({"postal_prefix": ""}, "postal_prefix"),
    ],
)
async def test_a_tax_that_makes_no_sense_is_refused_by_field(
    client: httpx.AsyncClient, shop: Shop, wrong: dict[str, str], path: str
) -> None:
    region = await call(client, shop, "POST", "regions", CANADA)
    body = {"region_id": region["id"], "rate": "5"}
    assert await refused(client, shop, "tax-rates", {**body, **wrong}) == [path]
    tax = await call(client, shop, "POST", "tax-rates", body)
    assert await refused(client, shop, f"tax-rates/{tax['id']}", wrong) == [path]


async def test_a_way_to_deliver_is_changed_and_archived(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    region = await call(client, shop, "POST", "regions", CANADA)
    rules = {"minimum": 100, "maximum": 9000, "free_from": 5000, "country_codes": ["ca"]}
    body = {"region_id": region["id"], "name": "Post", "price": 700, "rules": rules}
    option = await call(client, shop, "POST", "shipping-options", body)
    assert option["rules"] == rules
    path = f"shipping-options/{option['id']}"
    changed = await call(client, shop, "POST", path, {"price": 900, "rules": {"free_from": 8000}})
    assert changed == {**option, "price": 900, "rules": {"free_from": 8000}}
    assert await call(client, shop, "DELETE", path, None) == changed
    listed = await client.get(
        "/admin/shipping-options", params={"region_id": region["id"]}, headers=shop.secret
    )
    assert listed.json()["shipping_options"] == []
    actions = [action for action, _ in await log_of(client, shop)]
    assert actions[:2] == ["shipping_option.archived", "shipping_option.updated"]


async def test_a_way_to_deliver_has_a_price_for_each_band_of_weight(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    region = await call(client, shop, "POST", "regions", CANADA)
    bands: list[dict[str, int | None]] = [
        {"price": 500, "over_grams": 0, "up_to_grams": 1000},
        {"price": 900, "over_grams": 1000, "up_to_grams": None},
    ]
    rules = {"weight_bands": bands}
    body = {"region_id": region["id"], "name": "Post", "price": 700, "rules": rules}
    option = await call(client, shop, "POST", "shipping-options", body)
    assert option["rules"] == rules
    path = f"shipping-options/{option['id']}"
    heavier = {"weight_bands": [{**bands[0], "price": 600}, bands[1]]}
    changed = await call(client, shop, "POST", path, {"rules": heavier})
    assert changed == {**option, "rules": heavier}
    assert (await log_of(client, shop))[0] == (
        "shipping_option.updated",
        {"rules.weight_bands": {"from": bands, "to": heavier["weight_bands"]}},
    )


@pytest.mark.parametrize(
    ("second", "code"),
    [
        ({"over_grams": 999, "up_to_grams": 2000}, "band_overlaps"),
        ({"over_grams": 1001, "up_to_grams": 2000}, "band_gap"),
        ({"over_grams": 1000, "up_to_grams": 1000}, "out_of_range"),
        ({"over_grams": 1000, "up_to_grams": 10**12}, "out_of_range"),
        ({"over_grams": 1000, "price": -1}, "out_of_range"),
    ],
)
async def test_bands_of_weight_that_leave_a_price_open_are_refused(
    client: httpx.AsyncClient, shop: Shop, second: dict[str, int], code: str
) -> None:
    region = await call(client, shop, "POST", "regions", CANADA)
    first = {"price": 500, "up_to_grams": 1000}
    bands = [first, {"price": 1, **second}]
    body = {"region_id": region["id"], "name": "Post", "price": 700}
    answer = await client.post(
        "/admin/shipping-options",
        json={**body, "rules": {"weight_bands": bands}},
        headers=shop.secret,
    )
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    (error,) = answer.json()["errors"]
    assert error["code"] == code
    assert error["path"].startswith("rules.weight_bands.1.")


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"price": -1}, "price"),
        ({"name": " "}, "name"),
        ({"rules": {"minimum": 5, "maximum": 4}}, "rules.maximum"),
        ({"rules": {"free_from": -5}}, "rules.free_from"),
        ({"rules": {"country_codes": ["us"]}}, "rules.country_codes"),
    ],
)
async def test_a_way_to_deliver_that_makes_no_sense_is_refused_by_field(
    client: httpx.AsyncClient, shop: Shop, wrong: dict[str, Any], path: str
) -> None:
    region = await call(client, shop, "POST", "regions", CANADA)
    body = {"region_id": region["id"], "name": "Post", "price": 700}
    assert await refused(client, shop, "shipping-options", {**body, **wrong}) == [path]
    option = await call(client, shop, "POST", "shipping-options", body)
    assert await refused(client, shop, f"shipping-options/{option['id']}", wrong) == [path]


async def test_every_change_of_a_table_makes_a_new_version_and_none_does_not(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    region = await call(client, shop, "POST", "regions", CANADA)
    here = {"region_id": region["id"]}
    tax = await call(client, shop, "POST", "tax-rates", {**here, "rate": "5"})
    option = {**here, "name": "Post", "price": 700}
    way = await call(client, shop, "POST", "shipping-options", option)
    for method, path, body, more in [
        ("POST", f"regions/{region['id']}", {"name": "The North"}, 1),
        ("POST", f"regions/{region['id']}", {"name": "The North"}, 0),
        ("POST", f"tax-rates/{tax['id']}", {"rate": "6"}, 1),
        ("POST", f"tax-rates/{tax['id']}", {"rate": "6.0"}, 0),
        ("DELETE", f"tax-rates/{tax['id']}", None, 1),
        ("POST", f"shipping-options/{way['id']}", {"price": 1}, 1),
        ("POST", f"shipping-options/{way['id']}", {}, 0),
        ("DELETE", f"shipping-options/{way['id']}", None, 1),
    ]:
        before = await version(engine, shop)
        await call(client, shop, method, path, body)
        assert await version(engine, shop) == before + more, path
