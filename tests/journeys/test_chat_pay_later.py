"""What a chat says of orders that waited: old buttons, canceled, expired, paid twice, status."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio

from tests.support.payers import TO_PAYMENT, Payer, looked_up, open_payer
from tests.support.shop import AMINA, BRIAN, words
from tests.support.thirdparty.gate import PLAN
from tradewind.checkout import service as checkout
from tradewind.conversations.script.pending import PATIENCE
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls


@pytest_asyncio.fixture
async def payer(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Payer]:
    async with open_payer(database_urls, clock) as payer:
        yield payer


async def test_old_buttons_say_what_has_become_of_the_order(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.decides("declined")
    old = [payer.id_of(title) for title in ("Try again", "Another way", "Cancel order")]
    await payer.taps("Try again")
    await payer.decides("paid")
    for one in old:
        text = await payer.taps_id(one)
        assert "is paid already" in text
    assert len(payer.desk.visits) == 2
    assert (await payer.order())["status"] == "processing"


async def test_buttons_of_a_canceled_order_say_so(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.decides("declined")
    old = [payer.id_of(title) for title in ("Try again", "Another way", "Cancel order")]
    await payer.taps("Cancel order")
    for one in old:
        assert "was canceled" in await payer.taps_id(one)
    assert len(payer.desk.visits) == 1


async def test_nobody_pays_or_cancels_the_order_of_somebody_else(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.decides("declined")
    number = (await payer.order())["number"]
    old = [payer.id_of(title) for title in ("Try again", "Another way", "Cancel order")]
    stranger = Payer(payer.shop, payer.desk, payer.listener, BRIAN)
    await stranger.says("hi")
    for one in [*old, f"way:{number}:gate:online"]:
        text = await stranger.taps_id(one)
        assert "no longer available" in text
        assert str(number) not in text
    assert len(payer.desk.visits) == 1
    assert (await payer.order())["status"] == "pending"


async def test_each_store_takes_its_own_payments(payer: Payer) -> None:
    await payer.orders_by_link()
    number = (await payer.order())["number"]
    shop = payer.shop
    await shop.hears(AMINA)
    for text in (*TO_PAYMENT[:4], "1 Main St, Portland, OR 97205"):
        await shop.says(AMINA, text, store="second")
    await shop.taps(AMINA, "Online", store="second")
    await shop.taps(AMINA, "Confirm order", store="second")
    first, second = payer.desk.visits
    assert (first.amount.currency, second.amount.currency) == ("KES", "USD")
    await shop.hears(AMINA)
    payer.desk.decide(shop.clock.now(), "paid", visit=1)
    shop.clock.advance(PLAN[0].total_seconds())
    await shop.settle()
    assert not await shop.hears(AMINA, "demo")
    (told,) = await shop.hears(AMINA, "second")
    assert "is confirmed" in words(told)
    assert (await payer.order())["number"] == number
    assert (await payer.order())["status"] == "pending"


async def test_an_order_that_waits_is_canceled_from_the_chat_and_told_once(payer: Payer) -> None:
    await payer.orders_by_link()
    text = await payer.taps("Cancel order")
    order = await payer.order()
    assert f"Your order {order['number']} was canceled." in text
    assert len(payer.heard) == 1
    assert order["status"] == "canceled"
    assert payer.desk.visits[0].state == "canceled"
    level = await payer.shop.admin("GET", "/admin/inventory/TEA-250")
    assert level["available"] == 100
    detail = (await payer.shop.admin("GET", f"/admin/orders/{order['id']}"))["order"]
    assert [entry["actor"] for entry in detail["timeline"]][-1] == "shopper"
    assert not await payer.passes(PATIENCE)


async def test_an_order_that_nobody_pays_expires_and_that_is_told(payer: Payer) -> None:
    await payer.orders_by_link()
    engine, store = payer.shop.engine, payer.shop.branches["demo"].store
    told = ""
    for _ in range(12):
        await checkout.expire_orders(engine, store)
        told += await payer.passes(timedelta(minutes=10))
    assert told.count("did not go through: it was not completed in time") == 1
    assert told.count("expired because it was not paid in time") == 1
    assert (await payer.order())["status"] == "expired"
    assert "expired because" in await payer.taps("Another way")


async def test_money_that_comes_after_the_order_was_canceled_will_be_given_back(
    payer: Payer,
) -> None:
    await payer.orders_by_link()
    await payer.taps("Cancel order")
    payer.desk.decide(payer.shop.clock.now(), "paid")
    await looked_up(payer, 0)
    told = await payer.hears_words()
    assert "KES 750.00" in told
    assert "give the money back" in told
    assert (await payer.order())["status"] == "canceled"


async def test_a_second_payment_of_the_same_order_will_be_given_back(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.taps("Another way", "Online")
    await payer.decides("paid")
    payer.desk.decide(payer.shop.clock.now(), "paid", visit=0)
    await looked_up(payer, 0)
    told = await payer.hears_words()
    assert "another KES 750.00" in told
    assert "give the money back" in told


async def test_status_shows_the_link_and_until_when(payer: Payer) -> None:
    await payer.orders_by_link()
    number = (await payer.order())["number"]
    for typed in ("STATUS", f"TRACK {number}", "CHECKOUT", "pay"):
        text = await payer.says(typed)
        assert "waiting for" in text
        assert "Please pay by" in text
        assert "/store/demo/checkout?" in payer.link()
        assert payer.titles == ["Another way", "Track order", "Cancel order"]


async def test_status_knows_of_the_request_on_the_phone(payer: Payer) -> None:
    await payer.orders_by_wallet()
    text = await payer.says("STATUS")
    assert f"Check your phone: Approve on +{AMINA}." in text
    assert "Kericho black tea" in text
    assert payer.titles == ["Another way", "Track order", "Cancel order"]


async def test_status_knows_that_a_payment_failed_and_that_it_came(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.decides("declined", "insufficient_funds")
    text = await payer.says("STATUS")
    assert "payment failed" in text
    assert "not enough money" in text
    assert payer.titles == ["Try again", "Another way", "Cancel order"]
    await payer.taps("Try again")
    await payer.decides("paid")
    text = await payer.says("STATUS")
    assert "Payment: paid" in text
    assert payer.titles == ["My orders", "Menu"]


async def test_a_list_of_orders_tells_which_ones_wait(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.says("ADD TEA-250", "CHECKOUT")
    await payer.taps("Use this address", "Cash on delivery", "Confirm order")
    text = await payer.says("STATUS")
    assert "waiting for payment" in text
    assert "being prepared" in text


async def test_a_pending_order_does_not_stand_in_the_way_of_the_next(payer: Payer) -> None:
    await payer.orders_by_link()
    await payer.says("ADD COF-250", "CHECKOUT")
    assert "Payment: Cash on delivery" in await payer.taps("Use this address", "Cash on delivery")
    old = payer.id_of("Another way")
    await payer.taps_id(old)
    await payer.taps("Wallet", "Blue")
    assert "Check your phone" in await payer.taps(f"+{AMINA}")
    assert "Payment: Cash on delivery" in await payer.says("CHECKOUT")
    assert "is placed" in await payer.taps("Confirm order")


async def test_a_request_by_somebody_who_wrote_stop_is_not_asked_after(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.says("STOP")
    assert not await payer.passes(PATIENCE)
    assert not await payer.decides("paid")
    assert (await payer.order())["payment_status"] == "paid"
