"""The Piccolo classes say what the migrations made: columns, types, nullability, defaults, keys."""

import importlib
import pkgutil
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from piccolo.columns import Column
from piccolo.columns.column_types import BigSerial
from piccolo.table import Table

import tradewind
from tradewind.database.natural_keys import ManyColumnKey
from tradewind.inventory.tables import InventoryLevel

NAMES = {"timestamptz": "timestamp with time zone", "bigserial": "bigint"}

COLUMNS = """
    SELECT n.nspname || '.' || c.relname AS table_name, a.attname AS name,
           format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
           CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS default_value
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('shop', 'control')
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    ORDER BY 1, a.attnum
"""

KEYS = """
    SELECT i.indrelid::regclass::text AS table_name, array_agg(a.attname::text) AS names
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('shop', 'control')
    WHERE i.indisprimary AND c.relkind IN ('r', 'p') GROUP BY 1
"""


def table_classes() -> dict[str, type[Table]]:
    """Every Piccolo class of the house, by the table it stands for."""
    found: dict[str, type[Table]] = {}
    for module in pkgutil.walk_packages(tradewind.__path__, "tradewind."):
        if ".tables" in module.name:
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, Table) and value is not Table:
                    name = value._meta.get_formatted_tablename(quoted=False)
                    assert found.get(name, value) is value, f"two classes for {name}"
                    found[name] = value
    return found


CLASSES = table_classes()


def type_of(column: Column) -> str:
    name: str = column.column_type.lower().replace(", ", ",")
    return NAMES.get(name, name)


async def test_every_table_has_a_class_with_its_columns_in_order(
    owner: "asyncpg.Connection[Any]",
) -> None:
    schema: dict[str, list[tuple[str, str, bool]]] = {}
    for row in await owner.fetch(COLUMNS):
        columns = schema.setdefault(row["table_name"], [])
        columns.append((row["name"], row["type"], row["nullable"]))
    classes = {
        name: [
            (column._meta.db_column_name, type_of(column), column._meta.null)
            for column in table._meta.columns
        ]
        for name, table in CLASSES.items()
    }
    assert len(schema) > 60
    assert classes == schema


async def test_a_column_defaults_to_what_the_schema_says(
    owner: "asyncpg.Connection[Any]",
) -> None:
    for row in await owner.fetch(COLUMNS):
        column = CLASSES[row["table_name"]]._meta.get_column_by_name(
            row["name"], match_db_column_name=True
        )
        if not isinstance(column, BigSerial):
            wanted = await owner.fetchval(f"SELECT {row['default_value'] or 'NULL'}")
            where = f"{row['table_name']}.{row['name']}"
            assert column.get_default_value() == wanted, where


async def test_the_key_is_id_or_else_the_natural_columns(owner: "asyncpg.Connection[Any]") -> None:
    for row in await owner.fetch(KEYS):
        table = CLASSES[row["table_name"]]
        names = set(row["names"])
        if table._meta.schema == "shop" and names != {"store_id"}:
            names -= {"store_id"}
        marked = {
            str(column._meta.db_column_name)
            for column in table._meta.columns
            if column._meta.primary_key
        }
        assert marked == names, row["table_name"]
        assert issubclass(table, ManyColumnKey) == (len(names) > 1), row["table_name"]


def test_a_row_known_by_several_columns_cannot_be_saved_by_one() -> None:
    level = InventoryLevel(_ignore_missing=True, variant_id=uuid4(), on_hand=1)
    for change in (level.save, level.remove, level.refresh):
        with pytest.raises(TypeError, match="several columns"):
            change()


def test_a_value_that_the_schema_demands_is_not_made_up() -> None:
    with pytest.raises(ValueError, match="variant_id wasn't provided"):
        InventoryLevel(store_id=uuid4())
