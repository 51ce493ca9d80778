"""A PostgreSQL of one's own: the embedded server with its roles, its database and its secrets.

Whoever gave TRADEWIND_DATABASE_URL gets that database and nothing else: no server is started and
nothing is migrated.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import msgspec

from tradewind.contracts.context import Clock
from tradewind.database.embedded import Cluster, EmbeddedPostgres
from tradewind.database.embedded.files import sync_folder, write_private
from tradewind.database.migrate import migrate
from tradewind.plugins import load
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import new_key
from tradewind_host.config import Config
from tradewind_host.engine import close_engine, open_engine

APP = "tradewind_app"
OWNER = "tradewind_owner"
NAME = "tradewind"

T = TypeVar("T", bound=msgspec.Struct)


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What an embedded installation made up for itself."""

    app_password: str
    owner_password: str
    secret_key: str


@asynccontextmanager
async def database_for(config: Config, *, anew: bool = False) -> AsyncIterator[Config]:
    """The configuration with a database that runs, for as long as the block lasts.

    Without TRADEWIND_DATABASE_URL the embedded server of the data folder is started, and its
    database created and migrated; `anew` throws away what is in it.
    """
    if config.database_url is not None:
        yield config
        return
    data_dir = config.data_dir.absolute()
    data_dir.mkdir(parents=True, exist_ok=True)
    kept = kept_in(data_dir / "secrets.json", Secrets, _new_secrets)
    async with _running(data_dir) as cluster:
        await _prepare(cluster, kept, anew=anew)
        owner = cluster.dsn(NAME, OWNER, kept.owner_password)
        await migrate(owner, plugin_apps())
        yield msgspec.structs.replace(
            config,
            database_url=cluster.dsn(NAME, APP, kept.app_password),
            owner_database_url=owner,
            secret_keys=config.secret_keys or (kept.secret_key,),
        )


@asynccontextmanager
async def engine_for(config: Config, clock: Clock | None = None) -> AsyncIterator[Engine]:
    """An open engine for as long as the block lasts."""
    engine = await open_engine(config, clock=clock)
    try:
        yield engine
    finally:
        await close_engine(engine)


def plugin_apps() -> Sequence[str]:
    """The Piccolo apps of installed plugins, which `migrate` runs after the core's."""
    return [tables.piccolo_app for _, tables in load().tables()]


def kept_in(path: Path, kind: type[T], make: Any) -> T:
    """What a private file holds; it is made on first use, whole or not at all."""
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=kind)
    made: T = make()
    aside = path.with_suffix(".new")
    write_private(aside, msgspec.json.format(msgspec.json.encode(made)).decode())
    aside.rename(path)
    sync_folder(path.parent)
    return made


def _new_secrets() -> Secrets:
    return Secrets(
        app_password=secrets.token_hex(24),
        owner_password=secrets.token_hex(24),
        secret_key=new_key(),
    )


@asynccontextmanager
async def _running(data_dir: Path) -> AsyncIterator[Cluster]:
    server = EmbeddedPostgres(data_dir)
    starting = asyncio.ensure_future(asyncio.to_thread(server.start))
    try:
        yield await asyncio.shield(starting)
    finally:
        # A start that is under way cannot be called off: let it end, then stop what it started.
        await asyncio.wait([starting])
        await asyncio.to_thread(server.stop)


async def _prepare(cluster: Cluster, kept: Secrets, *, anew: bool) -> None:
    """Make what is missing: roles, database, extension. May be repeated after a crash."""
    admin = await asyncpg.connect(cluster.dsn("postgres"))
    try:
        for role, password in ((APP, kept.app_password), (OWNER, kept.owner_password)):
            await _make_role(admin, role, password)
        if anew:
            await admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", NAME):
            await admin.execute(f"CREATE DATABASE {NAME} OWNER {OWNER}")
    finally:
        await admin.close()
    inside = await asyncpg.connect(cluster.dsn(NAME))
    try:
        await inside.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    finally:
        await inside.close()


async def _make_role(admin: "asyncpg.Connection[Any]", role: str, password: str) -> None:
    known = await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if known else "CREATE"
    # Made of hexadecimal digits alone; a role's password cannot be bound.
    await admin.execute(f"{verb} ROLE {role} LOGIN PASSWORD '{password}'")
