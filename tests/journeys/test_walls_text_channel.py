"""The whole shop on a channel that somebody else wrote and that shows nothing but words."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from tests.support.shop import AMINA, Shop, open_shop
from tests.support.thirdparty.gate import PLAN, Desk, GatePlugin
from tests.support.thirdparty.listener import Listener
from tests.support.thirdparty.pager import (
    LONGEST_PAGE,
    SIGNATURE,
    Network,
    Pager,
    PagingPlugin,
    signature,
)
from tradewind import Outbound, Template
from tradewind.conversations import threads
from tradewind.database.sql import Writes
from tradewind.messaging import delivery
from tradewind.messaging import service as messaging
from tradewind.messaging.service import Origin
from tradewind.settings.rules import QUARANTINE_AFTER
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

LINE, KEY = "4455", "key-of-the-line"
OTHER_LINE, OTHER_KEY = "4466", "key-of-the-other-line"
SUBSCRIBER = "subscriber/77 é"
DOOR = "/webhooks/paging-network"


class Pagers:
    """People with pagers, and the network that carries what they type."""

    def __init__(self, shop: Shop, network: Network, listener: Listener, desk: Desk) -> None:
        self.shop = shop
        self.desk = desk
        self.network = network
        self.listener = listener
        self._ids = itertools.count(1)
        self._read = 0

    def page(self, text: str, subscriber: str = SUBSCRIBER) -> dict[str, Any]:
        """A page as the network tells of it."""
        return {
            "kind": "page",
            "id": f"in-{next(self._ids)}",
            "subscriber": subscriber,
            "text": text,
            "at": self.shop.clock.now(),
        }

    async def post(self, *pages: Any, line: str = LINE, key: str = KEY) -> httpx.Response:
        """Bring pages to the door; nothing is run."""
        body = msgspec.json.encode({"line": line, "pages": pages})
        headers = {SIGNATURE: signature(body, key)}
        return await self.shop.client.post(DOOR, content=body, headers=headers)

    async def says(self, text: str) -> str:
        """Type something, let everything happen that follows; the words that come back."""
        answer = await self.post(self.page(text))
        assert (answer.status_code, answer.text) == (200, "taken")
        await self.shop.settle()
        return "\n".join(self.hears())

    async def decides(self, state: Any, code: str = "") -> str:
        """The provider has decided the newest payment, and is asked; what is told of it."""
        self.desk.decide(self.shop.clock.now(), state, code)
        self.shop.clock.advance(PLAN[0].total_seconds())
        await self.shop.settle()
        return "\n".join(self.hears())

    def hears(self) -> list[str]:
        """What came since the last time, whoever it was for."""
        fresh = self.network.taken[self._read :]
        self._read = len(self.network.taken)
        return [page.text for page in fresh]

    async def orders(self) -> list[dict[str, Any]]:
        """The store's orders as its merchant sees them."""
        found: list[dict[str, Any]] = (await self.shop.admin("GET", "/admin/orders"))["orders"]
        return found


@pytest_asyncio.fixture
async def pagers(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Pagers]:
    """Both stores have a line; nobody has written yet."""
    network, listener, desk = Network(), Listener(), Desk()
    plugins = [PagingPlugin(network), listener, GatePlugin(desk)]
    async with open_shop(database_urls, clock=clock, plugins=plugins) as shop:
        for slug, line, key in (("demo", LINE, KEY), ("second", OTHER_LINE, OTHER_KEY)):
            store = shop.branches[slug].store
            account = {"line": line, "signing_key": key}
            for name, settings in (
                ("paging-network", account),
                ("listener", {}),
                ("gate", {}),
            ):
                await configure(
                    shop.engine, store, name, settings=settings, enabled=True, actor="test"
                )
        yield Pagers(shop, network, listener, desk)


def numbered(text: str, title: str) -> str:
    """The number in front of an option."""
    found = [line for line in text.splitlines() if title in line and line[:1].isdigit()]
    assert len(found) == 1, text
    return found[0].partition(".")[0]


async def chooses(pagers: Pagers, offered: str, title: str) -> str:
    """Type the number of an option."""
    return await pagers.says(numbered(offered, title))


