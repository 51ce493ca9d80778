"""Orders in the dashboard: found, shown, and acted on once, by those who may."""

from collections import deque
from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from tests.support.bankhouses import Bankhouse, open_bankhouse
from tests.support.desks import OWNER, READER, SITE, Browser, hire
from tradewind.checkout import service as checkout
from tradewind.checkout.rules import StartRequest
from tradewind.contracts.money import Money
from tradewind.orders.service import add_metadata
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

pytestmark = pytest.mark.usefixtures("cheap_passwords")
STRANGER = "owner@second.example"


@pytest_asyncio.fixture
async def house(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Bankhouse]:
    async with open_bankhouse(database_urls, clock) as opened:
        branches = opened.shop.branches
        await hire(opened.engine, branches["demo"].store, OWNER)
        await hire(opened.engine, branches["demo"].store, READER, "read_only")
        await hire(opened.engine, branches["second"].store, STRANGER)
        yield opened


@pytest_asyncio.fixture
async def owner(house: Bankhouse) -> AsyncIterator[Browser]:
    opened = await at_desk(house, OWNER)
    yield opened
    await opened.client.aclose()


async def at_desk(house: Bankhouse, email: str) -> Browser:
    browser = Browser(house.shop.app, SITE)
    assert (await browser.signs_in(email)).url.path == "/dashboard/orders"
    return browser


async def paid(house: Bankhouse) -> str:
    """The id of an order that was paid at the bank."""
    session = await house.starts(await house.cart())
    await house.tells(session.payment_id, house.books.pays(str(session.payment_id)))
    return str((await house.listed("orders"))[0]["id"])


async def waiting(house: Bankhouse) -> str:
    """The id of an order that waits for its money at the bank."""
    return str((await house.orders(await house.cart())).id)


async def actions(house: Bankhouse, action: str) -> list[Any]:
    log = (await house.shop.admin("GET", "/admin/audit-log"))["audit_log"]
    return [one for one in log if one["action"] == action]


# --- finding and showing -----------------------------------------------------------------------


async def test_orders_are_found_by_every_filter(house: Bankhouse, owner: Browser) -> None:
    first, second = await paid(house), await waiting(house)
    number = (await house.detail(first))["number"]
    today = f"{house.engine.clock.now():%Y-%m-%d}"
    later = f"{house.engine.clock.now() + timedelta(days=2):%Y-%m-%d}"
    for query, found in (
        ("", {first, second}),
        (f"q=%23{number}", {first}),
        ("q=AMINA%40example", {first, second}),
        ("q=nobody", set()),
        ("status=pending", {second}),
        ("payment_status=paid", {first}),
        ("fulfillment_status=shipped", set()),
        ("source=web", {first, second}),
        ("source=whatsapp", set()),
        (f"from={today}&to={today}", {first, second}),
        (f"from={later}", set()),
        ("status=&payment_status=&q=&from=&to=", {first, second}),
        ("status=nonsense&from=nonsense", {first, second}),
    ):
        page = (await owner.gets(f"/dashboard/orders?{query}")).text
        assert {one for one in (first, second) if one in page} == found, query


