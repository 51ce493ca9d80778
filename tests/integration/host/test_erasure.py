"""A customer is erased: whatever they did, nothing in the database says who they were."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from tests.support.letterbox import Letterbox, open_letterbox
from tests.support.lives import (
    BARAKA,
    BOOK,
    ZAWADI,
    Dump,
    Lived,
    asked,
    audited,
    dump,
    prepared,
    rows_of,
)
from tests.support.storefront import refused
from tests.support.waiting import until_waiting
from tradewind.carts.keeping.service import note_abandoned
from tradewind.cases.plugins import record_failure
from tradewind.cases.service import NewCase, open_case
from tradewind.checkout.links import token_for
from tradewind.checkout.service import payment_reported
from tradewind.contracts.money import Money
from tradewind.contracts.payment import Fact, PaymentResult
from tradewind.database.sessions import NewSession, csrf_of, open_session
from tradewind.outbox.live import LiveBoard
from tradewind.stores.staff import Role, create_account, put_member
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.signed_in import CSRF_HEADER, cookie_name

# Where somebody's name, number, address or street stands before they are erased.
FOUND = """
    control.jobs control.live_messages control.webhook_inbox shop.addresses shop.audit_log
    shop.carts shop.cases shop.conversations shop.credit_entries shop.customer_channel_opt_in
    shop.customer_identities shop.customers shop.events shop.idempotency_keys shop.message_bodies
    shop.messaging_log shop.one_time_codes shop.order_events shop.orders shop.payment_sessions
    shop.plugin_settings shop.promotion_shoppers shop.refunds shop.shipments shop.subscriptions
