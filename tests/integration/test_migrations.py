"""Migrations: one process at a time, each step once, plugins' own beside the core's."""

import asyncio
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tradewind.database.migrate import _LOCK, MigrationFailed, migrate
from tradewind.testing.database import DatabaseUrls

DONE = "SELECT app_name || ' ' || name FROM migration ORDER BY 1"
STEPS = sorted((Path(__file__).parents[2] / "migrations/core").glob("tradewind_*.py"))
QUOTE = '"'
CORE = [
    f"tradewind {line.removeprefix('ID = ').strip(QUOTE)}"
    for step in STEPS
    for line in step.read_text().splitlines()
    if line.startswith("ID = ")
]

PROGRAM = """
import asyncio, sys
from tradewind.database.migrate import migrate
asyncio.run(migrate(sys.argv[1]))
"""

PLUGIN_APP = """
from pathlib import Path
from piccolo.conf.apps import AppConfig

APP_CONFIG = AppConfig(
    app_name="gifts", migrations_folder_path=str(Path(__file__).parent / "gifts_migrations")
)
"""

PLUGIN_STEP = """
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-01-05T00:00:00:00000{number}"
VERSION = "1.38.0"
DESCRIPTION = ""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="gifts", description=DESCRIPTION)

    async def run():
        connection = engine_finder().current_transaction.get().connection
        await connection.execute({statements!r})

    manager.add_raw(run)
    return manager
"""


class Plugin:
    """A plugin with migrations of its own, in a folder that Python looks into."""

    app = "gifts_piccolo_app"

    def __init__(self, folder: Path) -> None:
        (folder / f"{self.app}.py").write_text(PLUGIN_APP)
        self.folder = folder / "gifts_migrations"
        self.folder.mkdir()

    def add_step(self, number: int, statements: str) -> None:
        step = PLUGIN_STEP.format(number=number, statements=statements)
        (self.folder / f"gifts_{number:04}.py").write_text(step)
        importlib.invalidate_caches()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    monkeypatch.syspath_prepend(tmp_path)
    for module in (Plugin.app, "gifts_0001", "gifts_0002"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return Plugin(tmp_path)


async def ask(dsn: str, question: str) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return [row[0] for row in await connection.fetch(question)]
    finally:
        await connection.close()


async def start_process(dsn: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        dsn,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
    )


async def test_processes_that_migrate_at_once_take_turns_and_say_nothing(
    empty_database_urls: DatabaseUrls,
) -> None:
    dsn = empty_database_urls.owner
    guard = await asyncpg.connect(dsn)
    await guard.execute("SELECT pg_advisory_lock($1)", _LOCK)
    processes = [await start_process(dsn) for _ in range(2)]
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with asyncio.timeout(60):
        while await guard.fetchval(waiting) < len(processes):
            pass
    assert await guard.fetchval("SELECT to_regclass('shop.orders')") is None
    await guard.close()
    said = [(await process.communicate())[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert said == [b"", b""]
    assert await ask(dsn, DONE) == CORE
    assert await ask(dsn, "SELECT count(*) FROM shop.orders") == [0]


def test_steps_are_numbered_and_dated_in_the_same_order() -> None:
    assert len(CORE) == len(STEPS) > 1
    assert sorted(CORE) == CORE


async def test_a_second_run_does_nothing(
    empty_database_urls: DatabaseUrls, capfd: pytest.CaptureFixture[str]
) -> None:
    dsn = empty_database_urls.owner
    await migrate(dsn)
    before = await ask(dsn, DONE)
    await migrate(dsn)
    assert await ask(dsn, DONE) == before
    assert capfd.readouterr().out == ""


async def test_a_plugin_migrates_through_the_same_call_and_only_what_is_new(
    database_urls: DatabaseUrls, plugin: Plugin, capfd: pytest.CaptureFixture[str]
) -> None:
    plugin.add_step(1, "CREATE TABLE shop.gift_cards (store_id uuid NOT NULL, code text)")
    for _ in range(2):
        await migrate(database_urls.owner, [plugin.app])
    plugin.add_step(2, "ALTER TABLE shop.gift_cards ADD amount bigint")
    await migrate(database_urls.owner, [plugin.app])
    assert await ask(database_urls.owner, "SELECT amount FROM shop.gift_cards") == []
    assert await ask(database_urls.owner, DONE) == [
        "gifts 2026-01-05T00:00:00:000001",
        "gifts 2026-01-05T00:00:00:000002",
        *CORE,
    ]
    assert capfd.readouterr().out == ""


async def test_a_step_that_fails_leaves_nothing_behind_and_is_told(
    database_urls: DatabaseUrls, plugin: Plugin
) -> None:
    before = await ask(database_urls.owner, DONE)
    plugin.add_step(1, "CREATE TABLE shop.gift_cards (code text); SELECT 1 / 0")
    with pytest.raises((MigrationFailed, asyncpg.PostgresError), match="division by zero"):
        await migrate(database_urls.owner, [plugin.app])
    assert await ask(database_urls.owner, "SELECT to_regclass('shop.gift_cards')") == [None]
    assert await ask(database_urls.owner, DONE) == before


async def test_the_apps_role_cannot_migrate(empty_database_urls: DatabaseUrls) -> None:
    with pytest.raises((MigrationFailed, asyncpg.InsufficientPrivilegeError)):
        await migrate(empty_database_urls.app)
    assert await ask(empty_database_urls.owner, "SELECT to_regclass('shop.orders')") == [None]
