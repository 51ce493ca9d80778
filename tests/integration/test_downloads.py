"""Digital goods, from the upload to the file on the buyer's machine."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from PIL import Image

from tests.support.bucket_peer import ACCESS_KEY, REGION, SECRET_KEY, bucket_peer
from tests.support.letterbox import JANE, Letterbox, open_letterbox, text_of
from tests.support.shop import AMINA, words
from tradewind.carts.rules import CartUpdate, NewCart
from tradewind.carts.service import add_sku, update
from tradewind.checkout.links import order_url, token_for
from tradewind.checkout.service import place
from tradewind.fulfillment.service import add_shipment
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.config import Config
from tradewind_host.downloads import disposition
from tradewind_host.media import media_store

BOOK = b"%PDF-1.7 " + bytes(range(256)) * 40
PRICE = 90_000


@pytest_asyncio.fixture
async def box(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Letterbox]:
    async with open_letterbox(database_urls, clock) as opened:
        yield opened


async def admin(box: Letterbox, method: str, path: str, **sent: Any) -> httpx.Response:
    key = box.shop.branches["demo"].secret_key
    headers = {"Authorization": f"Bearer {key}"}
    return await box.shop.client.request(method, f"/admin/{path}", headers=headers, **sent)


async def product(box: Letterbox, sku: str = "BOOK", kind: str = "digital") -> str:
    body = {
        "title": f"Tea for beginners {sku}",
        "kind": kind,
        "status": "published",
        "variants": [{"sku": sku, "prices": [{"currency": "KES", "amount": PRICE}]}],
    }
    answer = await admin(box, "POST", "products", json=body)
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    return str(answer.json()["product"]["id"])


async def file(box: Letterbox, product_id: str, query: str = "", content: bytes = BOOK) -> str:
    files = {"file": ("Tea & more.pdf", content)}
    answer = await admin(box, "POST", f"products/{product_id}/files?{query}", files=files)
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    return str(answer.json()["file"]["id"])


async def order(box: Letterbox, *skus: str, quantity: int = 1) -> Order:
    store = box.store()
    async with box.engine.database.transaction(store.id) as tx:
        new = NewCart(source="web", session_id=f"web:{tx.new_id()}")
        for sku in skus:
            cart = await add_sku(tx, new, sku, quantity)
        cart = await update(tx, cart, CartUpdate(email=JANE))
    return await place(box.engine, store, cart.id, "manual", "cash_on_delivery")


async def pay(box: Letterbox, bought: Order) -> None:
    answer = await admin(box, "POST", f"orders/{bought.id}/mark-paid", json={})
    assert answer.is_success, answer.text
    await box.settle()


async def now(box: Letterbox, bought: Order) -> Order:
    async with box.engine.database.transaction(box.store().id) as tx:
        return await get_order(tx, bought.id)


async def offered(box: Letterbox, bought: Order) -> list[dict[str, Any]]:
    """What the store API offers whoever holds the order's token."""
    key = box.shop.branches["demo"].publishable_key
    query = {"token": token_for(box.engine, box.store(), bought.id, "order")}
    path = f"/store/orders/{bought.id}"
    answer = await box.shop.client.get(path, params=query, headers={"X-Publishable-Key": key})
    return list(answer.json()["order"]["downloads"])


async def sold(box: Letterbox, query: str = "", quantity: int = 1) -> Order:
    """A paid order of a book."""
    await file(box, await product(box), query)
    bought = await order(box, "BOOK", quantity=quantity)
    await pay(box, bought)
    return bought


async def test_who_completes_the_cart_again_is_told_what_to_fetch(box: Letterbox) -> None:
    bought = await sold(box)
    key = box.shop.branches["demo"].publishable_key
    assert bought.cart_id is not None
    query = {"token": token_for(box.engine, box.store(), bought.cart_id, "cart")}
    path = f"/store/carts/{bought.cart_id}/complete"
    answer = await box.shop.client.post(path, params=query, headers={"X-Publishable-Key": key})
    assert answer.json()["order"]["downloads"] == await offered(box, bought) != []


