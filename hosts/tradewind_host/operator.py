"""What an operator does to stores from the command line."""

import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
from rich.console import Console

from tradewind.cases.plugins import configure
from tradewind.catalog.rules import NewRegion, region_errors
from tradewind.contracts.channel import CheckResult
from tradewind.contracts.errors import InvalidInput, NotFound
from tradewind.contracts.settings import properties, without_secrets
from tradewind.database import Store, Transaction, directory
from tradewind.outbox import inbox, jobs
from tradewind.outbox import service as outbox
from tradewind.plugins import told
from tradewind.settings import rotation
from tradewind.settings.engine import Engine
from tradewind.settings.service import PluginView, plugins_of
from tradewind.stores.service import StoreSettings, change_settings, create_store, issue_key
from tradewind_host.config import Config
from tradewind_host.local import database_for, engine_for

ACTOR = "operator"
_MOST = 10_000


@asynccontextmanager
async def _engine(config: Config) -> AsyncIterator[Engine]:
    async with database_for(config) as ready, engine_for(ready) as engine:
        yield engine


async def new_store(
    config: Config, slug: str, name: str, currency: str, locale: str, time_zone: str
) -> None:
    """An empty store; prints its keys. Raises Conflict, InvalidInput."""
    wrong = region_errors(NewRegion(name=name, currency=currency, countries=["ke"]))
    if wrong:
        raise InvalidInput("The store cannot be created.", errors=wrong)
    settings = StoreSettings(currency=currency, locale=locale, time_zone=time_zone)
    async with _engine(config) as engine:
        store = await create_store(engine.database, slug, name, settings)
        publishable = await issue_key(engine.database, store, "publishable", "First key")
        secret = await issue_key(engine.database, store, "secret", "First key")
    told = {"slug": slug, "id": store.id, "publishable_key": publishable, "secret_key": secret}
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")


async def put_store(config: Config, slug: str, pairs: Sequence[str]) -> None:
    """Lay values over the settings of a store. Raises NotFound, InvalidInput."""
    async with _engine(config) as engine:
        store = await directory.store_by_slug(engine.database, slug)
        given = dict(_value(StoreSettings, pair) for pair in pairs)
        async with engine.database.transaction(store.id) as tx:
            settings = await change_settings(tx, given, ACTOR)
    told = {"slug": slug, "settings": settings}
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")


async def put_settings(
    config: Config, slug: str, plugin: str, pairs: Sequence[str], *, enable: bool | None
) -> None:
    """Lay values over a plugin's settings. Raises NotFound, InvalidInput, Conflict."""
    async with _engine(config) as engine:
        store = await directory.store_by_slug(engine.database, slug)
        kind = engine.plugins.settings_type(plugin)
        view = await configure(
            engine,
            store,
            plugin,
            actor=ACTOR,
            enabled=enable,
            settings=dict(_value(kind, pair) for pair in pairs),
            operator=True,
        )
    told = {"plugin": plugin, "enabled": view.enabled, "settings": view.settings}
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")


async def rotate_secrets(config: Config, outcome: list[bool]) -> None:
    """Encrypt every secret of this host with the newest key, and tell what no key opens."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    async with _engine(config) as engine:
        rotated = await rotation.rotate_host(engine)
        for store in await directory.stores_ever(engine.database):
            own = await rotation.rotate_store(engine, store, ACTOR)
            for name in own.unreadable:
                console.print(f"{store.slug}: no key opens the secrets of {name}")
            rotated += own
    console.print(f"{rotated.count} secrets are encrypted with the newest key.")
    outcome.append(not rotated.unreadable)


def _value(kind: type[msgspec.Struct], pair: str) -> tuple[str, Any]:
    """`key=value`; text is taken as it stands, anything else is JSON."""
    name, equals, text = pair.partition("=")
    if not equals:
        raise InvalidInput(f"“{pair}” is not of the form key=value.")
    if properties(kind).get(name, {}).get("type", "string") == "string":
        return name, text
    try:
        return name, msgspec.json.decode(text)
    except msgspec.DecodeError:
        return name, text


async def check_store(config: Config, slug: str, outcome: list[bool]) -> None:
    """Tell what keeps plugins of a store from running, and have each check its own settings."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    async with _engine(config) as engine:
        store = await directory.store_by_slug(engine.database, slug)
        for view in await plugins_of(engine, store):
            for words in _stopped(view):
                console.print(f"{view.name}: {words}")
                outcome.append(False)
        for name in sorted(await engine.enabled(store)):
            for check in await _checks(engine, store, name):
                console.print(f"{name} {check.name}: {check.message}")
                outcome.append(check.passed)


def _stopped(view: PluginView) -> Iterator[str]:
    if view.problem:
        yield view.problem
    yield from (f"{error.path}: {error.message}" for error in view.errors)
    if view.quarantined_at is not None:
        yield f"In quarantine since {view.quarantined_at:%Y-%m-%d %H:%M}: {view.quarantine_reason}"


async def _checks(engine: Engine, store: Store, name: str) -> Sequence[CheckResult]:
    door, context = engine.plugins.door(name), await engine.context(store, name)
    if door is None or context is None:
        return ()
    try:
        checks = await door.check(context)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is what is wrong with it
        words = told(error, context.settings)
        return [CheckResult(name="check", passed=False, message=words)]
    return [
        msgspec.structs.replace(one, message=without_secrets(one.message, context.settings))
        for one in checks
    ]


async def replay_work(config: Config, kind: str, given: str, slug: str) -> None:
    """Replay one piece of work, or all dead ones of a store. Raises NotFound, InvalidInput."""
    async with _engine(config) as engine:
        if kind == "job":
            if not await jobs.replay(engine.database, _id(given)):
                raise NotFound("There is no such dead job.")
            count = 1
        else:
            store = await directory.store_by_slug(engine.database, slug)
            count = await _replay(engine, store, kind, given)
    Console().print(f"{count} will be worked on again.")


async def _replay(engine: Engine, store: Store, kind: str, given: str) -> int:
    async with engine.database.transaction(store.id) as tx:
        wanted = await _dead(tx, kind) if given == "dead" else [_id(given)]
        for one in wanted:
            await (outbox.replay_delivery if kind == "delivery" else inbox.replay_item)(tx, one)
    return len(wanted)


async def _dead(tx: Transaction, kind: str) -> list[UUID]:
    if kind == "delivery":
        return [one.id for one in await outbox.list_deliveries(tx, state="dead", limit=_MOST)]
    return [one.id for one in await inbox.list_items(tx, state="dead", limit=_MOST)]


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"“{text}” is not an id.") from None
