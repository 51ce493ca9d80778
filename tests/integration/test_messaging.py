"""Messages: on their way once, in order, only to whom they may go; and what becomes of them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from tests.support.channels import WINDOW, Wire, WirePlugin
from tests.support.engines import engine_with, open_store
from tests.support.undone import undone
from tradewind.contracts.channel import (
    Button,
    Capabilities,
    Choice,
    DeliveryError,
    Media,
    MessageStatus,
    OutboundBody,
    Sender,
    Sent,
    StatusChange,
    Template,
    Text,
)
from tradewind.contracts.errors import (
    ChannelDown,
    ChannelError,
    MediaRefused,
    NotFound,
    OptedOut,
    PermanentFailure,
    Retry,
    WindowClosed,
)
from tradewind.conversations import threads
from tradewind.database import Database, Store
from tradewind.database.sql import Writes
from tradewind.messaging import delivery
from tradewind.messaging.delivery import MAX_ATTEMPTS, PATIENCE, ready
from tradewind.messaging.queries import MessageRecord
from tradewind.messaging.rules import kind_of
from tradewind.messaging.service import (
    Line,
    Origin,
    channel_of,
    compose,
    line_of,
    messages_of,
    queue,
    set_consent,
    status_reported,
)
from tradewind.outbox.service import list_events
from tradewind.settings.engine import Engine
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind_host.worker import Worker

AMINA, BRIAN = "254700000001", "254700000002"
TOKEN = "token-of-the-account"
URL = "https://shop.example/tea.jpg"
SALE = Template(name="sale", language="en", category="marketing")
UPDATE = Template(name="order_update", language="en")
ORIGIN = Origin(cause="test")


class Talk:
    """One person's conversation in one store."""

    def __init__(self, house: "House", store: Store, conversation_id: UUID, phone: str) -> None:
        self.house, self.store, self.id, self.phone = house, store, conversation_id, phone

    def transaction(self) -> Any:
        return self.house.engine.database.transaction(self.store.id)

    async def line(self, tx: Any) -> Line:
        return await line_of(tx, self.id, self.house.wire.capabilities)

    async def queue(
        self, *bodies: OutboundBody | str, key: str | None = None, category: str = "service"
    ) -> list[UUID]:
        """Queue messages; a string is a text."""
        told = [Text(text=body) if isinstance(body, str) else body for body in bodies]
        origin = Origin(cause="test", category=category)
        async with self.transaction() as tx:
            dedupe_key = key or str(tx.new_id())
            return await queue(tx, await self.line(tx), "wire", told, origin, dedupe_key=dedupe_key)

    async def say(self, *texts: str) -> list[UUID]:
        """Queue texts and do what is due."""
        ids = await self.queue(*texts)
        await self.house.work()
        return ids

    async def log(self) -> list[MessageRecord]:
        """The conversation as the inbox shows it, oldest first."""
        async with self.transaction() as tx:
            return (await messages_of(tx, self.id))[::-1]

    async def shown(self) -> list[tuple[str, str | None]]:
        """What each text says and how far it got."""
        return [(str(one.body.get("text")), one.status) for one in await self.log()]

    async def report(self, status: MessageStatus, message_id: UUID | None, **more: Any) -> bool:
        """What the channel says of a message; whether it was one of ours."""
        at = more.pop("at", self.house.clock.now())
        channel, ref = more.pop("channel", "wire"), more.pop("ref", "unknown")
        change = StatusChange(ref=ref, status=status, at=at, message_id=message_id, **more)
        async with self.transaction() as tx:
            writes = Writes()
            known = await status_reported(tx, writes, channel, change)
            await writes.run(tx)
        return known

    async def consent(self, *, allowed: bool, **more: Any) -> None:
        async with self.transaction() as tx:
            await set_consent(tx, "wire", self.phone, allowed=allowed, source="test", **more)

    async def told(self) -> list[str]:
        """The statuses that subscribers are told of."""
        async with self.transaction() as tx:
            events = await list_events(tx, kind="message.status_changed")
        return [event.payload["status"] for event in events]