async def test_a_file_is_had_once_its_order_is_paid_and_not_before(box: Letterbox) -> None:
    await file(box, await product(box), "title=The%20book&days=3&downloads=2")
    bought = await order(box, "BOOK")
    assert await offered(box, bought) == []
    assert (await now(box, bought)).fulfillment_status == "unfulfilled"
    await pay(box, bought)
    (found,) = await offered(box, bought)
    assert (found["title"], found["left"]) == ("The book", 2)
    answer = await box.shop.client.get(found["url"])
    assert answer.status_code == HTTPStatus.OK
    assert answer.content == BOOK
    assert answer.headers["content-type"] == "application/pdf"
    told = "attachment; filename=\"Tea & more.pdf\"; filename*=UTF-8''Tea%20%26%20more.pdf"
    assert answer.headers["content-disposition"] == told
    assert answer.headers["cache-control"] == "private, no-store"
    assert (await offered(box, bought))[0]["left"] == 1


async def test_an_order_of_files_alone_is_completed_by_its_payment(box: Letterbox) -> None:
    bought = await sold(box)
    after = await now(box, bought)
    assert (after.status, after.fulfillment_status) == ("completed", "delivered")
    assert [line.fulfilled for line in after.lines] == [1]
    timeline = (await admin(box, "GET", f"orders/{bought.id}")).json()["order"]["timeline"]
    types = [one["type"] for one in timeline]
    assert types.count("fulfillment.delivered") == types.count("order.completed") == 1


async def test_what_travels_is_sent_by_hand_still(box: Letterbox) -> None:
    await file(box, await product(box))
    bought = await order(box, "BOOK", "TEA-250")
    await pay(box, bought)
    after = await now(box, bought)
    assert (after.status, after.fulfillment_status) == ("processing", "partially_fulfilled")
    assert len(await offered(box, bought)) == 1
    async with box.engine.database.transaction(box.store().id) as tx:
        parcel = await add_shipment(tx, bought.id, "key:1", carrier="Post", tracking_number="1")
    assert [one.quantity for one in parcel.lines] == [1]
    after = await now(box, bought)
    assert (after.status, after.fulfillment_status) == ("completed", "shipped")


async def test_without_a_file_the_merchant_delivers(box: Letterbox) -> None:
    await product(box)
    bought = await order(box, "BOOK")
    await pay(box, bought)
    after = await now(box, bought)
    assert (after.status, after.fulfillment_status) == ("processing", "unfulfilled")
    assert await offered(box, bought) == []


async def test_the_letter_and_the_page_lead_to_the_file(box: Letterbox) -> None:
    bought = await sold(box)
    (found,) = await offered(box, bought)
    (letter,) = [one for one in box.letters if found["url"] in text_of(one)]
    assert letter["Subject"] == f"Your files from Demo: order {bought.number}"
    assert found["url"] in text_of(letter, "html")
    page = await box.shop.client.get(order_url(box.engine, box.store(), bought.id))
    assert found["url"] in page.text


async def test_the_chat_names_the_links(box: Letterbox) -> None:
    await file(box, await product(box))
    shop = box.shop
    await shop.talks(AMINA, "ADD 1 BOOK", "CHECKOUT")
    for answer in ("Amina Otieno", "jane@example.com", "1", "yes"):
        await shop.talks(AMINA, answer)
    listed = (await shop.admin("GET", "/admin/orders"))["orders"]
    await shop.admin("POST", f"/admin/orders/{listed[0]['id']}/mark-paid", {})
    await shop.settle()
    heard = "\n".join(map(words, await shop.hears(AMINA)))
    assert "Tea & more.pdf\nhttp://shop.test/store/demo/downloads/" in heard


async def test_parallel_fetches_never_exceed_what_is_allowed(box: Letterbox) -> None:
    bought = await sold(box, "downloads=2", quantity=3)
    (found,) = await offered(box, bought)
    assert found["left"] == 6
    answers = await asyncio.gather(*(box.shop.client.get(found["url"]) for _ in range(20)))
    codes = [one.status_code for one in answers]
    assert sorted(codes) == [HTTPStatus.OK] * 6 + [HTTPStatus.GONE] * 14
    assert await box.value("SELECT used FROM shop.downloads WHERE store_id = $1") == 6
    (found,) = await offered(box, bought)
    assert (found["left"], found["url"]) == (0, "")


@pytest.mark.parametrize(
    ("method", "agent"), [("HEAD", "curl"), ("GET", "WhatsApp/2.23"), ("GET", "Slackbot 1.0")]
)
async def test_looking_at_a_link_uses_nothing_up(box: Letterbox, method: str, agent: str) -> None:
    bought = await sold(box, "downloads=1")
    (found,) = await offered(box, bought)
    looked = await box.shop.client.request(method, found["url"], headers={"User-Agent": agent})
    assert looked.status_code == HTTPStatus.OK
    assert BOOK not in looked.content
    assert (await offered(box, bought))[0]["left"] == 1


