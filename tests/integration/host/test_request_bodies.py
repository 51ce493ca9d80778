"""No field of a request is passed over in silence: what is not known is refused by its name.

The bodies are found by walking the routes, so that one that is added is asked as well.
"""

from collections.abc import Iterator
from typing import Any, get_args

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from tests.integration.host.conftest import Shop
from tests.integration.host.test_problem_details import problem

ODD = "amout"
APIS = ("/store/", "/admin/", "/api/")
ANY_ID = "01900000-0000-7000-8000-000000000000"


def bodies(app: Litestar) -> Iterator[tuple[str, str, Any]]:
    """Method, path and annotation of the body of every route of the two APIs that reads one."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if not isinstance(handler, HTTPRouteHandler) or not route.path.startswith(APIS):
                continue
            read = handler.parsed_fn_signature.parameters.get("data")
            if read is not None:
                for method in handler.http_methods:
                    yield str(method), route.path_format, read.annotation


def structs(annotation: Any, seen: set[type[msgspec.Struct]]) -> set[type[msgspec.Struct]]:
    """Every struct within a body, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        if annotation not in seen:
            seen.add(annotation)
            for field in msgspec.structs.fields(annotation):
                structs(field.type, seen)
        return seen
    for part in get_args(annotation):
        structs(part, seen)
    return seen


async def test_every_body_of_every_route_refuses_a_field_that_it_does_not_know(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> None:
    asked = set()
    for method, path, _ in bodies(app):
        url = path.replace("{action}", "close").replace("{name}", "parcels")
        url = url.replace("{sku}", "TEA-1")
        while "{" in url:
            url = url[: url.index("{")] + ANY_ID + url[url.index("}") + 1 :]
        key = shop.secret if path.startswith("/admin/") else shop.publishable
        body = await problem(
            await client.request(method, url, json={ODD: 100}, headers=key), 422, "invalid_input"
        )
        assert [(one["path"], one["code"]) for one in body["errors"]] == [(ODD, "unknown_field")], (
            path
        )
        asked.add(path)
    assert {"/admin/orders/{order_id}/refund", "/store/carts", "/api/checkout"} <= asked
    assert len(asked) > 25


def test_so_does_every_part_of_a_body_however_deep(app: Litestar) -> None:
    found: set[type[msgspec.Struct]] = set()
    for _, _, annotation in bodies(app):
        structs(annotation, found)
    assert len(found) > 30
    for struct in found:
        with pytest.raises(msgspec.ValidationError, match=f"unknown field `{ODD}`"):
            msgspec.convert({ODD: 1}, struct)


async def test_the_document_says_that_bodies_take_no_other_fields(
    app: Litestar, client: httpx.AsyncClient
) -> None:
    schemas = (await client.get("/schema/openapi.json")).json()["components"]["schemas"]
    found: set[type[msgspec.Struct]] = set()
    for _, _, annotation in bodies(app):
        structs(annotation, found)
    for struct in found:
        assert schemas[struct.__name__]["additionalProperties"] is False, struct
    assert "additionalProperties" not in schemas["CartAnswer"]
    metadata = schemas["CartInput"]["properties"]["metadata"]
    assert metadata["additionalProperties"] == {}


async def errors(answer: httpx.Response) -> list[tuple[str, str, str]]:
    body = await problem(answer, 422, "invalid_input")
    return [(one["path"], one["code"], one["message"]) for one in body["errors"]]


async def test_what_is_missing_unknown_or_wrong_is_named_in_one_style(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    buyer = {"email": "a@example.com"}
    for url, body, path, code in (
        (f"/store/carts/{ANY_ID}/line-items", {}, "variant_id", "required"),
        ("/store/carts", {"metadata": 3}, "metadata", "invalid_value"),
        ("/api/checkout", {"items": [{}], "customer": buyer}, "items.0.quantity", "required"),
        (
            "/api/checkout",
            {"items": [{"quantity": "two"}], "customer": buyer},
            "items.0.quantity",
            "invalid_value",
        ),
        (
            "/api/checkout",
            {"items": [{"quantity": 1, "skew": "TEA-1"}], "customer": buyer},
            "items.0.skew",
            "unknown_field",
        ),
        (
            "/api/checkout",
            {"items": [{"quantity": 1}], "customer": buyer},
            "items.0",
            "required",
        ),
        (
            "/api/checkout",
            {
                "items": [{"quantity": 1, "sku": "TEA-1", "variant_id": shop.variant_id}],
                "customer": buyer,
            },
            "items.0",
            "invalid",
        ),
    ):
        answer = await client.post(url, json=body, headers=shop.publishable)
        assert [one[:2] for one in await errors(answer)] == [(path, code)], answer.text
    for content in (b"", b"[]", b"null", b"7"):
        url = f"/store/carts/{ANY_ID}/line-items"
        answer = await client.post(url, content=content, headers=shop.publishable)
        ((path, code, message),) = await errors(answer)
        assert (path, code, "JSON object" in message) == ("", "required", True)


@pytest.mark.parametrize("name", ["a - b", "`$.quantity`", "", "x`y", "two\nlines"])
async def test_an_unknown_field_may_be_called_anything(
    client: httpx.AsyncClient, shop: Shop, name: str
) -> None:
    body = {"variant_id": shop.variant_id, name: 2}
    url = f"/store/carts/{ANY_ID}/line-items"
    answer = await client.post(url, json=body, headers=shop.publishable)
    ((path, code, _),) = await errors(answer)
    assert (path, code) == (name, "unknown_field")


async def test_a_refund_with_a_misspelt_amount_gives_nothing_back(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    """Also inside a line; what is free stays free."""
    url = f"/admin/orders/{ANY_ID}/refund"
    line = {"line_id": ANY_ID, "quantity": 1, "qty": 1}
    answer = await client.post(url, json={"lines": [line]}, headers=shop.secret)
    assert [one[:2] for one in await errors(answer)] == [("lines.0.qty", "unknown_field")]
    free = {"metadata": {"gift": True, "note": {"to": "Amina"}}}
    answer = await client.post("/store/carts", json=free, headers=shop.publishable)
    assert answer.status_code == 201, answer.text


async def test_without_its_token_an_order_of_quick_checkout_asks_for_the_token(
    client: httpx.AsyncClient,
) -> None:
    for query in ("", "?token=", "?token=signed-without-a-store"):
        body = await problem(await client.get(f"/api/orders/{ANY_ID}{query}"), 401, "unauthorized")
        assert "token" in body["detail"]
        assert "key" not in body["detail"]
    body = await problem(await client.post("/api/checkout", json={}), 401, "unauthorized")
    assert "X-Publishable-Key" in body["detail"]