class House:
    """Stores on the wire, and a worker that does what is due when it is told to."""

    def __init__(self, engine: Engine, wire: Wire, clock: ManualClock) -> None:
        self.engine, self.wire, self.clock = engine, wire, clock
        self.worker = Worker(engine)

    async def talk(self, store: Store, phone: str = AMINA) -> Talk:
        """Begin a conversation; the person wrote just now."""
        database = self.engine.database
        async with database.transaction(store.id) as tx:
            sender = Sender(identity=phone, phone=f"+{phone}", name="Jane")
            thread = await threads.begin(tx, "wire", sender, "en", self.wire.capabilities)
            await tx.execute(
                """UPDATE shop.conversations SET window_expires_at = $3
                   WHERE store_id = $1 AND id = $2""",
                store.id,
                thread.conversation_id,
                tx.now + WINDOW,
            )
        return Talk(self, store, thread.conversation_id, phone)

    async def work(self) -> None:
        await self.worker.work_off()

    async def later(self, seconds: float) -> None:
        """Do what is due in so many seconds."""
        self.clock.advance(seconds)
        await self.work()

    def kinds(self) -> list[str]:
        """The kinds of what was handed to the channel, in order."""
        return [kind_of(outbound.body) for outbound in self.wire.sent]

    def heard(self) -> list[str]:
        """The words that were handed to the channel, in order."""
        return [str(getattr(outbound.body, "text", "")) for outbound in self.wire.sent]


async def new_store(engine: Engine, slug: str, account: str) -> Store:
    store = await open_store(engine, slug)
    settings = {"account": account, "token": TOKEN}
    await configure(engine, store, "wire", actor="test", enabled=True, settings=settings)
    return store


@pytest_asyncio.fixture
async def house(database: Database, clock: ManualClock) -> AsyncIterator[House]:
    plugin = WirePlugin()
    async with engine_with(database, plugin) as engine:
        yield House(engine, plugin.wire, clock)


@pytest_asyncio.fixture
async def shop(house: House) -> Store:
    return await new_store(house.engine, "shop", "15550001")


@pytest_asyncio.fixture
async def talk(house: House, shop: Store) -> Talk:
    return await house.talk(shop)


# --- queueing ----------------------------------------------------------------------------------


async def test_messages_go_out_once_in_order_and_are_logged(house: House, talk: Talk) -> None:
    ids = await talk.say("one", "two")
    ids += await talk.say("three")
    assert house.heard() == ["one", "two", "three"]
    assert [outbound.id for outbound in house.wire.sent] == ids
    assert {outbound.recipient.phone for outbound in house.wire.sent} == {f"+{AMINA}"}
    assert await talk.shown() == [("one", "sent"), ("two", "sent"), ("three", "sent")]
    assert [one.id for one in await talk.log()] == ids


async def test_each_conversation_counts_its_own_messages(
    house: House, talk: Talk, shop: Store
) -> None:
    other = await house.talk(shop, BRIAN)
    for number in range(3):
        await talk.queue(f"a{number}", "again")
        await other.queue(f"b{number}")
    async with talk.transaction() as tx:
        rows = await tx.fetch(
            "SELECT identity, sequence FROM shop.outbound_messages WHERE store_id = $1", shop.id
        )
        lines = [await one.line(tx) for one in (talk, other)]
    assert sorted(r["sequence"] for r in rows if r["identity"] == AMINA) == [1, 2, 3, 4, 5, 6]
    assert sorted(r["sequence"] for r in rows if r["identity"] == BRIAN) == [1, 2, 3]
    assert [line.sequence for line in lines] == [6, 3]


async def test_one_cause_is_one_message_however_often_it_is_told(house: House, talk: Talk) -> None:
    assert len(await talk.queue("placed", key="order:1")) == 1
    assert await talk.queue("placed, again", key="order:1") == []
    told = await asyncio.gather(*(talk.queue(f"n{n}", key="order:2") for n in range(8)))
    assert sorted(map(len, told)) == [0] * 7 + [1]
    await house.work()
    assert len(house.heard()) == 2
    assert len(await talk.log()) == 2


