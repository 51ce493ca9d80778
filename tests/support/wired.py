"""A store that has the wire of tests, with its settings and secrets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.channels import WirePlugin
from tests.support.engines import engine_with
from tests.support.scripted_plugins import Scripted, returning
from tradewind.database import Database, Store
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import new_key
from tradewind.settings.service import (
    configure,
)

SETTINGS: dict[str, Any] = {
    "account": "15550001",
    "token": "hunter2",
    "old_tokens": ["swordfish", "xyzzy"],
}
SECRETS = ("hunter2", "swordfish", "xyzzy")
OLD_KEY, KEY = new_key(), new_key()


async def wire(engine: Engine, store: Store, **settings: Any) -> None:
    """Enable the wire in a store."""
    values = {**SETTINGS, **settings}
    await configure(engine, store, "wire", actor="ann", enabled=True, settings=values)


async def settings_in(engine: Engine, store: Store) -> Any:
    """What the wire gets to see as its settings, or None where it has none."""
    context = await engine.context_anyway(store, "wire")
    return None if context is None else context.settings


@asynccontextmanager
async def open_engine(database: Database) -> AsyncIterator[Engine]:
    """An engine with the wire and a plugin that answers nothing."""
    scripted = Scripted("scripted", returning(None))
    async with engine_with(database, WirePlugin(), scripted, keys=[KEY]) as opened:
        yield opened
