"""What a line of a cart is stands once in the database."""

from pathlib import Path

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-28T00:00:00:000035"
VERSION = "1.38.0"
DESCRIPTION = "Lines of carts"


async def forwards() -> MigrationManager:
    """Run the SQL file of this step."""
    manager = MigrationManager(migration_id=ID, app_name="tradewind", description=DESCRIPTION)

    async def run() -> None:
        engine = engine_finder()
        connection = engine.current_transaction.get().connection
        script = Path(__file__).parent / "sql" / "0035_lines_of_carts.sql"
        await connection.execute(script.read_text(encoding="utf-8"))

    manager.add_raw(run)
    return manager
