"""The OpenAPI document says of every route exactly what it answers."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import httpx
import pytest_asyncio
from litestar import Litestar

from tests.integration.host.conftest import Shop

PROBLEM = "application/problem+json"


@pytest_asyncio.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/schema/openapi.json")
    assert answer.status_code == HTTPStatus.OK
    return dict(answer.json())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                yield method, path, operation


async def test_the_document_is_openapi_3_1_and_stands_at_schema_as_well(
    client: httpx.AsyncClient, document: dict[str, Any]
) -> None:
    assert document["openapi"].startswith("3.1")
    assert (await client.get("/schema")).json() == document


async def test_every_route_of_both_apis_is_described(
    app: Litestar, document: dict[str, Any]
) -> None:
    described = {(method.upper(), path) for method, path, _ in operations(document)}
    for route in app.routes:
        if route.path.startswith("/store/{slug"):
            continue  # a page for people
        if route.path.startswith(("/store/", "/admin/", "/healthz", "/readyz", "/metrics")):
            for method in set(getattr(route, "methods", ())) - {"OPTIONS"}:
                assert (method, route.path_format) in described


async def test_names_are_unique_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    known = document["components"]["schemas"]
    found = list(references(document))
    assert found
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in known


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


async def test_every_error_is_declared_as_a_problem(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if path.startswith("/plugins/"):
            continue
        answers = operation["responses"]
        errors = {status for status in answers if int(status) >= HTTPStatus.BAD_REQUEST}
        assert {"500", "503"} <= errors, (method, path)
        for status in errors:
            assert list(answers[status]["content"]) == [PROBLEM], (method, path, status)
        if path.startswith(("/store/", "/admin/")):
            assert "401" in errors
            assert operation["security"]
        if "{" in path and "/flags" not in path:
            assert "404" in errors
        if method != "get" and path.startswith(("/store/", "/admin/")):
            assert {"403", "409", "413", "422"} <= errors, (method, path)


async def test_answers_are_as_declared(
    client: httpx.AsyncClient, shop: Shop, document: dict[str, Any]
) -> None:
    seen = set()
    for method, path, operation in operations(document):
        if method != "get" or "{" in path:
            continue
        for headers in ({**shop.publishable, **shop.secret}, {}):
            answer = await client.get(path, headers=headers)
            declared = operation["responses"][str(answer.status_code)]
            (media_type,) = declared["content"]
            assert answer.headers["content-type"].startswith(media_type), path
            if media_type.endswith("json"):
                schema = declared["content"][media_type]["schema"]
                assert_fits(answer.json(), schema, document, path)
            seen.add(answer.status_code)
    assert seen == {200, 401}


async def test_a_whole_product_is_as_declared(
    client: httpx.AsyncClient, shop: Shop, document: dict[str, Any]
) -> None:
    answer = await client.get("/store/products", headers=shop.publishable)
    schema = {"$ref": "#/components/schemas/ProductList"}
    assert_fits(answer.json(), schema, document, "products")


def assert_fits(value: Any, schema: dict[str, Any], document: dict[str, Any], path: str) -> None:
    """A small part of JSON Schema: references, alternatives, types, members, items."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        assert_fits(value, document["components"]["schemas"][name], document, path)
        return
    if "oneOf" in schema:
        assert any(fits(value, one, document, path) for one in schema["oneOf"]), (path, value)
        return
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    wanted = schema.get("type")
    if wanted == "null":
        assert value is None, path
    elif wanted in kinds:
        assert isinstance(value, kinds[wanted]), (path, value, schema)
    for name in schema.get("required", ()):
        assert name in value, (path, name)
    for name, part in schema.get("properties", {}).items():
        if name in value:
            assert_fits(value[name], part, document, f"{path}.{name}")
    if "properties" in schema:
        assert set(value) <= set(schema["properties"]), (path, value)
    for index, one in enumerate(value if wanted == "array" else ()):
        assert_fits(one, schema.get("items", {}), document, f"{path}.{index}")


def fits(value: Any, schema: dict[str, Any], document: dict[str, Any], path: str) -> bool:
    try:
        assert_fits(value, schema, document, path)
    except (AssertionError, TypeError):
        return False
    return True