async def fills_in_address(pagers: Pagers, asked: str) -> str:
    """Answer the questions of a checkout, up to how to pay."""
    assert "name" in asked
    assert "e-mail" in await pagers.says("Wanjiru Kamau")
    asked = (await pagers.says("wanjiru@example.com")).casefold()
    assert "street" in asked
    assert "location" not in asked
    assert "city" in (await pagers.says("Moi Avenue 12")).casefold()
    return await pagers.says("Nairobi")


async def test_an_order_by_numbers_alone(pagers: Pagers) -> None:
    welcome = await pagers.says("hi")
    assert "Welcome to Demo" in welcome
    shelves = await chooses(pagers, welcome, "Browse products")
    shelf = await chooses(pagers, shelves, "Coffee")
    card = await chooses(pagers, shelf, "Nyeri coffee")
    assert "KES 1,200.00" in card
    added = await chooses(pagers, card, "Add to cart")
    assert "1 × Nyeri coffee" in added
    asked = await fills_in_address(pagers, await chooses(pagers, added, "Checkout"))
    summary = await chooses(pagers, asked, "Cash on delivery")
    assert "Cash on delivery" in summary
    assert "KES 1,500.00" in summary
    placed = await chooses(pagers, summary, "Confirm order")
    (order,) = await pagers.orders()
    assert order["number"] in placed
    assert (order["source"], order["status"], order["total"]) == ("pager", "processing", 150_000)
    assert order["email"] == "wanjiru@example.com"
    assert [line["sku"] for line in order["lines"]] == ["COF-250"]
    assert pagers.listener.types().count("order.placed") == 1


async def test_an_order_by_typed_commands(pagers: Pagers) -> None:
    assert "2 × Purple tea" in await pagers.says("ADD TEA-PURPLE 2")
    assert "2 × Purple tea" in await pagers.says("cart")
    asked = await fills_in_address(pagers, await pagers.says("checkout"))
    summary = await chooses(pagers, asked, "Cash on delivery")
    placed = await chooses(pagers, summary, "Confirm order")
    (order,) = await pagers.orders()
    assert f"{order['number']}" in placed
    assert str(order["number"]) in await pagers.says("STATUS")
    assert str(order["number"]) in await pagers.says(f"TRACK {order['number']}")


async def test_a_long_list_goes_on_in_several_pages_and_every_number_leads_somewhere(
    pagers: Pagers,
) -> None:
    shelves = await pagers.says("menu")
    first = await chooses(pagers, shelves, "Mugs")
    assert "Mug number 01" in first
    rest = await chooses(pagers, first, "More…")
    assert "Mug number 12" in await chooses(pagers, rest, "Mug number 12")


async def test_every_page_is_plain_and_short_enough(pagers: Pagers) -> None:
    for text in ("hi", "help", "menu", "tea", "ADD TEA-250 3", "cart", "nonsense words"):
        await pagers.says(text)
    assert pagers.network.taken
    assert max(len(page.text) for page in pagers.network.taken) <= LONGEST_PAGE
    assert {page.line for page in pagers.network.taken} == {LINE}
    assert {page.recipient.identity for page in pagers.network.taken} == {SUBSCRIBER}


async def test_stop_silences_this_channel_and_start_opens_it_again(pagers: Pagers) -> None:
    await pagers.says("hi")
    assert "START" in await pagers.says("STOP")
    assert not await pagers.says("menu")
    assert "Demo" in await pagers.says("START")
    assert "Tea" in await pagers.says("menu")


async def test_the_cart_belongs_to_the_channels_own_session(pagers: Pagers) -> None:
    await pagers.says("ADD TEA-250 2")
    await pagers.shop.says(AMINA, "ADD TEA-500 1")
    rows = await pagers.shop.engine.database.pool.fetch(
        "SELECT channel, identity FROM shop.conversations"
    )
    assert not rows, "without a store nothing is visible"
    store = pagers.shop.branches["demo"].store
    async with pagers.shop.engine.database.transaction(store.id) as tx:
        sessions = await tx.fetch(
            "SELECT session_id, source FROM shop.carts WHERE store_id = $1 ORDER BY session_id",
            store.id,
        )
    assert [tuple(row) for row in sessions] == [
        (f"pg:{SUBSCRIBER}", "pager"),
        (f"wa:{AMINA}", "whatsapp"),
    ]


