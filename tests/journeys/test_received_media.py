"""What shoppers send in a chat: fetched from the Graph API, kept for staff alone, forgotten."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.support.shop import AMINA, BRIAN, GRAPH, NUMBERS, SHOP, Failed, Shop
from tradewind.contracts.errors import NotFound
from tradewind.database.sessions import NewSession, open_session
from tradewind.messaging.received import service as received
from tradewind.outbox.rules import MAX_ATTEMPTS
from tradewind.stores.service import change_settings
from tradewind.stores.staff import create_account, put_member
from tradewind_host.signed_in import cookie_name

JPEG = b"\xff\xd8\xff\xe0" + b"a picture of tea" * 20
DAY = 24 * 60 * 60.0
PDF = b"%PDF-1.7 a receipt"


async def uploaded(shop: Shop, content: bytes, mime: str, store: str = "demo") -> str:
    """Media that lies at the Graph API, as after a shopper has sent it; its id."""
    answer = await shop.sandbox.post(
        f"/v23.0/{NUMBERS[store]}/media",
        headers={"Authorization": f"Bearer token-of-{store}"},
        data={"messaging_product": "whatsapp", "type": mime},
        files={"file": ("file", content, mime)},
    )
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


async def picture(shop: Shop, content: bytes = JPEG, **more: str) -> dict[str, Any]:
    """A `messages[]` object with a picture."""
    media_id = await uploaded(shop, content, "image/jpeg")
    return {"type": "image", "image": {"id": media_id, "mime_type": "image/jpeg", **more}}


async def first(shop: Shop, phone: str = AMINA) -> dict[str, Any]:
    """The first message of a person, as the merchant's inbox has it."""
    return next(m for m in await shop.messages(phone) if m["direction"] == "in")


async def fetched(shop: Shop, url: str, store: str = "demo") -> httpx.Response:
    """What a store's secret key reads there."""
    headers = {"Authorization": f"Bearer {shop.branches[store].secret_key}"}
    return await shop.client.get(url, headers=headers)


async def decided(shop: Shop, **values: Any) -> None:
    """The merchant changes settings of the store."""
    async with shop.engine.database.transaction(shop.branches["demo"].store.id) as tx:
        await change_settings(tx, values, "test")


def key(shop: Shop, message: Mapping[str, Any]) -> str:
    """Where the bytes of a message lie."""
    return f"private/{shop.branches['demo'].store.id}/received/{message['id']}"


async def test_a_picture_is_kept_and_only_the_stores_own_staff_sees_it(shop: Shop) -> None:
    await shop.sends(AMINA, await picture(shop, caption="This one?"))

    media = (await first(shop))["media"]

    message = await first(shop)
    assert media == {
        "content_type": "image/jpeg",
        "bytes": len(JPEG),
        "name": "image.jpg",
        "url": f"http://{SHOP}/admin/media/received/{message['id']}",
    }
    answer = await fetched(shop, media["url"])
    assert (answer.status_code, answer.content) == (200, JPEG)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; sandbox")
    assert answer.headers["cache-control"] == "private, no-store"
    assert (await shop.client.get(media["url"])).status_code == 401
    assert (await fetched(shop, media["url"], "second")).status_code == 404
    public = await shop.client.get(f"/media/demo/received/{message['id']}")
    assert public.status_code == 404


