"""Live messages: to everybody who follows a topic, in order, from where they left off."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.support.waiting import held_up, until, waiting_for_locks
from tradewind.database import Database, Store
from tradewind.outbox import live
from tradewind.outbox.live import LiveBoard, forget_old
from tradewind.testing.clock import ManualClock

News = AsyncIterator[tuple[int, Mapping[str, Any]]]


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_POLL_SECONDS", 0.005)


async def hear(news: News, count: int = 1) -> list[Any]:
    """What the next messages say."""
    async with asyncio.timeout(20):
        return [(await anext(news))[1]["n"] for _ in range(count)]


async def test_whoever_follows_hears_what_is_published_from_then_on(
    database: Database, store: Store
) -> None:
    board = LiveBoard(database, store)
    await board.publish("orders", {"n": "before"})
    listening = [asyncio.create_task(hear(board.subscribe("orders"), 2)) for _ in range(2)]
    number = 0
    while not all(task.done() for task in listening):
        number += 1
        await LiveBoard(database, store).publish("orders", {"n": number})
    for first, second in await asyncio.gather(*listening):
        assert second == first + 1


async def test_a_follower_goes_on_after_the_last_message_it_saw(
    database: Database, store: Store
) -> None:
    board = LiveBoard(database, store)
    for number in range(5):
        await board.publish("orders", {"n": number})
    news = board.subscribe("orders", after=0)
    positions = [(await anext(news))[0] for _ in range(3)]
    assert await hear(board.subscribe("orders", after=positions[-1]), 2) == [3, 4]


async def test_topics_and_stores_are_kept_apart(
    database: Database, store: Store, second_store: Store
) -> None:
    await LiveBoard(database, second_store).publish("orders", {"n": "another store"})
    await LiveBoard(database, store).publish("stock", {"n": "another topic"})
    await LiveBoard(database, store).publish("orders", {"n": "mine"})
    assert await hear(LiveBoard(database, store).subscribe("orders", after=0)) == ["mine"]


async def test_a_message_that_is_written_slowly_is_not_overtaken(
    database: Database, store: Store, owner: "asyncpg.Connection[Any]"
) -> None:
    board = LiveBoard(database, store)
    news = board.subscribe("orders", after=0)
    when = "new.data ->> 'n' = 'slow'"
    async with held_up(owner, "control.live_messages", "AFTER INSERT", when):
        slow = asyncio.create_task(board.publish("orders", {"n": "slow"}))
        await until(lambda: waits(owner, 1), "the slow message waits")
        fast = asyncio.create_task(board.publish("orders", {"n": "fast"}))

        async def fast_is_done_or_waits() -> bool:
            return fast.done() or await waits(owner, 2)

        await until(fast_is_done_or_waits, "the fast message is done or waits")
        early = await hear(news) if fast.done() else []
    await asyncio.gather(slow, fast)
    assert early + await hear(news, 2 - len(early)) == ["slow", "fast"]


async def waits(owner: "asyncpg.Connection[Any]", statements: int) -> bool:
    return await waiting_for_locks(owner) >= statements


async def test_slowness_in_one_topic_is_in_no_other_ones_way(
    database: Database, store: Store, owner: "asyncpg.Connection[Any]"
) -> None:
    board = LiveBoard(database, store)
    when = "new.data ->> 'n' = 'slow'"
    async with held_up(owner, "control.live_messages", "AFTER INSERT", when):
        slow = asyncio.create_task(board.publish("orders", {"n": "slow"}))
        await until(lambda: waits(owner, 1), "the slow message waits")
        await asyncio.wait_for(board.publish("stock", {"n": "fast"}), 20)
    await slow


async def test_messages_are_kept_for_an_hour(
    database: Database, store: Store, clock: ManualClock
) -> None:
    board = LiveBoard(database, store)
    await board.publish("orders", {"n": "old"})
    clock.advance(timedelta(minutes=59).total_seconds())
    await board.publish("orders", {"n": "new"})
    await forget_old(database)
    assert await hear(board.subscribe("orders", after=0), 2) == ["old", "new"]
    clock.advance(timedelta(minutes=2).total_seconds())
    await forget_old(database)
    assert await hear(board.subscribe("orders", after=0)) == ["new"]
