"""Paying in the chat in another way or once more, and turns that are lost on the way."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.support.payers import TO_PAYMENT, Payer, open_payer
from tests.support.shop import AMINA, words
from tradewind.conversations import threads
from tradewind.conversations.script.pending import PATIENCE
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls


@pytest_asyncio.fixture
async def payer(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Payer]:
    async with open_payer(database_urls, clock) as payer:
        yield payer


async def test_another_way_asks_what_it_needs(payer: Payer) -> None:
    await payer.orders_by_link()
    await payer.taps("Another way")
    assert payer.titles == ["Cash on delivery", "Online", "Wallet"]
    assert "Network" in await payer.taps("Wallet")
    assert "phone number" in await payer.taps("Orange")
    assert "Check your phone" in await payer.says("0712 345 678")
    assert payer.desk.visits[-1].inputs == {"network": "Orange", "phone": "+254712345678"}
    assert "is confirmed" in await payer.decides("paid")


async def test_another_way_may_be_typed(payer: Payer) -> None:
    await payer.orders_by_link()
    await payer.says("another way")
    assert "one of these ways" in await payer.says("shells")
    await payer.says("wallet")
    assert "one of these" in await payer.says("purple")
    await payer.says("blue")
    assert "does not look like" in await payer.says("12")
    assert "Check your phone" in await payer.says("0712345678")


async def test_an_order_that_waited_is_placed_with_cash_on_delivery(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.decides("declined")
    text = await payer.taps("Another way", "Cash on delivery")
    order = await payer.order()
    assert f"order {order['number']} is placed" in text
    assert "in cash" in text
    assert len(payer.heard) == 1
    assert (order["status"], order["payment_status"]) == ("processing", "awaiting")
    assert payer.listener.types().count("order.placed") == 1
    assert not await payer.passes(timedelta(hours=2))


async def test_what_was_answered_survives_whatever_is_said_in_between(payer: Payer) -> None:
    await payer.orders_by_link()
    await payer.taps("Another way", "Wallet", "Orange")
    old = payer.id_of(f"+{AMINA}")
    await payer.says("MENU", "CART", "tea", "HELP")
    assert "Check your phone" in await payer.taps_id(old)
    assert payer.desk.visits[-1].inputs["network"] == "Orange"


async def test_a_double_tap_on_a_way_begins_one_payment(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.taps("Another way")
    for _ in range(2):
        await payer.shop.tapped(AMINA, "Online")
    await payer.shop.settle()
    assert [visit.method for visit in payer.desk.visits] == ["wallet", "online"]


async def test_a_double_tap_on_try_again_begins_one_payment(payer: Payer) -> None:
    await payer.orders_by_wallet()
    await payer.decides("declined")
    for _ in range(2):
        await payer.shop.tapped(AMINA, "Try again")
    await payer.shop.settle()
    assert len(payer.desk.visits) == 2
    texts = [words(one) for one in await payer.hears()]
    assert all("Check your phone" in text for text in texts)


async def test_a_way_that_is_gone_meanwhile_leaves_the_attempt_before(payer: Payer) -> None:
    await payer.orders_by_link()
    await payer.taps("Another way")
    store = payer.shop.branches["demo"].store
    await configure(payer.shop.engine, store, "manual", enabled=False, actor="test")
    text = await payer.taps("Cash on delivery")
    assert "one of these ways to pay" in text
    assert payer.titles == ["Online", "Wallet"]
    assert (await payer.order())["status"] == "pending"


async def test_a_turn_that_is_lost_after_the_payment_began_begins_no_other(
    payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await payer.orders_by_link()
    await payer.taps("Another way", "Wallet", "Blue")
    for title in (f"+{AMINA}", "Try again"):
        began = len(payer.desk.visits)
        await dies_after_paying(payer, monkeypatch, title)
        assert len(payer.desk.visits) == began + 1
        told = await payer.passes(timedelta(seconds=30))
        assert "Check your phone" in told
        assert len(payer.desk.visits) == began + 1
        await payer.passes(PATIENCE)


async def test_a_turn_that_is_lost_after_the_order_was_made_makes_no_other(
    payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await payer.says(*TO_PAYMENT)
    await payer.taps("Online")
    await dies_after_paying(payer, monkeypatch, "Confirm order")
    assert "Tap “Pay online”" in await payer.passes(timedelta(seconds=30))
    assert len(await payer.orders()) == len(payer.desk.visits) == 1


async def dies_after_paying(payer: Payer, monkeypatch: pytest.MonkeyPatch, title: str) -> None:
    """Tap something that begins a payment; what was to be written down afterwards is lost."""

    async def dies(*_: Any, **__: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(threads, "save", dies)
        await payer.hears()
        await payer.shop.tapped(AMINA, title)
        await payer.shop.worker.work_off()
    assert await payer.shop.faults()
