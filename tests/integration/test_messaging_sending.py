"""Messages that wait, hang, are lost, refused or repeated, and what no log tells of them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from tests.support.talks import AMINA, BRIAN, TOKEN, URL, House, Talk, new_store, open_house
from tradewind.contracts.channel import (
    Capabilities,
    Media,
    Sent,
    Text,
)
from tradewind.contracts.errors import (
    ChannelDown,
    ChannelError,
    MediaRefused,
    OptedOut,
    PermanentFailure,
    Retry,
    WindowClosed,
)
from tradewind.database import Database, Store
from tradewind.messaging import delivery
from tradewind.messaging.delivery import MAX_ATTEMPTS, PATIENCE, ready
from tradewind.testing.clock import ManualClock


@pytest_asyncio.fixture
async def house(database: Database, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(database, clock) as house:
        yield house


@pytest_asyncio.fixture
async def shop(house: House) -> Store:
    return await new_store(house.engine, "shop", "15550001")


@pytest_asyncio.fixture
async def talk(house: House, shop: Store) -> Talk:
    return await house.talk(shop)


async def test_a_message_to_be_repeated_holds_back_what_follows(house: House, talk: Talk) -> None:
    house.wire.script = [Retry(2.0), Retry(2.0)]
    await talk.say("one", "two", "three")
    assert house.heard() == ["one"]
    await house.later(1)
    assert house.heard() == ["one"]
    await house.later(1)
    assert house.heard() == ["one", "one"]
    await talk.say("four")
    assert house.heard() == ["one", "one"]
    await house.later(7)
    assert house.heard() == ["one", "one"]
    await house.later(1)
    assert house.heard() == ["one", "one", "one", "two", "three", "four"]
    assert [(one.status, one.repeated) for one in await talk.log()] == [("sent", 0)] * 4


async def test_one_persons_trouble_is_nobody_elses(house: House, talk: Talk) -> None:
    other = await house.talk(talk.store, BRIAN)
    house.wire.script = [Retry(60.0)]
    await talk.say("to Amina")
    await other.say("to Brian")
    assert house.heard() == ["to Amina", "to Brian"]
    assert await other.shown() == [("to Brian", "sent")]


async def test_after_a_lost_answer_news_of_the_message_are_waited_for(
    house: House, talk: Talk
) -> None:
    house.wire.script = [Retry(1.0, unknown=True)]
    [message_id, _] = await talk.say("one", "two")
    await house.later(PATIENCE.total_seconds() - 1)
    assert house.heard() == ["one"]
    assert await talk.report("delivered", message_id, ref="wire's own")
    await house.later(1)
    assert house.heard() == ["one", "two"]
    assert [one.repeated for one in await talk.log()] == [0, 0]


async def test_after_a_lost_answer_without_news_a_message_is_repeated_and_counted(
    house: House, talk: Talk
) -> None:
    house.wire.script = [Retry(1.0, unknown=True)]
    ids = await talk.say("one", "two")
    await house.later(PATIENCE.total_seconds())
    assert house.heard() == ["one", "one", "two"]
    assert [outbound.id for outbound in house.wire.sent] == [ids[0], *ids]
    log = await talk.log()
    assert [(one.status, one.repeated) for one in log] == [("sent", 1), ("sent", 0)]


async def test_a_worker_that_died_while_sending_leaves_a_message_that_is_waited_for(
    house: House, talk: Talk
) -> None:
    await talk.queue("hello")
    async with talk.transaction() as tx:
        begun = await ready(tx, "wire", AMINA)
    assert len(begun.messages) == 1
    await house.later(PATIENCE.total_seconds() - 1)
    assert house.heard() == []
    await house.later(1)
    assert house.heard() == ["hello"]
    [shown] = await talk.log()
    assert (shown.status, shown.repeated) == ("sent", 1)


async def test_a_send_that_hangs_is_a_lost_answer(
    house: House, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(delivery, "SEND_SECONDS", 0.02)
    house.wire.script = [hang]
    await talk.say("hello")
    assert await talk.shown() == [("hello", "queued")]
    await house.later(PATIENCE.total_seconds())
    assert house.heard() == ["hello", "hello"]
    assert [one.repeated for one in await talk.log()] == [1]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermanentFailure("no such number", provider_code="131026"), "permanent_failure"),
        (WindowClosed("too late"), "window_closed"),
        (OptedOut("no"), "opted_out"),
        (ChannelError("odd"), "channel_error"),
        (MediaRefused("a text has no picture"), "media_refused"),
    ],
)
async def test_a_message_that_is_refused_for_good_is_shown_so_and_the_next_one_goes(
    house: House, talk: Talk, error: ChannelError, code: str
) -> None:
    house.wire.script = [error]
    await talk.say("one", "two")
    assert house.heard() == ["one", "two"]
    first, second = await talk.log()
    assert (first.status, first.error_code) == ("failed", code)
    assert error.detail in first.error
    assert second.status == "sent"


@pytest.mark.parametrize("error", [ChannelDown("blocked"), Retry(1.0, "busy"), KeyError("bug")])
async def test_a_message_that_never_goes_is_failed_in_the_end_and_the_next_one_goes(
    house: House, talk: Talk, error: Exception
) -> None:
    house.wire.script = [error] * MAX_ATTEMPTS
    await talk.say("one", "two")
    for _ in range(MAX_ATTEMPTS - 1):
        assert (await talk.shown())[0] == ("one", "queued") or not isinstance(error, ChannelError)
        await house.later(600)
    assert house.heard() == ["one"] * MAX_ATTEMPTS + ["two"]
    first, second = await talk.log()
    assert (first.status, second.status) == ("failed", "sent")
    assert first.error_code
    await house.later(24 * 3600)
    assert len(house.heard()) == MAX_ATTEMPTS + 1


@pytest.mark.parametrize("after", [-5.0, 0.0, 1e300, float("nan"), float("inf")])
async def test_no_time_that_a_channel_asks_for_loses_a_message(
    house: House, talk: Talk, after: float
) -> None:
    house.wire.script = [Retry(after)]
    await talk.say("hello")
    await house.later(600)
    assert house.heard() == ["hello", "hello"]
    assert [(one.status, one.repeated) for one in await talk.log()] == [("sent", 0)]


async def test_a_refused_picture_is_followed_by_words_and_a_link(house: House, talk: Talk) -> None:
    house.wire.script = [MediaRefused("too large")]
    await talk.queue(Media(kind="image", url=URL, caption="Tea"))
    await house.work()
    assert [outbound.body for outbound in house.wire.sent] == [
        Media(kind="image", url=URL, caption="Tea"),
        Text(text=f"Tea\n{URL}"),
    ]
    assert [one.status for one in await talk.log()] == ["sent"]


async def test_the_words_for_a_refused_picture_fit_the_channel(house: House, talk: Talk) -> None:
    house.wire.capabilities = Capabilities(
        text_length=60, caption_length=80, media=frozenset({"image"})
    )
    house.wire.script = [MediaRefused("too large")]
    await talk.queue(Media(kind="image", url=URL, caption="tea " * 20))
    await house.work()
    _, *words = house.wire.sent
    texts = [outbound.body.text for outbound in words if isinstance(outbound.body, Text)]
    assert all(len(text) <= 60 for text in texts)
    assert "\n".join(texts).endswith(URL)


async def test_everything_that_waits_goes_out_however_much_it_is(house: House, talk: Talk) -> None:
    texts = [f"message {number}" for number in range(120)]
    await talk.say(*texts)
    assert house.heard() == texts


async def test_two_messages_may_have_one_reference(house: House, talk: Talk) -> None:
    house.wire.script = [Sent(ref="same"), Sent(ref="same"), Sent(ref="")]
    await talk.say("one", "two", "three")
    assert [status for _, status in await talk.shown()] == ["sent"] * 3


async def test_no_log_tells_what_was_said_to_whom_nor_a_secret(
    house: House, talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    private = ["your code is 424242", TOKEN, AMINA]
    errors: Sequence[Exception] = (
        RuntimeError(f"GET /send?token={TOKEN}&to={AMINA} your code is 424242"),
        Retry(1.0, f"{TOKEN} {AMINA}", unknown=True),
        ChannelDown(f"{TOKEN} {AMINA}"),
        PermanentFailure(f"{TOKEN} {AMINA}"),
    )
    with caplog.at_level(logging.DEBUG):
        for error in errors:
            house.wire.script = [error]
            await talk.say(private[0])
            await house.later(3600)
    assert "RuntimeError" in caplog.text
    for secret in private:
        assert secret not in caplog.text
