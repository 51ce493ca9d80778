"""`/admin/media`: pictures are uploaded, listed and removed."""

import io
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.integration.host.conftest import Shop
from tradewind.settings.engine import Engine
from tradewind_host.media import fetching


def photo(color: str = "teal", size: tuple[int, int] = (900, 600)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "JPEG")
    return file.getvalue()


async def uploaded(client: httpx.AsyncClient, shop: Shop, content: bytes) -> dict[str, Any]:
    files = {"file": ("tea.jpg", content, "image/jpeg")}
    answer = await client.post("/admin/media", files=files, headers=shop.secret)
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    return dict(answer.json()["media"])


async def test_a_picture_is_kept_in_every_size_and_served(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    kept = await uploaded(client, shop, photo())
    assert (kept["name"], kept["content_type"]) == ("tea.jpg", "image/jpeg")
    assert (kept["width"], kept["height"]) == (900, 600)
    assert kept["url"].startswith("https://shop.example/media/first/")
    assert [one["width"] for one in kept["variants"]] == [320, 640, 900]
    for one in (kept, *kept["variants"]):
        answer = await client.get(one["url"])
        assert answer.headers["content-type"] == one["content_type"]
        assert len(answer.content) == one["bytes"]
        assert Image.open(io.BytesIO(answer.content)).size == (one["width"], one["height"])


async def test_the_bytes_alone_are_taken_too_and_are_the_same_picture(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    first = await uploaded(client, shop, photo())
    again = await client.post(
        "/admin/media?name=other.jpg",
        content=photo(),
        headers={**shop.secret, "content-type": "image/jpeg"},
    )
    assert again.json()["media"] == first
    elsewhere = await uploaded(client, other_shop, photo())
    assert elsewhere["id"] != first["id"]


async def test_pictures_are_listed_newest_first_page_by_page(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    await uploaded(client, other_shop, photo("red"))
    ids = [(await uploaded(client, shop, photo(c)))["id"] for c in ("red", "green", "blue")]
    first = (await client.get("/admin/media?limit=2", headers=shop.secret)).json()
    assert [one["id"] for one in first["media"]] == [ids[2], ids[1]]
    query = {"limit": "2", "cursor": first["next_cursor"]}
    last = (await client.get("/admin/media", params=query, headers=shop.secret)).json()
    assert ([one["id"] for one in last["media"]], last["next_cursor"]) == ([ids[0]], None)


async def test_a_picture_goes_once_no_product_shows_it(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    kept = await uploaded(client, shop, photo())
    product = f"/admin/products/{shop.product_id}"
    shown = await client.post(product, json={"images": [kept["url"]]}, headers=shop.secret)
    assert shown.json()["product"]["images"] == [kept["url"]]
    address = f"/admin/media/{kept['id']}"
    stranger = await client.delete(address, headers=other_shop.secret)
    assert stranger.status_code == HTTPStatus.NOT_FOUND
    refused = await client.delete(address, headers=shop.secret)
    assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.CONFLICT, "media_in_use")
    await client.post(product, json={"images": []}, headers=shop.secret)
    gone = await client.delete(address, headers=shop.secret)
    assert gone.status_code == HTTPStatus.NO_CONTENT
    for one in (kept, *kept["variants"]):
        assert (await client.get(one["url"])).status_code == HTTPStatus.NOT_FOUND
    assert (await client.delete(address, headers=shop.secret)).status_code == HTTPStatus.NOT_FOUND


async def test_pages_offer_the_sizes_of_a_picture(client: httpx.AsyncClient, shop: Shop) -> None:
    kept = await uploaded(client, shop, photo())
    product = f"/admin/products/{shop.product_id}"
    await client.post(product, json={"images": [kept["url"]]}, headers=shop.secret)
    for path in ("/store/first", "/store/first/products/black-tea"):
        html = (await client.get(path)).text
        assert "-320.webp 320w" in html
        address = kept["url"].removeprefix("https://shop.example")
        assert f'src="{address}"' in html


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"content": b""}, "required"),
        ({"files": {"other": ("a.jpg", b"x")}}, "required"),
        ({"content": b"<svg/>"}, "unsupported_picture"),
        ({"files": {"file": ("a.jpg", b"<html>", "image/jpeg")}}, "unsupported_picture"),
        (
            {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
            "required",
        ),
        (
            {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}},
            "required",
        ),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, sent: dict[str, Any], code: str
) -> None:
    headers = {**shop.secret, **sent.pop("headers", {})}
    answer = await client.post("/admin/media", headers=headers, **sent)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, answer.text
    assert answer.json()["errors"][0]["code"] == code
    assert (await client.get("/admin/media", headers=shop.secret)).json()["media"] == []


async def test_an_upload_may_be_larger_than_other_bodies_unless_it_is_named(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    large = io.BytesIO()
    Image.effect_noise((500, 500), 90).convert("RGB").save(large, "PNG")
    content = large.getvalue()
    assert len(content) > 100_000
    named = {**shop.secret, "Idempotency-Key": "one"}
    refused = await client.post("/admin/media", content=content, headers=named)
    assert refused.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    await uploaded(client, shop, content)
    again = [await client.post("/admin/media", content=photo(), headers=named) for _ in "ab"]
    assert [one.status_code for one in again] == [HTTPStatus.CREATED] * 2
    assert again[1].headers["idempotency-replayed"] == "true"


async def test_it_takes_a_secret_key(client: httpx.AsyncClient, shop: Shop) -> None:
    answer = await client.post("/admin/media", content=photo(), headers=shop.publishable)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/tea.jpg", "https://[::1]/tea.jpg", "http://shop.example/tea.jpg"]
)
async def test_no_picture_is_fetched_from_our_own_network(
    client: httpx.AsyncClient, shop: Shop, url: str
) -> None:
    answer = await client.post("/admin/media/fetch", json={"url": url}, headers=shop.secret)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.json()["errors"][0]["code"] == "not_reachable"


async def test_a_picture_of_another_host_is_kept_as_our_own(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found(host: str) -> list[str]:
        return ["93.184.215.14"]

    web = httpx.MockTransport(lambda _: httpx.Response(200, content=photo()))
    monkeypatch.setattr(fetching, "resolve", found)
    monkeypatch.setattr(engine, "http", httpx.AsyncClient(transport=web))
    body = {"url": "https://cdn.example/tea.jpg"}
    answer = await client.post("/admin/media/fetch", json=body, headers=shop.secret)
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    assert answer.json()["media"]["url"].startswith("https://shop.example/media/first/")
