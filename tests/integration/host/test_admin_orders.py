"""Orders through the admin API: found, paid, canceled, noted."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import asyncpg
import httpx
import pytest_asyncio

from tests.support.jobs import enqueue
from tests.support.shop import AMINA, BRIAN, Shop, open_shop
from tradewind.carts.rules import CartUpdate, NewCart
from tradewind.carts.service import add_sku, update
from tradewind.cases.service import NewCase, open_case
from tradewind.checkout.service import place
from tradewind.outbox import jobs
from tradewind.outbox.jobs import Job
from tradewind.testing.database import DatabaseUrls


@pytest_asyncio.fixture
async def shop(database_urls: DatabaseUrls) -> AsyncIterator[Shop]:
    async with open_shop(database_urls) as opened:
        yield opened


async def order(shop: Shop, email: str, sku: str = "TEA-PURPLE") -> str:
    """The id of an order for one unit, to be paid in cash."""
    store = shop.branches["demo"].store
    async with shop.engine.database.transaction(store.id) as tx:
        cart = await add_sku(tx, NewCart(source="web", session_id=f"web:{email}"), sku, 1)
        cart = await update(tx, cart, CartUpdate(email=email))
    return str((await place(shop.engine, store, cart.id, "manual", "cash_on_delivery")).id)


async def call(
    shop: Shop, method: str, path: str, body: Any = None, *, key: str | None = None
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {shop.branches['demo'].secret_key}"}
    if key is not None:
        headers["Idempotency-Key"] = key
    return await shop.client.request(method, path, json=body, headers=headers)


async def test_orders_are_listed_newest_first_and_found_by_what_is_known(shop: Shop) -> None:
    first = await order(shop, "amina@example.com")
    second = await order(shop, "brian@example.com", "COF-250")
    listed = (await shop.admin("GET", "/admin/orders"))["orders"]
    assert [one["id"] for one in listed] == [second, first]
    number = listed[1]["number"]
    for query in (f"q={number}", "q=amina@example.com", "q=AMINA"):
        found = (await shop.admin("GET", f"/admin/orders?{query}"))["orders"]
        assert [one["id"] for one in found] == [first], query
    for query in ("payment_status=paid", "source=whatsapp", "to=2020-01-01T00:00:00Z"):
        assert (await shop.admin("GET", f"/admin/orders?{query}"))["orders"] == []
    page = await shop.admin("GET", "/admin/orders?limit=1")
    rest = await shop.admin("GET", f"/admin/orders?limit=1&cursor={page['next_cursor']}")
    assert [one["id"] for one in rest["orders"]] == [first]
    assert rest["next_cursor"] is None
    wrong = await call(shop, "GET", "/admin/orders?status=lost&from=yesterday")
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert {one["path"] for one in wrong.json()["errors"]} == {"status", "from"}


async def test_an_order_shows_lines_totals_history_and_payments(shop: Shop) -> None:
    order_id = await order(shop, "amina@example.com")
    shown = (await shop.admin("GET", f"/admin/orders/{order_id}"))["order"]
    assert (shown["status"], shown["payment_status"]) == ("processing", "awaiting")
    assert (shown["currency"], shown["total"]) == ("KES", 80_000)
    (line,) = shown["lines"]
    assert (line["sku"], line["quantity"], line["unit_price"]) == ("TEA-PURPLE", 1, 80_000)
    assert [entry["type"] for entry in shown["timeline"]] == ["order.placed"]
    (payment,) = shown["payments"]
    assert (payment["provider_id"], payment["method"]) == ("manual", "cash_on_delivery")
    assert (payment["status"], payment["amount"]) == ("awaiting", 80_000)


async def test_an_order_is_marked_paid_once_however_often_the_call_is_repeated(shop: Shop) -> None:
    order_id = await order(shop, "amina@example.com")
    path = f"/admin/orders/{order_id}/mark-paid"
    paid = (await shop.admin("POST", path, {"note": "cash at the door"}))["order"]
    assert (paid["payment_status"], paid["paid_total"]) == ("paid", 80_000)
    await call(shop, "POST", path)
    again = (await shop.admin("GET", f"/admin/orders/{order_id}"))["order"]
    assert again["paid_total"] == 80_000


async def test_money_that_comes_in_parts_adds_up(shop: Shop) -> None:
    order_id = await order(shop, "amina@example.com")
    path = f"/admin/orders/{order_id}/mark-paid"
    part = (await shop.admin("POST", path, {"amount": 30_000}))["order"]
    assert (part["payment_status"], part["paid_total"]) == ("partially_paid", 30_000)
    whole = (await shop.admin("POST", path))["order"]
    assert (whole["payment_status"], whole["paid_total"]) == ("paid", 80_000)
    wrong = await call(shop, "POST", path, {"amount": 0})
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


async def test_money_told_again_because_the_first_answer_was_lost_counts_once(
    shop: Shop, superuser: "asyncpg.Connection[Any]"
) -> None:
    order_id = await order(shop, "amina@example.com")
    path = f"/admin/orders/{order_id}/mark-paid"
    await call(shop, "POST", path, {"amount": 30_000}, key="half-now")
    # The process died after the deed and before the answer was kept; the lease ran out.
    await superuser.execute(
        """UPDATE shop.idempotency_keys
           SET response_status = NULL, leased_until = created_at - interval '1 second'"""
    )
    again = await call(shop, "POST", path, {"amount": 30_000}, key="half-now")
    assert (again.status_code, again.json()["order"]["paid_total"]) == (HTTPStatus.OK, 30_000)
    log = (await shop.admin("GET", "/admin/audit-log"))["audit_log"]
    assert [entry["action"] for entry in log].count("order.marked_paid") == 1


async def test_a_canceled_order_gives_its_stock_back_and_stays_canceled(shop: Shop) -> None:
    order_id = await order(shop, "amina@example.com")
    level = await shop.admin("GET", "/admin/inventory/TEA-PURPLE")
    assert (level["on_hand"], level["reserved"]) == (100, 1)
    path = f"/admin/orders/{order_id}/cancel"
    canceled = (await shop.admin("POST", path, {"reason": "asked for it"}))["order"]
    assert canceled["status"] == "canceled"
    level = await shop.admin("GET", "/admin/inventory/TEA-PURPLE")
    assert (level["on_hand"], level["reserved"], level["available"]) == (100, 0, 100)


async def test_a_note_stands_in_the_history_with_its_author(shop: Shop) -> None:
    order_id = await order(shop, "amina@example.com")
    answer = await call(shop, "POST", f"/admin/orders/{order_id}/notes", {"note": "Call first"})
    assert answer.status_code == HTTPStatus.CREATED
    entry = answer.json()["order"]["timeline"][-1]
    assert (entry["type"], entry["note"]) == ("note", "Call first")
    assert entry["actor"].startswith("key:")
    empty = await call(shop, "POST", f"/admin/orders/{order_id}/notes", {"note": " "})
    assert empty.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


async def test_events_are_listed_from_after_an_event_and_by_type(shop: Shop) -> None:
    for _ in range(2):
        await order(shop, "amina@example.com")
    events = (await shop.admin("GET", "/admin/events?type=order.placed"))["events"]
    assert len(events) == 2
    later = (await shop.admin("GET", f"/admin/events?after={events[0]['id']}"))["events"]
    assert events[0]["id"] not in {event["id"] for event in later}
    assert events[1]["id"] in {event["id"] for event in later}
    assert (await shop.admin("GET", "/admin/events?type=order.canceled"))["events"] == []


async def test_conversations_are_listed_latest_first_with_their_messages(shop: Shop) -> None:
    await shop.says(AMINA, "hi")
    shop.clock.advance(60)
    await shop.says(BRIAN, "hi")
    first = await shop.admin("GET", "/admin/conversations?limit=1")
    (brian,) = first["conversations"]
    rest = await shop.admin("GET", f"/admin/conversations?cursor={first['next_cursor']}")
    (amina,) = rest["conversations"]
    assert (brian["identity"], amina["identity"]) == (BRIAN, AMINA)
    path = f"/admin/conversations/{amina['id']}/messages"
    messages = (await shop.admin("GET", path))["messages"]
    assert {one["direction"] for one in messages} == {"in", "out"}


async def test_the_inbox_shows_what_came_and_works_it_off_again(shop: Shop) -> None:
    await shop.says(AMINA, "hi")
    items = (await shop.admin("GET", "/admin/webhook-inbox?state=done"))["webhook_inbox"]
    assert items
    answer = await call(shop, "POST", f"/admin/webhook-inbox/{items[0]['id']}/replay")
    assert answer.status_code == HTTPStatus.ACCEPTED
    await shop.settle()
    again = (await shop.admin("GET", "/admin/webhook-inbox"))["webhook_inbox"]
    assert {one["state"] for one in again} == {"done"}


async def test_a_case_is_closed_with_what_was_decided(shop: Shop) -> None:
    case_id = await case(shop, "order", "1")
    refused = await call(shop, "POST", f"/admin/cases/{case_id}/replay")
    assert refused.status_code == HTTPStatus.CONFLICT
    path = f"/admin/cases/{case_id}/close"
    closed = (await shop.admin("POST", path, {"resolution": "paid back"}))["case"]
    assert (closed["state"], closed["resolution"]) == ("closed", "paid back")
    assert (await shop.admin("GET", "/admin/cases?state=open"))["cases"] == []
    (kept,) = (await shop.admin("GET", "/admin/cases?state=closed"))["cases"]
    assert kept["id"] == case_id


async def test_a_dead_job_runs_again_from_its_case(shop: Shop) -> None:
    database = shop.engine.database
    store = shop.branches["demo"].store
    expire = Job(kind="expire_order", payload={"order_id": str(store.id)}, store_id=store.id)
    await enqueue(database, expire)
    (job,) = await jobs.take(database, store.id, 1)
    await jobs.bury(database, job.id, "gave up")
    case_id = await case(shop, "job", str(job.id))
    answer = await call(shop, "POST", f"/admin/cases/{case_id}/replay")
    assert (answer.status_code, answer.json()["case"]["state"]) == (HTTPStatus.OK, "closed")
    state = await database.pool.fetchval("SELECT state FROM control.jobs WHERE id = $1", job.id)
    assert state == "ready"


async def case(shop: Shop, subject_type: str, subject_id: str) -> str:
    """The id of a case that offers a replay."""
    async with shop.engine.database.transaction(shop.branches["demo"].store.id) as tx:
        new = NewCase(
            kind="dead_letter",
            dedupe_key="one",
            title="Something was given up",
            subject_type=subject_type,
            subject_id=subject_id,
            actions=("replay", "close"),
        )
        return str(await open_case(tx, new))
