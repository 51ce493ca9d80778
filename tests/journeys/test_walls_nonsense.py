"""The shop goes on beside plugins that answer nonsense, late or never."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.support.shop import AMINA, Shop, open_shop
from tests.support.thirdparty.broken import (
    Babbling,
    Hanging,
    NonsenseChat,
    NonsensePay,
)
from tests.support.walls import (
    LIMIT,
    Opener,
    coffee,
    forgiving,
    let_it_fail,
    plugin_page,
    switch_on,
)
from tradewind import (
    Conflict,
    Item,
    MarkRead,
    Outbound,
    Plugin,
    ProviderFault,
    Sent,
)
from tradewind.cases.plugins import record_failure
from tradewind.checkout import service as checkout
from tradewind.checkout.rules import StartRequest
from tradewind.conversations import lane
from tradewind.outbox.rules import MAX_ATTEMPTS
from tradewind.settings.rules import FORGIVEN_AFTER, QUARANTINE_AFTER
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls


@pytest.fixture
def opened(database_urls: DatabaseUrls, clock: ManualClock) -> Opener:
    """Opens the house with these plugins enabled in `demo`, whatever they do."""

    @asynccontextmanager
    async def beside(*plugins: Plugin) -> AsyncIterator[Shop]:
        async with open_shop(database_urls, clock=clock, plugins=plugins) as shop:
            shop.engine.plugins._dispatcher._timeout = LIMIT
            for plugin in plugins:
                if plugin.name in shop.engine.plugins.loaded:
                    await switch_on(shop, plugin.name)
            yield shop

    return beside


async def test_a_checkout_goes_on_without_a_tax_plugin_that_hangs(opened: Opener) -> None:
    hanging = Hanging()
    async with opened(hanging) as shop:
        store = shop.branches["demo"].store
        cart = await coffee(shop)
        options = await checkout.shipping_options(shop.engine, store, cart.id)
        quoted = await checkout.quote(shop.engine, store, cart.id)
        assert [one.name for one in options] == ["Courier"]
        assert (quoted.quoted, quoted.total) == (True, 1_200_00)
        order = await checkout.place(shop.engine, store, cart.id, "manual")
    assert order.total == 1_200_00
    assert set(hanging.calls) >= {"quote_tax", "shipping_options"}


@pytest.mark.parametrize(
    "nonsense",
    ["42 bananas", 42, -1.5, {"lines": 7}, [None], [[]], object(), b"\xff", float("nan"), Plugin],
    ids=lambda nonsense: type(nonsense).__name__,
)
async def test_nonsense_instead_of_an_answer_is_left_out(opened: Opener, nonsense: Any) -> None:
    async with opened(Babbling(nonsense)) as shop:
        store = shop.branches["demo"].store
        cart = await coffee(shop)
        options = await checkout.shipping_options(shop.engine, store, cart.id)
        assert [one.name for one in options] == ["Courier"]
        order = await checkout.place(shop.engine, store, cart.id, "manual")
        assert order.total == 1_200_00


async def test_a_plugin_that_talks_nonsense_again_and_again_is_asked_no_more(
    opened: Opener,
) -> None:
    async with opened(Babbling()) as shop:
        store = shop.branches["demo"].store
        cart = await coffee(shop)
        for _ in range(QUARANTINE_AFTER):
            await checkout.shipping_options(shop.engine, store, cart.id)
        assert not (await plugin_page(shop, "babbling"))["enabled"]


@pytest.mark.parametrize(
    ("pause", "state"), [(FORGIVEN_AFTER, "enabled"), (timedelta(hours=1), "quarantined")]
)
async def test_errors_of_long_ago_do_not_count(
    opened: Opener, pause: timedelta, state: str
) -> None:
    async with opened(Babbling()) as shop:
        store = shop.branches["demo"].store
        for _ in range(QUARANTINE_AFTER):
            shop.clock.advance(pause.total_seconds() + 1)
            await record_failure(shop.engine, store, "babbling", "quote_tax", "nonsense")
        page = await plugin_page(shop, "babbling")
        assert ("enabled" if page["enabled"] else "quarantined") == state


@pytest.mark.parametrize("nonsense", [None, "cash", 7, [None], [{"id": "x"}]], ids=repr)
async def test_a_provider_that_talks_nonsense_is_not_offered_and_the_others_are(
    opened: Opener, nonsense: Any
) -> None:
    async with opened(NonsensePay(nonsense)) as shop:
        store = shop.branches["demo"].store
        cart = await coffee(shop)
        offered = await checkout.payment_methods(shop.engine, store, cart.id)
        assert [one.provider for one in offered] == ["manual"]
        request = StartRequest(provider="nonsense-pay")
        with pytest.raises((ProviderFault, Conflict)):
            await checkout.start_payment(shop.engine, store, cart.id, request)


@pytest.mark.parametrize("nonsense", [None, "ok", 200, [None]], ids=repr)
@pytest.mark.parametrize("make", [NonsensePay, NonsenseChat])
async def test_a_door_that_talks_nonsense_answers_with_a_fault_and_stores_nothing(
    opened: Opener, nonsense: Any, make: Callable[[Any], NonsensePay | NonsenseChat]
) -> None:
    plugin = make(nonsense)
    async with opened(plugin) as shop:
        answer = await shop.client.post(f"/webhooks/{plugin.name}", content=b"{}")
        assert answer.status_code >= 500
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert not (await shop.admin("GET", "/admin/webhook-inbox"))["webhook_inbox"]


@pytest.mark.parametrize("nonsense", [None, "hello", 7, [None], ["hello"]], ids=repr)
async def test_an_item_that_a_channel_reads_as_nonsense_is_kept_for_a_human(
    opened: Opener, nonsense: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(NonsenseChat(nonsense)) as shop:
        forgiving(shop, monkeypatch)
        await hand_in(shop, "nonsense-chat")
        await let_it_fail(shop, MAX_ATTEMPTS)
        (item,) = (await shop.admin("GET", "/admin/webhook-inbox"))["webhook_inbox"]
        assert item["state"] == "dead"
        await shop.says(AMINA, "hi")
        assert len(await shop.hears(AMINA)) == 1


async def test_a_provider_that_hangs_over_a_webhook_is_cut_off(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = NonsensePay()

    async def hang(*_: object) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(lane, "_SECONDS", LIMIT)
    monkeypatch.setattr(plugin.provider, "parse_webhook", hang)
    async with opened(plugin) as shop:
        forgiving(shop, monkeypatch)
        await hand_in(shop, plugin.name)
        (item,) = (await shop.admin("GET", "/admin/webhook-inbox"))["webhook_inbox"]
        assert (item["state"], item["attempts"]) == ("pending", 1)
        assert "TimeoutError" in item["error"]


@pytest.mark.parametrize("nonsense", [None, "paid", [None], [{"result": "paid"}]], ids=repr)
async def test_a_report_that_is_nonsense_is_kept_and_counted(
    opened: Opener, nonsense: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(NonsensePay(nonsense)) as shop:
        forgiving(shop, monkeypatch)
        await hand_in(shop, "nonsense-pay")
        await let_it_fail(shop, QUARANTINE_AFTER)
        assert not (await plugin_page(shop, "nonsense-pay"))["enabled"]


async def test_a_read_mark_that_hangs_does_not_keep_the_answer(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened() as shop:
        channel = shop.engine.plugins.channel("whatsapp")
        plain = channel.send

        async def send(outbound: Outbound, context: Any) -> Sent:
            if isinstance(outbound.body, MarkRead):
                await asyncio.Event().wait()
            return await plain(outbound, context)

        monkeypatch.setattr("tradewind.messaging.delivery.SEND_SECONDS", 2.0)
        monkeypatch.setattr(channel, "send", send)
        async with asyncio.timeout(30):
            assert "Welcome" in await shop.talks(AMINA, "hi")


async def hand_in(shop: Shop, plugin: str) -> None:
    """An item that came to a plugin by another way than a webhook."""
    context = await shop.engine.context_anyway(shop.branches["demo"].store, plugin)
    assert context is not None
    await context.inbox(Item(dedupe_key="1", lane="somebody", body=b"{}"))
    await shop.settle()
