"""Paying in the demo from outside: chat, hosted page, Flutterwave's stand-in, letters, the clock.

Everything comes in by real HTTP at a demo that runs as a process of its own.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import pytest_asyncio

from tests.support.demo import Demo, running_demo
from tests.support.place import Place
from tests.support.shoppers import Shopper, link, phones
from tradewind.testing.database import make_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

BODIES = sorted(
    (Path(__file__).parents[2] / "plugins/flutterwave/fixtures").glob("*-webhook-*.json")
)
PATIENCE_SECONDS = 60
ONLINE, PUSH, CARD = "Pay online", "M-Pesa", "Card (Stripe's page)"
NUMBERS = phones()

T = TypeVar("T")


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    folder = make_folder()
    with running_demo(folder) as running:
        yield running
    shutil.rmtree(folder)


@pytest_asyncio.fixture
async def place(demo: Demo) -> AsyncIterator[Place]:
    store = demo.store()
    number = store["whatsapp"]["phone_number_id"]
    found = Place(demo.base_url, demo.sandbox_url, store["secret_key"], number)
    yield found
    await found.close()


async def ordered(place: Place, method: str) -> tuple[Shopper, str]:
    """Somebody new orders in the chat, to pay by `method`; the person and the order's id."""
    shopper = Shopper(place, next(NUMBERS), method)
    return shopper, await shopper.order()


async def detail(place: Place, order_id: str) -> Any:
    return (await place.admin("GET", f"/admin/orders/{order_id}"))["order"]


async def eventually(look: Callable[[], Awaitable[T | None]]) -> T:
    """What `look` finds, as soon as it finds something."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (found := await look()) is None:  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.2)
    return found


async def becomes(place: Place, order_id: str, **wanted: str) -> Any:
    """Wait until the merchant sees the order so."""

    async def look() -> Any:
        order = await detail(place, order_id)
        return order if {name: order[name] for name in wanted} == wanted else None

    return await eventually(look)


async def settled(place: Place, order_id: str, status: str, **more: Any) -> None:
    """The payer finishes at Flutterwave's stand-in."""
    order = await detail(place, order_id)
    body = {"tx_ref": order["payments"][-1]["data"]["tx_ref"], "status": status, **more}
    (await place.sandbox.post("/flutterwave/settle", json=body)).raise_for_status()


async def letters(place: Place, shopper: Shopper, number: int) -> Sequence[Mapping[str, Any]]:
    """Wait for so many letters to a shopper, oldest first."""

    async def look() -> Any:
        query = {"to": f"{shopper.phone}@example.com"}
        found = (await place.sandbox.get("/mail/messages", params=query)).json()
        return found if len(found) >= number else None

    return await eventually(look)


async def case_of(place: Place, kind: str, payment_id: str) -> Any:
    """Wait for an open case about a payment."""

    async def look() -> Any:
        cases = (await place.admin("GET", "/admin/cases?state=open"))["cases"]
        about = [one for one in cases if (one["kind"], one["subject_id"]) == (kind, payment_id)]
        return about[0] if about else None

    return await eventually(look)


async def test_by_link_the_order_is_confirmed_in_the_chat_and_by_mail(place: Place) -> None:
    shopper, order_id = await ordered(place, ONLINE)
    waiting = await detail(place, order_id)
    assert (waiting["status"], waiting["payment_status"]) == ("pending", "awaiting")
    url = next(url for body in await place.heard(shopper.phone) if (url := link(body)))
    assert f"order={order_id}" in url
    assert "/store/demo/checkout?session=wa:" in url
    page = await place.host.get(url)
    assert page.is_success
    assert ONLINE in page.text
    assert (await place.host.get(url.replace("token=", "token=x"))).status_code == 404

    await settled(place, order_id, "successful")
    paid = await becomes(place, order_id, status="processing", payment_status="paid")
    assert paid["payments"][-1]["data"]["link"].startswith("http")
    await shopper.hears("Payment received")
    confirmation, receipt = await letters(place, shopper, 2)
    for letter in (confirmation, receipt):
        assert str(paid["number"]) in letter["subject"]
        assert "Kericho Black Tea" in letter["text"]
        assert f"/store/demo/orders/{order_id}?token=" in letter["html"].replace("&amp;", "&")


async def test_by_card_the_order_is_paid_on_stripes_page(place: Place, demo: Demo) -> None:
    shopper, order_id = await ordered(place, CARD)
    data = (await detail(place, order_id))["payments"][-1]["data"]
    assert data["url"].startswith(demo.sandbox_url)
    declined = await place.sandbox.post(data["url"], data={"number": "4000000000000002"})
    assert declined.status_code == HTTPStatus.PAYMENT_REQUIRED
    paid = await place.sandbox.post(data["url"], data={"number": "4242424242424242"})
    assert paid.headers["Location"].startswith(demo.base_url)
    order = await becomes(place, order_id, status="processing", payment_status="paid")
    await shopper.hears("Payment received")
    await place.admin("POST", f"/admin/orders/{order_id}/refund", {}, key=order_id)
    await becomes(place, order_id, payment_status="refunded")
    books = (await place.sandbox.get("/stripe/books")).json()
    (booked,) = [
        one
        for intents in books.values()
        for one in intents
        if one["checkout_session"] == data["checkout_session_id"]
    ]
    assert booked["amount_received"] == booked["amount_returned"] == order["total"]


