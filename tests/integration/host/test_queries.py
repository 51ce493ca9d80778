"""Queries of reads: what is misspelt or wrong is refused, all of it in one answer."""

from typing import Any

import httpx
import pytest
from litestar import Litestar

from tests.integration.host.conftest import Shop
from tests.integration.host.test_problem_details import problem
from tradewind_host.app import assemble
from tradewind_host.asked import parameters

HINT = "unknown_parameter"


async def refused(
    client: httpx.AsyncClient, shop: Shop, path: str, status: int, code: str
) -> dict[str, str]:
    headers = shop.secret if path.startswith("/admin") else shop.publishable
    found = await problem(await client.get(path, headers=headers), status, code)
    return {one["path"]: one["code"] for one in found["errors"]}


@pytest.mark.parametrize(
    "path",
    [
        "/store/products?catgory_id=1",
        "/store/products/black-tea?currency=KES",
        "/store/categories?limt=1",
        "/admin/products?catgory_id=1",
        "/admin/orders?paymentstatus=paid",
        "/admin/audit-log?offset=5",
        "/admin/shipping-options?region=1",
    ],
)
async def test_a_parameter_that_there_is_not_is_refused_by_its_name(
    client: httpx.AsyncClient, shop: Shop, path: str
) -> None:
    name = path.partition("?")[2].partition("=")[0]
    assert await refused(client, shop, path, 400, HINT) == {name: HINT}


@pytest.mark.parametrize("side", ["store", "admin"])
async def test_all_that_is_wrong_is_told_at_once(
    client: httpx.AsyncClient, shop: Shop, side: str
) -> None:
    more, wrong = "", ["kind", "limit", "category_id"]
    if side == "store":
        more = "&min_price=-1&currency_code=kes&sort=best&options=Red"
        wrong += ["min_price", "currency_code", "sort", "options"]
    path = f"/{side}/products?kind=soft&limit=0&category_id=x{more}"
    expected = dict.fromkeys(wrong, "invalid_value")
    assert await refused(client, shop, path, 422, "invalid_input") == expected
    found = await refused(client, shop, f"{path}&catgory=1&b=2", 400, HINT)
    assert found == {"b": HINT, "catgory": HINT, **expected}


@pytest.mark.parametrize(
    ("path", "choices"),
    [
        ("/store/products?sort=cheap", "-price, newest, oldest, price, title"),
        ("/store/products?kind=soft", "digital, pack, physical, service"),
        ("/admin/promotions?state=on", "active, archived, exhausted, expired, scheduled"),
    ],
)
async def test_a_choice_that_there_is_not_is_answered_with_those_that_there_are(
    client: httpx.AsyncClient, shop: Shop, path: str, choices: str
) -> None:
    headers = shop.secret if path.startswith("/admin") else shop.publishable
    found = await problem(await client.get(path, headers=headers), 422, "invalid_input")
    assert [one["message"] for one in found["errors"]] == [f"Use one of: {choices}."]


async def test_what_advertisements_add_to_an_address_is_let_be_at_the_store_alone(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    added = "utm_source=mail&utm_campaign=x&gclid=1&fbclid=2&_=3"
    answer = await client.get(f"/store/products?{added}", headers=shop.publishable)
    assert answer.status_code == 200
    found = await refused(client, shop, f"/admin/products?{added}", 400, HINT)
    assert sorted(found) == ["_", "fbclid", "gclid", "utm_campaign", "utm_source"]
    assert HINT in (await refused(client, shop, "/store/products?utm=1", 400, HINT)).values()


def test_every_parameter_of_every_read_is_known_by_its_documented_name() -> None:
    """A parameter the check does not know would be refused though the route reads it."""
    app = assemble()
    assert isinstance(app, Litestar)
    schema: Any = app.openapi_schema.to_schema()
    compared = 0
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            path = route.path_format
            if not path.startswith(("/store/", "/admin/")) or "GET" not in handler.http_methods:
                continue
            told = schema["paths"].get(path, {}).get("get")
            if told is None:
                continue
            named = {one["name"] for one in told.get("parameters", ()) if one["in"] == "query"}
            assert set(parameters(handler)) == named, path
            compared += bool(named)
    assert compared > 20