async def test_a_cause_that_came_to_nothing_may_be_told_again(talk: Talk) -> None:
    async with undone(talk.house.engine.database, talk.store) as tx:
        line = await talk.line(tx)
        await queue(tx, line, "wire", [Text(text="gone")], ORIGIN, dedupe_key="k")
    assert await talk.log() == []
    assert len(await talk.queue("stays", key="k")) == 1


async def test_the_same_cause_in_two_stores_is_two_messages(house: House, talk: Talk) -> None:
    other = await house.talk(await new_store(house.engine, "other", "15550002"))
    assert len(await talk.queue("mine", key="k")) == len(await other.queue("theirs", key="k")) == 1
    await house.work()
    assert sorted(house.heard()) == ["mine", "theirs"]


async def test_a_conversation_of_another_store_is_not_found(house: House, talk: Talk) -> None:
    other = await new_store(house.engine, "other", "15550002")
    async with house.engine.database.transaction(other.id) as tx:
        with pytest.raises(NotFound):
            await line_of(tx, talk.id, house.wire.capabilities)
        with pytest.raises(NotFound):
            await channel_of(tx, talk.id)
        assert await messages_of(tx, talk.id) == []
    async with talk.transaction() as tx:
        assert await channel_of(tx, talk.id) == "wire"


async def test_typed_numbers_go_on_counting_over_the_messages_of_an_answer(talk: Talk) -> None:
    bodies = [
        Choice(text="Tea?", buttons=[Button("tea", "Tea"), Button("no", "No")]),
        Choice(text="Cup?", buttons=[Button("cup", "Cup")]),
    ]
    async with talk.transaction() as tx:
        line = msgspec.structs.replace(await talk.line(tx), capabilities=Capabilities())
        composed = compose(tx, Writes(), line, bodies, ORIGIN)
    assert list(composed.offered) == ["tea", "no", "cup"]
    texts = [one.body.text for one in composed.waiting if isinstance(one.body, Text)]
    assert texts == ["Tea?\n\n1. Tea\n2. No", "Cup?\n\n3. Cup"]


async def test_words_that_postgresql_refuses_go_out_without_it(house: House, talk: Talk) -> None:
    await talk.say("a\0b")
    assert [one.body["text"] for one in await talk.log()] == ["ab"]
    assert house.heard() == ["ab"]


async def test_a_long_conversation_is_paged_newest_first(talk: Talk) -> None:
    ids = await talk.queue(*map(str, range(5)))
    async with talk.transaction() as tx:
        page = await messages_of(tx, talk.id, limit=2)
        rest = await messages_of(tx, talk.id, before=page[-1].id)
    assert [one.id for one in (*page, *rest)] == ids[::-1]
    assert {one.status for one in page} == {"queued"}


# --- consent and the window --------------------------------------------------------------------


async def test_nothing_goes_to_a_person_who_said_stop_and_it_is_seen_that_it_did_not(
    house: House, talk: Talk
) -> None:
    await talk.consent(allowed=False)
    assert await talk.queue("news", UPDATE) == []
    await house.work()
    assert house.wire.sent == []
    log = await talk.log()
    assert [(one.status, one.error_code) for one in log] == [("withheld", "opted_out")] * 2
    await talk.consent(allowed=True)
    await talk.say("welcome back")
    assert house.heard() == ["welcome back"]


async def test_the_answer_to_stop_goes_out_all_the_same(house: House, talk: Talk) -> None:
    await talk.consent(allowed=False)
    async with talk.transaction() as tx:
        writes = Writes()
        line = await talk.line(tx)
        told = compose(tx, writes, line, [Text(text="Goodbye")], ORIGIN, always=True)
        assert compose(tx, Writes(), line, [Text(text="Buy")], ORIGIN).waiting == []
        await writes.run(tx)
    assert [one.state for one in told.waiting] == ["ready"]


