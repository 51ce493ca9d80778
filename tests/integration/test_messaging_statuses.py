"""What becomes of messages, as the channel tells it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest_asyncio

from tests.support.talks import SALE, House, Talk, new_store, open_house, word
from tradewind.contracts.channel import (
    DeliveryError,
    MessageStatus,
)
from tradewind.database import Database, Store
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
