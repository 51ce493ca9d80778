"""The engine of one process: its database, its plugins, and which plugin runs for which store.

Plugin settings, enablement and flags are read once per store and kept for a few seconds; a change
made in this process is seen at once, one made in another within `FRESH`.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import httpx
import msgspec

from tradewind.contracts.context import Clock, StoreContext
from tradewind.contracts.webhook import Account
from tradewind.database import directory
from tradewind.database.engine import Database, Store
from tradewind.plugins import Contexts, Plugins
from tradewind.settings import queries
from tradewind.settings.keyring import Keyring, SecretUnreadable
from tradewind.settings.rules import FLAGS

_LOG = logging.getLogger(__name__)
FRESH = timedelta(seconds=5)


class ContextMaker(Protocol):
    """Builds what a plugin receives; it lives on a higher floor because it reads orders."""

    async def __call__(
        self, engine: "Engine", store: Store, plugin: str, settings: msgspec.Struct
    ) -> StoreContext[Any]: ...


class StoreState(msgspec.Struct, frozen=True, kw_only=True):
    """What a store configured, as read at `read_at`."""

    read_at: datetime
    rows: Mapping[str, queries.PluginRow]
    settings: Mapping[str, msgspec.Struct]
    flags: Mapping[str, bool]


class Engine:
    """One per process, built by the host, handed to every journey."""

    def __init__(
        self,
        *,
        database: Database,
        plugins: Plugins,
        http: httpx.AsyncClient,
        keyring: Keyring,
        public_url: str,
        make_context: ContextMaker,
        flags: Mapping[str, bool] | None = None,
    ) -> None:
        """`flags` are the environment's: one that is off there is off in every store."""
        self.database = database
        self.plugins = plugins
        self.http = http
        self.keyring = keyring
        self.public_url = public_url.rstrip("/")
        self._make_context = make_context
        self._environment_flags = dict(flags or {})
        self._states: dict[UUID, StoreState] = {}
        self._accounts: dict[str, tuple[datetime, Sequence[Account[Any]]]] = {}
        self._stores: dict[UUID, tuple[datetime, Store]] = {}

    @property
    def clock(self) -> Clock:
        """The process's source of time."""
        return self.database.clock

    async def store(self, store_id: UUID) -> Store:
        """The store with this id, at most `FRESH` old. Raises NotFound."""
        now = self.clock.now()
        known = self._stores.get(store_id)
        if known is None or not timedelta() <= now - known[0] < FRESH:
            known = (now, await directory.store_by_id(self.database, store_id))
            self._stores[store_id] = known
        return known[1]

    async def state(self, store: Store) -> StoreState:
        """What the store configured, at most `FRESH` old."""
        known = self._states.get(store.id)
        now = self.clock.now()
        if known is not None and timedelta() <= now - known.read_at < FRESH:
            return known
        async with self.database.transaction(store.id) as tx:
            rows, flags = await queries.plugin_rows(tx), await queries.flag_rows(tx)
        settings = {
            name: found
            for name, row in rows.items()
            if row.settings is not None and name in self.plugins.loaded
            if (found := self._readable(name, store.slug, row.settings)) is not None
        }
        state = StoreState(read_at=now, rows=rows, settings=settings, flags=flags)
        self._states[store.id] = state
        return state

    def forget(self, store_id: UUID) -> None:
        """Read the store's configuration anew next time."""
        self._states.pop(store_id, None)
        self._accounts.clear()

    def decode(self, plugin: str, cipher: bytes) -> msgspec.Struct:
        """A plugin's settings from their encrypted form."""
        kind = self.plugins.settings_type(plugin)
        return msgspec.json.decode(self.keyring.decrypt(cipher), type=kind)

    def _readable(self, plugin: str, slug: str, cipher: bytes) -> msgspec.Struct | None:
        """Settings that no longer fit their plugin or its keys stop it in that store alone."""
        try:
            return self.decode(plugin, cipher)
        except (SecretUnreadable, msgspec.MsgspecError) as error:
            reason = type(error).__name__
            _LOG.error("settings of %s in store %s cannot be read: %s", plugin, slug, reason)
            return None

    async def enabled(self, store: Store) -> frozenset[str]:
        """Plugins that are offered to new shoppers of the store."""
        state = await self.state(store)
        return frozenset(
            name
            for name, row in state.rows.items()
            if row.enabled and row.quarantined_at is None and name in state.settings
        )

    async def quarantined(self, store: Store) -> frozenset[str]:
        """Plugins that the store has switched on and that failed too often."""
        rows = (await self.state(store)).rows
        return frozenset(
            name for name, row in rows.items() if row.enabled and row.quarantined_at is not None
        )

    async def context(self, store: Store, plugin: str) -> StoreContext[Any] | None:
        """The plugin's context, or None when it is not enabled for the store."""
        if plugin not in await self.enabled(store):
            return None
        return await self.context_anyway(store, plugin)

    async def context_anyway(self, store: Store, plugin: str) -> StoreContext[Any] | None:
        """The plugin's context also when disabled, so that nothing in flight is dropped."""
        settings = (await self.state(store)).settings.get(plugin)
        if settings is None:
            return None
        return await self._make_context(self, store, plugin, settings)

    def contexts(self, store: Store) -> Contexts:
        """How the plugin facade asks for contexts of one store."""

        async def of(plugin: str) -> StoreContext[Any] | None:
            return await self.context(store, plugin)

        return of

    async def flag(self, store: Store, name: str) -> bool:
        """Whether a feature is on: off in the environment wins over on in the store."""
        if name not in FLAGS or not self._environment_flags.get(name, True):
            return False
        return (await self.state(store)).flags.get(name, False)

    async def accounts(self, plugin: str) -> Sequence[Account[Any]]:
        """Every store's account with a plugin, for the webhook door."""
        now = self.clock.now()
        known = self._accounts.get(plugin)
        if known is not None and timedelta() <= now - known[0] < FRESH:
            return known[1]
        rows = await directory.channel_accounts(self.database, plugin)
        found = [
            Account(
                store_id=row.store_id,
                store_slug=row.store_slug,
                address=row.address,
                settings=settings,
            )
            for row in rows
            if (settings := self._readable(plugin, row.store_slug, row.settings)) is not None
        ]
        self._accounts[plugin] = (now, found)
        return found


class PluginDirectory:
    """The directory that a plugin's `accept` may ask; sees that plugin's accounts alone."""

    def __init__(self, engine: Engine, plugin: str) -> None:
        self._engine = engine
        self._plugin = plugin

    async def by_address(self, address: str) -> Account[Any] | None:
        """The account behind an address of the outside world."""
        return next((a for a in await self.everyone() if address and a.address == address), None)

    async def by_slug(self, store_slug: str) -> Account[Any] | None:
        """The account of the store that the URL names."""
        return next((a for a in await self.everyone() if a.store_slug == store_slug), None)

    async def everyone(self) -> Sequence[Account[Any]]:
        """Every account of this plugin."""
        return await self._engine.accounts(self._plugin)