async def test_what_waits_when_a_person_says_stop_is_kept_back(house: House, talk: Talk) -> None:
    house.wire.script = [Retry(60.0)]
    await talk.say("one", "two")
    house.wire.sent.clear()
    await talk.consent(allowed=False, at=house.clock.now() - timedelta(days=1))
    async with talk.transaction() as tx:
        assert not (await talk.line(tx)).opted_out
    await talk.consent(allowed=False)
    await house.later(3600)
    assert house.wire.sent == []
    assert await talk.shown() == [("one", "withheld"), ("two", "withheld")]


async def test_after_the_window_only_a_template_goes_out(house: House, talk: Talk) -> None:
    house.clock.advance(WINDOW.total_seconds() - 1)
    await talk.say("in time")
    house.clock.advance(1)
    await talk.queue("too late", UPDATE)
    await house.work()
    assert house.kinds() == ["text", "template"]
    late = (await talk.log())[1]
    assert (late.status, late.error_code) == ("withheld", "window_closed")


async def test_advertising_goes_to_those_alone_who_agreed_and_did_not_refuse_it(
    house: House, talk: Talk
) -> None:
    await talk.queue(SALE)
    await talk.queue("10 % off", category="marketing")
    await talk.consent(allowed=False, category="marketing")
    assert await talk.queue(SALE) == []
    assert await talk.queue("20 % off", category="marketing") == []
    await talk.say("your order is on its way")
    assert house.heard() == ["your order is on its way"]
    log = await talk.log()
    assert [(one.category, one.status) for one in log] == [
        ("marketing", "withheld"),
        ("marketing", "withheld"),
        ("marketing", "withheld"),
        ("marketing", "withheld"),
        ("service", "sent"),
    ]
    await talk.consent(allowed=True, category="marketing")
    await talk.queue(SALE)
    await house.work()
    assert house.kinds() == ["text", "template"]


async def test_nobody_gets_advertising_who_never_agreed_to_anything(talk: Talk) -> None:
    async with talk.transaction() as tx:
        forget = "DELETE FROM shop.customer_channel_opt_in WHERE store_id = $1"
        await tx.execute(forget, tx.store_id)
    assert await talk.queue(SALE) == []
    assert len(await talk.queue(UPDATE, "hello")) == 2


async def word(talk: Talk, category: str = "all") -> tuple[bool, str, datetime] | None:
    async with talk.transaction() as tx:
        row = await tx.fetchrow(
            """SELECT allowed, source, changed_at FROM shop.customer_channel_opt_in
               WHERE store_id = $1 AND channel = 'wire' AND identity = $2 AND category = $3""",
            tx.store_id,
            talk.phone,
            category,
        )
    return None if row is None else tuple(row)


async def test_the_first_message_is_a_yes_with_its_time(house: House, talk: Talk) -> None:
    assert await word(talk) == (True, "first_message", house.clock.now())
    assert await word(talk, "marketing") is None


async def test_an_older_word_does_not_take_the_place_of_a_newer(house: House, talk: Talk) -> None:
    now = house.clock.now()
    await talk.consent(allowed=False, at=now + timedelta(seconds=5))
    await talk.consent(allowed=True, at=now + timedelta(seconds=4))
    assert await word(talk) == (False, "test", now + timedelta(seconds=5))
    await talk.consent(allowed=True, at=now + timedelta(seconds=6))
    assert await word(talk) == (True, "test", now + timedelta(seconds=6))


async def test_a_word_counts_for_one_person_in_one_store(house: House, talk: Talk) -> None:
    elsewhere = await house.talk(await new_store(house.engine, "other", "15550002"))
    somebody = await house.talk(talk.store, BRIAN)
    await talk.consent(allowed=False)
    for other in (elsewhere, somebody):
        assert (await word(other) or (False,))[0] is True
        assert len(await other.queue("hello")) == 1


