"""A till that sells mugs, for promotions on them."""

from collections.abc import AsyncIterator

import pytest

from tests.support.promoting import PRICE
from tests.support.tills import Till, open_till
from tradewind.database import Database


@pytest.fixture
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        await opened.stock("MUG", PRICE, on_hand=1000)
        yield opened
