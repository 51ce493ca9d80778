"""The concrete `StoreContext` that plugins receive."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec

from tradewind.checkout.shop import ShopReads
from tradewind.contracts.context import Clock, Connection, Shop, StoreContext, StoreInfo
from tradewind.contracts.webhook import Item
from tradewind.database.engine import Store
from tradewind.outbox.inbox import Arrival, store_items
from tradewind.outbox.live import LiveBoard
from tradewind.settings.engine import FRESH, Engine
from tradewind.stores.service import info, settings_of


class PluginContext:
    """One store, seen by one plugin."""

    def __init__(
        self, engine: Engine, store: Store, plugin: str, settings: Any, about: StoreInfo
    ) -> None:
        self._engine = engine
        self._store = store
        self._plugin = plugin
        self.settings = settings
        self.store = about
        self.http: httpx.AsyncClient = engine.http
        self.clock: Clock = engine.clock
        self.locale = about.locale
        self.public_url = engine.public_url
        self.shop: Shop = ShopReads(engine.database, store)
        self.live = LiveBoard(engine.database, store)

    async def inbox(self, item: Item) -> None:
        """Hand in an inbound item that came by another way than a webhook."""
        await store_items(
            self._engine.database, self._plugin, [Arrival(item=item, store_id=self._store.id)]
        )

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[Connection]:
        """A transaction on this store for the plugin's own tables."""
        async with self._engine.database.transaction(self._store.id) as tx:
            yield tx

    async def first_time(self, key: str) -> bool:
        """True once per key, plugin and store."""
        async with self._engine.database.transaction(self._store.id) as tx:
            added = await tx.fetchval(
                """INSERT INTO shop.event_marks (store_id, subscriber, mark, created_at)
                   VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING true""",
                self._store.id,
                self._plugin,
                key,
                tx.now,
            )
        return bool(added)


class ContextFactory:
    """Makes contexts; what it reads of a store for them is kept for a few seconds."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[datetime, StoreInfo]] = {}

    async def __call__(
        self, engine: Engine, store: Store, plugin: str, settings: msgspec.Struct
    ) -> StoreContext[Any]:
        """The context of one plugin in one store."""
        about = await self._about(engine, store)
        return PluginContext(engine, store, plugin, settings, about)

    async def _about(self, engine: Engine, store: Store) -> StoreInfo:
        now = engine.clock.now()
        known = self._known.get(store.id)
        if known is not None and timedelta() <= now - known[0] < FRESH:
            return known[1]
        async with engine.database.transaction(store.id) as tx:
            about = info(store, await settings_of(tx))
        self._known[store.id] = (now, about)
        return about
