"""Turns of a conversation that meet something odd: other words, other times, other neighbors."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.support.deliveries import change, post, status, text
from tests.support.shop import AMINA, NUMBERS, Shop, open_shop, text_message
from tradewind.contracts.context import StoreContext
from tradewind.messaging import delivery
from tradewind.messaging.delivery import Outcome
from tradewind.settings.engine import FRESH
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

DEMO = NUMBERS["demo"]


@pytest_asyncio.fixture
async def shop(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Shop]:
    async with open_shop(database_urls, clock=clock) as opened:
        yield opened


@pytest.mark.parametrize("words", ["\\u0000", "tea \\u0000 leaves", "\\\\u0000", "\0", "te\0a"])
async def test_words_with_a_zero_or_the_spelling_of_one_are_answered(
    shop: Shop, words: str
) -> None:
    assert "Welcome" in await shop.talks(AMINA, "hi")
    assert await shop.talks(AMINA, words)


async def test_an_answer_that_was_put_off_goes_out_even_if_news_come_right_after_it(
    shop: Shop, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.talks(AMINA, "hi")
    (earlier,) = [m["id"] for m in await shop.messages(AMINA) if m["direction"] == "out"]
    news = {**status("wamid.any", "read", AMINA), "biz_opaque_callback_data": earlier}
    await shop.deliver(post(change(DEMO, messages=[text(AMINA, "CART")], statuses=[news])))
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "send", put_off)
        await shop.worker.work_off()
    assert await shop.hears(AMINA) == []
    clock.advance(60)
    await shop.settle()
    assert "empty" in await shop.hears_text(AMINA)


async def test_what_still_waits_when_a_person_says_stop_is_not_sent(
    shop: Shop, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.talks(AMINA, "hi")
    await shop.arrives(AMINA, text_message("CART"))
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "send", put_off)
        await shop.worker.work_off()
    assert "not get any more messages" in (await shop.talks(AMINA, "STOP")).lower()
    clock.advance(60)
    await shop.settle()
    assert await shop.hears(AMINA) == []
    cart = next(m for m in await shop.messages(AMINA) if "empty" in str(m["body"]))
    assert (cart["status"], cart["error_code"]) == ("withheld", "opted_out")


async def put_off(_channel: object, context: StoreContext[None], message: object) -> Outcome:
    again = context.clock.now() + timedelta(seconds=5)
    return Outcome(message=message, retry_at=again)  # type: ignore[arg-type]


async def test_a_new_person_is_answered_whenever_the_settings_were_read_last(
    shop: Shop, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = type(shop.engine.plugins.channel("whatsapp")).receive

    async def slowly(*args: object) -> object:
        found = await receive(*args)  # type: ignore[arg-type]
        clock.advance(FRESH.total_seconds())
        return found

    monkeypatch.setattr(type(shop.engine.plugins.channel("whatsapp")), "receive", slowly)
    assert "Welcome" in await shop.talks(AMINA, "hi")