async def test_the_list_goes_on_page_by_page_newest_first(
    house: Bankhouse, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind_host.dashboard.orders.PER_PAGE", 2)
    ids = [await waiting(house) for _ in range(3)]
    page = (await owner.gets("/dashboard/orders?source=web")).text
    assert page.index(ids[2]) < page.index(ids[1])
    assert ids[0] not in page
    following = page.partition('href="?')[2].partition('"')[0].replace("&amp;", "&")
    page = (await owner.gets(f"/dashboard/orders?{following}")).text
    assert [one in page for one in ids] == [True, False, False]
    assert "Newest" in page


async def test_an_order_shows_all_that_is_known_of_it(house: Bankhouse, owner: Browser) -> None:
    order_id = await paid(house)
    async with house.engine.database.transaction(house.store.id) as tx:
        await add_metadata(
            tx,
            UUID(order_id),
            {"payment_method": "whatsapp", "whatsapp_recipient": "<b>+254700000101</b>"},
            "test",
        )
    page = (await owner.gets(f"/dashboard/orders/{order_id}")).text
    for words in ("amina@example.com", "KES 800.00", "Capture", "Order placed", "payment_method"):
        assert words in page, words
    assert "&lt;b&gt;+254700000101&lt;/b&gt;" in page
    assert "<b>+254" not in page


# --- acting ------------------------------------------------------------------------------------


async def test_a_refund_is_asked_about_made_told_and_written_down(
    house: Bankhouse, owner: Browser
) -> None:
    order_id = await paid(house)
    here = f"/dashboard/orders/{order_id}"
    assert "At most KES 800.00" in (await owner.gets(f"{here}/refund")).text
    assert house.books.returned() == 0
    answer = await owner.sends(f"{here}/refund", amount="100.50", words="one was broken")
    assert (answer.status_code, answer.url.path) == (200, here)
    assert "The refund is on its way." in answer.text
    assert "one was broken" in answer.text
    assert house.books.returned() == 10_050
    [entry] = await actions(house, "order.refunded")
    assert entry["actor"].startswith("account:")
    assert OWNER in answer.text.partition("Timeline")[2]


async def test_a_form_pressed_twice_counts_once_and_another_form_is_another(
    house: Bankhouse, owner: Browser
) -> None:
    order_id = await paid(house)
    path = f"/dashboard/orders/{order_id}/refund"
    await owner.gets(path)
    fields = {
        "csrf": owner.hidden("csrf"),
        "form_key": owner.hidden("form_key"),
        "amount": "100",
        "words": "",
    }
    for _ in range(3):
        answer = await owner.posts(path, fields)
        assert "The refund is on its way." in answer.text
    assert house.books.returned() == 10_000
    answer = await owner.posts(path, {**fields, "amount": "200"})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "sent before with something else" in answer.text
    assert house.books.returned() == 10_000
    await owner.gets(path)
    await owner.sends(path, amount="100")
    assert house.books.returned() == 20_000


async def test_an_answer_that_was_lost_is_not_a_second_refund(
    house: Bankhouse, owner: Browser
) -> None:
    order_id = await paid(house)
    path = f"/dashboard/orders/{order_id}/refund"
    house.books.trouble["refund"] = deque(["lost"])
    await owner.gets(path)
    answer = await owner.sends(path, amount="100")
    assert "The refund is on its way." in answer.text
    house.shop.clock.advance(60)
    await house.shop.settle()
    assert house.books.returned() == 10_000


async def test_what_cannot_be_is_told_and_asked_again(house: Bankhouse, owner: Browser) -> None:
    order_id = await paid(house)
    path = f"/dashboard/orders/{order_id}/refund"
    for amount, status, words in (
        ("900", 409, "more than can be given back"),
        ("12,50", 422, "Enter an amount such as 1250.50."),
        ("1.234", 422, "Enter an amount"),
        ("-5", 422, "Enter an amount"),
        ("0", 422, ""),
        ("", 422, "Enter an amount"),
    ):
        await owner.gets(path)
        answer = await owner.sends(path, amount=amount)
        assert answer.status_code == status, amount
        assert words in answer.text
        assert 'role="alert"' in answer.text
    assert house.books.made("refund") == []


async def test_a_refund_that_the_bank_refuses_says_so(house: Bankhouse, owner: Browser) -> None:
    order_id = await paid(house)
    house.books.trouble["refund"] = deque(["refused"])
    await owner.gets(f"/dashboard/orders/{order_id}/refund")
    answer = await owner.sends(f"/dashboard/orders/{order_id}/refund", amount="100")
    assert "gave nothing back. A case was opened" in answer.text
    assert [one["kind"] for one in await house.listed("cases")] == ["refund_failed"]


async def test_held_money_is_captured_where_the_provider_can(
    house: Bankhouse, owner: Browser
) -> None:
    cart = await house.cart()
    hold = StartRequest(provider="bank", intent="authorize")
    order = await checkout.place(house.engine, house.store, cart.id, "bank", request=hold)
    session = await house.session(cart)
    await house.tells(session.payment_id, house.books.holds(str(session.payment_id)))
    path = f"/dashboard/orders/{order.id}/capture"
    assert "At most KES 800.00" in (await owner.gets(path)).text
    form = {name: owner.hidden(name) for name in ("csrf", "form_key")} | {"amount": "300"}
    for _ in range(2):
        answer = await owner.posts(path, form)
        assert "The payment was captured." in answer.text
    assert house.books.captured() == 30_000
    assert (await house.detail(order.id))["payment_status"] == "partially_paid"


async def test_an_order_is_marked_paid_and_another_canceled(
    house: Bankhouse, owner: Browser
) -> None:
    first, second = await waiting(house), await waiting(house)
    await owner.gets(f"/dashboard/orders/{first}/mark-paid")
    answer = await owner.sends(f"/dashboard/orders/{first}/mark-paid", amount="800", words="cash")
    assert "The order is marked as paid." in answer.text
    await owner.gets(f"/dashboard/orders/{second}/cancel")
    answer = await owner.sends(f"/dashboard/orders/{second}/cancel", words="asked for it")
    assert "The order is canceled." in answer.text
    assert (await house.detail(first))["payment_status"] == "paid"
    assert (await house.detail(second))["status"] == "canceled"
    for action in ("order.marked_paid", "order.canceled"):
        [entry] = await actions(house, action)
        assert entry["actor"].startswith("account:")


async def test_only_what_may_be_done_is_offered(house: Bankhouse, owner: Browser) -> None:
    first, second = await paid(house), await waiting(house)
    offered = {}
    for order_id in (first, second):
        page = (await owner.gets(f"/dashboard/orders/{order_id}")).text
        names = ("capture", "refund", "cancel", "mark-paid")
        offered[order_id] = {one for one in names if f"{order_id}/{one}" in page}
    assert offered == {first: {"refund"}, second: {"cancel", "mark-paid"}}
    answer = await owner.gets(f"/dashboard/orders/{second}/refund")
    assert "cannot be done to the order any more" in answer.text
    assert (await owner.gets(f"/dashboard/orders/{second}/dance")).status_code == 404
    await owner.gets(f"/dashboard/orders/{first}")
    answer = await owner.sends(f"/dashboard/orders/{first}/cancel")
    assert (answer.status_code, "Refund it first" in answer.text) == (409, True)


async def test_a_refund_is_offered_only_as_far_as_it_would_be_given(
    house: Bankhouse, owner: Browser
) -> None:
    session = await house.starts(await house.cart())
    fact = house.books.pays(str(session.payment_id))
    await house.tells(session.payment_id, fact)
    here = f"/dashboard/orders/{(await house.listed('orders'))[0]['id']}"
    quarrel = msgspec.structs.replace(fact, kind="dispute", object_id="quarrel")
    assert f"{here}/refund" in (await owner.gets(here)).text
    for status, given in (("pending", False), ("lost", False), ("won", True)):
        await house.tells(session.payment_id, msgspec.structs.replace(quarrel, status=status))
        page = (await owner.gets(here)).text
        assert (f"{here}/refund" in page) == given, status
    said = ("Disputed by the payer", "Dispute lost", "Dispute won")
    assert [page.count(f"<span>{one}</span>") for one in said] == [1, 1, 1]


async def test_why_a_payment_failed_is_told_while_it_has_not_succeeded(
    house: Bankhouse, owner: Browser
) -> None:
    order_id = await waiting(house)
    [payment] = (await house.detail(order_id))["payments"]
    name = UUID(payment["id"])
    await house.tells(name, msgspec.structs.replace(house.books.declines(str(name)), code="no"))
    assert "Why it failed" in (await owner.gets(f"/dashboard/orders/{order_id}")).text
    await house.tells(name, house.books.pays(str(name)))
    page = (await owner.gets(f"/dashboard/orders/{order_id}")).text
    assert (await house.detail(order_id))["payment_status"] == "paid"
    assert "Why it failed" not in page


async def test_a_case_tells_its_money_as_money(house: Bankhouse, owner: Browser) -> None:
    session = await house.starts(await house.cart())
    for amount, currency in ((session.amount + 5, "KES"), (1_250, "USD")):
        fact = house.books.pays(str(session.payment_id), amount, currency)
        await house.tells(session.payment_id, fact)
    asked, came = (Money(session.amount + more, "KES").text() for more in (0, 5))
    cases = {one["kind"]: one["id"] for one in await house.listed("cases")}
    for kind in ("overpaid", "currency_mismatch"):
        page = (await owner.gets(f"/dashboard/cases/{cases[kind]}")).text
        for name, shown in (("asked", asked), ("captured", came)):
            assert f"<code>{name}</code></dt><dd>{shown}</dd>" in page, kind


async def test_a_note_is_written_once(house: Bankhouse, owner: Browser) -> None:
    order_id = await waiting(house)
    here = f"/dashboard/orders/{order_id}"
    await owner.gets(here)
    fields = {name: owner.hidden(name) for name in ("csrf", "form_key")}
    for _ in range(2):
        answer = await owner.posts(f"{here}/note", {**fields, "words": "Call <first>"})
    assert answer.text.count("Call &lt;first&gt;") == 1
    await owner.gets(here)
    answer = await owner.sends(f"{here}/note", words="")
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


# --- who may -----------------------------------------------------------------------------------


async def test_nothing_changes_without_the_word_against_forgery(
    house: Bankhouse, owner: Browser
) -> None:
    order_id = await paid(house)
    path = f"/dashboard/orders/{order_id}/refund"
    await owner.gets(path)
    good = {name: owner.hidden(name) for name in ("csrf", "form_key")} | {"amount": "100"}
    other = await at_desk(house, STRANGER)
    for fields, origin in (
        ({**good, "csrf": ""}, SITE),
        ({**good, "csrf": other.hidden("csrf")}, SITE),
        ({name: value for name, value in good.items() if name != "csrf"}, SITE),
        (good, "https://evil.example"),
        (good, "null"),
    ):
        answer = await owner.posts(path, fields, origin)
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "cannot be used any more" in answer.text
    assert house.books.returned() == 0
    assert (await owner.posts(path, good)).status_code == HTTPStatus.OK
    assert house.books.returned() == 10_000


async def test_a_request_of_another_site_is_told_by_fetch_metadata_too(
    house: Bankhouse, owner: Browser
) -> None:
    order_id = await waiting(house)
    await owner.gets(f"/dashboard/orders/{order_id}/cancel")
    form = {name: owner.hidden(name) for name in ("csrf", "form_key")}
    answer = await owner.client.post(
        f"/dashboard/orders/{order_id}/cancel", data=form, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert (await house.detail(order_id))["status"] == "pending"


async def test_who_may_only_read_sees_all_and_changes_nothing(house: Bankhouse) -> None:
    order_id = await paid(house)
    reader = await at_desk(house, READER)
    here = f"/dashboard/orders/{order_id}"
    page = (await reader.gets(here)).text
    assert "KES 800.00" in page
    assert f"{here}/refund" not in page
    assert "Add note" not in page
    assert (await reader.gets(f"{here}/refund")).status_code == HTTPStatus.FORBIDDEN
    await reader.gets(here)
    form = {"csrf": reader.hidden("csrf"), "form_key": "a", "amount": "1", "words": "w"}
    for deed in ("refund", "cancel", "mark-paid", "capture", "note"):
        answer = await reader.posts(f"{here}/{deed}", form)
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "You may only look" in answer.text
    assert house.books.returned() == 0


async def test_an_ended_session_and_a_lost_membership_do_nothing_any_more(
    house: Bankhouse, owner: Browser
) -> None:
    order_id = await paid(house)
    path = f"/dashboard/orders/{order_id}/refund"
    await owner.gets(path)
    form = {name: owner.hidden(name) for name in ("csrf", "form_key")} | {"amount": "100"}
    second = await at_desk(house, OWNER)
    await second.gets("/dashboard/account")
    await second.sends("/dashboard/account/end-others")
    answer = await owner.posts(path, form)
    assert (answer.status_code, "You are signed out" in answer.text) == (403, True)
    await second.gets(path)
    async with house.engine.database.transaction(house.store.id) as tx:
        await tx.execute("DELETE FROM shop.store_members WHERE store_id = $1", tx.store_id)
    assert (await second.sends(path, amount="100")).status_code == HTTPStatus.FORBIDDEN
    assert house.books.returned() == 0


async def test_an_order_of_another_store_does_not_exist(house: Bankhouse) -> None:
    order_id = await paid(house)
    stranger = await at_desk(house, STRANGER)
    here = f"/dashboard/orders/{order_id}"
    assert order_id not in (await stranger.gets("/dashboard/orders")).text
    for path in (here, f"{here}/refund", f"{here}/cancel"):
        assert (await stranger.gets(path)).status_code == HTTPStatus.NOT_FOUND
    await stranger.gets("/dashboard/orders")
    csrf = stranger.hidden("csrf")
    for deed in ("refund", "cancel", "mark-paid", "note"):
        form = {"csrf": csrf, "form_key": deed, "amount": "1", "words": "w"}
        answer = await stranger.posts(f"{here}/{deed}", form)
        assert answer.status_code == HTTPStatus.NOT_FOUND
    assert house.books.returned() == 0


async def test_who_belongs_to_several_stores_looks_at_one_at_a_time(
    house: Bankhouse, owner: Browser
) -> None:
    order_id = await paid(house)
    answer = await owner.sends("/dashboard/choose-store", store="second")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    await hire(house.engine, house.shop.branches["second"].store, OWNER, "read_only")
    page = (await owner.gets("/dashboard/orders")).text
    assert order_id in page
    answer = await owner.sends("/dashboard/choose-store", store="second")
    assert order_id not in answer.text
    assert (await owner.gets(f"/dashboard/orders/{order_id}")).status_code == 404
    await owner.gets("/dashboard/account")
    assert "Read only" in owner.page
    await owner.sends("/dashboard/choose-store", store="demo")
    assert order_id in owner.page
    async with house.engine.database.pool.borrow() as connection:
        await connection.execute("UPDATE control.stores SET name = 'A' WHERE slug = 'second'")
    again = await at_desk(house, OWNER)
    assert order_id in (await again.gets("/dashboard/orders")).text


# --- the admin API by the same session ---------------------------------------------------------


async def test_the_admin_api_takes_the_session_and_its_word(
    house: Bankhouse, owner: Browser
) -> None:
    order_id = await paid(house)
    await owner.gets("/dashboard/orders")
    client, word = owner.client, {"X-CSRF-Token": owner.hidden("csrf"), "Origin": SITE}
    listed = (await client.get("/admin/orders")).json()["orders"]
    assert [one["id"] for one in listed] == [order_id]
    path, body = f"/admin/orders/{order_id}/refund", {"amount": 100}
    answer = await client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "forged")
    answer = await client.post(path, json=body, headers={**word, "Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forged")
    assert house.books.returned() == 0
    named = {**word, "Idempotency-Key": "one"}
    for _ in range(2):
        assert (await client.post(path, json=body, headers=named)).status_code == 200
    assert house.books.returned() == 100
    [entry] = await actions(house, "order.refunded")
    assert entry["actor"].startswith("account:")
    wrong = {"Authorization": "Bearer sk_wrong"}
    assert (await client.get("/admin/orders", headers=wrong)).status_code == 401


async def test_roles_reach_as_far_in_the_admin_api(house: Bankhouse) -> None:
    order_id = await waiting(house)
    await hire(house.engine, house.store, "clerk@demo.example", "staff")
    for email, note, flag in (
        (READER, "read_only", "read_only"),
        ("clerk@demo.example", 201, "owner_only"),
    ):
        browser = await at_desk(house, email)
        word = {"X-CSRF-Token": browser.hidden("csrf"), "Origin": SITE}
        client = browser.client
        made = await client.post(
            f"/admin/orders/{order_id}/notes", json={"note": "call"}, headers=word
        )
        assert note in {made.status_code, made.json().get("code")}
        for path, body in (
            ("/admin/flags/USE_NEW_CHECKOUT", {"enabled": False}),
            ("/admin/plugins/bank", {"enabled": False}),
            ("/admin/store", {"settings": {"hold_minutes": 1}}),
        ):
            answer = await client.put(path, json=body, headers=word)
            assert (answer.status_code, answer.json()["code"]) == (403, flag)
        assert (await client.get("/admin/plugins")).status_code == 200
