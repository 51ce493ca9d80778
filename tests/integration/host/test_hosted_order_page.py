"""The page of an order: paid, sent, canceled, and for whoever comes back from a provider."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from tests.support.payhouse import CARD, CASH, PUSH, House, open_payhouse
from tradewind.checkout.links import token_for
from tradewind.checkout.service import (
    cancel_order,
    expire_order,
    mark_paid,
    refund_order,
)
from tradewind.database import Database
from tradewind.fulfillment.service import add_shipment
from tradewind.orders.service import add_note
from tradewind.stores.service import StoreSettings, save_settings
from tradewind.testing.clock import ManualClock


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with open_payhouse(database, tmp_path) as house:
        yield house


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
