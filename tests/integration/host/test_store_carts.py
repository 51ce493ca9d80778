"""The cart API, row by row: what each call does, and each way in which it refuses."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.support.storefront import (
    EMAIL,
    HOME,
    PRICE,
    TEA,
    Storefront,
    fields,
    open_storefront,
    refused,
    told,
)
from tradewind import Adjustment, Plugin, QuoteRequest, StoreContext, hookimpl
from tradewind.carts.rules import NewCart
from tradewind.carts.service import add_sku
from tradewind.checkout.links import token_for
from tradewind.customers.service import of_email
from tradewind.hooks import NoSettings
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

BASKET = "KIONDO"


@pytest_asyncio.fixture
async def site(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Storefront]:
    async with open_storefront(database_urls, clock) as opened:
        yield opened
