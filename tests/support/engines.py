"""Engines with any plugins on a fresh database, without a host."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx

from tests.support.trust import TRUST
from tradewind.checkout.context import ContextFactory
from tradewind.database import Database, Store
from tradewind.hooks import Plugin
from tradewind.plugins import load
from tradewind.pricing.builtin import PRICE_TABLES
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import Keyring, new_key
from tradewind.settings.service import configure
from tradewind.stores.service import StoreSettings, create_store


@asynccontextmanager
async def engine_with(
    database: Database,
    *plugins: Plugin,
    keys: Sequence[str] | None = None,
    flags: Mapping[str, bool] | None = None,
) -> AsyncIterator[Engine]:
    """An engine with these plugins, enabled nowhere; `keys` are its secret keys, newest first."""
    async with httpx.AsyncClient(verify=TRUST) as http:
        yield Engine(
            database=database,
            plugins=load(strict=True, extra=plugins, built_in=[PRICE_TABLES], entry_points=()),
            http=http,
            keyring=Keyring(keys or [new_key()]),
            public_url="https://shop.example/",
            make_context=ContextFactory(),
            flags=flags,
        )


async def open_store(engine: Engine, slug: str, *enabled: str) -> Store:
    """A new store in which these plugins are enabled, without settings of their own."""
    store = await create_store(engine.database, slug, slug.title(), StoreSettings(currency="KES"))
    for plugin in enabled:
        await configure(engine, store, plugin, actor="test", enabled=True)
    return store
