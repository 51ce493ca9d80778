"""The house of those who sign in."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.customers import Visitor
from tests.support.letterbox import Letterbox, open_letterbox
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import Postgres

A_WHILE = 60 * 60


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(postgres_server: Postgres, clock: ManualClock) -> AsyncIterator[Letterbox]:
    """One house for all: everybody who visits it has an address of their own."""
    with postgres_server.database() as urls:
        async with open_letterbox(urls, clock) as opened:
            await opened.account("second")
            yield opened


@pytest.fixture
def box(house: Letterbox, clock: ManualClock) -> Letterbox:
    """The house, a while after the test before."""
    clock.advance(A_WHILE)
    return house


@pytest.fixture
def jane(box: Letterbox) -> Visitor:
    return Visitor(box)
