"""`docs/catalog.md`: the product it shows is made, call by call, and answered as it says."""

import json
import re
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

from tests.docs.pages import read
from tests.docs.test_store_api_page import STEP, assert_as_shown, filled
from tests.support.shop import open_shop
from tradewind.testing.database import DatabaseUrls
from tradewind_host.admin_api import catalog, inventory

PAGE = read("docs/catalog.md")
STEPS = PAGE.partition("## A product, step by step")[2].partition("\n## ")[0]
ROUTE = re.compile(r"(GET|POST|PUT|DELETE) (/admin/[^`?\s]+)")
HANDLERS: list[HTTPRouteHandler] = [*catalog.ROUTES, *inventory.ROUTES]


async def test_the_product_on_the_page_is_made(database_urls: DatabaseUrls) -> None:
    known: dict[str, str] = {}
    steps = STEP.findall(STEPS)
    assert len(steps) == STEPS.count("```http") > 8
    async with open_shop(database_urls) as shop:
        for method, path, body, shown in steps:
            sent = json.loads(filled(body, known)) if body else None
            answer = await shop.admin(method, filled(path, known), sent)
            assert_as_shown(answer, json.loads(shown), path)
            known |= found(answer)


def found(answer: dict[str, Any]) -> dict[str, str]:
    """What later calls speak of."""
    if "category" in answer:
        return {"category": answer["category"]["id"]}
    if "product" in answer:
        product = answer["product"]
        return {"product": product["id"], "variant": product["variants"][0]["id"]}
    return {}


def bare(path: str) -> str:
    """A path without the names of its parameters and without a query."""
    return re.sub(r"\{.*?\}", "{}", path.partition("?")[0])


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda one: one.fn.__name__)
def test_the_page_names_every_route_that_keeps_the_catalog(handler: HTTPRouteHandler) -> None:
    told = {(method, bare(path)) for method, path in ROUTE.findall(PAGE)}
    (path,) = handler.paths
    (method,) = handler.http_methods - {"OPTIONS", "HEAD"}
    assert (method, bare(f"/admin{path}")) in told
