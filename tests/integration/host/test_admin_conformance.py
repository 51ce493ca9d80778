"""The admin API's catalog answers what its document says, whatever it is sent."""

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Any

import httpx
import pytest_asyncio
import schemathesis

from tests.integration.host.test_store_conformance import CHECKS, cases, sendable
from tests.support.shop import Shop, open_shop
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

PLACES = "^/admin/(products|variants|categories|inventory|stock-locations)(/|$)"
OTHERS = ("imports", "files", "media", "images", "credits")
"""What has tests of its own."""


@pytest_asyncio.fixture
async def shop(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Shop]:
    async with open_shop(database_urls, clock=clock) as opened:
        yield opened


async def test_every_answer_of_the_catalog_is_declared(shop: Shop) -> None:
    document = (await shop.client.get("/schema/openapi.json")).json()
    ids = await things(shop)
    seen: dict[str, set[int]] = {}
    for operation in operations(document):
        for case in cases(operation, ids):
            answer = await sent(shop, case)
            case.validate_response(answer, checks=CHECKS)
            seen.setdefault(operation.label, set()).add(answer.status_code)
    assert len(seen) > 20
    reached = [label for label, statuses in seen.items() if min(statuses) < HTTPStatus.BAD_REQUEST]
    assert len(reached) >= len(seen) * 2 / 3, seen


async def things(shop: Shop) -> dict[str, str]:
    """What a call may name and find."""
    product = (await shop.admin("GET", "/admin/products"))["products"][0]
    variant = product["variants"][0]
    places = (await shop.admin("GET", "/admin/stock-locations"))["stock_locations"]
    regions = (await shop.admin("GET", "/admin/regions"))["regions"]
    return {
        "product_id": product["id"],
        "variant_id": variant["id"],
        "price_id": variant["prices"][0]["id"],
        "category_id": product["categories"][0]["id"],
        "location_id": places[0]["id"],
        "region_id": regions[0]["id"],
        "sku": variant["sku"],
    }


def operations(document: dict[str, Any]) -> Iterator[Any]:
    """Every call that keeps the catalog; those that take something away come last."""
    schema = schemathesis.openapi.from_dict(document)
    included: Any = schema.include(path_regex=PLACES)
    found = [one.ok() for one in included.get_all_operations()]
    kept = [one for one in found if not any(word in one.path for word in OTHERS)]
    yield from sorted(kept, key=lambda one: (one.method == "delete", one.label))


async def sent(shop: Shop, case: Any) -> httpx.Response:
    """The answer to a call, with the store's secret key."""
    asked: dict[str, Any] = case.as_transport_kwargs(base_url="http://shop.test")
    headers = {name: value for name, value in asked["headers"].items() if sendable(value)}
    headers["Authorization"] = f"Bearer {shop.branches['demo'].secret_key}"
    body = {name: asked[name] for name in ("json", "content", "data", "params") if asked.get(name)}
    if isinstance(body.get("data"), bytes | str):
        body["content"] = body.pop("data")
    return await shop.client.request(asked["method"], asked["url"], headers=headers, **body)
