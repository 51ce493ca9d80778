"""Configure plugins and flags for a store, and keep the audit log."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.contracts.errors import Conflict, NotFound
from tradewind.contracts.settings import properties
from tradewind.database.engine import Store, Transaction
from tradewind.settings import queries
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import SecretUnreadable
from tradewind.settings.queries import AuditRecord
from tradewind.settings.rules import (
    FLAGS,
    FORGIVEN_AFTER,
    QUARANTINE_AFTER,
    changes,
    known,
    merge,
    parse,
    refuse_operator_fields,
    shown,
)


class PluginView(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin in one store, fit to leave the house: secrets are masked.

    `problem` says why it cannot run although it was set up.
    """

    name: str
    version: str
    enabled: bool
    configured: bool
    hooks: Sequence[str]
    settings: Mapping[str, Any]
    settings_schema: Mapping[str, Any]
    quarantined_at: datetime | None
    quarantine_reason: str
    problem: str = ""


async def plugins_of(engine: Engine, store: Store) -> list[PluginView]:
    """Every loaded plugin as this store has it."""
    engine.forget(store.id)
    state = await engine.state(store)
    return [_view(engine, name, state.rows.get(name)) for name in engine.plugins.loaded]


async def plugin_of(engine: Engine, store: Store, name: str) -> PluginView:
    """One loaded plugin as this store has it. Raises NotFound."""
    if name not in engine.plugins.loaded:
        raise NotFound(f"There is no plugin “{name}”.")
    engine.forget(store.id)
    return _view(engine, name, (await engine.state(store)).rows.get(name))


def _view(engine: Engine, name: str, row: queries.PluginRow | None) -> PluginView:
    loaded = engine.plugins.loaded[name]
    values = _stored(engine, row)
    readable = row is None or row.settings is None or engine.reads(name, row.settings)
    return PluginView(
        name=name,
        version=loaded.version or "",
        enabled=bool(row and row.enabled and row.quarantined_at is None and readable),
        configured=bool(row and row.settings is not None),
        hooks=loaded.hooks,
        settings=shown(loaded.settings_type, values),
        settings_schema=properties(loaded.settings_type),
        quarantined_at=row.quarantined_at if row else None,
        quarantine_reason=row.quarantine_reason if row else "",
        problem="" if readable else "The settings cannot be read any more; enter them again.",
    )


def _stored(engine: Engine, row: queries.PluginRow | None) -> dict[str, Any]:
    if row is None or row.settings is None:
        return {}
    try:
        values: dict[str, Any] = msgspec.json.decode(engine.keyring.decrypt(row.settings))
    except SecretUnreadable:
        return {}
    return known(engine.plugins.settings_type(row.plugin), values)


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
    """Change a plugin's settings, its enablement, or both; seen at once.

    `settings` are laid over the stored ones. Only the `operator` may change what is reserved for
    them. Raises NotFound, InvalidInput with each wrong field, or Conflict when another store has
    the same address in the outside world.
    """
    if name not in engine.plugins.loaded:
        raise NotFound(f"There is no plugin “{name}”.")
    kind = engine.plugins.settings_type(name)
    async with engine.database.transaction(store.id) as tx:
        await queries.lock_plugin(tx, name)
        row = (await queries.plugin_rows(tx)).get(name)
        old = _stored(engine, row)
        values = merge(kind, old, settings or {})
        changed = changes(kind, old, values)
        if not operator:
            refuse_operator_fields(kind, changed)
        await _save(engine, tx, name, row, values, enabled=enabled)
        detail = {"enabled": enabled, "changed": sorted(changed)}
        await audit(tx, actor, "plugin.configured", "plugin", name, detail)
    return await plugin_of(engine, store, name)


async def _save(
    engine: Engine,
    tx: Transaction,
    name: str,
    row: queries.PluginRow | None,
    values: Mapping[str, Any],
    *,
    enabled: bool | None,
) -> None:
    parsed = parse(engine.plugins.settings_type(name), values)
    cipher = engine.keyring.encrypt(msgspec.json.encode(parsed))
    on = enabled if enabled is not None else bool(row and row.enabled)
    await queries.save_plugin(tx, name, enabled=on, settings=cipher)
    door = engine.plugins.door(name)
    address = door.address(parsed) if door is not None else ""
    if not await queries.save_account(tx, name, address, cipher):
        raise Conflict("Another store uses this account already.", code="address_taken")


async def rotate_secrets(engine: Engine, store: Store) -> int:
    """Encrypt the settings of a store's plugins with the newest key; returns how many.

    What no key opens stays as it is.
    """
    count = 0
    async with engine.database.transaction(store.id) as tx:
        for name in sorted(await queries.plugin_rows(tx)):
            await queries.lock_plugin(tx, name)
            cipher = (await queries.plugin_rows(tx))[name].settings
            with suppress(SecretUnreadable):
                if cipher is not None:
                    await queries.replace_cipher(tx, name, engine.keyring.rotate(cipher))
                    count += 1
    return count


async def record_failure(engine: Engine, store: Store, plugin: str, reason: str) -> bool:
    """Count a programming error of a plugin; true when it is in quarantine from now on."""
    async with engine.database.transaction(store.id) as tx:
        since = tx.now - FORGIVEN_AFTER
        quarantined = await queries.count_failure(tx, plugin, QUARANTINE_AFTER, since, reason)
    engine.forget(store.id)
    return quarantined


async def flags_of(engine: Engine, store: Store) -> dict[str, bool]:
    """Every flag as it counts for this store now."""
    engine.forget(store.id)
    return {name: await engine.flag(store, name) for name in FLAGS}


async def set_flag(
    engine: Engine, store: Store, name: str, *, enabled: bool, actor: str
) -> dict[str, bool]:
    """Switch a flag for this store; seen at once. Raises NotFound."""
    if name not in FLAGS:
        raise NotFound(f"There is no flag “{name}”.")
    async with engine.database.transaction(store.id) as tx:
        await queries.save_flag(tx, name, enabled=enabled)
        await audit(tx, actor, "flag.set", "flag", name, {"enabled": enabled})
    return await flags_of(engine, store)


async def audit(
    tx: Transaction,
    actor: str,
    action: str,
    subject_type: str,
    subject_id: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append to the audit log, in the transaction of the deed."""
    await queries.add_audit(tx, actor, action, subject_type, subject_id, detail or {})


async def audit_log(
    tx: Transaction, *, before: UUID | None = None, limit: int = 50
) -> list[AuditRecord]:
    """The audit log, newest first."""
    return await queries.audit_records(tx, before=before, limit=limit)
