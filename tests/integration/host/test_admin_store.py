"""The store's own settings through the admin API."""

from http import HTTPStatus
from typing import Any

import httpx
import pytest

from tests.integration.host.conftest import Shop


async def put(client: httpx.AsyncClient, shop: Shop, body: Any) -> httpx.Response:
    return await client.put("/admin/store", json=body, headers=shop.secret)


async def test_settings_are_laid_over_the_present_ones_and_taken_back_to_their_defaults(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    before = (await client.get("/admin/store", headers=other_shop.secret)).json()
    change = {"hold_minutes": 20, "email": "shop@example.com", "default_region_id": shop.region_id}
    answer = await put(client, shop, {"settings": change})
    assert answer.status_code == HTTPStatus.OK
    answer = await put(client, shop, {"settings": {"email": None, "order_minutes": 90}})
    seen = (await client.get("/admin/store", headers=shop.secret)).json()["store"]
    assert answer.json()["store"] == seen
    assert (seen["slug"], seen["settings"]["currency"]) == ("first", "KES")
    assert [seen["settings"][name] for name in ("hold_minutes", "order_minutes", "email")] == [
        20,
        90,
        None,
    ]
    assert seen["settings"]["default_region_id"] == shop.region_id
    assert set(seen["settings_schema"]["properties"]) == set(seen["settings"])
    assert (await client.get("/admin/store", headers=other_shop.secret)).json() == before
    log = (await client.get("/admin/audit-log", headers=shop.secret)).json()["audit_log"]
    assert [(one["action"], one["detail"]) for one in log] == [
        ("store.configured", {"changed": ["email", "order_minutes"]}),
        ("store.configured", {"changed": ["email", "hold_minutes"]}),
    ]


@pytest.mark.parametrize(
    ("settings", "path", "code"),
    [
        ({"hold_minutes": 0}, "settings.hold_minutes", "out_of_range"),
        ({"hold_minutes": "ten"}, "settings.hold_minutes", "invalid_value"),
        ({"currency": None}, "settings.currency", "required"),
        ({"currency": "shilling"}, "settings.currency", "invalid_currency"),
        ({"time_zone": "Mars"}, "settings.time_zone", "invalid_time_zone"),
        ({"locale": "the usual one"}, "settings.locale", "invalid"),
        ({"email": "nobody"}, "settings.email", "invalid"),
        ({"risk_on_failure": "pray"}, "settings.risk_on_failure", "invalid_choice"),
        ({"colour": "red"}, "settings.colour", "unknown_field"),
    ],
)
async def test_what_makes_no_sense_is_named_and_nothing_changes(
    client: httpx.AsyncClient, shop: Shop, settings: dict[str, Any], path: str, code: str
) -> None:
    before = (await client.get("/admin/store", headers=shop.secret)).json()
    answer = await put(client, shop, {"settings": {"cart_days": 3, **settings}})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert [(one["path"], one["code"]) for one in answer.json()["errors"]] == [(path, code)]
    assert (await client.get("/admin/store", headers=shop.secret)).json() == before


async def test_a_region_of_another_store_is_no_default_here(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    own = await put(client, shop, {"settings": {"default_region_id": shop.region_id}})
    assert own.status_code == HTTPStatus.OK
    foreign = await put(client, shop, {"settings": {"default_region_id": other_shop.region_id}})
    assert [one["code"] for one in foreign.json()["errors"]] == ["unknown"]
