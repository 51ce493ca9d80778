"""The house of the journeys."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.shop import Shop, open_shop
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls


@pytest_asyncio.fixture
async def shop(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Shop]:
    """Two stores with WhatsApp, nobody has written yet."""
    async with open_shop(database_urls, clock=clock) as opened:
        yield opened