async def test_the_inbox_shows_pictures_and_links_files(shop: Shop) -> None:
    await shop.sends(AMINA, await picture(shop))
    file = {"id": await uploaded(shop, PDF, "application/pdf"), "mime_type": "application/pdf"}
    await shop.sends(AMINA, {"type": "document", "document": {**file, "filename": "../<bill>.pdf"}})
    shown, linked = [m for m in await shop.messages(AMINA) if m["direction"] == "in"]
    talks = (await shop.admin("GET", "/admin/conversations"))["conversations"]

    async with shop.engine.database.transaction(shop.branches["demo"].store.id) as tx:
        account = await create_account(tx, "clerk@demo.example")
        await put_member(tx, account.id, "read_only", "test")
    session = await open_session(
        shop.engine.database, NewSession(kind="staff", account_id=account.id)
    )
    cookie = {"Cookie": f"{cookie_name(shop.engine)}={session.token}"}
    page = await shop.client.get(f"/dashboard/whatsapp/{talks[0]['id']}", headers=cookie)

    assert f'<img src="/admin/media/received/{shown["id"]}" alt="A picture"' in page.text
    assert "&lt;bill&gt;.pdf</a>" in page.text
    saved = await shop.client.get(linked["media"]["url"], headers=cookie)
    assert saved.content == PDF
    assert saved.headers["content-disposition"].startswith('attachment; filename="bill .pdf"')


async def test_the_type_is_that_of_the_bytes_and_nothing_but_pictures_is_shown(shop: Shop) -> None:
    page = b"<html><script>alert(1)</script>"
    await shop.sends(AMINA, await picture(shop, page))
    media = (await first(shop))["media"]
    assert media["content_type"] == "application/octet-stream"
    answer = await fetched(shop, media["url"])
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_fault_of_the_graph_api_is_tried_again(shop: Shop) -> None:
    message = await picture(shop)
    broken = True

    async def fault(request: httpx.Request) -> httpx.Response | None:
        fetching = request.url.host == GRAPH and request.method == "GET"
        attachments = "attachments" in request.url.path
        return httpx.Response(503) if broken and fetching and attachments else None

    shop.network.fault = fault
    with pytest.raises(Failed, match="keep_received"):
        await shop.sends(AMINA, message)
    assert "token-of-demo" not in "".join(await shop.faults())
    broken = False
    shop.clock.advance(5)
    await shop.settle()
    assert (await first(shop))["media"]["bytes"] == len(JPEG)
    assert len(await shop.messages(AMINA)) == 2


async def test_the_same_webhook_again_keeps_nothing_twice(shop: Shop) -> None:
    message = {**await picture(shop), "id": "wamid.once"}
    await shop.sends(AMINA, message)
    await shop.sends(AMINA, message)
    pool = shop.engine.database.pool
    assert await pool.fetchval("SELECT count(*) FROM control.jobs") == 0
    assert sum(m["media"] is not None for m in await shop.messages(AMINA)) == 1


async def test_what_is_too_large_is_not_kept_and_the_message_says_so(shop: Shop) -> None:
    await decided(shop, inbound_media_megabytes=1)
    await shop.sends(AMINA, await picture(shop, JPEG + b"x" * 1_000_000))
    message = await first(shop)
    assert (message["media"], message["status"]) == (None, "failed")
    assert message["error_code"] == "media_too_large"
    assert message["error"] == "It has more than 1 MB."
    assert await shop.engine.media.size(key(shop, message)) is None


async def test_what_is_gone_at_the_provider_is_noted_on_the_message(shop: Shop) -> None:
    await shop.sends(AMINA, {"type": "image", "image": {"id": "4711", "mime_type": "image/jpeg"}})
    message = await first(shop)
    assert (message["media"], message["error_code"]) == (None, "media_gone")


async def test_what_was_sent_is_forgotten_after_the_stores_days(shop: Shop) -> None:
    await decided(shop, inbound_media_days=3)
    await shop.sends(AMINA, await picture(shop))
    shop.clock.advance(2 * DAY)
    await shop.sends(BRIAN, await picture(shop))
    old, new = await first(shop), await first(shop, BRIAN)

    shop.clock.advance(DAY)
    await shop.worker._schedules()["forget_received"][1]()

    assert (await first(shop))["media"] is None
    assert await shop.engine.media.size(key(shop, old)) is None
    assert (await fetched(shop, old["media"]["url"])).status_code == 404
    # The same bytes, sent by somebody else later, are still there.
    assert (await fetched(shop, new["media"]["url"])).content == JPEG


