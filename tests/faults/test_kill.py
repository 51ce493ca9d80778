"""`kill -9` of host and worker between webhook, answer and event: nothing is lost.

Nothing happens twice either, except sends whose answer died with the process; those are counted.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.faults.processes import World, open_world, until
from tradewind.testing.database import DatabaseUrls

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]

REPEATED = "SELECT count(*) FROM shop.message_statuses WHERE store_id = $1 AND status = 'sending'"
HEARD = """SELECT count(*) FROM shop.messaging_log WHERE store_id = $1 AND direction = 'in'"""
UNDONE = """SELECT (SELECT count(*) FROM control.webhook_inbox
                    WHERE store_id = $1 AND state <> 'done')
                 + (SELECT count(*) FROM shop.outbound_messages WHERE store_id = $1)
                 + (SELECT count(*) FROM shop.event_deliveries
                    WHERE store_id = $1 AND state <> 'done')
                 + (SELECT count(*) FROM control.outbox_pointers WHERE store_id = $1)"""


@pytest_asyncio.fixture
async def world(database_urls: DatabaseUrls, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_urls, tmp_path) as world:
        yield world


async def everything_done(world: World) -> None:
    async def done() -> bool:
        return await world.count(UNDONE) == 0

    await until(done, "everything that came in is dealt with")


async def test_a_host_killed_after_the_webhook_has_lost_nothing(world: World) -> None:
    await world.open_host()
    await world.deliver(world.message("254700000001", "help"))
    await world.host.kill()
    assert world.graph.messages == []
    await world.worker.start()
    await everything_done(world)
    assert len(world.graph.messages) == 1
    assert await world.count(REPEATED) == 0


async def test_a_worker_killed_in_the_middle_of_a_send_repeats_it_and_counts_it(
    world: World,
) -> None:
    await world.open_host()
    await world.worker.start()

    async def die(_message: dict[str, Any]) -> None:
        world.graph.on_message = None
        await world.worker.kill()

    world.graph.on_message = die
    await world.deliver(world.message("254700000001", "help"))

    async def dead() -> bool:
        return not world.worker.running

    await until(dead, "the worker is dead")
    await world.worker.start()
    await world.deliver(world.message("254700000002", "help"))
    await everything_done(world)
    answers = world.graph.answers()
    assert len(set(answers)) == 2
    assert len(answers) - len(set(answers)) == await world.count(REPEATED) == 1


async def test_a_worker_killed_by_a_subscriber_tells_it_again_with_the_same_event(
    world: World,
) -> None:
    world.log.with_suffix(".log.trap").touch()
    await world.open_host()
    await world.worker.start()
    await world.deliver(world.message("254700000001", "help"))

    async def dead() -> bool:
        return not world.worker.running

    await until(dead, "the subscriber took the worker with it")
    await world.worker.start()
    await everything_done(world)
    told = world.log.read_text().split("\n")[:-1]
    assert len(told) == 2
    assert told[0] == told[1]
    assert len(set(world.graph.answers())) == 1


async def test_a_storm_of_kills_loses_no_message_and_doubles_none_unseen(world: World) -> None:
    chance = random.Random(7)
    shoppers = [f"2547000000{number:02}" for number in range(10)]
    bodies = [world.message(shopper, "help") for shopper in shoppers for _ in range(4)]
    await world.open_host()
    await world.worker.start()

    async def storm() -> None:
        for victim in chance.sample([world.host, world.worker, world.host, world.worker], 4):
            seen = len(world.graph.messages) + chance.randint(1, 4)

            async def more(target: int = seen) -> bool:
                return len(world.graph.messages) >= target or not world.worker.running

            await until(more, "the shop answers", seconds=60)
            await victim.kill()
            await victim.start()

    async with asyncio.TaskGroup() as group:
        group.create_task(storm())
        for body in bodies:
            group.create_task(world.deliver(body))
    await everything_done(world)
    answers = world.graph.answers()
    assert await world.count(HEARD) == len(bodies)
    assert len(set(answers)) == len(bodies)
    assert len(answers) - len(set(answers)) <= await world.count(REPEATED)
