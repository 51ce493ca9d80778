"""Plugins, flags, regions and the audit log through the admin API."""

from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.integration.host.conftest import Shop
from tradewind.settings.engine import Engine

SETTINGS = {"account": "acme", "token": "hunter2"}


async def put_plugin(client: httpx.AsyncClient, shop: Shop, body: Any) -> httpx.Response:
    return await client.put("/admin/plugins/parcels", json=body, headers=shop.secret)


async def test_a_plugin_is_configured_and_switched_on_and_off_at_run_time(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    answer = await put_plugin(client, shop, {"enabled": True, "settings": SETTINGS})
    assert (answer.status_code, answer.json()["enabled"]) == (HTTPStatus.OK, True)
    assert await engine.enabled(shop.store) == {"parcels"}
    await put_plugin(client, shop, {"enabled": False})
    assert await engine.enabled(shop.store) == frozenset()
    kept = await client.get("/admin/plugins/parcels", headers=shop.secret)
    assert kept.json()["settings"]["account"] == "acme"


async def test_secrets_never_come_back_and_survive_being_sent_back_masked(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    first = await put_plugin(client, shop, {"settings": SETTINGS})
    masked = first.json()["settings"]["token"]
    again = await put_plugin(client, shop, {"settings": {"account": "two", "token": masked}})
    for answer in (
        first,
        again,
        await client.get("/admin/plugins/parcels", headers=shop.secret),
        await client.get("/admin/plugins", headers=shop.secret),
        await client.get("/admin/audit-log", headers=shop.secret),
    ):
        assert answer.is_success
        assert "hunter2" not in answer.text
    state = await engine.state(shop.store)
    assert getattr(state.settings["parcels"], "token", None) == "hunter2"


@pytest.mark.parametrize(
    ("settings", "code", "path"),
    [
        ({"account": "acme"}, "invalid_settings", "settings.token"),
        ({**SETTINGS, "account": ""}, "invalid_settings", "settings.account"),
        ({**SETTINGS, "colour": "red"}, "invalid_settings", "settings.colour"),
        ({**SETTINGS, "api_base": "http://10.0.0.1"}, "operator_only", "settings.api_base"),
    ],
)
async def test_settings_that_are_not_acceptable_are_named_and_nothing_is_stored(
    client: httpx.AsyncClient, shop: Shop, settings: dict[str, str], code: str, path: str
) -> None:
    answer = await put_plugin(client, shop, {"enabled": True, "settings": settings})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.json()["code"] == code
    assert [one["path"] for one in answer.json()["errors"]] == [path]
    view = await client.get("/admin/plugins/parcels", headers=shop.secret)
    assert (view.json()["configured"], view.json()["enabled"]) == (False, False)


async def test_a_plugin_that_is_not_installed_is_not_found(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    answer = await client.put("/admin/plugins/none", json={}, headers=shop.secret)
    assert answer.status_code == HTTPStatus.NOT_FOUND


async def test_routes_of_plugins_stand_under_their_name(client: httpx.AsyncClient) -> None:
    assert (await client.get("/plugins/parcels/ping")).json() == {"parcels": "here"}


async def test_a_flag_is_switched_for_one_store(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    path = "/admin/flags/USE_NEW_CHECKOUT"
    answer = await client.put(path, json={"enabled": False}, headers=shop.secret)
    assert answer.json() == {"name": "USE_NEW_CHECKOUT", "enabled": False}
    assert (await client.get(path, headers=shop.secret)).json()["enabled"] is False
    assert (await client.get(path, headers=other_shop.secret)).json()["enabled"] is True
    unknown = await client.get("/admin/flags/NONE", headers=shop.secret)
    assert unknown.status_code == HTTPStatus.NOT_FOUND


async def test_what_a_merchant_does_is_in_the_audit_log(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    region = {"name": "Uganda", "currency": "UGX", "countries": ["ug"]}
    made = await client.post("/admin/regions", json=region, headers=shop.secret)
    assert made.status_code == HTTPStatus.CREATED
    region_id = made.json()["region"]["id"]
    tax = {"region_id": region_id, "rate": "18", "tax_shipping": True}
    made = await client.post("/admin/tax-rates", json=tax, headers=shop.secret)
    assert made.json()["tax_rate"]["rate"] == "18"
    option = {"region_id": region_id, "name": "Boda", "price": 5000, "rules": {"minimum": 100}}
    made = await client.post("/admin/shipping-options", json=option, headers=shop.secret)
    assert made.json()["shipping_option"]["rules"] == {"minimum": 100}
    for things in ("tax-rates", "shipping-options"):
        query = {"region_id": region_id}
        listed = await client.get(f"/admin/{things}", params=query, headers=shop.secret)
        assert len(next(iter(listed.json().values()))) == 1
    log = (await client.get("/admin/audit-log", headers=shop.secret)).json()["audit_log"]
    assert [entry["action"] for entry in log] == [
        "shipping_option.created",
        "tax_rate.created",
        "region.created",
    ]
    keys = (await client.get("/admin/api-keys", headers=shop.secret)).json()["api_keys"]
    own = next(one["id"] for one in keys if one["kind"] == "secret")
    assert {entry["actor"] for entry in log} == {f"key:{own}"}


async def test_stock_is_set_and_never_below_what_is_promised(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    async with engine.database.transaction(shop.store.id) as tx:
        await tx.execute("UPDATE shop.inventory_levels SET reserved = 4 WHERE sku = 'TEA-1'")
    level = (await client.get("/admin/inventory/tea-1", headers=shop.secret)).json()
    counted = {
        "sku": "TEA-1",
        "on_hand": 10,
        "reserved": 4,
        "held": 0,
        "available": 6,
        "backorder": False,
    }
    assert {name: level[name] for name in counted} == counted
    answer = await client.post(
        "/admin/inventory/TEA-1", json={"on_hand": 3, "reason": "counted"}, headers=shop.secret
    )
    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.CONFLICT, "stock_promised")
    answer = await client.post(
        "/admin/inventory/TEA-1", json={"adjust": -6, "reason": "broken"}, headers=shop.secret
    )
    assert (answer.json()["on_hand"], answer.json()["available"]) == (4, 0)


async def test_a_product_comes_with_its_prices_and_its_first_stock(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    body = {
        "title": "Cup",
        "status": "published",
        "category_ids": [shop.category_id],
        "variants": [
            {
                "sku": "CUP-B",
                "options": {"Color": "Blue"},
                "prices": [{"currency": "KES", "amount": 900}],
                "on_hand": 7,
            }
        ],
    }
    made = await client.post("/admin/products", json=body, headers=shop.secret)
    assert made.status_code == HTTPStatus.CREATED
    product = made.json()["product"]
    assert (product["handle"], product["variants"][0]["available"]) == ("cup", 7)
    change = {"title": "Big cup"}
    path = f"/admin/products/{product['id']}"
    changed = (await client.post(path, json=change, headers=shop.secret)).json()["product"]
    assert (changed["title"], changed["variants"]) == ("Big cup", product["variants"])
    shown = await client.get("/store/products/cup", headers=shop.publishable)
    assert shown.json()["product"]["variants"][0]["price"] == {"amount": 900, "currency": "KES"}
