"""What a message costs: messages to PostgreSQL from the webhook door to the answer written down."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, TypeAlias

import asyncpg
import pytest_asyncio

from tests.support.deliveries import change, post, status
from tests.support.roundtrips import RoundTrips, count_round_trips
from tests.support.shop import AMINA, NUMBERS, Shop, open_shop, text_message
from tradewind.testing.database import DatabaseUrls
from tradewind_host.worker import Worker

Outsider: TypeAlias = "asyncpg.Connection[Any]"
MOST = 12
MOST_FOR_NEWS = 7
TYPED = {"hi", "ADD TEA-PURPLE 1", "CART"}
STEPS = ["hi", "Browse products", "Tea", "Purple tea", "ADD TEA-PURPLE 1", "CART"]


@pytest_asyncio.fixture
async def busy_shop(database_urls: DatabaseUrls) -> AsyncIterator[Shop]:
    """A shop with a running worker; phones report nothing, so that one message alone is counted."""
    async with open_shop(database_urls, auto_statuses=False) as shop:
        worker = Worker(shop.engine, poll=timedelta(hours=1))
        running = asyncio.create_task(worker.run())
        yield shop
        await worker.stop()
        await running


async def take(shop: Shop, step: str, outsider: Outsider) -> RoundTrips:
    """Bring a message to the door and wait until the worker has nothing left to do."""
    with count_round_trips(shop.engine.database) as counted:
        if step in TYPED:
            await shop.arrives(AMINA, text_message(step))
        else:
            await shop.tapped(AMINA, step)
        await rest(shop, outsider)
    return counted


async def rest(shop: Shop, outsider: Outsider) -> None:
    """Wait, on a connection that is not counted, until no job is left and no connection busy."""
    pool = shop.engine.database.pool
    while await outsider.fetchval("SELECT count(*) FROM control.jobs") or (pool.lent):
        pass


async def test_a_chat_message_needs_at_most_twelve_round_trips(
    busy_shop: Shop, owner: Outsider
) -> None:
    for step in STEPS:
        await take(busy_shop, step, owner)
    counts = {step: await take(busy_shop, step, owner) for step in STEPS}
    assert len(await busy_shop.hears(AMINA)) == 2 * len(STEPS)
    assert all(counted.warm <= MOST for counted in counts.values()), table(counts)


async def test_news_of_a_message_need_at_most_seven_round_trips(
    busy_shop: Shop, owner: Outsider
) -> None:
    for step in STEPS[:2]:
        await take(busy_shop, step, owner)
    listed = await busy_shop.sandbox.get("/whatsapp/messages", params={"to": AMINA})
    ours = [body["biz_opaque_callback_data"] for body in listed.json()]
    counts: dict[str, RoundTrips] = {}
    for message_id, state in itertools.product(ours, ("delivered", "read")):
        news = {**status("wamid.any", state, AMINA), "biz_opaque_callback_data": message_id}
        with count_round_trips(busy_shop.engine.database) as counted:
            await busy_shop.deliver(post(change(NUMBERS["demo"], statuses=[news])))
            await rest(busy_shop, owner)
        counts[state] = counted
    assert all(counted.warm <= MOST_FOR_NEWS for counted in counts.values()), table(counts)


def table(counts: Mapping[str, RoundTrips]) -> str:
    """Each message with its statements."""
    lines: list[str] = []
    for step, counted in counts.items():
        lines.append(f"{counted.warm:3} {step}")
        lines += [f"      {' '.join(text.split())[:100]}" for text in counted.statements]
    return "\n".join(lines)