async def test_the_shopper_is_told_in_this_channel_that_the_money_came(pagers: Pagers) -> None:
    await pagers.says("ADD TEA-250")
    asked = await fills_in_address(pagers, await pagers.says("checkout"))
    summary = await chooses(pagers, asked, "Cash on delivery")
    await chooses(pagers, summary, "Confirm order")
    (order,) = await pagers.orders()
    await pagers.shop.admin("POST", f"/admin/orders/{order['id']}/mark-paid", {})
    assert str(order["number"]) in "\n".join(pagers.hears())


async def test_an_order_is_paid_by_numbers_alone(pagers: Pagers) -> None:
    """What a notice offers is numbered on, so that no number means two things."""
    await pagers.says("ADD TEA-250")
    asked = await fills_in_address(pagers, await pagers.says("checkout"))
    assert "How would you like to pay?" in asked
    asked = await chooses(pagers, asked, "Wallet")
    assert "phone number" in await chooses(pagers, asked, "Orange")
    summary = await pagers.says("0712 345 678")
    assert "+254712345678" in summary
    waits = await chooses(pagers, summary, "Confirm order")
    assert "Approve on +254712345678." in waits
    assert [numbered(waits, title) for title in ("Another way", "Track", "Cancel order")] == [
        *("1", "2", "3")
    ]
    failed = await pagers.decides("declined", "insufficient_funds")
    assert "not enough money" in failed
    assert [numbered(failed, title) for title in ("Try again", "Another way", "Cancel")] == [
        *("4", "5", "6")
    ]
    failed = await chooses(pagers, waits, "Track order")
    assert "payment failed" in failed
    asked = await chooses(pagers, failed, "Another way")
    link = await chooses(pagers, asked, "Online")
    assert "Pay online: http://shop.test/store/demo/checkout?session=pg:" in link
    assert "is confirmed" in await pagers.decides("paid")
    (order,) = await pagers.orders()
    assert (order["status"], order["payment_status"]) == ("processing", "paid")


async def test_a_notice_is_answered_by_its_own_numbers_or_titles(pagers: Pagers) -> None:
    await pagers.says("ADD TEA-250")
    asked = await fills_in_address(pagers, await pagers.says("checkout"))
    await chooses(pagers, await chooses(pagers, asked, "Wallet"), "Blue")
    await chooses(pagers, await pagers.says("0712345678"), "Confirm order")
    for wanted in ("4", "try again", "TRY AGAIN!"):
        began = len(pagers.desk.visits)
        await pagers.decides("declined")
        assert "Check your phone" in await pagers.says(wanted)
        assert len(pagers.desk.visits) == began + 1


async def test_a_page_that_comes_twice_is_answered_once(pagers: Pagers) -> None:
    page = pagers.page("hi")
    for _ in range(3):
        assert (await pagers.post(page, page)).status_code == 200
    await pagers.shop.settle()
    assert len(pagers.hears()) == 1


async def test_each_line_leads_to_its_own_store(pagers: Pagers) -> None:
    await pagers.post(pagers.page("menu"), line=OTHER_LINE, key=OTHER_KEY)
    await pagers.shop.settle()
    (answer,) = pagers.hears()
    assert "Caps" in answer
    assert pagers.network.taken[-1].line == OTHER_LINE


@pytest.mark.parametrize(
    ("line", "key", "status"),
    [(LINE, OTHER_KEY, 401), (LINE, "", 401), ("9999", KEY, 401)],
)
async def test_a_delivery_that_nobody_vouches_for_is_refused(
    pagers: Pagers, line: str, key: str, status: int
) -> None:
    answer = await pagers.post(pagers.page("hi"), line=line, key=key)
    assert answer.status_code == status
    await pagers.shop.settle()
    assert not pagers.hears()


async def test_what_the_channel_does_not_know_changes_nothing(pagers: Pagers) -> None:
    odd = [{"kind": "hologram", "id": "h-1", "subscriber": SUBSCRIBER}, {"kind": "page"}, 7, None]
    answer = await pagers.post(*odd, pagers.page("hi"))
    assert answer.status_code == 200
    await pagers.shop.settle()
    assert len(pagers.hears()) == 1
    inbox = (await pagers.shop.admin("GET", "/admin/webhook-inbox"))["webhook_inbox"]
    assert {item["state"] for item in inbox} == {"done"}


