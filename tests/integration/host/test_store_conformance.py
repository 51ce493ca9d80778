"""Schemathesis reads the OpenAPI document and tries whatever it allows, and what it does not.

Whatever is asked: no fault of ours, and no answer that the document does not declare.
"""

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Any

import httpx
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.storefront import Storefront, open_storefront, told
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
TRIES = {GenerationMode.POSITIVE: 3, GenerationMode.NEGATIVE: 3}


@pytest_asyncio.fixture
async def site(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Storefront]:
    async with open_storefront(database_urls, clock) as opened:
        yield opened


async def test_every_answer_of_the_store_api_is_declared(site: Storefront) -> None:
    document = (await site.shop.client.get("/schema/openapi.json")).json()
    ids = await things(site)
    seen: dict[str, set[int]] = {}
    for operation in operations(document):
        for case in cases(operation, ids):
            answer = await sent(site, case)
            case.validate_response(answer, checks=CHECKS)
            seen.setdefault(operation.label, set()).add(answer.status_code)
    assert len(seen) > 15
    reached = [label for label, statuses in seen.items() if min(statuses) < HTTPStatus.BAD_REQUEST]
    assert len([label for label in reached if "/store/carts" in label]) >= 8, seen


async def test_an_answer_that_is_not_declared_is_noticed(site: Storefront) -> None:
    document = (await site.shop.client.get("/schema/openapi.json")).json()
    path = "/store/orders/{order_id}"
    declared = document["paths"][path]["get"]["responses"]
    document["paths"] = {path: document["paths"][path]}
    (operation,) = operations(document)
    (case, *_) = cases(operation, {})
    answer = await sent(site, case)
    case.validate_response(answer, checks=CHECKS)
    del declared[str(answer.status_code)]
    (operation,) = operations(document)
    (case, *_) = cases(operation, {})
    with pytest.raises(FailureGroup, match="Undocumented"):
        case.validate_response(answer, checks=CHECKS)


async def things(site: Storefront) -> dict[str, str]:
    """What a call may name and find."""
    cart = await site.cart()
    await site.pays(cart, provider_id="manual")
    placed = told(await site.complete(cart))
    cart = await site.cart(("TEA-PURPLE", 1), ("KIONDO", 1))
    product = (await site.get("/products"))["products"][0]
    return {
        "cart_id": cart["id"],
        "line_id": cart["lines"][0]["id"],
        "variant_id": cart["lines"][1]["variant_id"],
        "option_id": str(await option(site, cart)),
        "provider_id": "manual",
        "order_id": placed["order"]["id"],
        "token": placed["token"],
        "id_or_handle": product["id"],
        "region_id": cart["region_id"],
    }


async def option(site: Storefront, cart: dict[str, Any]) -> str:
    """A way to deliver."""
    found = await site.get(f"/carts/{cart['id']}/shipping-options")
    return str(found["shipping_options"][0]["id"])


def operations(document: dict[str, Any]) -> Iterator[Any]:
    """Every call of the store API; those that spoil the cart for the others come last."""
    schema = schemathesis.openapi.from_dict(document)
    included: Any = schema.include(path_regex="^/store/")
    found = [one.ok() for one in included.get_all_operations()]
    yield from sorted(found, key=lambda one: (spoils(one), one.label))


def spoils(operation: Any) -> bool:
    """Whether the cart or its line is gone afterwards."""
    return bool(operation.path.endswith("complete") or operation.method == "delete")


def cases(operation: Any, ids: dict[str, str]) -> list[Any]:
    """The same few each time: as the document allows, and as it does not."""
    found: list[Any] = []
    for mode, tries in TRIES.items():

        @settings(
            max_examples=tries,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def collect(case: Any) -> None:
            found.append(case)

        try:
            collect()
        except Exception as error:
            if "Unsatisfiable" not in type(error).__name__:
                raise
    for case in found[1:]:
        name_real_things(case, ids)
    return found


def name_real_things(case: Any, ids: dict[str, str]) -> None:
    """Have a call reach what it is about, whatever else is wrong with it."""
    for name in case.path_parameters or {}:
        if name in ids:
            case.path_parameters[name] = ids[name]
    for name in case.body if isinstance(case.body, dict) else ():
        if name in ids and case.body[name]:
            case.body[name] = ids[name]
        elif name == "quantity" and isinstance(case.body[name], int):
            case.body[name] %= 4


async def sent(site: Storefront, case: Any) -> httpx.Response:
    """The answer to a call, with the store's key."""
    asked: dict[str, Any] = case.as_transport_kwargs(base_url="http://shop.test")
    headers = {name: value for name, value in asked["headers"].items() if sendable(value)}
    headers["X-Publishable-Key"] = site.shop.branches["demo"].publishable_key
    body = {name: asked[name] for name in ("json", "content", "data", "params") if asked.get(name)}
    if isinstance(body.get("data"), bytes | str):
        body["content"] = body.pop("data")
    return await site.shop.client.request(asked["method"], asked["url"], headers=headers, **body)


def sendable(value: str) -> bool:
    """Whether a header can be put on the wire at all."""
    return value.isascii() and value.isprintable()
