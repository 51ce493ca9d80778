"""Fixtures of the sandbox's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.sandbox.flutterwave import Till, open_till
from tests.integration.sandbox.merchant import Merchant, open_merchant
from tests.integration.sandbox.world import World, open_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as opened:
        yield opened


@pytest.fixture
async def till() -> AsyncIterator[Till]:
    async with open_till() as opened:
        yield opened


@pytest.fixture
async def merchant() -> AsyncIterator[Merchant]:
    async with open_merchant() as opened:
        yield opened
