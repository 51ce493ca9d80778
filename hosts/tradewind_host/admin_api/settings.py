"""How the store is set up: plugins, flags, and the log of who changed what."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import get, put
from litestar.params import FromPath, JSONBody

from tradewind.cases import plugins
from tradewind.contracts.errors import NotFound
from tradewind.settings import service
from tradewind.settings.queries import AuditRecord
from tradewind.settings.service import PluginView
from tradewind_host.access import GivenAccess
from tradewind_host.problems import reads, writes
from tradewind_host.shapes import Body, Cursor, Limit, id_cursor, page


class PluginList(msgspec.Struct, frozen=True):
    """Every plugin of this host, as the store has it."""

    plugins: Sequence[PluginView]
    next_cursor: str | None = None


class PluginChange(Body, frozen=True, kw_only=True):
    """Settings are laid over the present ones.

    A masked secret keeps its value; null takes a setting back to its default, and clears a secret.
    """

    enabled: bool | None = None
    settings: Mapping[str, Any] | None = None


class Flag(msgspec.Struct, frozen=True):
    """A feature flag as it counts now: off in the environment wins over on in the store."""

    name: str
    enabled: bool


class FlagList(msgspec.Struct, frozen=True):
    """Every flag."""

    flags: Sequence[Flag]
    next_cursor: str | None = None


class FlagChange(Body, frozen=True):
    """On or off."""

    enabled: bool


class AuditList(msgspec.Struct, frozen=True):
    """Who changed what, newest first."""

    audit_log: Sequence[AuditRecord]
    next_cursor: str | None


_WRITES = writes()


@get("/plugins", responses=reads())
async def list_plugins(access: GivenAccess) -> PluginList:
    """Every plugin of this host; secrets are masked."""
    return PluginList(await service.plugins_of(access.engine, access.store))


@get("/plugins/{name:str}", responses=reads(404))
async def get_plugin(access: GivenAccess, name: FromPath[str]) -> PluginView:
    """One plugin with its settings and their JSON schema; secrets are masked."""
    return await service.plugin_of(access.engine, access.store, name)


@put("/plugins/{name:str}", responses=_WRITES)
async def put_plugin(
    access: GivenAccess, name: FromPath[str], data: JSONBody[PluginChange]
) -> PluginView:
    """Change a plugin's settings, switch it on or off; seen at once, without a restart.

    To switch a plugin on or off ends its quarantine.
    """
    return await plugins.configure(
        access.engine,
        access.store,
        name,
        actor=access.actor,
        enabled=data.enabled,
        settings=data.settings,
    )


@get("/flags", responses=reads())
async def list_flags(access: GivenAccess) -> FlagList:
    """Every feature flag."""
    found = await service.flags_of(access.engine, access.store)
    return FlagList([Flag(name, enabled) for name, enabled in found.items()])


@get("/flags/{name:str}", responses=reads(404))
async def get_flag(access: GivenAccess, name: FromPath[str]) -> Flag:
    """One feature flag."""
    found = await service.flags_of(access.engine, access.store)
    if name not in found:
        raise NotFound(f"There is no flag “{name}”.")
    return Flag(name, found[name])


@put("/flags/{name:str}", responses=_WRITES)
async def put_flag(access: GivenAccess, name: FromPath[str], data: JSONBody[FlagChange]) -> Flag:
    """Switch a feature on or off."""
    found = await service.set_flag(
        access.engine, access.store, name, enabled=data.enabled, actor=access.actor
    )
    return Flag(name, found[name])


@get("/audit-log", responses=reads(422))
async def list_audit(access: GivenAccess, limit: Limit = 50, cursor: Cursor = None) -> AuditList:
    """Who changed what, newest first."""
    async with access.transaction() as tx:
        rows = await service.audit_log(tx, before=id_cursor(cursor), limit=limit + 1)
    return AuditList(*page(rows, limit, lambda row: row.id))


ROUTES = (
    list_plugins,
    get_plugin,
    put_plugin,
    list_flags,
    get_flag,
    put_flag,
    list_audit,
)
