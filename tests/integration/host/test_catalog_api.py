"""The store API's catalog."""

from http import HTTPStatus
from typing import Any

import httpx
import pytest
from litestar import Litestar

from tests.integration.host.conftest import Shop
from tradewind.settings.engine import Engine
from tradewind_host.app import create_app
from tradewind_host.config import Config


@pytest.fixture
def app(engine: Engine, config: Config) -> Litestar:
    """The whole host, with pictures."""
    return create_app(engine, config)


async def products(client: httpx.AsyncClient, shop: Shop, **query: Any) -> dict[str, Any]:
    answer = await client.get("/store/products", params=query, headers=shop.publishable)
    assert answer.status_code == HTTPStatus.OK, answer.text
    return dict(answer.json())


async def test_products_are_listed_with_prices_stock_and_whole_addresses_of_pictures(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    body = await products(client, shop)
    assert body["next_cursor"] is None
    (product,) = body["products"]
    assert product["id"] == shop.product_id
    assert product["images"] == [
        "https://shop.example/media/first/black-tea.jpg",
        "https://cdn.example/tea.jpg",
    ]
    assert [one["handle"] for one in product["categories"]] == ["tea"]
    first, second = product["variants"]
    assert first["price"] == {"amount": 25000, "currency": "KES"}
    assert (first["available"], first["backorder"]) == (10, False)
    assert second["available"] == 0


async def test_a_product_is_found_by_its_id_and_by_its_handle(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    for name in (shop.product_id, "black-tea"):
        answer = await client.get(f"/store/products/{name}", headers=shop.publishable)
        assert answer.json()["product"]["id"] == shop.product_id


async def test_words_and_categories_narrow_the_list(client: httpx.AsyncClient, shop: Shop) -> None:
    assert len((await products(client, shop, q="black"))["products"]) == 1
    assert (await products(client, shop, q="bicycle"))["products"] == []
    assert len((await products(client, shop, category_id=shop.category_id))["products"]) == 1
    assert (await products(client, shop, category_id=shop.region_id))["products"] == []


async def test_a_list_goes_on_where_the_cursor_says(client: httpx.AsyncClient, shop: Shop) -> None:
    for number in range(3):
        variant = {"sku": f"CUP-{number}", "prices": [{"currency": "KES", "amount": 900}]}
        body = {"title": f"Cup {number}", "status": "published", "variants": [variant]}
        made = await client.post("/admin/products", json=body, headers=shop.secret)
        assert made.status_code == HTTPStatus.CREATED
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await products(client, shop, **query)
        assert len(page["products"]) <= 2
        seen += [one["title"] for one in page["products"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["Black tea of first", "Cup 0", "Cup 1", "Cup 2"]


async def test_drafts_are_for_their_keeper_alone(client: httpx.AsyncClient, shop: Shop) -> None:
    body = {"title": "Secret cup", "status": "draft"}
    made = (await client.post("/admin/products", json=body, headers=shop.secret)).json()
    path = f"/products/{made['product']['id']}"
    assert (await client.get(f"/admin{path}", headers=shop.secret)).is_success
    hidden = await client.get(f"/store{path}", headers=shop.publishable)
    assert hidden.status_code == HTTPStatus.NOT_FOUND
    assert len((await products(client, shop))["products"]) == 1


async def test_categories_and_regions_are_listed(client: httpx.AsyncClient, shop: Shop) -> None:
    shelves = await client.get("/store/categories", headers=shop.publishable)
    assert [(one["handle"], one["products"]) for one in shelves.json()["categories"]] == [
        ("tea", 1)
    ]
    regions = await client.get("/store/regions", headers=shop.publishable)
    assert regions.json()["regions"] == [
        {"id": shop.region_id, "name": "Home", "currency": "KES", "countries": ["ke"]}
    ]


async def test_pictures_are_served_for_a_year_and_nothing_beside_them(
    client: httpx.AsyncClient, shop: Shop, config: Any
) -> None:
    folder = config.data_dir / "media" / "first"
    folder.mkdir(parents=True)
    (folder / "tea.jpg").write_bytes(b"picture")
    (config.data_dir / "secrets.json").write_text("{}")
    answer = await client.get("/media/first/tea.jpg")
    assert (answer.status_code, answer.content) == (HTTPStatus.OK, b"picture")
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    for path in ("../secrets.json", "%2e%2e/secrets.json", "first/../../secrets.json", "first"):
        assert (await client.get(f"/media/{path}")).status_code == HTTPStatus.NOT_FOUND