async def test_receipts_of_the_network_are_kept_with_the_message(pagers: Pagers) -> None:
    await pagers.says("hi")
    receipt = {
        "kind": "receipt",
        "id": "r-1",
        "subscriber": SUBSCRIBER,
        "page": "p-1",
        "status": "delivered",
        "at": pagers.shop.clock.now(),
    }
    await pagers.post(receipt)
    await pagers.shop.settle()
    *_, sent = await pagers.shop.messages(SUBSCRIBER)
    assert sent["status"] == "delivered"
    assert "message.status_changed" in pagers.listener.types()


async def test_a_channel_that_is_switched_off_takes_no_new_shoppers_and_keeps_the_old(
    pagers: Pagers,
) -> None:
    await pagers.says("hi")
    await pagers.shop.admin("PUT", "/admin/plugins/paging-network", {"enabled": False})
    assert "Tea" in await pagers.says("menu")
    await pagers.post(pagers.page("hi", subscriber="somebody new"))
    await pagers.shop.settle()
    assert not pagers.hears()


async def test_the_other_channel_is_as_it_was(pagers: Pagers) -> None:
    await pagers.shop.says(AMINA, "hi")
    (answer,) = await pagers.shop.hears(AMINA)
    assert answer["interactive"]["type"] == "button"
    assert not pagers.hears()


@pytest.mark.parametrize("nonsense", [None, "ok", {"id": 7}], ids=repr)
async def test_a_channel_that_gives_nonsense_when_it_has_sent_does_not_send_again(
    pagers: Pagers, nonsense: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends: list[Outbound] = []

    async def send(_pager: Pager, outbound: Outbound, _context: object) -> Any:
        sends.append(outbound)
        return nonsense

    monkeypatch.setattr(Pager, "send", send)
    for text in ["hi", "menu", "help", "cart", "menu"][:QUARANTINE_AFTER]:
        assert (await pagers.post(pagers.page(text))).status_code == 200
        await pagers.shop.worker.work_off()
    for _ in range(3):
        pagers.shop.clock.advance(3600)
        await pagers.shop.worker.work_off()
    assert len({one.id for one in sends}) == len(sends)
    *_, sent = await pagers.shop.messages(SUBSCRIBER)
    assert sent["status"] == "sent"
    page = await pagers.shop.admin("GET", "/admin/plugins/paging-network")
    assert "Sent" in page["quarantine_reason"]


async def test_a_channel_that_hangs_is_cut_off_and_asked_again_when_no_receipt_has_come(
    pagers: Pagers, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends: list[Outbound] = []

    async def send(_pager: Pager, outbound: Outbound, _context: object) -> Any:
        sends.append(outbound)
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "SEND_SECONDS", 0.05)
        patch.setattr(Pager, "send", send)
        await pagers.post(pagers.page("hi"))
        await pagers.shop.worker.work_off()
        assert len(sends) == 1
    pagers.shop.clock.advance(delivery.PATIENCE.total_seconds() - 1)
    await pagers.shop.worker.work_off()
    assert not pagers.hears()
    pagers.shop.clock.advance(2)
    await pagers.shop.worker.work_off()
    (answer,) = pagers.hears()
    assert "Welcome" in answer


async def test_a_template_is_not_sent_where_there_are_none_and_the_log_says_so(
    pagers: Pagers,
) -> None:
    await pagers.says("hi")
    store, channel = pagers.shop.branches["demo"].store, pagers.shop.engine.plugins.channel("pager")
    async with pagers.shop.engine.database.transaction(store.id) as tx:
        thread = await threads.load(tx, "pager", SUBSCRIBER, channel.capabilities)
        assert thread is not None
        writes = Writes()
        template = Template(name="welcome", language="en")
        composed = messaging.compose(tx, writes, thread.line, [template], Origin(cause="test"))
        await writes.run(tx)
    assert not composed.waiting
    *_, last = await pagers.shop.messages(SUBSCRIBER)
    assert (last["status"], last["error_code"]) == ("withheld", "templates_not_supported")
