"""The first schema: two schemas, every table with its final columns, row-level security."""

from pathlib import Path

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T00:00:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "The first schema"
PARTS = ("control", "catalog", "sales", "messaging", "security")


async def forwards() -> MigrationManager:
    """Run the SQL files of this step in order."""
    manager = MigrationManager(migration_id=ID, app_name="tradewind", description=DESCRIPTION)

    async def run() -> None:
        engine = engine_finder()
        connection = engine.current_transaction.get().connection
        for part in PARTS:
            script = Path(__file__).parent / "sql" / f"0001_{part}.sql"
            await connection.execute(script.read_text(encoding="utf-8"))

    manager.add_raw(run)
    return manager
