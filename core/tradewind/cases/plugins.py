"""Plugins that fail again and again: into quarantine with a case on the desk, and out again."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from tradewind.cases.service import NewCase, close_by_key, open_case
from tradewind.database.engine import Store, Transaction
from tradewind.outbox.service import release_held
from tradewind.settings import service as settings_service
from tradewind.settings.engine import Engine
from tradewind.settings.rules import Defect
from tradewind.settings.service import PluginView, audit

ACTOR = "tradewind"
_LOG = logging.getLogger(__name__)


async def record_failure(engine: Engine, store: Store, plugin: str, where: str, error: str) -> bool:
    """Count a programming error of a plugin; true when it is in quarantine from now on.

    `where` is the hook or method, `error` its type and words without any secret. Must not be
    called while a transaction is open.
    """
    async with engine.database.transaction(store.id) as tx:
        counted = await settings_service.count_failure(tx, plugin, where, error)
        quarantined = counted is not None and counted.quarantined
        if counted is not None and quarantined:
            await _quarantined(engine, tx, plugin, counted.defects)
    engine.forget(store.id)
    if quarantined:
        _LOG.error("plugin %s is in quarantine in store %s", plugin, store.slug)
    return quarantined


async def _quarantined(
    engine: Engine, tx: Transaction, plugin: str, defects: Sequence[Defect]
) -> None:
    loaded = engine.plugins.loaded.get(plugin)
    evidence = {
        "plugin": plugin,
        "version": (loaded.version if loaded else None) or "",
        "defects": defects,
    }
    case = NewCase(
        kind="quarantine",
        dedupe_key=_key(plugin),
        title=f"The plugin {plugin} failed {len(defects)} times and is in quarantine",
        subject_type="plugin",
        subject_id=plugin,
        evidence=evidence,
        actions=("release", "close"),
    )
    await open_case(tx, case)
    detail = {"reason": defects[-1].error}
    await audit(tx, ACTOR, "plugin.quarantined", "plugin", plugin, detail)


async def release(
    engine: Engine, store: Store, plugin: str, *, actor: str, resolution: str = "released"
) -> bool:
    """End a quarantine: the case is closed, and what the plugin was to hear comes to it now.

    What counted against the plugin is forgotten. False when it was not in quarantine.
    """
    async with engine.database.transaction(store.id) as tx:
        ended = await settings_service.forgive(tx, plugin)
        if ended:
            await close_by_key(tx, _key(plugin), actor, resolution)
            await audit(tx, actor, "plugin.released", "plugin", plugin)
        await release_held(tx, [plugin])
    engine.forget(store.id)
    return ended


async def configure(
    engine: Engine,
    store: Store,
    name: str,
    *,
    actor: str,
    enabled: bool | None = None,
    settings: Mapping[str, Any] | None = None,
    operator: bool = False,
) -> PluginView:
    """`settings.service.configure`; to switch a plugin on or off also ends its quarantine."""
    view = await settings_service.configure(
        engine, store, name, actor=actor, enabled=enabled, settings=settings, operator=operator
    )
    if enabled is None:
        return view
    words = "switched on" if enabled else "switched off"
    await release(engine, store, name, actor=actor, resolution=words)
    return await settings_service.plugin_of(engine, store, name)


def _key(plugin: str) -> str:
    return f"quarantine:{plugin}"
