"""Build the engine of this process from its configuration, and take it apart again."""

import logging
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint

import httpx

from tradewind.cases.plugins import record_failure
from tradewind.checkout.context import ContextFactory
from tradewind.contracts.context import AppContext, Clock
from tradewind.conversations.telling import TOLD
from tradewind.database import Database
from tradewind.hooks import Plugin
from tradewind.messaging.letters import service as letters
from tradewind.plugins import Failure, Plugins, load
from tradewind.pricing.builtin import PRICE_TABLES
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import Keyring
from tradewind_host.config import BadConfig, Config
from tradewind_host.limits import Limiter
from tradewind_host.media import media_store
from tradewind_host.trust import trust

_LOG = logging.getLogger(__name__)
_HTTP_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_HTTP_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=8)


async def open_engine(
    config: Config,
    *,
    clock: Clock | None = None,
    extra_plugins: Sequence[Plugin] = (),
    entry_points: Iterable[EntryPoint] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Engine:
    """Connect, load the plugins, and open them.

    `entry_points` None takes what is installed; `transport` replaces the network for plugins'
    calls. Raises BadConfig without a database or key.
    """
    if config.database_url is None:
        raise BadConfig("TRADEWIND_DATABASE_URL is not set.")
    if not config.secret_keys:
        raise BadConfig("TRADEWIND_SECRET_KEY is not set.")
    database = Database(config.database_url, clock=clock, prepared=config.prepared_statements)
    failures = _Failures()
    plugins = load(
        entry_points=entry_points,
        extra=extra_plugins,
        built_in=[PRICE_TABLES],
        on_failure=failures,
    )
    for fault in plugins.faults:
        _LOG.error("plugin %s was left out (%s): %s", fault.name, fault.code, fault.message)
    engine = Engine(
        database=database,
        plugins=plugins,
        http=httpx.AsyncClient(
            timeout=_HTTP_TIMEOUT,
            limits=_HTTP_LIMITS,
            follow_redirects=False,
            verify=trust(),
            transport=transport,
        ),
        keyring=Keyring(config.secret_keys),
        public_url=config.base_url,
        make_context=ContextFactory(),
        flags=config.flags,
        media=media_store(config, database.clock),
    )
    engine.limits = Limiter(database.clock, config.rules)
    failures.engine = engine
    database.relayed = _relayed(plugins)
    await database.open(maximum=config.pool_size)
    plugins.open(_app(engine, config))
    return engine


async def close_engine(engine: Engine) -> None:
    """Close the plugins and give all connections back."""
    engine.plugins.close(
        AppContext[None](clock=engine.clock, http=engine.http, public_url=engine.public_url)
    )
    await engine.http.aclose()
    await engine.media.close()
    await engine.database.close()


def _app(engine: Engine, config: Config) -> AppContext[None]:
    return AppContext(
        clock=engine.clock,
        http=engine.http,
        public_url=engine.public_url,
        environment=config.environment,
    )


def _relayed(plugins: Plugins) -> frozenset[str]:
    """Event types that anybody wants: the chat, those who write letters, and plugins."""
    wanted = set(TOLD | letters.written(plugins))
    for plugin in plugins.loaded.values():
        if plugin.events is None:
            return frozenset(plugins.event_types)
        wanted |= set(plugin.events)
    return frozenset(wanted)


class _Failures:
    """Counts programming errors of plugins towards quarantine."""

    engine: Engine | None = None

    async def __call__(self, failure: Failure) -> None:
        _LOG.warning("plugin %s failed in %s: %s", failure.plugin, failure.hook, failure.error)
        if self.engine is None or not failure.programming or failure.store_id is None:
            return
        if failure.plugin in self.engine.plugins.built_in:
            return
        store = await self.engine.store(failure.store_id)
        await record_failure(self.engine, store, failure.plugin, failure.hook, failure.error)
