"""Paying in the chat: by link and on the phone, and what is told of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import pytest_asyncio

from tests.support.payers import TO_PAYMENT, Payer, looked_up, open_payer
from tests.support.shop import AMINA
from tests.support.thirdparty.gate import PAGE
from tradewind.checkout.links import opens
from tradewind.conversations.script.pending import PATIENCE
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls


@pytest_asyncio.fixture
async def payer(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Payer]:
    async with open_payer(database_urls, clock) as payer:
        yield payer


async def test_an_order_is_paid_by_its_link_and_confirmed_in_the_chat(payer: Payer) -> None:
    text = await payer.orders_by_link()
    order = await payer.order()
    assert (order["status"], order["payment_status"]) == ("pending", "awaiting")
    assert f"order {order['number']}" in text
    assert "KES 750.00" in text
    assert "Please pay by" in text
    assert payer.titles == ["Another way", "Track order", "Cancel order"]
    assert "order.placed" not in payer.listener.types()
    told = await payer.decides("paid")
    assert f"Payment received: KES 750.00. Your order {order['number']} is confirmed." in told
    assert len(payer.heard) == 1
    assert ((await payer.order())["status"], (await payer.order())["payment_status"]) == (
        "processing",
        "paid",
    )
    assert payer.listener.types().count("order.placed") == 1
    assert not await payer.passes(timedelta(minutes=10))


async def test_the_link_is_the_shops_own_page_with_a_token_that_opens_it(payer: Payer) -> None:
    await payer.orders_by_link()
    order, link = await payer.order(), urlsplit(payer.link())
    assert not (payer.link()).startswith(PAGE)
    query = {name: values[0] for name, values in parse_qs(link.query).items()}
    assert (link.path, query["session"], query["order"]) == (
        "/store/demo/checkout",
        f"wa:{AMINA}",
        order["id"],
    )
    store = payer.shop.branches["demo"].store
    assert opens(payer.shop.engine, store, UUID(order["id"]), "pay", query["token"])


async def test_a_double_tap_on_confirm_begins_one_payment(payer: Payer) -> None:
    await payer.says(*TO_PAYMENT)
    await payer.taps("Online")
    for _ in range(2):
        await payer.shop.tapped(AMINA, "Confirm order")
    await payer.shop.settle()
    assert len(payer.desk.visits) == 1
    assert len(await payer.orders()) == 1


async def test_a_request_on_the_phone_is_told_with_the_providers_own_words(payer: Payer) -> None:
    text = await payer.orders_by_wallet()
    assert f"Check your phone: Approve on +{AMINA}." in text
    assert payer.titles == ["Another way", "Track order", "Cancel order"]
    assert len(payer.heard) == 1


async def test_an_approval_confirms_the_order_and_nobody_asks_after_it(payer: Payer) -> None:
    await payer.orders_by_wallet()
    assert "is confirmed" in await payer.decides("paid")
    assert not await payer.passes(PATIENCE)
    assert (await payer.order())["payment_status"] == "paid"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("customer_canceled", "you canceled it"),
        ("insufficient_funds", "not enough money"),
        ("E-1037", "did not accept it"),
    ],
)
async def test_a_rejection_is_told_in_plain_words_with_what_can_be_done(
    payer: Payer, code: str, reason: str
) -> None:
    await payer.orders_by_wallet()
    told = await payer.decides("declined", code)
    assert "did not go through" in told
    assert reason in told
    assert code not in told
    assert payer.titles == ["Try again", "Another way", "Cancel order"]
    assert (await payer.order())["status"] == "pending"


async def test_after_a_rejection_the_same_way_is_one_tap(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.decides("declined", "customer_canceled")
    assert "Check your phone" in await payer.taps("Try again")
    first, second = payer.desk.visits
    assert second.inputs == first.inputs
    assert "is confirmed" in await payer.decides("paid")
    assert len(await payer.orders()) == 1
    assert payer.listener.types().count("order.placed") == 1


async def test_a_request_that_is_ignored_is_asked_after_once(payer: Payer) -> None:
    await payer.orders_by_wallet()
    assert not await payer.passes(PATIENCE - timedelta(seconds=1))
    told = await payer.passes(timedelta(seconds=1))
    assert "have not seen your approval" in told
    assert payer.titles == ["Try again", "Another way", "Cancel order"]
    assert not await payer.passes(PATIENCE)
    assert "is confirmed" in await payer.decides("paid")


async def test_each_request_is_asked_after_on_its_own(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.passes(PATIENCE)
    await payer.taps("Try again")
    assert "have not seen your approval" in await payer.passes(PATIENCE)


async def test_a_request_that_was_replaced_is_not_asked_after(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.passes(PATIENCE / 2)
    await payer.taps("Another way", "Online")
    assert not await payer.passes(PATIENCE)


async def test_an_older_request_that_is_approved_after_all_pays_the_order(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.passes(PATIENCE)
    await payer.taps("Try again")
    payer.desk.decide(payer.shop.clock.now(), "paid", visit=0)
    await looked_up(payer, 0)
    order = await payer.order()
    assert (order["status"], order["payment_status"]) == ("processing", "paid")
    assert "is confirmed" in await payer.hears_words()


async def test_a_late_rejection_of_an_older_request_is_not_told(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.taps("Another way", "Online")
    payer.desk.decide(payer.shop.clock.now(), "declined", visit=0)
    await looked_up(payer, 0)
    assert not await payer.hears()


@pytest.mark.parametrize("trouble", ["declines", "declines_with_fact"])
async def test_a_decline_at_once_is_told_once_and_the_order_waits(
    payer: Payer, trouble: Any
) -> None:
    payer.desk.trouble = trouble
    text = await payer.orders_by_wallet()
    assert text.count("did not go through: there was not enough money") == 1
    assert payer.titles == ["Try again", "Another way", "Cancel order"]
    assert (await payer.order())["status"] == "pending"
    payer.desk.trouble = ""
    assert "Check your phone" in await payer.taps("Try again")


@pytest.mark.parametrize(
    ("trouble", "reason"), [("down", "could not reach"), ("closed", "did not accept it")]
)
async def test_a_provider_that_cannot_leaves_the_order_waiting(
    payer: Payer, trouble: Any, reason: str
) -> None:
    payer.desk.trouble = trouble
    assert reason in await payer.orders_by_wallet()
    assert payer.titles == ["Try again", "Another way", "Cancel order"]
    assert (await payer.order())["status"] == "pending"
    payer.desk.trouble = ""
    text = await payer.taps("Try again")
    assert "Check your phone" in text
    assert "cannot pay this way" not in text


async def test_money_that_comes_at_once_is_told_once(payer: Payer) -> None:
    payer.desk.trouble = "at_once"
    text = await payer.orders_by_wallet()
    assert len(payer.heard) == 1
    assert "is placed" in text or "is confirmed" in text
    assert (await payer.order())["payment_status"] == "paid"
