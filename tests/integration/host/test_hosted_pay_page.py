"""The pay page of an order: every way to pay, begun once, declined, waited for, out of time."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.support.payhouse import CARD, PUSH, House, open_payhouse
from tradewind import Redirect
from tradewind.checkout.rules import MOST_ATTEMPTS
from tradewind.checkout.service import (
    poll_payment,
)
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Database
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with open_payhouse(database, tmp_path) as house:
        yield house


async def test_the_pay_page_shows_what_is_due_and_every_way_that_needs_no_script(
    house: House,
) -> None:
    order = await house.order(PUSH)
    await house.voided(order)
    sheet = await house.pays(order)
    assert sheet.status == HTTPStatus.OK
    assert sheet.title == f"Pay for order {order.number} – Shop"
    assert "To pay KES 2,898.00" in sheet.text
    assert "Please pay by 5 January 2026, 13:00." in sheet.text
    assert "Product MUG" in sheet.text
    assert "2 × KES 1,299.00" in sheet.text
    assert "Subtotal KES 2,598.00 Delivery KES 300.00 Total KES 2,898.00" in sheet.text
    assert sheet.buttons() == [
        "Card",
        "Pay with Mobile wallet",
        "Bank counter",
        "Cash on delivery",
        "Pay with Mobile money",
    ]
    assert not sheet.refresh


async def test_both_addresses_of_the_pay_page_show_it_and_the_session_in_them_opens_nothing(
    house: House,
) -> None:
    order = await house.order()
    url = httpx.URL(house.pay_url(order))
    assert url.path == "/store/shop/checkout"
    other = url.copy_with(path="/store/shop/pay")
    with_session = url.copy_merge_params({"session": "wa:254700000001"})
    pages = [await house.visitor.opens(str(one)) for one in (url, other, with_session)]
    assert [page.status for page in pages] == [200, 200, 200]
    without = url.copy_remove_param("token").copy_merge_params({"session": "wa:254700000001"})
    assert (await house.visitor.opens(str(without))).status == HTTPStatus.NOT_FOUND


async def test_looking_at_a_page_begins_nothing(house: House) -> None:
    """A program that previews links looks too, and so does an impatient shopper."""
    order = await house.order()
    begun = [len(house.counter.started), len(house.till.push.started)]
    for url in [house.pay_url(order), house.order_url(order), f"{house.pay_url(order)}&other=1"]:
        for agent in ("WhatsApp/2.23", "facebookexternalhit/1.1", "Mozilla/5.0"):
            shown = await house.visitor.opens(url, headers={"User-Agent": agent})
            assert shown.status == HTTPStatus.OK
    assert [len(house.counter.started), len(house.till.push.started)] == begun
    assert len(await house.sessions(order)) == 1
    sheet = await house.pays(order)
    await house.visitor.presses(sheet.form("Mobile money"), phone="+254700000009")
    assert len(house.till.push.started) == begun[1] + 1


async def test_a_card_leads_on_to_the_providers_page_and_brings_the_payer_back(
    house: House,
) -> None:
    order = await house.order(PUSH)
    sheet = await house.pays(await house.now(order))
    sheet = await house.visitor.opens(sheet.link("Pay another way"))
    leaving = await house.visitor.presses(sheet.form("Card"))
    (started,) = house.counter.started
    assert leaving.status == HTTPStatus.OK
    url = f"https://pay.example/slips/{started.operation_id}"
    assert leaving.refresh == f"0; url={url}"
    assert leaving.link("Go to the payment page") == url
    assert started.amount.text() == "KES 2,898.00"
    house.counter.decide(started.operation_id, "paid", house.till.engine.clock.now())
    back = await house.visitor.opens(f"{started.return_url}&status=successful&tx_ref=1")
    assert (await house.now(order)).payment_status == "paid"
    assert "Thank you for your order! We have your payment." in back.text
    assert not back.refresh


async def test_an_attempt_begun_elsewhere_is_gone_on_with_at_its_own_page(house: House) -> None:
    order = await house.order(CARD)
    (started,) = house.counter.started
    sheet = await house.pays(order)
    assert sheet.buttons()[0] == "Pay online"
    assert "Card" not in sheet.buttons()
    leaving = await house.visitor.presses(sheet.form("Pay online"))
    assert leaving.link("Go to") == f"https://pay.example/slips/{started.operation_id}"
    assert len(house.counter.started) == 1
    assert len(await house.sessions(order)) == 1


async def test_a_button_to_an_attempt_that_is_over_leads_back_to_the_page(house: House) -> None:
    order = await house.order(CARD)
    sheet = await house.pays(order)
    await house.voided(order)
    again = await house.visitor.presses(sheet.form("Pay online"))
    assert "Card" in again.buttons()
    foreign = sheet.form("Pay online")
    foreign.values["session"] = str(uuid4())
    again = await house.visitor.presses(foreign)
    assert "Card" in again.buttons()
    assert len(house.counter.started) == 1


async def test_approving_on_the_phone_is_waited_for_by_a_page_that_looks_again_and_stops(
    house: House, clock: ManualClock
) -> None:
    order = await house.order(CARD)
    sheet = await house.pays(order)
    waiting = await house.visitor.presses(sheet.form("Mobile money"), phone="0712 345 678")
    assert house.till.push.started[0].inputs == {"phone": "+254712345678"}
    assert "Check your phone" in waiting.text
    assert "Approve on your phone." in waiting.text
    assert waiting.refresh == "4"
    still = await house.visitor.opens(waiting.link("Do not look again"))
    assert "Check your phone" in still.text
    assert not still.refresh
    clock.advance(180)
    assert (await house.pays(order)).refresh == "10"
    house.till.push.says = [house.till.fact(289_800)]
    clock.advance(10)
    done = await house.pays(order)
    assert "We have your payment." in done.text
    assert not done.refresh


async def test_another_way_can_be_chosen_while_the_phone_waits(house: House) -> None:
    order = await house.order(PUSH)
    waiting = await house.pays(order)
    assert "Check your phone" in waiting.text
    other = await house.visitor.opens(waiting.link("Pay another way"))
    assert "A request still waits on your phone." in other.text
    assert not other.refresh
    assert "Check your phone" in (await house.visitor.opens(other.link("Check your phone"))).text
    await house.visitor.presses(other.form("Card"))
    assert [one.status for one in await house.sessions(order)] == ["open", "voided"]


async def test_instructions_are_shown_and_the_other_ways_stay(house: House) -> None:
    order = await house.order(CARD)
    sheet = await house.pays(order)
    shown = await house.visitor.presses(sheet.form("Bank counter"))
    assert "How to pay Bring the money. Say your order's number." in shown.text
    assert "Card" in shown.buttons()
    assert "Bank counter" not in shown.buttons()
    assert not shown.refresh


async def test_an_order_to_be_paid_on_delivery_stands_and_says_what_is_due(house: House) -> None:
    order = await house.order(CARD)
    sheet = await house.pays(order)
    shown = await house.visitor.presses(sheet.form("Cash on delivery"))
    stands = await house.now(order)
    assert (stands.status, stands.payment_status) == ("processing", "awaiting")
    assert "Your order is placed. It is still to be paid: KES 2,898.00." in shown.text
    assert "How to pay" in shown.text
    again = await house.visitor.presses(sheet.form("Cash on delivery"))
    assert "Your order is placed." in again.text
    assert len(await house.sessions(order)) == 2


@pytest.mark.parametrize(
    ("button", "inputs"),
    [("Card", {}), ("Pay with Mobile money", {"phone": "+254712345678"})],
)
async def test_a_form_sent_twice_begins_one_attempt(
    house: House, button: str, inputs: dict[str, str]
) -> None:
    order = await house.order(CARD)
    await house.voided(order)
    form = (await house.pays(order)).form(button)
    first = await house.visitor.presses(form, **inputs)
    second = await house.visitor.presses(form, **inputs)
    assert (first.text, first.links.keys()) == (second.text, second.links.keys())
    assert len(await house.sessions(order)) == 2


@pytest.mark.parametrize(
    ("button", "inputs"),
    [("Card", {}), ("Pay with Mobile money", {"phone": "+254712345678"})],
)
async def test_a_form_sent_many_times_at_once_begins_one_attempt(
    house: House, button: str, inputs: dict[str, str]
) -> None:
    order = await house.order(CARD)
    await house.voided(order)
    form = (await house.pays(order)).form(button)
    sheets = await asyncio.gather(*(house.visitor.presses(form, **inputs) for _ in range(6)))
    assert {sheet.status for sheet in sheets} == {200}
    assert len(await house.sessions(order)) == 2
    operations = {one.operation_id for one in house.counter.started[1:]}
    operations |= {one.operation_id for one in house.till.push.started}
    assert len(operations) == 1


async def test_an_old_page_begins_nothing_beside_an_attempt_it_did_not_know_of(
    house: House,
) -> None:
    order = await house.order(CARD)
    old = await house.pays(order)
    await house.visitor.presses(old.form("Mobile money"), phone="+254712345678")
    shown = await house.visitor.presses(
        old.form("Mobile wallet"), network="MTN", phone="0712345679"
    )
    assert "Check your phone" in shown.text
    assert [one.provider for one in await house.sessions(order)] == ["push", "cashier"]
    assert len(house.counter.started) == 1


async def test_another_number_on_a_fresh_page_is_another_attempt(house: House) -> None:
    order = await house.order(PUSH)
    other = await house.visitor.opens(f"{house.pay_url(order)}&other=1")
    await house.visitor.presses(other.form("Mobile money"), phone="+254712345678")
    assert len(house.till.push.started) == 2
    assert [one.status for one in await house.sessions(order)] == ["open", "voided"]
    other = await house.visitor.opens(f"{house.pay_url(order)}&other=1")
    await house.visitor.presses(other.form("Mobile money"), phone="+254712345678")
    assert len(house.till.push.started) == 2


async def test_a_declined_payment_says_why_and_offers_every_way_again(house: House) -> None:
    order = await house.order(CARD)
    await house.voided(order)
    house.counter.trouble = "declines"
    sheet = await house.visitor.presses((await house.pays(order)).form("Card"))
    assert "The payment did not go through There was not enough money for it." in sheet.text
    assert "Card" in sheet.buttons()
    house.counter.trouble = ""
    leaving = await house.visitor.presses(sheet.form("Card"))
    assert leaving.refresh.startswith("0; url=https://pay.example/")


async def test_an_attempt_that_ran_out_of_time_says_so_and_the_order_waits_on(
    house: House, clock: ManualClock
) -> None:
    order = await house.order(PUSH)
    (session,) = await house.sessions(order)
    clock.advance(600)
    await poll_payment(house.till.engine, house.till.store, session.id)
    sheet = await house.pays(order)
    assert "The payment did not go through It was not completed in time." in sheet.text
    assert "Pay with Mobile money" in sheet.buttons()


async def test_a_provider_that_cannot_answer_loses_nothing_and_may_be_tried_again(
    house: House,
) -> None:
    order = await house.order(CARD)
    await house.voided(order)
    house.counter.trouble = "away"
    sheet = await house.visitor.presses((await house.pays(order)).form("Card"))
    assert sheet.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Nothing is lost: please try again" in sheet.text
    assert (await house.now(order)).status == "pending"
    house.counter.trouble = ""
    leaving = await house.visitor.presses(sheet.form("Card"))
    assert leaving.refresh.startswith("0; url=https://pay.example/")


async def test_an_order_tried_too_often_says_whom_to_ask(house: House) -> None:
    order = await house.order(CARD)
    house.counter.trouble = "declines"
    for _ in range(MOST_ATTEMPTS - 1):
        await house.voided(order)
        await house.visitor.presses((await house.pays(order)).form("Card"))
    tried = len(house.counter.started)
    sheet = await house.visitor.presses((await house.pays(order)).form("Card"))
    assert sheet.status == HTTPStatus.CONFLICT
    assert "Please ask Shop how to pay." in sheet.text
    assert len(house.counter.started) == tried == MOST_ATTEMPTS


async def test_an_order_whose_time_is_over_is_not_paid_though_nobody_has_ended_it_yet(
    house: House, clock: ManualClock
) -> None:
    order = await house.order(CARD)
    form = (await house.pays(order)).form("Mobile money")
    clock.advance(3600)
    assert (await house.now(order)).status == "pending"
    for sheet in (await house.pays(order), await house.visitor.presses(form, phone="0712345678")):
        assert "This order has expired, because it was not paid in time." in sheet.text
        assert sheet.forms == []
    assert house.till.push.started == []


async def test_fields_that_are_missing_or_wrong_are_named_where_they_stand(house: House) -> None:
    order = await house.order(CARD)
    form = (await house.pays(order)).form("Mobile wallet")
    assert form.values["inputs.phone"] == "+254712000000"
    sheet = await house.visitor.presses(form, network="Orange", phone="12", note="hello")
    assert sheet.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert len(house.counter.started) == 1
    assert "This is no phone number we know." in sheet.text
    again = sheet.form("Mobile wallet")
    assert again.values["inputs.phone"] == "12"
    assert again.values["inputs.note"] == "hello"
    sheet = await house.visitor.presses(again, network="Orange", phone="0712345678")
    assert "Please choose one of these." in sheet.text
    sheet = await house.visitor.presses(again, network="", phone="0712345678")
    assert "Please fill this in." in sheet.text
    assert sheet.form("Mobile wallet").values["inputs.phone"] == "+254712345678"
    wrong = [tag for _, tag in sheet.tags if tag.get("aria-invalid") == "true"]
    (field,) = wrong
    ids = [tag["id"] for _, tag in sheet.tags if "id" in tag]
    assert len(ids) == len(set(ids))
    assert {field["id"], field["aria-describedby"]} <= set(ids)
    assert f"#{field['id']}" in sheet.links.values()
    good = await house.visitor.presses(sheet.form("Mobile wallet"), network="MTN")
    assert "Enter your PIN on +254712345678." in good.text


async def test_a_way_that_nobody_offers_or_that_needs_a_script_is_not_begun(house: House) -> None:
    order = await house.order(CARD)
    form = (await house.pays(order)).form("Mobile wallet")
    for provider, method in [
        ("cashier", "gold"),
        ("cashier", "scripted"),
        ("nobody", "card"),
        ("", ""),
    ]:
        form.values.update(provider=provider, method=method)
        sheet = await house.visitor.presses(form)
        assert sheet.status == HTTPStatus.CONFLICT
        assert "That way to pay is not offered any more." in sheet.text
    assert len(house.counter.started) == 1


async def test_a_provider_switched_off_is_offered_no_longer_but_what_was_begun_goes_on(
    house: House,
) -> None:
    order = await house.order(CARD)
    await configure(house.till.engine, house.till.store, "cashier", actor="test", enabled=False)
    sheet = await house.pays(order)
    assert sheet.buttons() == ["Pay online", "Cash on delivery", "Pay with Mobile money"]
    leaving = await house.visitor.presses(sheet.form("Pay online"))
    assert leaving.refresh


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://", "pay.example"]
)
async def test_a_provider_cannot_send_the_payer_to_what_is_no_web_page(
    house: House, url: str
) -> None:
    house.till.push.on_start = lambda _: PaymentResult(
        status="pending", provider_ref="x", action=Redirect(url=url)
    )
    order = await house.order(CARD)
    form = (await house.pays(order)).form("Mobile money")
    sheet = await house.visitor.presses(form, phone="+254712345678")
    assert sheet.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    assert url not in sheet.html
    house.till.push.on_start = lambda _: PaymentResult(
        status="pending", provider_ref="y", action=Redirect(url="https://pay.example/1")
    )
    good = await house.visitor.presses(sheet.form("Mobile money"), phone="+254712345678")
    assert good.refresh == "0; url=https://pay.example/1"
