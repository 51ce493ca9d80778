"""Pictures of other hosts that a merchant names: fetched by the worker, shown from here."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.integration.host.conftest import Shop
from tradewind.settings.engine import Engine
from tradewind.testing.clock import ManualClock
from tradewind_host.media import fetching
from tradewind_host.media.foreign import catch_up
from tradewind_host.worker import Worker

TEA, CUP, GONE = (f"https://cdn.example/{name}.jpg" for name in ("green-tea", "cup", "gone"))
HOUR = 3600.0


def photo(color: str) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), color).save(drawn, "JPEG")
    return drawn.getvalue()


class Web:
    """What lies on the web, and what was asked of it."""

    def __init__(self) -> None:
        self.pages = {TEA: photo("green"), CUP: photo("white")}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        url = f"https://{request.headers['host']}{request.url.path}"
        self.asked.append(url)
        if url not in self.pages:
            return httpx.Response(404)
        return httpx.Response(200, content=self.pages[url])


@pytest.fixture
def web(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Web:
    async def found(host: str) -> list[str]:
        return ["10.0.0.1" if host == "inside.example" else "93.184.215.14"]

    web = Web()
    monkeypatch.setattr(fetching, "resolve", found)
    monkeypatch.setattr(engine, "http", httpx.AsyncClient(transport=httpx.MockTransport(web)))
    return web


async def ask(
    client: httpx.AsyncClient, shop: Shop, method: str, path: str, body: Any = None
) -> dict[str, Any]:
    answer = await client.request(method, f"/admin/{path}", json=body, headers=shop.secret)
    assert answer.is_success, answer.text
    return dict(answer.json())


async def make(client: httpx.AsyncClient, shop: Shop, *images: str, sku: str = "GREEN") -> Any:
    body = {
        "title": f"Tea {sku}",
        "images": images,
        "variants": [{"sku": sku, "image": CUP}],
    }
    return (await ask(client, shop, "POST", "products", body))["product"]


async def look(client: httpx.AsyncClient, shop: Shop, product: Any) -> tuple[list[str], str]:
    found = (await ask(client, shop, "GET", f"products/{product['id']}"))["product"]
    return found["images"], found["variants"][0]["image"]


async def fetches(client: httpx.AsyncClient, shop: Shop, product: Any) -> dict[str, Any]:
    listed = (await ask(client, shop, "GET", "media/fetches"))["fetches"]
    return {one["url"]: one for one in listed if one["product_id"] == product["id"]}


async def test_pictures_of_a_product_become_our_own(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, web: Web
) -> None:
    product = await make(client, shop, TEA, "/media/first/own.jpg")
    assert await look(client, shop, product) == (
        [TEA, "https://shop.example/media/first/own.jpg"],
        CUP,
    )
    before = await fetches(client, shop, product)
    assert {one["state"] for one in before.values()} == {"waiting"}
    assert TEA not in web.asked  # nothing is fetched in the request
    await Worker(engine).work_off()
    (tea, own), cup = await look(client, shop, product)
    for url in (tea, own, cup):
        assert url.startswith("https://shop.example/media/first/")
    after = await fetches(client, shop, product)
    assert {url: (one["state"], one["media_url"]) for url, one in after.items()} == {
        TEA: ("kept", tea),
        CUP: ("kept", cup),
    }
    picture = await client.get(tea.removeprefix("https://shop.example"))
    assert picture.headers["content-type"] == "image/jpeg"
    changed = (await ask(client, shop, "GET", f"products/{product['id']}"))["product"]
    assert changed["version"] > product["version"]


async def test_the_same_address_is_fetched_once(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, web: Web
) -> None:
    product = await make(client, shop, TEA)
    await Worker(engine).work_off()
    (tea,), cup = await look(client, shop, product)
    again = {"images": [TEA], "variants": [{"sku": "GREEN", "image": CUP}]}
    saved = (await ask(client, shop, "POST", f"products/{product['id']}", again))["product"]
    assert (saved["images"], saved["variants"][0]["image"]) == ([tea], cup)
    other = await make(client, shop, TEA, sku="OTHER")
    assert await look(client, shop, other) == ([tea], cup)
    await Worker(engine).work_off()
    assert web.asked.count(TEA) == web.asked.count(CUP) == 1


async def test_what_cannot_be_fetched_is_told_and_tried_again(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, web: Web, clock: ManualClock
) -> None:
    product = await make(client, shop, GONE, TEA)
    worker = Worker(engine)
    await worker.work_off()
    images, _ = await look(client, shop, product)
    assert images[0] == GONE  # kept as it was entered, while the others are shown from here
    assert images[1] != TEA
    (gone,) = [one for one in (await fetches(client, shop, product)).values() if one["error"]]
    assert (gone["url"], gone["state"], gone["attempts"]) == (GONE, "waiting", 1)
    assert gone["error"] == "There is no picture at this address."
    web.pages[GONE] = photo("red")
    clock.advance(HOUR)
    await _catch_up(engine, shop)
    await worker.work_off()
    images, _ = await look(client, shop, product)
    assert images[0].startswith("https://shop.example/media/first/")


async def test_it_is_given_up_in_the_end_and_tried_anew_when_the_product_is_saved(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, web: Web, clock: ManualClock
) -> None:
    web.pages[TEA] = b"<html>"
    inside = "https://inside.example/secret.jpg"
    product = await make(client, shop, GONE, TEA, inside)
    worker = Worker(engine)
    for _ in range(6):
        await worker.work_off()
        clock.advance(6 * HOUR)
        await _catch_up(engine, shop)
    states = {
        url: (one["state"], one["attempts"])
        for url, one in (await fetches(client, shop, product)).items()
    }
    assert states == {
        CUP: ("kept", 1),
        GONE: ("failed", 5),
        TEA: ("failed", 1),  # no picture, and never will be
        inside: ("failed", 5),
    }
    assert web.asked.count(GONE) == 5
    assert inside not in web.asked  # our own network is never reached
    web.pages[GONE] = photo("red")
    await ask(client, shop, "POST", f"products/{product['id']}", {"title": "Green tea"})
    await worker.work_off()
    assert (await fetches(client, shop, product))[GONE]["state"] == "kept"


async def test_a_picture_that_is_named_no_more_is_not_kept_on_the_list(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, web: Web
) -> None:
    product = await make(client, shop, TEA)
    await ask(client, shop, "POST", f"products/{product['id']}", {"images": []})
    await Worker(engine).work_off()
    assert set(await fetches(client, shop, product)) == {CUP}


async def test_a_picture_that_was_removed_is_fetched_anew(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, web: Web
) -> None:
    product = await make(client, shop, TEA)
    await Worker(engine).work_off()
    (tea,), _ = await look(client, shop, product)
    path = f"products/{product['id']}"
    await ask(client, shop, "POST", path, {"images": []})
    listed = (await ask(client, shop, "GET", "media"))["media"]
    (kept,) = [one["id"] for one in listed if one["url"] == tea]
    answer = await client.delete(f"/admin/media/{kept}", headers=shop.secret)
    assert answer.is_success
    await ask(client, shop, "POST", path, {"images": [TEA]})
    await Worker(engine).work_off()
    assert (await look(client, shop, product))[0] == [tea]
    assert web.asked.count(TEA) == 2


async def test_an_address_of_our_own_in_an_import_is_shortened_and_not_fetched(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, web: Web
) -> None:
    own = "https://shop.example/media/first/own.jpg"
    text = f"handle,title,sku,images\ngreen,Green tea,GREEN-1,{own}\n"
    headers = {**shop.secret, "Content-Type": "text/csv"}
    await client.post("/admin/imports", params={"kind": "products"}, content=text, headers=headers)
    await Worker(engine).work_off()
    exported = await client.get("/admin/exports/products", headers=shop.secret)
    assert ",/media/first/own.jpg," in exported.text
    assert own not in web.asked


async def test_an_import_has_its_pictures_fetched_and_repeated_changes_nothing(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, web: Web
) -> None:
    text = (
        "handle,title,sku,images,variant_image\n"
        f"green,Green tea,GREEN-1,{TEA} | /media/first/own.jpg,{CUP}\n"
    )
    headers = {**shop.secret, "Content-Type": "text/csv"}
    for counts in ({"created": 1}, {"unchanged": 1}):
        answer = await client.post(
            "/admin/imports", params={"kind": "products"}, content=text, headers=headers
        )
        await Worker(engine).work_off()
        begun = answer.json()["import"]["id"]
        run = (await ask(client, shop, "GET", f"imports/{begun}"))["import"]
        assert {name: run[name] for name in counts} == counts
    found = (await ask(client, shop, "GET", "products?q=green"))["products"]
    (product,) = [one for one in found if one["handle"] == "green"]
    (tea, own), cup = await look(client, shop, product)
    assert own == "https://shop.example/media/first/own.jpg"
    for url in (tea, cup):
        assert url.startswith("https://shop.example/media/first/")
    assert web.asked.count(TEA) == 1


async def _catch_up(engine: Engine, shop: Shop) -> None:
    """What the schedule does every minute."""
    await catch_up(engine, shop.store)
