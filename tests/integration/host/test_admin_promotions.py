"""Promotions through the admin API: made, listed, changed, archived, refused, audited."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx

from tests.integration.host.conftest import Shop

TENTH = {"kind": "percentage", "value": 10, "code": "TENTH", "title": "A tenth off"}


async def made(client: httpx.AsyncClient, shop: Shop, **fields: Any) -> dict[str, Any]:
    body = {**TENTH, **fields}
    answer = await client.post("/admin/promotions", json=body, headers=shop.secret)
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    promotion: dict[str, Any] = answer.json()["promotion"]
    return promotion


async def listed(client: httpx.AsyncClient, shop: Shop, query: str = "") -> list[str]:
    answer = await client.get(f"/admin/promotions{query}", headers=shop.secret)
    assert answer.status_code == HTTPStatus.OK, answer.text
    return [one["title"] for one in answer.json()["promotions"]]


async def test_a_promotion_is_made_with_all_that_was_said(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    rules = {"skus": ["MUG"], "category_ids": [shop.category_id], "maximum": 500}
    given = {
        "code": " Spring-26 ",
        "value": "12.5",
        "minimum": 1000,
        "limit": 100,
        "limit_per_customer": 1,
        "starts_at": "2026-03-01T00:00:00Z",
        "ends_at": "2026-04-01T00:00:00+03:00",
        "stackable": True,
        "priority": 5,
        "rules": rules,
    }
    promotion = await made(client, shop, **given)
    path = f"/admin/promotions/{promotion['id']}"
    seen = (await client.get(path, headers=shop.secret)).json()["promotion"]
    assert seen == promotion
    assert {**seen, "id": "", "created_at": "", "state": ""} == {
        **given,
        "id": "",
        "created_at": "",
        "state": "",
        "kind": "percentage",
        "title": "A tenth off",
        "code": "Spring-26",
        "currency": "KES",
        "used": 0,
        "ends_at": "2026-03-31T21:00:00Z",
        "rules": {**rules, "region_ids": [], "country_codes": [], "buy": 1, "get": 1},
    }
    log = (await client.get("/admin/audit-log", headers=shop.secret)).json()["audit_log"]
    assert (log[0]["action"], log[0]["detail"]) == (
        "promotion.created",
        {"kind": "percentage", "code": "Spring-26"},
    )


VALUES = [
    ("percentage", 10, "10"),
    ("percentage", 12.5, "12.5"),
    ("percentage", "0.1", "0.1"),
    ("buy_x_get_y", "100", "100"),
    ("fixed", 500, 500),
    ("fixed", "500", 500),
    ("free_shipping", 0, 0),
]


async def test_a_value_is_a_number_or_decimal_text(client: httpx.AsyncClient, shop: Shop) -> None:
    for kind, value, shown in VALUES:
        promotion = await made(client, shop, kind=kind, value=value, code=None)
        assert promotion["value"] == shown, (kind, value)


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"value": 0}, "value", "invalid"),
    ({"value": 101}, "value", "invalid"),
    ({"value": "0.1234567"}, "value", "invalid"),
    ({"value": "much"}, "value", "invalid"),
    ({"value": "NaN"}, "value", "invalid"),
    ({"value": 1e300}, "value", "invalid"),
    ({"kind": "fixed", "value": 0.5}, "value", "invalid"),
    ({"kind": "fixed", "value": -1}, "value", "invalid"),
    ({"kind": "free"}, "kind", "invalid_value"),
    ({"code": "TEN PERCENT"}, "code", "invalid"),
    ({"code": "../.."}, "code", "invalid"),
    ({"code": "É"}, "code", "invalid"),
    ({"code": "x" * 41}, "code", "invalid"),
    ({"title": "x" * 101}, "title", "required"),
    ({"code": None, "title": " "}, "title", "required"),
    ({"currency": "kes"}, "currency", "invalid_currency"),
    ({"minimum": -1}, "minimum", "out_of_range"),
    ({"limit": 0}, "limit", "out_of_range"),
    ({"limit_per_customer": 2**31}, "limit_per_customer", "out_of_range"),
    ({"priority": 2**40}, "priority", "out_of_range"),
    (
        {"starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"},
        "ends_at",
        "out_of_range",
    ),
    ({"starts_at": "2026-01-02T00:00:00"}, "starts_at", "invalid_value"),
    ({"rules": {"buy": 0}}, "rules.buy", "out_of_range"),
    ({"rules": {"maximum": 0}}, "rules.maximum", "out_of_range"),
    ({"rules": {"country_codes": ["KE"]}}, "rules.country_codes", "invalid"),
    ({"rules": {"category_ids": [str(uuid4())]}}, "rules.category_ids", "unknown"),
    ({"rules": {"region_ids": [str(uuid4())]}}, "rules.region_ids", "unknown"),
    ({"rules": {"sku": ["MUG"]}}, "rules.sku", "unknown_field"),
    ({"used": 5}, "used", "unknown_field"),
]


async def test_what_makes_no_sense_is_named(client: httpx.AsyncClient, shop: Shop) -> None:
    for fields, path, code in WRONG:
        body = {**TENTH, **fields}
        answer = await client.post("/admin/promotions", json=body, headers=shop.secret)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, (fields, answer.text)
        found = [(one["path"], one["code"]) for one in answer.json()["errors"]]
        assert found == [(path, code)], fields
    assert await listed(client, shop) == []


async def test_regions_and_categories_of_another_store_are_unknown(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    rules = {"category_ids": [other_shop.category_id], "region_ids": [other_shop.region_id]}
    body = {**TENTH, "rules": rules}
    answer = await client.post("/admin/promotions", json=body, headers=shop.secret)
    found = sorted(one["path"] for one in answer.json()["errors"])
    assert found == ["rules.category_ids", "rules.region_ids"]


async def test_a_code_is_one_promotions_in_any_case_until_it_is_archived(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    first = await made(client, shop)
    await made(client, other_shop)
    body = {**TENTH, "code": "tenth"}
    answer = await client.post("/admin/promotions", json=body, headers=shop.secret)
    assert answer.json()["errors"][0] == {
        "path": "code",
        "code": "taken",
        "message": "Another promotion has this code.",
    }
    path = f"/admin/promotions/{first['id']}"
    answer = await client.delete(path, headers=shop.secret)
    assert answer.json()["promotion"]["state"] == "archived"
    assert (await client.delete(path, headers=shop.secret)).status_code == HTTPStatus.OK
    again = await client.post(path, json={"title": "Back"}, headers=shop.secret)
    assert again.status_code == HTTPStatus.NOT_FOUND
    second = await made(client, shop, code="tenth")
    third = await made(client, shop, code="OTHER")
    answer = await client.post(
        f"/admin/promotions/{third['id']}", json={"code": "Tenth"}, headers=shop.secret
    )
    assert answer.json()["errors"][0]["code"] == "taken"
    assert second["code"] == "tenth"


async def test_a_change_names_what_it_changes_and_null_takes_away(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    promotion = await made(client, shop, limit=5, minimum=100)
    path = f"/admin/promotions/{promotion['id']}"
    change = {"limit": None, "value": 20, "rules": {"buy": 2}}
    answer = await client.post(path, json=change, headers=shop.secret)
    seen = answer.json()["promotion"]
    assert (seen["limit"], seen["value"], seen["minimum"]) == (None, "20", 100)
    assert (seen["rules"]["buy"], seen["title"]) == (2, "A tenth off")
    log = (await client.get("/admin/audit-log", headers=shop.secret)).json()["audit_log"]
    assert log[0]["action"] == "promotion.changed"
    assert log[0]["detail"] == {"changed": ["limit", "rules", "value"]}
    wrong = {"kind": "fixed", "value": 0.5}
    answer = await client.post(path, json=wrong, headers=shop.secret)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert (await client.get(path, headers=shop.secret)).json()["promotion"] == seen


async def test_promotions_are_listed_by_state_and_words_in_pages(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await made(client, shop, code="OLD", title="Old", ends_at="2020-01-01T00:00:00Z")
    await made(client, shop, code="SOON", title="Soon", starts_at="2090-01-01T00:00:00Z")
    gone = await made(client, shop, code="GONE", title="Gone")
    await client.delete(f"/admin/promotions/{gone['id']}", headers=shop.secret)
    await made(client, shop, code=None, title="Now 100%")
    assert await listed(client, shop) == ["Now 100%", "Soon", "Old"]
    for state, titles in [
        ("expired", ["Old"]),
        ("scheduled", ["Soon"]),
        ("active", ["Now 100%"]),
        ("archived", ["Gone"]),
        ("exhausted", []),
    ]:
        assert await listed(client, shop, f"?state={state}") == titles
    assert await listed(client, shop, "?q=oo") == ["Soon"]
    assert await listed(client, shop, "?q=100%25") == ["Now 100%"]
    answer = await client.get("/admin/promotions?limit=2", headers=shop.secret)
    cursor = answer.json()["next_cursor"]
    assert await listed(client, shop, f"?limit=2&cursor={cursor}") == ["Old"]
    answer = await client.get("/admin/promotions?state=lost", headers=shop.secret)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