async def test_a_push_that_is_approved_pays_the_order(place: Place) -> None:
    shopper, order_id = await ordered(place, PUSH)
    await settled(place, order_id, "successful")
    await becomes(place, order_id, status="processing", payment_status="paid")
    await shopper.hears("Payment received")


async def test_a_push_that_is_rejected_leaves_the_order_waiting_for_another_way(
    place: Place,
) -> None:
    shopper, order_id = await ordered(place, PUSH)
    await settled(place, order_id, "failed")
    told = await shopper.hears("did not go through")
    assert "Another way" in json.dumps(told)
    assert (await detail(place, order_id))["status"] == "pending"


async def test_a_payment_that_nobody_tells_of_is_found_by_asking(place: Place) -> None:
    shopper, order_id = await ordered(place, ONLINE)
    await settled(place, order_id, "successful", webhook=False)
    (await place.sandbox.post("/clock", json={"advance_seconds": 15})).raise_for_status()
    await becomes(place, order_id, status="processing", payment_status="paid")
    await shopper.hears("Payment received")


async def test_a_push_that_is_ignored_is_asked_after_and_the_order_ends_with_its_time(
    place: Place,
) -> None:
    shopper, order_id = await ordered(place, PUSH)
    before = (await place.admin("GET", "/admin/inventory/TEA-250"))["reserved"]
    (await place.sandbox.post("/clock", json={"advance_seconds": 119})).raise_for_status()
    await shopper.hears("not seen your approval")
    (await place.sandbox.post("/clock", json={"advance_seconds": 7200})).raise_for_status()
    await becomes(place, order_id, status="expired")
    await shopper.hears("expired")
    after = (await place.admin("GET", "/admin/inventory/TEA-250"))["reserved"]
    assert after < before

    payment = (await detail(place, order_id))["payments"][-1]
    await settled(place, order_id, "successful")
    case = await case_of(place, "late_payment", payment["id"])
    await place.admin("POST", f"/admin/cases/{case['id']}/refund", {}, key=case["id"])
    order = await becomes(place, order_id, status="expired", payment_status="refunded")
    assert [one["status"] for one in order["payments"][-1]["refunds"]] == ["succeeded"]


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
async def test_a_genuine_webhook_about_a_stranger_is_taken_and_changes_nothing(
    demo: Demo, place: Place, path: Path
) -> None:
    raw, secret = path.read_bytes(), demo.store()["flutterwave"]["secret_hash"]
    url = "/webhooks/flutterwave/demo"
    signature = base64.b64encode(hmac.digest(secret.encode(), raw, hashlib.sha256)).decode()
    signed = {"flutterwave-signature": signature}
    before = await place.admin("GET", "/admin/orders")
    assert (await place.host.post(url, content=raw, headers=signed)).status_code == HTTPStatus.OK
    tampered = raw.replace(b"10", b"11", 1) + b" "
    refused = await place.host.post(url, content=tampered, headers=signed)
    assert refused.status_code == HTTPStatus.UNAUTHORIZED
    plain = await place.host.post(url, content=raw, headers={"verif-hash": secret + "x"})
    assert plain.status_code == HTTPStatus.UNAUTHORIZED
    assert (await place.host.post(url, content=raw)).status_code == HTTPStatus.UNAUTHORIZED
    assert await place.admin("GET", "/admin/orders") == before


def test_there_are_bodies_of_both_versions_to_send() -> None:
    assert {path.name[:2] for path in BODIES} == {"v3", "v4"}


async def test_a_slow_provider_is_told_and_asked_again(place: Place) -> None:
    fault = {"peer": "flutterwave", "kind": "status_500", "count": 1}
    (await place.sandbox.post("/faults", json=fault)).raise_for_status()
    shopper, order_id = await ordered(place, ONLINE)
    assert (await detail(place, order_id))["status"] == "pending"
    await shopper.tries_again()

    async def look() -> Any:
        return (await detail(place, order_id))["payments"][-1]["data"].get("link")

    await eventually(look)
    await settled(place, order_id, "successful")
    await becomes(place, order_id, status="processing", payment_status="paid")


async def test_the_mailbox_page_shows_what_came(place: Place, demo: Demo) -> None:
    async with httpx.AsyncClient() as browser:
        page = await browser.get(demo.ready["sandbox"]["mailbox"])
    assert page.is_success
