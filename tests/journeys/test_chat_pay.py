"""Paying in the chat: by link, on the phone, in another way, and what is told of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import pytest_asyncio

from tests.support.shop import AMINA, BRIAN, Shop, open_shop, options, titles, words
from tests.support.thirdparty.gate import PAGE, PLAN, Desk, GatePlugin
from tests.support.thirdparty.listener import Listener
from tradewind.checkout import service as checkout
from tradewind.checkout.links import opens
from tradewind.conversations import threads
from tradewind.conversations.script.pending import PATIENCE
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

TO_PAYMENT = ("ADD TEA-250", "CHECKOUT", "Amina Otieno", "amina@example.com", "Moi Avenue 12, Town")


class Payer:
    """A shopper, the provider's side of the payments, and the merchant's books."""

    def __init__(self, shop: Shop, desk: Desk, listener: Listener, phone: str = AMINA) -> None:
        self.shop = shop
        self.desk = desk
        self.listener = listener
        self.phone = phone

    async def says(self, *texts: str) -> str:
        """Type these; the words of what comes back to the last."""
        for text in texts:
            await self.hears()
            await self.shop.says(self.phone, text)
        return await self.hears_words()

    async def taps(self, *path: str) -> str:
        """Tap these; the words of what comes back to the last."""
        for title in path:
            await self.hears()
            await self.shop.taps(self.phone, title)
        return await self.hears_words()

    async def hears(self) -> list[dict[str, Any]]:
        """What came since the last time."""
        self.heard = await self.shop.hears(self.phone, "demo")
        return self.heard

    async def hears_words(self) -> str:
        """The words of what came since the last time."""
        return "\n".join(words(one) for one in await self.hears())

    @property
    def titles(self) -> list[str]:
        """What can be tapped below the last messages."""
        return [title for one in self.heard for title in titles(one)]

    async def orders_by_link(self) -> str:
        """Order with the method that has a page; the words of the answer."""
        await self.says(*TO_PAYMENT)
        return await self.taps("Online", "Confirm order")

    async def orders_by_wallet(self) -> str:
        """Order with the method that is approved on the phone; the words of the answer."""
        await self.says(*TO_PAYMENT)
        return await self.taps("Wallet", "Blue", f"+{self.phone}", "Confirm order")

    async def decides(self, state: Any, code: str = "", visit: int = -1) -> str:
        """Pay, or not; what the shopper hears once the provider was asked."""
        self.desk.decide(self.shop.clock.now(), state, code, visit)
        return await self.passes(PLAN[0])

    async def passes(self, time: timedelta) -> str:
        """Time passes and what is due is done; what the shopper hears."""
        await self.hears()
        self.shop.clock.advance(time.total_seconds())
        await self.shop.settle()
        return await self.hears_words()

    async def order(self) -> dict[str, Any]:
        """The one order, as the merchant sees it."""
        (found,) = await self.orders()
        return found

    async def orders(self) -> list[dict[str, Any]]:
        """All orders, as the merchant sees them."""
        found: list[dict[str, Any]] = (await self.shop.admin("GET", "/admin/orders"))["orders"]
        return found

    def link(self) -> str:
        """The address behind the last link."""
        found = [
            one["interactive"]["action"]["parameters"]
            for one in self.heard
            if one.get("interactive", {}).get("type") == "cta_url"
        ]
        assert [one["display_text"] for one in found] == ["Pay online"]
        return str(found[0]["url"])

    def id_of(self, title: str) -> str:
        """The id of something that can be tapped now, to be tapped later."""
        return next(
            option.id
            for message in reversed(self.shop.thread(self.phone))
            for option in ([] if message.from_shopper else options(message))
            if option.title == title
        )

    async def taps_id(self, id_: str) -> str:
        """Tap something old, or something that was never shown to this person."""
        await self.hears()
        reply = {"id": id_, "title": "x"}
        body = {
            "type": "interactive",
            "interactive": {"type": "button_reply", "button_reply": reply},
        }
        await self.shop.sends(self.phone, body)
        return await self.hears_words()


@pytest_asyncio.fixture
async def payer(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Payer]:
    """Both stores take cash, the gate's page and its wallets."""
    desk, listener = Desk(), Listener()
    plugins = [GatePlugin(desk), listener]
    async with open_shop(database_urls, clock=clock, plugins=plugins) as shop:
        for branch in shop.branches.values():
            for plugin in ("gate", "listener"):
                await configure(
                    shop.engine, branch.store, plugin, settings={}, enabled=True, actor="test"
                )
        yield Payer(shop, desk, listener)


# --- by link -------------------------------------------------------------------------------------


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


# --- on the phone --------------------------------------------------------------------------------


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


# --- at once -------------------------------------------------------------------------------------


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


# --- another way ---------------------------------------------------------------------------------


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


# --- a process that dies -------------------------------------------------------------------------


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


# --- old buttons and other people ----------------------------------------------------------------


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


# --- called off, out of time, too late -----------------------------------------------------------


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


async def looked_up(payer: Payer, visit: int) -> None:
    """The provider is asked about a payment that nobody asks about any more."""
    engine, store = payer.shop.engine, payer.shop.branches["demo"].store
    payment_id = UUID(payer.desk.visits[visit].operation_id)
    context = await engine.context_anyway(store, "gate")
    assert context is not None
    result = await engine.plugins.provider("gate").fetch(context, str(payment_id), None)
    await checkout.payment_reported(engine, store, payment_id, result, "webhook")
    await payer.shop.settle()


# --- STATUS and TRACK ----------------------------------------------------------------------------


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
