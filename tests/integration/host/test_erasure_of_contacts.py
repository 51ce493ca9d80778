"""What is known of an address or a number is forgotten where it is theirs alone."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any
from uuid import UUID

import asyncpg
import pytest_asyncio

from tests.support.letterbox import Letterbox, open_letterbox
from tests.support.lives import BARAKA, ZAWADI, Lived, asked, dump, prepared, rows_of
from tradewind.cases.service import NewCase, open_case
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
    assert (await asked(box, told)).status_code == HTTPStatus.NO_CONTENT
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
        assert (await asked(box, told)).status_code == HTTPStatus.NO_CONTENT
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
    assert (await asked(box, told)).status_code == HTTPStatus.NO_CONTENT
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
    assert (await asked(box, zawadi)).status_code == HTTPStatus.NO_CONTENT
    assert rows_of(await dump(box, superuser), ZAWADI) == {}
