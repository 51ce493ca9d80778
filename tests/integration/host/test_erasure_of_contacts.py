"""What is known of an address or a number is forgotten where it is theirs alone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tests.support.letterbox import Letterbox, open_letterbox
from tests.support.lives import BARAKA, ZAWADI, Lived, asked, dump, prepared, rows_of
from tradewind.cases.plugins import record_failure
from tradewind.cases.service import NewCase, open_case
from tradewind.contracts.channel import Sender
from tradewind.customers import service as customers
from tradewind.orders.service import get_order
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls


@pytest_asyncio.fixture
async def box(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Letterbox]:
    async with open_letterbox(database_urls, clock) as opened:
        yield opened


async def test_an_address_that_others_told_too_stays_with_them(box: Letterbox) -> None:
    await prepared(box)
    store, shop = box.store(), box.shop
    body = {"email": ZAWADI.email, "name": "Told only"}
    told = (await shop.admin("POST", "/admin/customers", body))["customer"]["id"]
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    lived.visitor.token = ""
    order = await lived.buys("TEA-PURPLE")
    await lived.visitor.signs_in()
    assert (await asked(box, told)).status_code == HTTPStatus.OK
    assert (await lived.visitor.sees("me"))["customer"]["email"] == ZAWADI.email
    async with box.engine.database.transaction(store.id) as tx:
        kept = await get_order(tx, UUID(order["id"]))
    assert kept.email == ZAWADI.email


async def desk_case(box: Letterbox, subject: str, phone: str) -> UUID:
    """Something to decide, with a number in its evidence."""
    case = NewCase(
        kind="late_payment",
        dedupe_key=f"{subject}:{phone[-3:]}",
        title="Late",
        subject_type="customer",
        subject_id=subject,
        evidence={"phone": phone},
    )
    async with box.engine.database.transaction(box.store().id) as tx:
        return await open_case(tx, case)


async def test_a_number_that_others_have_too_stays_with_them(box: Letterbox) -> None:
    alone = "254733000999"
    await box.shop.says(BARAKA.wa, "hi")
    (baraka,) = await Lived(box, BARAKA).ids()
    cases = [await desk_case(box, str(baraka), one) for one in (BARAKA.wa, alone)]
    for phone in (BARAKA.wa, alone):
        body = {"phone": f"+{phone}", "name": "Told only"}
        told = (await box.shop.admin("POST", "/admin/customers", body))["customer"]["id"]
        assert (await asked(box, told)).status_code == HTTPStatus.OK
    kept = [(await box.shop.admin("GET", f"/admin/cases/{one}"))["case"] for one in cases]
    assert [one["evidence"] for one in kept] == [{"phone": BARAKA.wa}, {}]


async def test_an_address_that_somebody_else_has_proved_stays_with_them(box: Letterbox) -> None:
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    (zawadi,) = await lived.ids()
    query = "SELECT count(*) FROM shop.messaging_log WHERE store_id = $1 AND identity = $2"
    letters = await box.value(query, ZAWADI.email)
    assert letters
    admin = box.shop.admin
    await admin("POST", f"/admin/customers/{zawadi}", {"email": "another@example.com"})
    body = {"email": ZAWADI.email, "name": "Told only"}
    told = (await admin("POST", "/admin/customers", body))["customer"]["id"]
    assert (await asked(box, told)).status_code == HTTPStatus.OK
    assert await box.value(query, ZAWADI.email) == letters


async def test_what_was_said_when_a_case_was_closed_is_in_the_audit_log_no_more(
    box: Letterbox, superuser: "asyncpg.Connection[Any]"
) -> None:
    await box.shop.says(ZAWADI.wa, "hi")
    (zawadi,) = await Lived(box, ZAWADI).ids()
    case = await desk_case(box, str(zawadi), ZAWADI.wa)
    said = {"resolution": f"Spoke to {ZAWADI.name}"}
    await box.shop.admin("POST", f"/admin/cases/{case}/close", said)
    assert "shop.audit_log" in rows_of(await dump(box, superuser), ZAWADI)
    assert (await asked(box, zawadi)).status_code == HTTPStatus.OK
    assert rows_of(await dump(box, superuser), ZAWADI) == {}


async def test_what_was_said_of_money_is_forgotten_also_of_a_part_of_a_payment(
    box: Letterbox, superuser: "asyncpg.Connection[Any]"
) -> None:
    """A case about a refund or a capture says nothing of whose it is."""
    lived = Lived(box, ZAWADI)
    await prepared(box)
    await lived.visitor.signs_in()
    await lived.closes(await lived.buys("TEA-PURPLE"))
    (zawadi,) = await lived.ids()
    captured = """
        INSERT INTO shop.captures
            (store_id, id, payment_id, order_id, request_id, operation_id, currency, amount,
             held, captured, status, actor, created_at, updated_at)
        SELECT store_id, id, payment_id, order_id, 'held', operation_id || 'c', currency,
               amount, amount, 0, 'failed', actor, created_at, created_at
        FROM shop.refunds WHERE store_id = $1 RETURNING id"""
    parts = {
        "refund": await box.value("SELECT id FROM shop.refunds WHERE store_id = $1"),
        "capture": await box.value(captured),
    }
    for kind, part in parts.items():
        case = NewCase(
            kind=f"{kind}_failed",
            dedupe_key=f"{kind}:{part}",
            title="It came to nothing",
            subject_type=kind,
            subject_id=str(part),
        )
        async with box.engine.database.transaction(box.store().id) as tx:
            opened = await open_case(tx, case)
        said = {"resolution": f"Spoke to {ZAWADI.name}"}
        await box.shop.admin("POST", f"/admin/cases/{opened}/close", said)
    found = rows_of(await dump(box, superuser), ZAWADI)
    assert len(found["shop.cases"]) == len(parts)
    assert (await asked(box, zawadi)).status_code == HTTPStatus.OK
    assert rows_of(await dump(box, superuser), ZAWADI) == {}


async def test_a_plugin_in_quarantine_stays_there_and_says_no_more_whom_it_failed(
    box: Letterbox, superuser: "asyncpg.Connection[Any]"
) -> None:
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    (zawadi,) = await lived.ids()
    for where in "abcd":
        await record_failure(box.engine, box.store(), "push", where, "KeyError: 'elsewhere'")
    assert await record_failure(box.engine, box.store(), "push", "e", f"KeyError: {ZAWADI.email}")
    tables = {"shop.audit_log", "shop.cases", "shop.plugin_settings"}
    assert tables <= set(rows_of(await dump(box, superuser), ZAWADI))
    assert (await asked(box, zawadi)).status_code == HTTPStatus.OK
    assert rows_of(await dump(box, superuser), ZAWADI) == {}
    shown = await box.shop.admin("GET", "/admin/plugins/push")
    assert shown["quarantined_at"]
    assert [(one["where"], one["error"]) for one in shown["defects"]] == [
        *((where, "KeyError: 'elsewhere'") for where in "abcd"),
        ("e", ""),
    ]


async def came(box: Letterbox, lane: str, body: str, state: str, attempts: int = 12) -> UUID:
    """A webhook as it stands in the inbox; one that is dead is a case."""
    async with box.engine.database.transaction(box.store().id) as tx:
        item = tx.new_id()
        await tx.execute(
            """INSERT INTO control.webhook_inbox
                   (id, plugin, store_id, lane, dedupe_key, body, state, attempts, received_at,
                    run_at)
               VALUES ($1, 'whatsapp', $2, $3, $1::uuid::text, $4, $5, $6, $7, $8)""",
            item,
            tx.store_id,
            lane,
            body.encode(),
            state,
            attempts,
            tx.now,
            tx.now + timedelta(hours=3),
        )
        case = NewCase(
            kind="dead_letter",
            dedupe_key=f"inbox:{item}",
            title="It could not be handled",
            subject_type="webhook_inbox",
            subject_id=str(item),
            actions=("replay", "close"),
        )
        if state == "dead":
            await open_case(tx, case)
    return item


async def test_webhooks_that_could_not_be_handled_go_and_so_do_their_cases(
    box: Letterbox,
) -> None:
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    await box.shop.says(ZAWADI.wa, "hi")
    loud, quoted = ZAWADI.email.upper(), ZAWADI.email.replace("@", "%40")
    gone = [
        await came(box, ZAWADI.wa, "{}", "dead"),
        await came(box, ZAWADI.wa, "{}", "pending", 3),
        await came(box, "who-knows-1", f'{{"payer": "{loud}"}}', "dead"),
        await came(box, "who-knows-2", f"email={quoted}&ok=1", "done"),
    ]
    kept = [
        await came(box, BARAKA.wa, "{}", "dead"),
        await came(box, "who-knows-3", f'{{"payer": "{ZAWADI.email}"}}', "pending", 3),
    ]
    for customer in await lived.ids():
        assert (await asked(box, customer)).status_code == HTTPStatus.OK
    inbox = (await box.shop.admin("GET", "/admin/webhook-inbox?limit=100"))["webhook_inbox"]
    left = {UUID(one["id"]) for one in inbox}
    assert left & {*gone, *kept} == set(kept)
    on_desk = (await box.shop.admin("GET", "/admin/cases?state=open"))["cases"]
    assert [one["subject_id"] for one in on_desk] == [str(kept[0])]


async def test_a_number_told_for_an_order_alone_is_found_in_what_failed(box: Letterbox) -> None:
    await prepared(box)
    lived = Lived(box, ZAWADI)
    await lived.visitor.signs_in()
    (zawadi,) = await lived.ids()
    await lived.closes(await lived.buys("TEA-PURPLE"))
    code = "SELECT count(*) FROM shop.one_time_codes WHERE store_id = $1 AND identity = $2"
    await lived.visitor.asks(phone=f"+{ZAWADI.wa}")
    assert await box.value(code, f"+{ZAWADI.wa}") == 1
    await record_failure(box.engine, box.store(), "push", "start", f"KeyError: {ZAWADI.wa}")
    assert (await asked(box, zawadi)).status_code == HTTPStatus.OK
    shown = await box.shop.admin("GET", "/admin/plugins/push")
    assert [one["error"] for one in shown["defects"]] == [""]
    assert await box.value(code, f"+{ZAWADI.wa}") == 0


async def test_the_answer_names_who_else_has_the_same_contact(box: Letterbox) -> None:
    admin, lived = box.shop.admin, Lived(box, ZAWADI)
    await box.shop.says(ZAWADI.wa, "hi")
    (chat,) = await lived.ids()
    await admin("POST", f"/admin/customers/{chat}", {"email": ZAWADI.email.title()})
    await lived.visitor.signs_in()
    (account,) = [one for one in await lived.ids() if one != chat]
    by_number = {"phone": f"+{ZAWADI.wa}", "email": BARAKA.email}
    desk = (await admin("POST", "/admin/customers", by_number))["customer"]["id"]
    stranger = (await admin("POST", "/admin/customers", {"email": BARAKA.email}))["customer"]["id"]
    async with box.engine.database.transaction(box.store().id) as tx:
        other = await customers.for_identity(
            tx, "telegram", Sender(identity="z-77", phone=f"+{ZAWADI.wa}")
        )

    async def others(customer: UUID | str) -> list[tuple[str, str, bool]]:
        answer = await asked(box, customer)
        assert answer.status_code == HTTPStatus.OK, answer.text
        return [
            (one["customer_id"], one["contact"], one["proved"])
            for one in answer.json()["also_known_as"]
        ]

    assert await others(stranger) == [], "what both only told proves nothing"
    assert await others(account) == [(str(chat), "email", False)]
    found = [(str(desk), "phone", False), (str(other.id), "phone", True)]
    assert await others(chat) == sorted(found)
    assert await others(chat) == [], "who is erased is known by nothing"
    assert await others(other.id) == [(desk, "phone", False)]


@pytest.mark.parametrize("first", ["chat", "account"])
async def test_a_number_told_for_a_delivery_leads_to_whoever_is_known_by_it(
    box: Letterbox, first: str
) -> None:
    await prepared(box)
    lived = Lived(box, ZAWADI)
    await box.shop.says(ZAWADI.wa, "hi")
    (chat,) = await lived.ids()
    await lived.visitor.signs_in()
    (account,) = [one for one in await lived.ids() if one != chat]
    await lived.closes(await lived.buys("TEA-PURPLE"))
    erased, other = (chat, account) if first == "chat" else (account, chat)
    answer = await asked(box, erased)
    assert answer.json() == {
        "also_known_as": [{"customer_id": str(other), "contact": "phone", "proved": False}]
    }
