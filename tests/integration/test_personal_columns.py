"""No column that can hold words escapes an erasure unseen, and proof that a new one is noticed."""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import asyncpg

from tests.support.personal import IMPERSONAL, PERSONAL, Columns

# What is no number, time, id or yes and no can hold words; what is generated follows its source.
WORDS = """
SELECT n.nspname || '.' || c.relname AS table_name, a.attname AS name
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('shop', 'control')
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  AND coalesce(e.typcategory, t.typcategory) NOT IN ('N', 'D', 'B', 'T')
  AND coalesce(e.oid, t.oid) <> 'uuid'::regtype
ORDER BY 1, a.attnum"""

HELPERS = "SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'forget%'"

Column = tuple[str, str]


def listed(columns: Columns) -> Iterator[Column]:
    for table, names in columns.items():
        for name in names.split():
            yield table, name


def unlisted(found: Sequence[Column]) -> list[str]:
    """A sentence for each column that neither list has."""
    known = {*listed(IMPERSONAL), *(one for step in PERSONAL.values() for one in listed(step))}
    return [
        f"{table}.{name} may say who somebody is: list it in tests/support/personal.py, in "
        "PERSONAL under the step of tradewind.erasure that takes it out (which is written first), "
        "or in IMPERSONAL if no word of a shopper can stand there."
        for table, name in found
        if (table, name) not in known
    ]


def named(path: str) -> Callable[..., Any]:
    module, _, name = path.rpartition(".")
    step: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return step


def sources(value: object) -> Iterator[str]:
    """The statements that a function runs, with those of the functions and constants it uses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from sources(one)
    elif isinstance(value, tuple):
        for one in value:
            yield from sources(one)
    elif inspect.isfunction(value) and value.__module__.startswith("tradewind."):
        yield inspect.getsource(value)
        for one in inspect.getclosurevars(value).globals.values():
            yield from sources(one)


def forgets(text: str, column: Column) -> bool:
    """Whether rows of the column's table are deleted there, or the column is changed."""
    table, name = column
    deleted = rf"DELETE FROM {re.escape(table)}\b"
    changed = rf"UPDATE {re.escape(table)}\b.*?SET\b[^;]*?\b{name} = "
    looped = "DELETE FROM shop.{table}" in text and f'"{table.partition(".")[2]}"' in text
    return looped or any(re.search(one, text, re.DOTALL) for one in (deleted, changed))


def idle(steps: Mapping[str, Columns], helpers: Mapping[str, str]) -> list[str]:
    """Columns that the step they are listed under does not touch."""
    left = []
    for path, columns in steps.items():
        text = "\n".join(sources(named(path)))
        for helper in re.findall(r"shop\.(forget\w+)\(", text):
            text += helpers[helper]
        left += [f"{path}: {'.'.join(one)}" for one in listed(columns) if not forgets(text, one)]
    return left


async def words(connection: "asyncpg.Connection[Any]") -> list[Column]:
    return [(row["table_name"], row["name"]) for row in await connection.fetch(WORDS)]


async def test_a_new_column_is_noticed_until_it_is_listed(
    superuser: "asyncpg.Connection[Any]",
) -> None:
    assert unlisted(await words(superuser)) == []
    kinds = ("text", "jsonb", "bytea", "text[]", "inet")
    for number, kind in enumerate(kinds):
        await superuser.execute(f"ALTER TABLE shop.carts ADD COLUMN pet_{number} {kind}")
    assert [one.partition(":")[0] for one in unlisted(await words(superuser))] == [
        f"shop.carts.pet_{number} may say who somebody is" for number, _ in enumerate(kinds)
    ]


async def test_what_is_listed_is_there_and_stands_in_one_place(
    owner: "asyncpg.Connection[Any]",
) -> None:
    every = [one for step in (*PERSONAL.values(), IMPERSONAL) for one in listed(step)]
    assert sorted(every) == sorted(await words(owner))


async def test_every_personal_column_is_touched_by_the_step_that_it_names(
    owner: "asyncpg.Connection[Any]",
) -> None:
    helpers = {row["proname"]: row["prosrc"] for row in await owner.fetch(HELPERS)}
    assert idle(PERSONAL, helpers) == []
    step = "tradewind.erasure.queries.forgetting.mark_erased"
    wrong = {step: {"shop.customers": "merged_into", "shop.orders": "name"}}
    assert idle(wrong, helpers) == [
        f"{step}: shop.customers.merged_into",
        f"{step}: shop.orders.name",
    ]
