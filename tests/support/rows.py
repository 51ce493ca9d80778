"""Makes a row that any table of the shop accepts, from what the schema says of its columns.

Only columns that must be given are filled. Foreign keys are not minded: rows are inserted by the
superuser as a replica would.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

MOMENT = datetime(2026, 1, 5, tzinfo=UTC)

# What a CHECK demands beyond a list of words.
SPECIAL: Mapping[str, Mapping[str, Any]] = {
    "orders": {"total": 2},
    "captures": {"held": 9},
    "credit_grants": {"order_id": uuid4()},
    "line_adjustments": {"cart_id": uuid4()},
}

COLUMNS = """
    SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type,
           a.attnotnull AND NOT a.atthasdef AS demanded,
           (SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_constraint k
            WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum])
               AS checks
    FROM pg_attribute a
    WHERE a.attrelid = ('shop.' || $1)::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""


async def shop_tables(connection: "asyncpg.Connection[Any]") -> list[str]:
    """Every table of the shop, by name."""
    rows = await connection.fetch(
        """SELECT relname::text FROM pg_class
           WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r', 'p')
             AND NOT relispartition
           ORDER BY 1"""
    )
    return [row[0] for row in rows]


async def row_for(
    connection: "asyncpg.Connection[Any]", table: str, store_id: UUID
) -> dict[str, Any]:
    """A row of a store that the table's constraints accept, foreign keys apart."""
    row = {
        column["name"]: _value(column["name"], column["type"], column["checks"] or "")
        for column in await connection.fetch(COLUMNS, table)
        if column["demanded"]
    }
    return {**row, **SPECIAL.get(table, {}), "store_id": store_id}


async def insert_as_replica(
    connection: "asyncpg.Connection[Any]", table: str, row: Mapping[str, Any]
) -> None:
    """Insert as the superuser, whom no policy binds, without foreign keys."""
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(insertion(table, row), *row.values())
    await connection.execute("SET session_replication_role = origin")


def insertion(table: str, row: Mapping[str, Any]) -> str:
    """The INSERT statement for a row, with a parameter for each value."""
    names = ", ".join(row)
    numbers = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    return f"INSERT INTO shop.{table} ({names}) VALUES ({numbers})"


def _value(name: str, kind: str, checks: str) -> Any:
    word = re.search(r"'(\w+)'::text", checks)
    if kind == "text":
        return "KES" if name == "currency" else word[1] if word else f"{name}-{uuid4().hex}"
    values = {
        "uuid": uuid4(),
        "bigint": 1,
        "integer": 1,
        "numeric": 1,
        "boolean": True,
        "bytea": b"x",
        "jsonb": "{}",
        "text[]": ["a"],
        "bigint[]": [1],
        "timestamp with time zone": MOMENT,
    }
    return values[kind]
