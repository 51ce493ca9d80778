"""Configure plugins and flags for a store, and keep the audit log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.contracts.errors import Conflict, FieldError, InvalidInput, NotFound
from tradewind.contracts.settings import form
from tradewind.database.engine import Store, Transaction
from tradewind.hooks import DELIVERY_HOOKS, PRICE_HOOKS
from tradewind.plugins.outcomes import attempt
from tradewind.settings import queries
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import SecretUnreadable
from tradewind.settings.queries import AuditRecord, Counted
from tradewind.settings.rules import (
    FLAGS,
    FORGIVEN_AFTER,
    QUARANTINE_AFTER,
    Defect,
    changes,
    known,
    merge,
    parse,
    refuse_operator_fields,
    shown,
)

_KEY_LOST = (
    "These settings were encrypted with a key that this host no longer has. Enter them anew, or "
    "have the operator give the key again."
)
_NO_FIT = "These settings no longer fit the plugin. Look through them and save them again."


class PluginView(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin in one store, fit to leave the house: secrets are masked.

    `settings_schema` is the JSON schema of `settings`. `defects` are its programming errors that
    count towards quarantine. `problem` says why the plugin cannot run although it was set up, and
    `errors` which of its settings are to blame.
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
    defects: Sequence[Defect]
    problem: str = ""
    errors: Sequence[FieldError] = ()


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """Settings as they were found: what can be read of them, and what is wrong."""

    values: Mapping[str, Any] = {}
    problem: str = ""
    errors: Sequence[FieldError] = ()


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
    stored = _stored(engine, row)
    return PluginView(
        name=name,
        version=loaded.version or "",
        enabled=bool(row and row.enabled and row.quarantined_at is None and not stored.problem),
        configured=bool(row and row.settings is not None),
        hooks=loaded.hooks,
        settings=shown(loaded.settings_type, stored.values),
        settings_schema=form(loaded.settings_type),
        quarantined_at=row.quarantined_at if row else None,
        quarantine_reason=row.quarantine_reason if row else "",
        defects=row.defects if row else (),
        problem=stored.problem,
        errors=stored.errors,
    )


def _stored(engine: Engine, row: queries.PluginRow | None) -> Stored:
    if row is None or row.settings is None:
        return Stored()
    try:
        plain = engine.keyring.decrypt(row.settings)
    except SecretUnreadable:
        return Stored(problem=_KEY_LOST)
    kind = engine.plugins.settings_type(row.plugin)
    values = known(kind, msgspec.json.decode(plain))
    try:
        parse(kind, values)
    except InvalidInput as wrong:
        return Stored(values=values, problem=_NO_FIT, errors=wrong.errors)
    return Stored(values=values)


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
    """Change a plugin's settings, its enablement, or both; seen at once. A quarantine stays.

    What a plugin with a say in prices has said of carts until now is void.

    `settings` are laid over the stored ones. Only the `operator` may change what is reserved for
    them. Raises NotFound, InvalidInput with each wrong field, or Conflict: `address_taken` when
    another store has the same address in the outside world, `settings_unreadable` when a plugin is
    switched on whose settings must be entered anew.
    """
    if name not in engine.plugins.loaded:
        raise NotFound(f"There is no plugin “{name}”.")
    async with engine.database.transaction(store.id) as tx:
        await queries.lock_plugin(tx, name)
        row = (await queries.plugin_rows(tx)).get(name)
        if settings is None and row is not None and row.settings is not None:
            changed: Sequence[str] = ()
            await _switch(engine, tx, row, enabled=enabled)
        else:
            changed = await _change(engine, tx, name, row, settings or {}, operator=operator)
            await queries.switch_plugin(tx, name, enabled=_is_on(row, enabled=enabled))
        if _has_a_say(engine, name):
            await queries.pricing_changed(tx)
        detail = {"enabled": enabled, "changed": changed}
        await audit(tx, actor, "plugin.configured", "plugin", name, detail)
    return await plugin_of(engine, store, name)


def _has_a_say(engine: Engine, name: str) -> bool:
    hooks = engine.plugins.loaded[name].hooks
    return not (PRICE_HOOKS | DELIVERY_HOOKS).isdisjoint(hooks)


async def _switch(
    engine: Engine, tx: Transaction, row: queries.PluginRow, *, enabled: bool | None
) -> None:
    """Switch a plugin on or off; its settings stay as they are, also those no key opens."""
    if enabled and (problem := _stored(engine, row).problem):
        raise Conflict(problem, code="settings_unreadable")
    await queries.switch_plugin(tx, row.plugin, enabled=_is_on(row, enabled=enabled))


def _is_on(row: queries.PluginRow | None, *, enabled: bool | None) -> bool:
    return bool(row and row.enabled) if enabled is None else enabled


async def _change(
    engine: Engine,
    tx: Transaction,
    name: str,
    row: queries.PluginRow | None,
    given: Mapping[str, Any],
    *,
    operator: bool,
) -> Sequence[str]:
    """Lay settings over the stored ones; returns the names of those that changed."""
    kind = engine.plugins.settings_type(name)
    old = _stored(engine, row).values
    values = merge(kind, old, given)
    changed = changes(kind, old, values)
    if not operator:
        refuse_operator_fields(kind, changed)
    parsed = parse(kind, values)
    cipher = engine.keyring.encrypt(msgspec.json.encode(parsed))
    await queries.save_settings(tx, name, cipher)
    if not await queries.save_account(tx, name, _address(engine, name, parsed), cipher):
        raise Conflict("Another store uses this account already.", code="address_taken")
    return sorted(changed)


def _address(engine: Engine, name: str, settings: msgspec.Struct) -> str:
    door = engine.plugins.door(name)
    if door is None:
        return ""
    address, error = attempt(door.address, settings)
    if error is None and isinstance(address, str):
        return address
    words = f"The plugin finds no account in these settings ({type(error or address).__name__})."
    wrong = FieldError("settings", "invalid_value", words)
    raise InvalidInput("The settings are not valid.", code="invalid_settings", errors=[wrong])


async def count_failure(tx: Transaction, plugin: str, where: str, error: str) -> Counted | None:
    """Count a programming error of a plugin; None when the store never set it up.

    Whoever calls this opens the case: see `tradewind.cases.plugins`.
    """
    defect = Defect(at=tx.now, where=where, error=error)
    since = tx.now - FORGIVEN_AFTER
    counted = await queries.count_failure(tx, plugin, QUARANTINE_AFTER, since, defect)
    if counted is not None and counted.quarantined:
        await queries.pricing_changed(tx)
    return counted


async def forgive(tx: Transaction, plugin: str) -> bool:
    """Forget what a plugin got wrong; true when that ended a quarantine."""
    ended = await queries.forgive(tx, plugin)
    if ended:
        await queries.pricing_changed(tx)
    return ended


async def pricing_changed(tx: Transaction) -> None:
    """Void every quote made until now: prices are others from this commit on.

    Called by whatever changes a region, a tax, a delivery option or a promotion, what a product
    counts as for these (its kind, categories, SKUs, tax classes and weights), or what a plugin with
    a say in prices works with.
    """
    await queries.pricing_changed(tx)


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