async def test_a_part_of_a_file_can_be_asked_for(box: Letterbox) -> None:
    bought = await sold(box)
    (found,) = await offered(box, bought)
    part = await box.shop.client.get(found["url"], headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (HTTPStatus.PARTIAL_CONTENT, BOOK[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(BOOK)}"


async def part(box: Letterbox, url: str, span: str) -> httpx.Response:
    return await box.shop.client.get(url, headers={"Range": f"bytes={span}"})


async def test_of_a_file_in_parts_only_the_beginning_counts(box: Letterbox) -> None:
    bought = await sold(box, "downloads=1")
    (found,) = await offered(box, bought)
    begun = await part(box, found["url"], "0-999")
    rest = await asyncio.gather(
        *(part(box, found["url"], span) for span in ("1000-1999", "2000-", "-50", "1000-1999"))
    )
    assert {one.status_code for one in (begun, *rest)} == {HTTPStatus.PARTIAL_CONTENT}
    assert begun.content + rest[0].content + rest[1].content == BOOK
    assert (await offered(box, bought))[0]["left"] == 0
    for span in ("0-", "0-0", "bogus", "1-2,4-5"):
        assert (await part(box, found["url"], span)).status_code == HTTPStatus.GONE, span


async def test_a_part_without_a_beginning_counts_and_so_does_a_late_one(
    box: Letterbox, clock: ManualClock
) -> None:
    bought = await sold(box, "downloads=2")
    (found,) = await offered(box, bought)
    while_it_goes_on = timedelta(hours=6).total_seconds() - 1
    for seconds, left in ((0, 1), (while_it_goes_on, 1), (1, 0), (while_it_goes_on, 0)):
        clock.advance(seconds)
        answer = await part(box, found["url"], "1-")
        assert answer.status_code == HTTPStatus.PARTIAL_CONTENT
        assert (await offered(box, bought))[0]["left"] == left
    clock.advance(1)
    assert (await part(box, found["url"], "1-")).status_code == HTTPStatus.GONE


async def test_a_link_ends_with_its_time_and_comes_anew_from_the_merchant(
    box: Letterbox, clock: ManualClock
) -> None:
    bought = await sold(box, "days=3&downloads=1")
    (old,) = await offered(box, bought)
    clock.advance(timedelta(days=3, seconds=1).total_seconds())
    late = await box.shop.client.get(old["url"])
    assert late.status_code == HTTPStatus.NOT_FOUND
    (over,) = await offered(box, bought)
    assert over["url"] == ""
    renewed = await admin(box, "POST", f"orders/{bought.id}/downloads")
    (new,) = renewed.json()["downloads"]
    assert (await box.shop.client.get(old["url"])).status_code == HTTPStatus.NOT_FOUND
    assert (await box.shop.client.get(new["url"])).content == BOOK


async def test_a_bucket_gives_the_file_away_itself_for_a_minute(
    box: Letterbox, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bucket_peer() as peer:
        config = Config(
            media_url="s3://shops",
            media_endpoint=peer.endpoint,
            media_region=REGION,
            media_access_key=ACCESS_KEY,
            media_secret_key=SECRET_KEY,
            media_path_style=True,
        )
        store = media_store(config, clock)
        monkeypatch.setattr(box.engine, "_media", store)
        bought = await sold(box)
        (found,) = await offered(box, bought)
        answer = await box.shop.client.get(found["url"])
        assert answer.status_code == HTTPStatus.SEE_OTHER
        assert "X-Amz-Expires=60" in answer.headers["location"]
        async with httpx.AsyncClient() as browser:
            fetched = await browser.get(answer.headers["location"])
        assert fetched.content == BOOK
        assert fetched.headers["content-type"] == "application/pdf"
        assert "Tea%20%26%20more.pdf" in fetched.headers["content-disposition"]
        assert (await offered(box, bought))[0]["left"] == 4
        await store.close()


async def test_nobody_guesses_a_link(box: Letterbox) -> None:
    bought = await sold(box)
    (found,) = await offered(box, bought)
    head, _, token = found["url"].rpartition("/")
    other = token_for(box.engine, box.store(), bought.id, "order")
    name, _, signed = token.partition(".")
    for wrong in (name, f"{name}.", f"{name}.{other}", f"{name}.{signed[:-2]}AA", f"x.{signed}"):
        answer = await box.shop.client.get(f"{head}/{wrong}")
        assert answer.status_code == HTTPStatus.NOT_FOUND, wrong
    elsewhere = f"/store/second/downloads/{token}"
    assert (await box.shop.client.get(elsewhere)).status_code == HTTPStatus.NOT_FOUND
    assert (await box.shop.client.get(found["url"])).status_code == HTTPStatus.OK


async def test_who_got_all_the_money_back_fetches_no_more(box: Letterbox) -> None:
    bought = await sold(box)
    (found,) = await offered(box, bought)
    part = await admin(box, "POST", f"orders/{bought.id}/refund", json={"amount": 100})
    assert part.is_success, part.text
    await box.settle()
    assert (await box.shop.client.get(found["url"])).status_code == HTTPStatus.OK
    rest = await admin(
        box,
        "POST",
        f"orders/{bought.id}/refund",
        json={},
    )
    assert rest.is_success, rest.text
    await box.settle()
    assert (await now(box, bought)).payment_status == "refunded"
    gone = await box.shop.client.get(found["url"])
    assert gone.status_code == HTTPStatus.GONE
    assert await offered(box, bought) == []


async def test_what_was_sold_stays_when_the_file_is_taken_off(box: Letterbox) -> None:
    product_id = await product(box)
    file_id = await file(box, product_id)
    bought = await order(box, "BOOK")
    await pay(box, bought)
    gone = await admin(box, "DELETE", f"products/{product_id}/files/{file_id}")
    assert gone.status_code == HTTPStatus.NO_CONTENT
    assert (await admin(box, "GET", f"products/{product_id}/files")).json()["files"] == []
    (found,) = await offered(box, bought)
    assert (await box.shop.client.get(found["url"])).content == BOOK


async def test_files_are_not_among_the_public_pictures(box: Letterbox) -> None:
    bought = await sold(box)
    key = await box.value("SELECT key FROM shop.media WHERE store_id = $1")
    assert key.startswith("private/")
    for path in (f"/media/{key}", f"/media/{key.removeprefix('private/')}"):
        assert (await box.shop.client.get(path)).status_code == HTTPStatus.NOT_FOUND
    listed = await admin(box, "GET", "media")
    assert listed.json()["media"] == []
    assert urlsplit((await offered(box, bought))[0]["url"]).path.startswith(
        "/store/demo/downloads/"
    )


async def test_a_file_that_is_kept_is_attached_to_another_product(box: Letterbox) -> None:
    first, second = await product(box, "BOOK"), await product(box, "BUNDLE")
    await file(box, first)
    (kept,) = (await admin(box, "GET", f"products/{first}/files")).json()["files"]
    terms = {"media_id": kept["media_id"], "days": 2, "downloads": 1}
    answer = await admin(box, "POST", f"products/{second}/files/attach", json=terms)
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    attached = answer.json()["file"]
    assert (attached["media_id"], attached["title"]) == (kept["media_id"], "Tea & more.pdf")
    bought = await order(box, "BUNDLE")
    await pay(box, bought)
    (found,) = await offered(box, bought)
    assert (await box.shop.client.get(found["url"])).content == BOOK


async def test_nothing_but_a_file_of_the_store_is_attached(box: Letterbox) -> None:
    book = await product(box)
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "PNG")
    picture = await admin(box, "POST", "media", content=drawn.getvalue())
    for wrong in (picture.json()["media"]["id"], str(uuid4())):
        path = f"products/{book}/files/attach"
        refused = await admin(box, "POST", path, json={"media_id": wrong})
        assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        errors = [(one["path"], one["code"]) for one in refused.json()["errors"]]
        assert errors == [("media_id", "unknown")]


async def test_only_digital_products_deliver_files(box: Letterbox) -> None:
    cup = await product(box, "CUP", kind="physical")
    refused = await admin(box, "POST", f"products/{cup}/files", content=BOOK)
    assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.CONFLICT, "not_digital")
    book = await product(box)
    for query in ("days=0", "downloads=0", "days=99999"):
        refused = await admin(box, "POST", f"products/{book}/files?{query}", content=BOOK)
        assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert refused.json()["errors"][0]["path"] == query.partition("=")[0]


def test_names_of_files_cannot_leave_their_header() -> None:
    assert disposition('a"b\r\n;é.pdf') == (
        "attachment; filename=\"a_b__;_.pdf\"; filename*=UTF-8''a%22b%0D%0A%3B%C3%A9.pdf"
    )
