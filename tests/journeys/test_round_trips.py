"""What a message costs: messages to PostgreSQL from the webhook door to the answer written down."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import asyncpg
import pytest_asyncio

from tests.support.roundtrips import RoundTrips, count_round_trips
from tests.support.shop import AMINA, Shop, open_shop, text_message
from tradewind.testing.database import DatabaseUrls
from tradewind_host.worker import Worker

MOST = 12
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


async def take(shop: Shop, step: str, outsider: "asyncpg.Connection[Any]") -> RoundTrips:
    """Bring a message to the door and wait until the worker has nothing left to do."""
    pool = shop.engine.database.pool
    with count_round_trips(shop.engine.database) as counted:
        if step in TYPED:
            await shop.arrives(AMINA, text_message(step))
        else:
            await shop.tapped(AMINA, step)
        while await outsider.fetchval("SELECT count(*) FROM control.jobs") or (
            pool.get_idle_size() < pool.get_size()
        ):
            pass
    return counted


async def test_a_chat_message_needs_at_most_twelve_round_trips(
    busy_shop: Shop, owner: "asyncpg.Connection[Any]"
) -> None:
    for step in STEPS:
        await take(busy_shop, step, owner)
    counts = {step: await take(busy_shop, step, owner) for step in STEPS}
    assert len(await busy_shop.hears(AMINA)) == 2 * len(STEPS)
    assert all(counted.warm <= MOST for counted in counts.values()), table(counts)


def table(counts: Mapping[str, RoundTrips]) -> str:
    """Each message with its statements."""
    lines: list[str] = []
    for step, counted in counts.items():
        lines.append(f"{counted.warm:3} {step}")
        lines += [f"      {' '.join(text.split())[:100]}" for text in counted.statements]
    return "\n".join(lines)