# --- statuses ----------------------------------------------------------------------------------


async def test_statuses_only_move_forward_and_each_step_is_told_once(
    house: House, talk: Talk
) -> None:
    [message_id] = await talk.say("hello")
    late: list[MessageStatus] = ["read", "delivered", "sent", "read"]
    for status in late:
        assert await talk.report(status, message_id)
    assert await talk.shown() == [("hello", "read")]
    assert await talk.told() == ["read"]
    [second] = await talk.say("again")
    usual: list[MessageStatus] = ["delivered", "delivered", "read"]
    for status in usual:
        assert await talk.report(status, second)
    assert await talk.told() == ["read", "delivered", "read"]


async def test_a_message_is_known_by_our_id_or_by_the_channels(house: House, talk: Talk) -> None:
    await talk.say("hello")
    assert await talk.report("delivered", None, ref="ref-1")
    assert await talk.shown() == [("hello", "delivered")]
    assert not await talk.report("read", None, ref="ref-2")


async def test_what_is_not_ours_is_ignored(house: House, talk: Talk) -> None:
    [message_id] = await talk.say("hello")
    other = await house.talk(await new_store(house.engine, "other", "15550002"))
    assert not await talk.report("read", UUID(int=404))
    assert not await talk.report("read", message_id, channel="email")
    assert not await talk.report("read", None, ref="ref-1", channel="email")
    assert not await other.report("read", message_id)
    assert not await other.report("read", None, ref="ref-1")
    assert await talk.shown() == [("hello", "sent")]
    assert (await talk.told(), await other.told()) == ([], [])


async def test_a_failure_is_shown_with_its_words(house: House, talk: Talk) -> None:
    [message_id] = await talk.say("hello")
    error = DeliveryError(code="131026", detail="not on \0 WhatsApp")
    assert await talk.report("failed", message_id, error=error, pricing={"type": "regular\0"})
    [shown] = await talk.log()
    assert (shown.status, shown.error_code) == ("failed", "permanent_failure")
    assert shown.error == "131026: not on  WhatsApp"
    assert await talk.told() == ["failed"]


async def test_a_message_that_arrived_after_all_is_no_failure(house: House, talk: Talk) -> None:
    [message_id] = await talk.say("hello")
    await talk.report("failed", message_id)
    await talk.report("delivered", message_id)
    await talk.report("failed", message_id)
    assert await talk.shown() == [("hello", "delivered")]
    assert await talk.told() == ["failed", "delivered"]


async def test_who_refuses_advertising_at_the_channel_gets_none_from_then_on(
    house: House, talk: Talk
) -> None:
    [message_id] = await talk.say("hello")
    agreed = house.clock.now() + timedelta(seconds=10)
    await talk.consent(allowed=True, category="marketing", at=agreed)
    error = DeliveryError(code="131050", detail="stopped", meaning="opted_out")
    await talk.report("failed", message_id, error=error, at=house.clock.now())
    assert await word(talk, "marketing") == (True, "test", agreed)
    house.clock.advance(20)
    [message_id] = await talk.say("hello again")
    await talk.report("failed", message_id, error=error)
    assert await word(talk, "marketing") == (False, "channel", house.clock.now())
    assert await talk.queue(SALE) == []
    assert len(await talk.queue("your order")) == 1


async def test_a_message_without_a_conversation_has_statuses_too(house: House, talk: Talk) -> None:
    [message_id] = await talk.say("hello")
    async with talk.transaction() as tx:
        copy = tx.new_id()
        await tx.execute(
            """INSERT INTO shop.messaging_log
                   (store_id, id, channel, direction, kind, identity, created_at)
               SELECT store_id, $3, channel, direction, kind, identity, created_at
               FROM shop.messaging_log WHERE store_id = $1 AND id = $2""",
            tx.store_id,
            message_id,
            copy,
        )
    assert await talk.report("delivered", copy)
    assert await talk.told() == ["delivered"]


# --- delivery ----------------------------------------------------------------------------------


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