async def test_a_store_that_keeps_nothing_fetches_nothing(shop: Shop) -> None:
    await decided(shop, inbound_media_days=0)
    await shop.sends(AMINA, await picture(shop))
    message = await first(shop)
    assert (message["media"], message["status"]) == (None, None)
    assert await shop.engine.media.size(key(shop, message)) is None


async def test_a_rush_of_pictures_leaves_the_chats_their_turn(shop: Shop) -> None:
    under_way = most = 0

    async def slow(request: httpx.Request) -> httpx.Response | None:
        nonlocal under_way, most
        if request.url.host == GRAPH and "attachments" in request.url.path:
            under_way += 1
            most = max(most, under_way)
            while most < 4:
                await look_around()
            for _ in range(20):
                await look_around()
            under_way -= 1
        return None

    async def look_around() -> None:
        await shop.engine.database.pool.fetchval("SELECT 1")

    phones = [f"2547000002{number:02}" for number in range(8)]
    for phone in phones:
        await shop.arrives(phone, await picture(shop))
    shop.network.fault = slow
    await shop.settle()
    for _ in range(2):
        shop.clock.advance(1)
        await shop.settle()
    assert most == 4
    assert all([(await first(shop, phone))["media"] for phone in phones])


async def test_what_was_erased_while_it_was_fetched_is_not_kept(shop: Shop) -> None:
    message = await picture(shop)
    store = shop.branches["demo"].store

    async def erase(request: httpx.Request) -> httpx.Response | None:
        if "attachments" in request.url.path:
            async with shop.engine.database.transaction(store.id) as tx:
                await tx.execute("DELETE FROM shop.message_bodies WHERE store_id = $1", store.id)
        return None

    shop.network.fault = erase
    await shop.sends(AMINA, message)
    erased = await first(shop)
    assert (erased["body"], erased["media"]) == (None, None)
    assert await shop.engine.media.size(key(shop, erased)) is None


async def test_what_never_comes_becomes_a_case_in_the_end(shop: Shop) -> None:
    message = await picture(shop)

    async def down(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(500) if "attachments" in request.url.path else None

    shop.network.fault = down
    await shop.arrives(AMINA, message)
    for _ in range(MAX_ATTEMPTS + 1):
        await shop.worker.work_off()
        shop.clock.advance(DAY)
    (case,) = (await fetched(shop, "/admin/cases?state=open")).json()["cases"]
    assert (case["kind"], case["subject_type"]) == ("dead_letter", "job")
    assert "keep_received" in case["title"]


async def test_one_file_can_be_removed_by_hand(shop: Shop) -> None:
    await shop.sends(AMINA, await picture(shop))
    message = await first(shop)
    url = message["media"]["url"]
    headers = {"Authorization": f"Bearer {shop.branches['demo'].secret_key}"}
    assert (await shop.client.delete(url, headers=headers)).status_code == 204
    assert (await first(shop))["media"] is None
    assert await shop.engine.media.size(key(shop, message)) is None
    assert (await shop.client.delete(url, headers=headers)).status_code == 404
    log = (await shop.admin("GET", "/admin/audit-log"))["audit_log"]
    assert log[0]["action"] == "media.forgotten"


async def test_what_a_customer_sent_can_be_forgotten_as_a_whole(shop: Shop) -> None:
    for phone in (AMINA, BRIAN):
        await shop.sends(phone, await picture(shop))
    talks = (await shop.admin("GET", "/admin/conversations"))["conversations"]
    amina = next(talk for talk in talks if talk["identity"] == AMINA)
    gone = await first(shop)
    store = shop.branches["demo"].store

    path = f"/admin/customers/{amina['customer_id']}/media"
    headers = {"Authorization": f"Bearer {shop.branches['demo'].secret_key}"}
    assert (await shop.client.delete(path, headers=headers)).status_code == 204

    assert (await first(shop))["media"] is None
    assert await shop.engine.media.size(key(shop, gone)) is None
    async with shop.engine.database.transaction(store.id) as tx:
        with pytest.raises(NotFound):
            await received.get(tx, UUID(gone["id"]))
    assert (await first(shop, BRIAN))["media"] is not None
