"""Every error is problem details with a stable code, and tells nothing that should stay in."""

from http import HTTPStatus
from typing import Any

import httpx
import pytest
from litestar import Litestar, get

from tests.integration.host.conftest import Shop
from tradewind.contracts.errors import Limited, OutOfStock, ProviderFault
from tradewind.settings.engine import Engine
from tradewind_host.app import create_app
from tradewind_host.config import Config


@pytest.fixture
def app(engine: Engine, config: Config) -> Litestar:
    """A host of its own, which is given more routes."""
    return create_app(engine, config)


async def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem in an answer, checked for its shape."""
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), answer.text
    body = dict(answer.json())
    assert {"type", "title", "status", "code", "detail", "errors"} <= set(body)
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:tradewind:problem:{code}"
    assert body["title"]
    return body


async def test_an_unknown_address_and_an_unknown_method(client: httpx.AsyncClient) -> None:
    await problem(await client.get("/nowhere"), 404, "not_found")
    await problem(await client.get("/schema/nowhere"), 404, "not_found")
    answer = await client.delete("/healthz")
    await problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


async def test_a_body_that_is_not_json_is_400_and_one_with_wrong_fields_is_422(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    path = "/admin/inventory/TEA-1"
    garbled = await client.post(path, content=b'{"on_hand": ', headers=shop.secret)
    await problem(garbled, 400, "malformed_request")
    wrong = await client.post(path, json={"on_hand": "many"}, headers=shop.secret)
    body = await problem(wrong, 422, "invalid_input")
    assert [one["path"] for one in body["errors"]] == ["on_hand"]
    missing = await client.post(path, headers=shop.secret)
    body = await problem(missing, 422, "invalid_input")
    assert [one["code"] for one in body["errors"]] == ["required"]


async def test_wrong_parameters_are_named(client: httpx.AsyncClient, shop: Shop) -> None:
    answer = await client.get("/store/products?limit=0&currency_code=kes", headers=shop.publishable)
    body = await problem(answer, 422, "invalid_input")
    assert {one["path"] for one in body["errors"]} == {"limit", "currency_code"}
    # Filters are read before the rest.
    answer = await client.get("/store/products?category_id=tea&kind=tea", headers=shop.publishable)
    body = await problem(answer, 422, "invalid_input")
    assert {one["path"] for one in body["errors"]} == {"category_id", "kind"}
    answer = await client.get("/store/products?cursor=there", headers=shop.publishable)
    assert [e["path"] for e in (await problem(answer, 422, "invalid_input"))["errors"]] == [
        "cursor"
    ]


async def test_an_id_that_is_none_is_not_found(client: httpx.AsyncClient, shop: Shop) -> None:
    await problem(await client.get("/admin/orders/none", headers=shop.secret), 404, "not_found")


async def test_refusals_of_the_engine_keep_their_code_and_their_fields(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    body = {"title": "Cup", "variants": [{"sku": "no good"}]}
    answer = await client.post("/admin/products", json=body, headers=shop.secret)
    told = await problem(answer, 422, "invalid_input")
    assert told["errors"][0]["path"] == "variants.0.sku"
    body = {"title": "Tea again", "handle": "black-tea"}
    answer = await client.post("/admin/products", json=body, headers=shop.secret)
    await problem(answer, 409, "handle_taken")


async def test_text_that_postgresql_cannot_hold_is_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    answer = await client.post("/admin/products", json={"title": "A\0B"}, headers=shop.secret)
    await problem(answer, 422, "invalid_input")


async def test_a_body_over_the_limit_is_413_announced_or_not(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    async def chunks() -> Any:
        for _ in range(20):
            yield b"x" * 10_000

    path = "/admin/inventory/TEA-1"
    announced = await client.post(path, content=b"x" * 100_001, headers=shop.secret)
    await problem(announced, 413, "too_large")
    streamed = await client.post(path, content=chunks(), headers=shop.secret)
    await problem(streamed, 413, "too_large")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("the password is hunter2"), 500, "internal_error"),
        (ConnectionRefusedError("hunter2"), 503, "unavailable"),
        (ProviderFault("the bank is away", permanent=False), 502, "provider_fault"),
        (Limited("slowly", after=7), 429, "too_many_requests"),
        (OutOfStock("TEA-1", 3), 409, "out_of_stock"),
    ],
)
async def test_what_a_route_raises(
    app: Litestar, client: httpx.AsyncClient, error: Exception, status: int, code: str
) -> None:
    @get("/raise")
    async def route() -> None:
        raise error

    app.register(route)
    answer = await client.get("/raise")
    body = await problem(answer, status, code)
    assert "hunter2" not in answer.text
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        assert answer.headers["retry-after"] == "7"
    if code == "out_of_stock":
        assert (body["sku"], body["left"]) == ("TEA-1", 3)


async def test_answers_carry_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/nowhere"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["strict-transport-security"]


async def test_the_host_is_ready_only_while_its_database_answers(
    client: httpx.AsyncClient, engine: Engine
) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    ready = (await client.get("/readyz")).json()
    assert ready == {"status": "ok", "plugins": ["parcels"], "plugin_faults": []}
    await engine.database.pool.close()
    assert (await client.get("/healthz")).is_success
    await problem(await client.get("/readyz"), 503, "unavailable")


async def test_figures_count_requests_by_route_and_never_by_path(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await client.get(f"/admin/products/{shop.product_id}", headers=shop.secret)
    text = (await client.get("/metrics")).text
    assert 'route="/admin/products/{product_id}"' in text
    assert shop.product_id not in text
    # The shop names a picture of another host, which waits to be fetched.
    assert 'tradewind_queue{queue="jobs_ready"} 1.0' in text
