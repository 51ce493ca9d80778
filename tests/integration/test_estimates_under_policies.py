"""What the planner expects of a store's rows, to which the row policies belong as well."""

import json
from typing import Any
from uuid import UUID

import asyncpg

from tradewind.database import Database

_STORES, _EACH = 40, 50

# Rows that no key is asked for: only the numbers of them matter.
_FILL = f"""
SET session_replication_role = replica;
INSERT INTO shop.regions (store_id, id, name, currency, countries, created_at)
SELECT s.id, gen_random_uuid(), 'Region ' || n, 'KES', ARRAY['KE'], now()
FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, {_STORES})) s,
     generate_series(1, {_EACH}) n;
SET session_replication_role = origin;
"""


_SETTING = "nullif(current_setting('tradewind.store_id', true), '')::uuid"


async def expected(database: Database, store_id: UUID) -> int:
    """How many regions of a store the planner thinks that there are."""
    async with database.transaction(store_id) as tx:
        plan = await tx.fetchval(
            "EXPLAIN (FORMAT JSON) SELECT id FROM shop.regions WHERE store_id = $1", store_id
        )
    rows: int = json.loads(plan)[0]["Plan"]["Plan Rows"]
    return rows


async def test_the_planner_expects_as_many_rows_of_a_store_as_there_are(
    database: Database, superuser: "asyncpg.Connection[Any]"
) -> None:
    await superuser.execute(_FILL)
    await superuser.execute("ANALYZE shop.regions")
    store_id = await superuser.fetchval("SELECT store_id FROM shop.regions LIMIT 1")
    assert _EACH / 2 < await expected(database, store_id) < _EACH * 2
    await superuser.execute(
        f"ALTER POLICY own_store ON shop.regions USING (store_id = ANY (ARRAY[{_SETTING}]))"
    )
    assert await expected(database, store_id) < _EACH / 10
