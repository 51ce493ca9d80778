"""Messages on their way: once, in order, counted and paged."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from tests.support.talks import AMINA, BRIAN, ORIGIN, House, Talk, new_store, open_house
from tests.support.undone import undone
from tradewind.contracts.channel import (
    Button,
    Capabilities,
    Choice,
    Text,
)
from tradewind.contracts.errors import (
    NotFound,
)
from tradewind.database import Database, Store
from tradewind.database.sql import Writes
from tradewind.messaging.service import (
    channel_of,
    compose,
    line_of,
    messages_of,
    queue,
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
