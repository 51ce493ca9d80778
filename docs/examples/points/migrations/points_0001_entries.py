"""The table of points. Migrations are found by file name: begin it with the plugin's name."""

from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T00:00:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "Points by order"

STATEMENTS = """
    CREATE TABLE shop.points (
        store_id uuid NOT NULL REFERENCES control.stores (id),
        order_id uuid NOT NULL,
        customer_id uuid NOT NULL,
        points integer NOT NULL CHECK (points >= 0),
        PRIMARY KEY (store_id, order_id)
    );
    ALTER TABLE shop.points ENABLE ROW LEVEL SECURITY;
    ALTER TABLE shop.points FORCE ROW LEVEL SECURITY;
    CREATE POLICY own_store ON shop.points USING (
        store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid);
"""


async def forwards() -> MigrationManager:
    """Make the table, in the transaction that also records this migration."""
    manager = MigrationManager(migration_id=ID, app_name="points", description=DESCRIPTION)

    async def run() -> None:
        engine: Any = engine_finder()
        await engine.current_transaction.get().connection.execute(STATEMENTS)

    manager.add_raw(run)
    return manager