""".split()


@pytest_asyncio.fixture
async def box(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Letterbox]:
    async with open_letterbox(database_urls, clock) as opened:
        yield opened


async def left_over(box: Letterbox, lived: Lived) -> None:
    """What plugins, workers and parts to come leave behind of somebody, beside all that."""
    who, store = lived.who, box.store()
    await LiveBoard(box.engine.database, store).publish("desk", {"from": who.wa})
    plugin = "push" if who is ZAWADI else "email"
    for words in (f"KeyError: '{who.name.upper()}'", f"ValueError: no {who.email} here"):
        await record_failure(box.engine, store, plugin, "start", words)
    subject, customer = lived.book["id"], (await lived.ids())[0]
    case = NewCase(
        kind="late_payment",
        dedupe_key=subject,
        title=f"Money of {who.email}",
        subject_type="order",
        subject_id=subject,
        evidence={"payer": who.name, "phone": who.wa},
    )
    async with box.engine.database.transaction(store.id) as tx:
        await open_case(tx, case)
        await note_abandoned(tx)
        await tx.execute(
            """INSERT INTO control.jobs (id, kind, store_id, payload, state, run_at, created_at)
               VALUES ($1, 'send_code', $2, jsonb_build_object('identity', $3::text), 'dead',
                       $4, $4)""",
            tx.new_id(),
            tx.store_id,
            who.email,
            tx.now,
        )
        await tx.execute(
            """INSERT INTO shop.subscriptions
                   (store_id, id, customer_id, status, interval_unit, interval_count, currency,
                    lines, shipping_address, created_at)
               VALUES ($1, $2, $3, 'active', 'month', 1, 'KES', '[]', $4, $5)""",
            tx.store_id,
            tx.new_id(),
            customer,
            msgspec.json.encode(who.home).decode(),
            tx.now,
        )
        await tx.execute(
            """UPDATE shop.shipments SET tracking_url = 'https://parcels.example/' || $3
               WHERE store_id = $1 AND order_id = $2""",
            tx.store_id,
            UUID(subject),
            who.email,
        )
    await box.settle()


async def test_nothing_says_who_somebody_was_and_others_keep_all(
    box: Letterbox, superuser: "asyncpg.Connection[Any]", clock: ManualClock
) -> None:
    await prepared(box)
    zawadi, baraka = Lived(box, ZAWADI), Lived(box, BARAKA)
    for one in (zawadi, baraka):
        await one.lives()
    clock.advance(5 * 60 * 60)
    for one in (zawadi, baraka):
        await left_over(box, one)
    before = await dump(box, superuser)
    for who in (ZAWADI, BARAKA):
        assert set(FOUND) <= set(rows_of(before, who))
    pictures = await kept_pictures(box)
    customers = await zawadi.ids()
    assert len(customers) == 2
    for customer in customers:
        answer = await asked(box, customer)
        assert answer.status_code == HTTPStatus.OK, answer.text
    after = await dump(box, superuser)
    assert rows_of(after, ZAWADI) == {}
    assert rows_of(after, BARAKA) == rows_of(before, BARAKA)
    assert len(pictures - await kept_pictures(box)) == 1
    await see_what_stays(box, zawadi, before, after)
    assert (await asked(box, customers[0])).status_code == HTTPStatus.OK
    assert await audited(box) == [(str(one), "key") for one in reversed(customers)]
    await box.shop.says(ZAWADI.wa, "hi")
    assert not set(await zawadi.ids()) & set(customers), "who writes again is somebody new"


async def kept_pictures(box: Letterbox) -> set[str]:
    """What shoppers sent and is kept, as far as its bytes are there."""
    async with box.engine.database.transaction(box.store().id) as tx:
        rows = await tx.fetch(
            "SELECT key FROM shop.media WHERE store_id = $1 AND kind = 'received'", tx.store_id
        )
    return {row[0] for row in rows if await box.engine.media.size(row[0]) is not None}


async def see_what_stays(box: Letterbox, lived: Lived, before: Dump, after: Dump) -> None:
    """The books are as they were, the tax office knows where, and what was bought can be had."""
    for table in ("payments", "payment_facts", "ledger_transfers", "line_adjustments"):
        assert len(after[f"shop.{table}"]) == len(before[f"shop.{table}"]) > 0
    for table in ("ledger_transfers", "payment_facts", "stock_movements", "downloads"):
        assert sorted(after[f"shop.{table}"]) == sorted(before[f"shop.{table}"])
    kept = (await box.shop.admin("GET", f"/admin/orders/{lived.book['id']}"))["order"]
    amounts = ("number", "total", "tax_total", "discount_total", "currency", "payment_status")
    assert {name: kept[name] for name in amounts} == {
        **{name: lived.book[name] for name in amounts},
        "payment_status": "paid",
    }
    assert (kept["email"], kept["metadata"]) == (None, {})
    place = {key: value for key, value in kept["shipping_address"].items() if value}
    assert place == {"country_code": "ke", "province": "Nairobi County"}
    assert (await lived.visitor.calls("GET", "customers/me")).status_code == HTTPStatus.UNAUTHORIZED
    lived.visitor.token = ""
    token = token_for(box.engine, box.store(), UUID(lived.book["id"]), "order")
    shown = await lived.visitor.calls("GET", f"orders/{lived.book['id']}?token={token}")
    assert (await box.shop.client.get(shown.json()["order"]["downloads"][0]["url"])).content == BOOK
    named = {"Idempotency-Key": lived.as_guest}
    again = await lived.visitor.calls("POST", "carts", {}, **named)
    refused(again, HTTPStatus.CONFLICT, "answer_not_kept")


async def test_whoever_is_still_to_be_served_is_not_erased(box: Letterbox) -> None:
    await prepared(box)
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    (customer,) = await lived.ids()
    cart = (await lived.does("POST", "carts", {}))["cart"]
    await lived.puts(cart, "TEA-PURPLE")
    push = {"provider_id": "push", "inputs": {"phone": f"+{ZAWADI.wa}"}}
    await lived.does("POST", f"carts/{cart['id']}/payment-sessions", push)
    refused(await asked(box, customer), HTTPStatus.CONFLICT, "customer_has_open_payments")
    order = await lived.buys("COF-250")
    refused(await asked(box, customer), HTTPStatus.CONFLICT, "customer_has_open_orders")
    assert await audited(box) == []
    assert (await lived.visitor.sees("me"))["customer"]["email"] == ZAWADI.email
    await lived.closes(order)
    assert (await asked(box, customer)).status_code == HTTPStatus.OK


@pytest.mark.parametrize("table", ["conversations", "carts"])
async def test_an_erasure_waits_for_what_is_being_said_or_bought(
    box: Letterbox, superuser: "asyncpg.Connection[Any]", table: str
) -> None:
    await box.shop.talks(ZAWADI.wa, "hi", "ADD TEA-250")
    (row,) = await superuser.fetch(f"SELECT id, customer_id FROM shop.{table}")
    touched = f"UPDATE shop.{table} SET customer_id = customer_id WHERE id = $1"
    async with superuser.transaction():
        await superuser.execute(touched, row["id"])
        asking = asyncio.create_task(asked(box, row["customer_id"]))
        await until_waiting(superuser)
        await superuser.execute(touched, row["id"])
    assert (await asking).status_code == HTTPStatus.OK


async def test_only_an_owner_erases_and_only_their_own_customers(box: Letterbox) -> None:
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    (customer,) = await lived.ids()
    roles: tuple[tuple[Role, str], ...] = (("read_only", "read_only"), ("staff", "owner_only"))
    for role, code in roles:
        headers = await staff(box, role)
        refused(await asked(box, customer, **headers), HTTPStatus.FORBIDDEN, code)
    second = {"Authorization": f"Bearer {box.shop.branches['second'].secret_key}"}
    refused(await asked(box, customer, **second), HTTPStatus.NOT_FOUND, "not_found")
    refused(await asked(box, uuid4()), HTTPStatus.NOT_FOUND, "not_found")
    assert await lived.ids() == [customer]
    answer = await asked(box, customer, **await staff(box, "owner"))
    assert answer.status_code == HTTPStatus.OK
    assert await audited(box) == [(str(customer), "account")]


async def test_an_erasure_is_told_by_the_id_alone_and_again_when_it_is_repeated(
    box: Letterbox,
) -> None:
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    (customer,) = await lived.ids()
    for _ in range(2):
        assert (await asked(box, customer)).status_code == HTTPStatus.OK
    told = await box.shop.admin("GET", "/admin/events?type=customer.erased")
    payloads = [one["payload"] for one in told["events"]]
    shared = {"type", "id", "store_id", "occurred_at"}
    own = [{key: one[key] for key in one.keys() - shared} for one in payloads]
    assert own == [{"customer_id": str(customer), "sequence": number} for number in (1, 2)]


async def staff(box: Letterbox, role: Role) -> dict[str, str]:
    """What somebody of the staff sends along."""
    async with box.engine.database.transaction(box.store().id) as tx:
        account = await create_account(tx, f"{role}-{tx.new_id()}@example.com")
        await put_member(tx, account.id, role, "test")
    new = NewSession(kind="staff", account_id=account.id)
    opened = await open_session(box.engine.database, new)
    cookie = f"{cookie_name(box.engine)}={opened.token}"
    return {"Cookie": cookie, CSRF_HEADER: csrf_of(opened.token)}


async def test_money_that_comes_after_all_is_a_case_and_not_an_order_of_nobody(
    box: Letterbox, clock: ManualClock
) -> None:
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    (customer,) = await lived.ids()
    cart = (await lived.does("POST", "carts", {}))["cart"]
    await lived.puts(cart, "TEA-PURPLE")
    push = {"provider_id": "push", "inputs": {"phone": f"+{ZAWADI.wa}"}}
    await lived.does("POST", f"carts/{cart['id']}/payment-sessions", push)
    clock.advance(20 * 60)
    await box.settle()
    assert (await asked(box, customer)).status_code == HTTPStatus.OK
    async with box.engine.database.transaction(box.store().id) as tx:
        (payment_id, amount), *_ = await tx.fetch(
            "SELECT id, amount FROM shop.payments WHERE store_id = $1", tx.store_id
        )
    fact = Fact(
        kind="capture",
        object_id="late",
        status="succeeded",
        amount=Money(amount, "KES"),
        at=clock.now(),
    )
    result = PaymentResult(status="succeeded", facts=[fact])
    await payment_reported(box.engine, box.store(), payment_id, result, "webhook")
    (case,) = (await box.shop.admin("GET", "/admin/cases?state=open"))["cases"]
    assert (case["kind"], case["amount"]) == ("paid_not_placed", amount)
    assert (await box.shop.admin("GET", "/admin/orders"))["orders"] == []
