"""The engine of one process: its database, its plugins, and which plugin runs for which store.

Plugin settings, enablement and flags are read once per store and kept for a few seconds; a change
made in this process is seen at once, one made in another within `FRESH`.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, cast
from uuid import UUID

import httpx
import msgspec

from tradewind.contracts.context import Clock, StoreContext
from tradewind.contracts.errors import MediaFault
from tradewind.contracts.media import MediaStore
from tradewind.contracts.webhook import Account
from tradewind.database import directory
from tradewind.database.engine import TABLES, Database, Store, Transaction
from tradewind.plugins import Contexts, Plugins
from tradewind.settings import queries
from tradewind.settings.keyring import Keyring
from tradewind.settings.rules import FLAGS, known

_LOG = logging.getLogger(__name__)
_ANY = UUID(int=0)
FRESH = timedelta(seconds=5)


class ContextMaker(Protocol):
    """Builds what a plugin receives; it lives on a higher floor because it reads orders."""

    async def __call__(
        self, engine: "Engine", store: Store, plugin: str, settings: msgspec.Struct
    ) -> StoreContext[Any]: ...


class Limits(Protocol):
    """How much one caller may ask for, by the names of rules."""

    def take(self, rule: str, key: str) -> None:
        """Count one request. Raises Limited."""
        ...

    def give_back(self, rule: str, key: str) -> None:
        """Do not count a request that was counted: all was well."""
        ...


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
        media: MediaStore | None = None,
    ) -> None:
        """`flags` are the environment's: one that is off there is off in every store."""
        self.database = database
        self.plugins = plugins
        self.http = http
        self.keyring = keyring
        database.vault = keyring
        self.public_url = public_url.rstrip("/")
        self._make_context = make_context
        self._media = media
        self.limits: Limits | None = None
        """What counts requests beside the host's doors; None counts nothing."""
        self._environment_flags = dict(flags or {})
        self._states: dict[UUID, StoreState] = {}
        self._changes: Counter[UUID] = Counter()
        self._accounts: dict[str, tuple[datetime, Sequence[Account[Any]]]] = {}
        self._stores: dict[UUID, tuple[datetime, Store]] = {}

    @property
    def clock(self) -> Clock:
        """The process's source of time."""
        return self.database.clock

    @property
    def media(self) -> MediaStore:
        """Where pictures and files are kept. Raises MediaFault where the host keeps none."""
        if self._media is None:
            raise MediaFault("This host keeps no pictures and files.")
        return self._media

    async def store(self, store_id: UUID) -> Store:
        """The store with this id, at most `FRESH` old. Raises NotFound."""
        now = self.clock.now()
        known = self._stores.get(store_id)
        if known is None or not timedelta() <= now - known[0] < FRESH:
            known = (now, await directory.store_by_id(self.database, store_id))
            self._stores[store_id] = known
        return known[1]

    async def state(self, store: Store) -> StoreState:
        """What the store configured, at most `FRESH` old.

        Read in the open transaction of the store, if there is one.
        """
        found = self._states.get(store.id)
        now = self.clock.now()
        if found is not None and timedelta() <= now - found.read_at < FRESH:
            return found
        changes = self._changes[store.id]
        opened = cast("Transaction | None", TABLES.current_transaction.get())
        if opened is not None and opened.store_id == store.id:
            state = await self._read(opened, store, now)
        else:
            async with self.database.transaction(store.id) as tx:
                state = await self._read(tx, store, now)
        # What was changed while this was read must not be forgotten again.
        if changes == self._changes[store.id]:
            self._states[store.id] = state
        return state

    async def _read(self, tx: Transaction, store: Store, now: datetime) -> StoreState:
        rows, flags = await queries.plugin_rows(tx), await queries.flag_rows(tx)
        settings = {
            name: found
            for name, row in rows.items()
            if row.settings is not None and name in self.plugins.loaded
            if (found := self._readable(name, store.slug, row.settings)) is not None
        }
        return StoreState(read_at=now, rows=rows, settings=settings, flags=flags)

    def forget(self, store_id: UUID) -> None:
        """Read the store's configuration anew next time."""
        self._states.pop(store_id, None)
        self._changes[store_id] += 1
        self._accounts.clear()
        self._changes[_ANY] += 1

    def decode(self, plugin: str, cipher: bytes) -> msgspec.Struct:
        """A plugin's settings from their encrypted form, without those it no longer has.

        Raises SecretUnreadable, or whatever the struct raises when they do not fit it any more.
        """
        kind = self.plugins.settings_type(plugin)
        values = known(kind, msgspec.json.decode(self.keyring.decrypt(cipher)))
        return msgspec.convert(values, kind, str_keys=True)

    def _readable(self, plugin: str, slug: str, cipher: bytes) -> msgspec.Struct | None:
        """Settings that no longer fit their plugin or its keys stop it in that store alone."""
        try:
            return self.decode(plugin, cipher)
        except Exception as error:  # noqa: BLE001 - the struct is the plugin's and may raise anything
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

    async def switched_on(self, store: Store) -> frozenset[str]:
        """Plugins that the store wants to run, also those in quarantine or without their key."""
        rows = (await self.state(store)).rows
        return frozenset(name for name, row in rows.items() if row.enabled)

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
        """Whether a feature is on; off in the environment wins over on in the store.

        What neither has decided is on.
        """
        if not self.may_be_on(name):
            return False
        return (await self.state(store)).flags.get(name, True)

    def may_be_on(self, name: str) -> bool:
        """Whether the environment leaves a feature to the store."""
        return name in FLAGS and self._environment_flags.get(name, True)

    async def accounts(self, plugin: str) -> Sequence[Account[Any]]:
        """Every store's account with a plugin, for the webhook door."""
        now = self.clock.now()
        kept = self._accounts.get(plugin)
        if kept is not None and timedelta() <= now - kept[0] < FRESH:
            return kept[1]
        changes = self._changes[_ANY]
        found = await self.read_accounts(plugin)
        if changes == self._changes[_ANY]:
            self._accounts[plugin] = (now, found)
        return found

    async def read_accounts(
        self, plugin: str, *, address: str | None = None, slug: str | None = None
    ) -> Sequence[Account[Any]]:
        """The accounts with a plugin as they are now: of one address, of one store, or all."""
        rows = await directory.channel_accounts(self.database, plugin, address=address, slug=slug)
        return [
            Account(
                store_id=row.store_id,
                store_slug=row.store_slug,
                address=row.address,
                settings=settings,
            )
            for row in rows
            if (settings := self._readable(plugin, row.store_slug, row.settings)) is not None
        ]


class PluginDirectory:
    """The directory that a plugin's `accept` may ask; sees that plugin's accounts alone.

    An account that is not known yet may have been made in another process a moment ago.
    """

    def __init__(self, engine: Engine, plugin: str) -> None:
        self._engine = engine
        self._plugin = plugin

    async def by_address(self, address: str) -> Account[Any] | None:
        """The account behind an address of the outside world."""
        if not address:
            return None
        known_one = next((a for a in await self.everyone() if a.address == address), None)
        return known_one or _only(await self._engine.read_accounts(self._plugin, address=address))

    async def by_slug(self, store_slug: str) -> Account[Any] | None:
        """The account of the store that the URL names."""
        known_one = next((a for a in await self.everyone() if a.store_slug == store_slug), None)
        return known_one or _only(await self._engine.read_accounts(self._plugin, slug=store_slug))

    async def everyone(self) -> Sequence[Account[Any]]:
        """Every account of this plugin."""
        return await self._engine.accounts(self._plugin)


def _only(found: Sequence[Account[Any]]) -> Account[Any] | None:
    return found[0] if found else None
