"""Messages only to whom they may go: stop, the window, advertising, and who agreed when."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio

from tests.support.channels import WINDOW
from tests.support.talks import (
    BRIAN,
    ORIGIN,
    SALE,
    UPDATE,
    House,
    Talk,
    new_store,
    open_house,
    word,
)
from tradewind.contracts.channel import (
    Text,
)
from tradewind.contracts.errors import (
    Retry,
)
from tradewind.database import Database, Store
from tradewind.database.sql import Writes
from tradewind.messaging.service import (
    compose,
)
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
