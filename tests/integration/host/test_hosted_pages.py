"""The pages behind the links of chats and letters: pay an order, see how it gets on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import msgspec
import pytest

from tests.support.sheets import Sheet, Visitor
from tests.support.shops import Shop, add_variant, make_shop
from tests.support.thirdparty.cashier import CashierPlugin, Counter
from tests.support.tills import Till, open_till
from tradewind import Redirect
from tradewind.carts.rules import CartUpdate
from tradewind.carts.service import update
from tradewind.checkout.links import LIFETIMES, checkout_url, order_url, token_for
from tradewind.checkout.rules import MOST_ATTEMPTS, StartRequest
from tradewind.checkout.service import (
    cancel_order,
    choose_shipping,
    expire_order,
    mark_paid,
    place,
    poll_payment,
    refund_order,
)
from tradewind.contracts.payment import PaymentResult
from tradewind.contracts.pricing import Address
from tradewind.database import Database
from tradewind.fulfillment.service import add_shipment
from tradewind.orders.rules import Order
from tradewind.orders.service import add_note, get_order
from tradewind.payments.queries import sessions_of_order
from tradewind.payments.rules import PaymentSession
from tradewind.settings.service import configure
from tradewind.stores.service import StoreSettings, save_settings
from tradewind.testing.clock import ManualClock
from tradewind_host.app import create_app
from tradewind_host.config import Config
from tradewind_host.logs import configure as configure_logs

PRICE = 129_900
CARD = StartRequest(provider="cashier", method="card")
PUSH = StartRequest(provider="push", inputs={"phone": "+254700000001"})
CASH = StartRequest(provider="manual", method="cash_on_delivery")
SITE = "https://shop.example"
HOME = Address(
    first_name="Amina",
    last_name="Otieno",
    address_1="1 Moi Avenue",
    city="Nairobi",
    postal_code="00100",
    country_code="ke",
    phone="+254712000000",
)


class House(NamedTuple):
    """A till with its pages, the provider with pages of its own, and a visitor."""

    till: Till
    counter: Counter
    client: httpx.AsyncClient
    visitor: Visitor

    async def order(
        self, request: StartRequest = CARD, *, locale: str = "en", source: str = "web"
    ) -> Order:
        """An order for two mugs; with most methods it waits for its money."""
        cart = await self.till.cart(("MUG", 2))
        async with self.till.database.transaction(self.till.store.id) as tx:
            wanted = CartUpdate(shipping_address=HOME, locale=locale)
            cart = await update(tx, cart, wanted)
        await choose_shipping(
            self.till.engine, self.till.store, cart.id, str(self.till.shop.delivery)
        )
        return await place(
            self.till.engine,
            self.till.store,
            cart.id,
            request.provider,
            request.method,
            request,
        )

    def pay_url(self, order: Order) -> str:
        return checkout_url(self.till.engine, self.till.store, order)

    def order_url(self, order: Order) -> str:
        return order_url(self.till.engine, self.till.store, order.id)

    async def pays(self, order: Order) -> Sheet:
        """The pay page."""
        return await self.visitor.opens(self.pay_url(order))

    async def now(self, order: Order) -> Order:
        async with self.till.database.transaction(self.till.store.id) as tx:
            return await get_order(tx, order.id)

    async def sessions(self, order: Order) -> list[PaymentSession]:
        async with self.till.database.transaction(self.till.store.id) as tx:
            return await sessions_of_order(tx, order.id)

    async def voided(self, order: Order) -> None:
        """No attempt is under way any more."""
        await self.till.rows(
            "UPDATE shop.payment_sessions SET status = 'voided' WHERE store_id = $1 "
            "AND order_id = $2 RETURNING id",
            order.id,
        )


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    counter = Counter()
    async with open_till(database, CashierPlugin(counter)) as till:
        await till.stock("MUG", PRICE)
        config = Config(database_url="postgresql://", data_dir=tmp_path, public_url=SITE)
        app: Any = create_app(till.engine, config)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            yield House(till, counter, client, Visitor(client))


# --- the pay page --------------------------------------------------------------------------------


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


# --- twice pressed -------------------------------------------------------------------------------


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


# --- what goes wrong -----------------------------------------------------------------------------


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


# --- orders that are over ------------------------------------------------------------------------


async def test_a_paid_order_has_no_pay_page_and_its_page_opens_with_the_lesser_right(
    house: House,
) -> None:
    order = await house.order(CARD)
    sheet = await house.pays(order)
    await mark_paid(house.till.engine, house.till.store, order.id, "test")
    shown = await house.pays(order)
    url = httpx.URL(shown.url)
    assert url.path == f"/store/shop/orders/{order.id}"
    assert "We have your payment." in shown.text
    token = url.params["token"]
    asked = await house.visitor.opens(f"/store/shop/pay?order={order.id}&token={token}")
    assert asked.status == HTTPStatus.NOT_FOUND
    begun = len(house.counter.started)
    assert "We have your payment." in (await house.visitor.presses(sheet.forms[0])).text
    assert "We have your payment." in (await house.visitor.presses(sheet.forms[1])).text
    assert len(house.counter.started) == begun


async def test_a_canceled_and_an_expired_order_say_so_and_where_money_goes(
    house: House, clock: ManualClock
) -> None:
    canceled, expired = await house.order(CARD), await house.order(CARD)
    await cancel_order(house.till.engine, house.till.store, canceled.id, "test", "a secret reason")
    clock.advance(3601)
    await expire_order(house.till.engine, house.till.store, expired.id)
    for order, words in [
        (canceled, "This order was canceled."),
        (expired, "This order has expired, because it was not paid in time."),
    ]:
        for url in (house.pay_url(order), house.order_url(order)):
            sheet = await house.visitor.opens(url)
            assert f"{words} Money that still comes for it will be given back." in sheet.text
            assert sheet.forms == []
            assert "secret" not in sheet.text


async def test_an_order_paid_in_part_says_how_much_has_come(house: House) -> None:
    order = await house.order(PUSH)
    house.till.push.says = [house.till.fact(100_000)]
    sheet = await house.pays(order)
    assert "KES 1,000.00 of KES 2,898.00 has come." in sheet.text
    assert "Still to pay KES 1,898.00" in sheet.text
    assert sheet.forms == []


# --- the order page ------------------------------------------------------------------------------


async def test_the_order_page_shows_status_lines_address_parcels_and_history(
    house: House, clock: ManualClock
) -> None:
    order = await house.order(CASH)
    settings = StoreSettings(currency="KES", time_zone="Africa/Nairobi")
    async with house.till.database.transaction(house.till.store.id) as tx:
        await save_settings(tx, settings)
        await add_note(tx, order.id, "a rude remark", "staff")
    clock.advance(60)
    await mark_paid(house.till.engine, house.till.store, order.id, "staff", note="in the drawer")
    async with house.till.database.transaction(house.till.store.id) as tx:
        await add_shipment(
            tx,
            order.id,
            "staff",
            carrier="G4S",
            tracking_number="T-7",
            tracking_url="https://track.example/T-7",
        )
    sheet = await house.visitor.opens(house.order_url(order))
    assert f"Order {order.number}" in sheet.text
    assert "Order Completed Payment Paid Delivery On its way" in sheet.text
    assert "Total KES 2,898.00 Paid KES 2,898.00" in sheet.text
    assert "Amina Otieno 1 Moi Avenue 00100 Nairobi Kenya" in sheet.text
    assert sheet.link("Track this parcel") == "https://track.example/T-7"
    assert (
        "Order confirmed 5 January 2026, 15:00 Payment received 5 January 2026, 15:01 On its way"
        in sheet.text
    )
    for secret in ("rude", "drawer", "staff", "@example.com"):
        assert secret not in sheet.html
    assert sheet.forms == []


async def test_an_order_whose_money_all_went_back_is_not_thanked_for(house: House) -> None:
    order = await house.order(CASH)
    engine, store = house.till.engine, house.till.store
    await mark_paid(engine, store, order.id, "staff")
    await refund_order(engine, store, order.id, "staff", 100)
    assert "Thank you" in (await house.visitor.opens(house.order_url(order))).text
    await refund_order(engine, store, order.id, "staff")
    sheet = await house.visitor.opens(house.order_url(order))
    assert "KES 2,898.00 was given back." in sheet.text
    assert "Thank you" not in sheet.text


async def test_an_order_that_waits_can_be_paid_from_its_page_with_the_right_to_pay_alone(
    house: House,
) -> None:
    order = await house.order(CARD)
    sheet = await house.visitor.opens(house.order_url(order))
    assert "We are waiting for the payment." in sheet.text
    assert "To pay, open the payment link that was sent to you." in sheet.text
    assert "Pay now" not in sheet.text
    assert "/pay" not in sheet.html
    assert sheet.refresh == "4"
    token = token_for(house.till.engine, house.till.store, order.id, "pay")
    sheet = await house.visitor.opens(f"/store/shop/orders/{order.id}?token={token}")
    assert "Not paid yet? Pay now" in sheet.text
    pay_page = await house.visitor.opens(sheet.link("Pay now"))
    assert "Pay online" in pay_page.buttons()


async def test_who_comes_back_is_not_believed_and_the_page_waits_for_the_provider(
    house: House, clock: ManualClock
) -> None:
    order = await house.order(CARD)
    (started,) = house.counter.started
    lie = f"{started.return_url}&status=successful&transaction_id=1"
    back = await house.visitor.opens(lie)
    assert (await house.now(order)).payment_status == "awaiting"
    assert "We are waiting for the payment." in back.text
    assert back.refresh == "4"
    assert len(house.counter.asked) == 1
    await house.visitor.opens(lie)
    assert len(house.counter.asked) == 1
    house.counter.decide(started.operation_id, "declined", clock.now())
    clock.advance(5)
    back = await house.visitor.opens(lie)
    assert len(house.counter.asked) == 2
    assert "The payment did not go through There was not enough money for it." in back.text
    assert not back.refresh
    again = await house.visitor.opens(back.link("Pay now"))
    assert "Card" in again.buttons()


async def test_who_turned_back_at_the_provider_can_choose_anew(house: House) -> None:
    await house.order(CARD)
    (started,) = house.counter.started
    sheet = await house.visitor.opens(started.cancel_url)
    assert sheet.buttons()[0] == "Pay online"


# --- links that open nothing ---------------------------------------------------------------------


async def test_whatever_is_wrong_with_a_link_the_answer_is_the_same(
    house: House, database: Database, clock: ManualClock
) -> None:
    engine, store = house.till.engine, house.till.store
    order, other = await house.order(CARD), await house.order(CARD)
    foreign: Shop = await make_shop(database, "foreign")
    pay, show = (token_for(engine, store, order.id, purpose) for purpose in ("pay", "order"))
    of_other = token_for(engine, store, other.id, "pay")
    of_foreign = token_for(engine, foreign.store, order.id, "pay")
    nobody = uuid4()
    of_nobody = token_for(engine, store, nobody, "pay")
    wrong = [
        f"/store/shop/pay?order={order.id}&token={show}",
        f"/store/shop/pay?order={order.id}&token={of_other}",
        f"/store/shop/pay?order={order.id}&token={of_foreign}",
        f"/store/shop/pay?order={order.id}&token={pay[:-1]}",
        f"/store/shop/pay?order={order.id}&token=",
        f"/store/shop/pay?order={order.id}",
        f"/store/shop/pay?order=1001&token={pay}",
        f"/store/shop/pay?order=%00&token={pay}",
        f"/store/shop/pay?order={nobody}&token={of_nobody}",
        f"/store/foreign/pay?order={order.id}&token={pay}",
        f"/store/foreign/pay?order={order.id}&token={of_foreign}",
        f"/store/nowhere/pay?order={order.id}&token={pay}",
        f"/store/sh%00p/pay?order={order.id}&token={pay}",
        f"/store/sh%C3%B6p/pay?order={order.id}&token={pay}",
        f"/store/shop/checkout?session=wa:254700000001&order={order.id}",
        f"/store/shop/orders/{order.id}",
        f"/store/shop/orders/{order.id}?token={of_other}",
        f"/store/shop/orders/{order.number}?token={show}",
        f"/store/shop/orders/%00?token={show}",
        f"/store/foreign/orders/{order.id}?token={show}",
    ]
    pages = {(page.status, page.html) for page in [await house.visitor.opens(one) for one in wrong]}
    assert len(pages) == 1
    status, html = pages.pop()
    assert status == HTTPStatus.NOT_FOUND
    assert "This page does not exist" in html
    assert str(order.id) not in html
    good = [
        f"/store/shop/pay?order={order.id}&token={pay}",
        f"/store/shop/orders/{order.id}?token={show}",
        f"/store/shop/orders/{order.id}?token={pay}",
    ]
    assert [(await house.visitor.opens(one)).status for one in good] == [200, 200, 200]
    clock.advance(LIFETIMES["pay"].total_seconds())
    gone = [(await house.visitor.opens(one)).status for one in good]
    assert gone == [404, 200, 404]


async def test_forms_with_a_wrong_token_begin_nothing_and_look_the_same(house: House) -> None:
    order, other = await house.order(CARD), await house.order(CARD)
    form = (await house.pays(order)).form("Mobile money")
    engine, store = house.till.engine, house.till.store
    pages = set()
    for changed in (
        {"token": token_for(engine, store, order.id, "order")},
        {"token": token_for(engine, store, other.id, "pay")},
        {"token": ""},
        {"order": str(other.id)},
        {"order": "x"},
    ):
        data = {**form.filled(phone="+254712345678"), **changed}
        answer = await house.client.post(form.action, data=data)
        pages.add((answer.status_code, answer.text))
    answer = await house.client.post(form.action, json=form.filled(phone="+254712345678"))
    pages.add((answer.status_code, answer.text))
    answer = await house.client.post(form.action)
    pages.add((answer.status_code, answer.text))
    assert {status for status, _ in pages} == {404}
    assert len(pages) == 1
    assert house.till.push.started == []
    await house.visitor.presses(form, phone="+254712345678")
    assert len(house.till.push.started) == 1


async def test_other_methods_are_refused(house: House) -> None:
    order = await house.order(CARD)
    for method, url in [
        ("DELETE", house.pay_url(order)),
        ("PUT", house.pay_url(order)),
        ("POST", house.order_url(order)),
        ("PATCH", "/store/shop/pay"),
    ]:
        answer = await house.client.request(method, url)
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED, (method, url)


async def test_the_store_api_beside_the_pages_still_wants_its_key(house: House) -> None:
    await house.order(CARD)
    for path in ("/store/products", "/store/products/pay", "/store/categories", "/store/regions"):
        answer = await house.client.get(path)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED, path
        assert answer.headers["content-type"] == "application/problem+json"


# --- what leaves the house -----------------------------------------------------------------------


async def test_every_page_keeps_its_address_to_itself_and_runs_no_script(house: House) -> None:
    order = await house.order(CARD)
    sheet = await house.pays(order)
    sheets = [
        sheet,
        await house.visitor.presses(sheet.form("Pay online")),
        await house.visitor.presses(sheet.form("Mobile money")),
        await house.visitor.opens(house.order_url(order)),
        await house.visitor.opens("/store/shop/pay?order=x"),
    ]
    assert [one.status for one in sheets] == [200, 200, 200, 200, 404]
    for one in sheets:
        policy = one.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert one.headers["referrer-policy"] == "no-referrer"
        assert one.headers["x-frame-options"] == "DENY"
        assert one.headers["cache-control"] == "no-store"
        assert one.headers["x-robots-tag"] == "noindex, nofollow"
        assert one.headers["x-content-type-options"] == "nosniff"
        assert one.headers["content-type"] == "text/html; charset=utf-8"
        assert "style=" not in one.html
        assert "<script" not in one.html
        assert not [tag for _, tag in one.tags if any(name.startswith("on") for name in tag)]
    moved = await house.client.get(house.pay_url(order))
    assert moved.headers["referrer-policy"] == "no-referrer"


async def test_the_style_sheet_is_ours_and_is_kept_by_browsers(house: House) -> None:
    sheet = await house.pays(await house.order(CARD))
    files = [tag["href"] for name, tag in sheet.tags if name == "link"]
    assert len(files) == 2
    for file in files:
        assert file.startswith("/static/storefront/")
        answer = await house.client.get(file)
        assert answer.status_code == HTTPStatus.OK
        assert "immutable" in answer.headers["cache-control"]
    assert files[1].partition("?v=")[2]


async def test_what_people_wrote_never_becomes_markup(database: Database, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'{{7*7}}"
    counter = Counter()
    async with open_till(database, CashierPlugin(counter)) as till:
        async with till.database.transaction(till.store.id) as tx:
            await add_variant(tx, "MUG", PRICE, title=evil)
        app: Any = create_app(till.engine, Config(data_dir=tmp_path, public_url=SITE))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            house = House(till, counter, client, Visitor(client))
            await _walk_with_evil_words(house, evil)


async def _walk_with_evil_words(house: House, evil: str) -> None:
    home = msgspec.structs.replace(HOME, first_name=evil, address_1=evil, city=evil)
    cart = await house.till.cart(("MUG", 1))
    async with house.till.database.transaction(house.till.store.id) as tx:
        cart = await update(tx, cart, CartUpdate(shipping_address=home))
    await choose_shipping(
        house.till.engine, house.till.store, cart.id, str(house.till.shop.delivery)
    )
    order = await place(house.till.engine, house.till.store, cart.id, "cashier", "card", CARD)
    await house.till.rows(
        "UPDATE shop.payment_sessions SET action = convert_to($2, 'UTF8') WHERE store_id = $1 "
        "RETURNING id",
        msgspec.json.encode({"kind": "redirect", "url": f'https://x.example/"><b>{evil}'}).decode(),
    )
    sheet = await house.pays(order)
    wrong = sheet.form("Mobile wallet")
    sheets = [
        sheet,
        await house.visitor.presses(sheet.form("Pay online")),
        await house.visitor.presses(wrong, network=evil, phone=evil, note=evil),
        await house.visitor.opens(house.order_url(order)),
    ]
    await mark_paid(house.till.engine, house.till.store, order.id, "test")
    async with house.till.database.transaction(house.till.store.id) as tx:
        await add_shipment(
            tx,
            order.id,
            "test",
            carrier=evil,
            tracking_number=evil,
            tracking_url="javascript:alert(1)",
        )
    sheets.append(await house.visitor.opens(house.order_url(order)))
    assert "<script>alert(1)</script>" in sheets[0].text
    assert evil in sheets[-1].text
    for one in sheets:
        assert {"script", "img", "b"}.isdisjoint(name for name, _ in one.tags)
        assert not [tag for _, tag in one.tags if any(name.startswith("on") for name in tag)]
        assert "javascript:" not in one.html


async def test_no_log_line_tells_a_token_an_order_or_a_person(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("debug", "json")
    order = await house.order(CARD)
    url = house.pay_url(order)
    sheet = await house.visitor.opens(url)
    await house.visitor.presses(sheet.form("Mobile money"), phone="+254712345678")
    await house.visitor.presses(sheet.form("Mobile wallet"), network="MTN", phone="x")
    await house.visitor.opens(house.order_url(order))
    await house.visitor.opens(f"/store/shop/orders/{order.id}?token=wrong-token")
    figures = (await house.client.get("/metrics")).text
    logged = capfd.readouterr().err
    token = sheet.forms[0].values["token"]
    assert '"route": "/store/{slug}/pay"' in logged
    for secret in (token, "wrong-token", str(order.id), "254712345678", "Amina", "token="):
        assert secret not in logged
        assert secret not in figures


# --- languages -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "language", "words"),
    [
        ("en", "en", "How would you like to pay?"),
        ("sw-KE", "sw", "Ungependa kulipa vipi?"),
        ("fr_CI", "fr", "Comment souhaitez-vous payer ?"),
        ("de", "en", "How would you like to pay?"),
    ],
)
async def test_pages_speak_the_language_of_the_order(
    house: House, locale: str, language: str, words: str
) -> None:
    order = await house.order(CARD, locale=locale)
    await house.voided(order)
    sheet = await house.pays(order)
    assert (sheet.language, words in sheet.text) == (language, True)
    shown = await house.visitor.opens(house.order_url(order))
    assert shown.language == language


async def test_a_link_that_opens_nothing_answers_in_the_browsers_language(house: House) -> None:
    for accepted, language in [
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("de, sw;q=0.5", "sw"),
        ("", "en"),
    ]:
        sheet = await house.visitor.opens("/store/x/pay", headers={"Accept-Language": accepted})
        assert sheet.language == language


async def test_times_are_those_of_the_stores_clock(house: House) -> None:
    settings = StoreSettings(currency="KES", time_zone="America/New_York")
    async with house.till.database.transaction(house.till.store.id) as tx:
        await save_settings(tx, settings)
    order = await house.order(CARD)
    await house.voided(order)
    assert order.expires_at is not None
    local = order.expires_at - timedelta(hours=5)
    sheet = await house.pays(order)
    assert f"Please pay by {local.day} January 2026, {local:%H:%M}." in sheet.text


@pytest.mark.parametrize(
    ("inclusive", "words"),
    [
        (True, "Total KES 1,299.00 Tax included KES 179.17"),
        (False, "Subtotal KES 1,299.00 Tax KES 207.84 Total KES 1,506.84"),
    ],
)
async def test_tax_stands_where_it_is_added_or_is_told_below_the_total(
    database: Database, tmp_path: Path, words: str, *, inclusive: bool
) -> None:
    async with open_till(database, tax="16", inclusive=inclusive) as till:
        await till.stock("MUG", PRICE)
        cart = await till.cart(("MUG", 1))
        order = await place(till.engine, till.store, cart.id, "manual", "cash_on_delivery")
        app: Any = create_app(till.engine, Config(data_dir=tmp_path, public_url=SITE))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            url = order_url(till.engine, till.store, order.id)
            text = (await Visitor(client).opens(url)).text
    assert words in text
