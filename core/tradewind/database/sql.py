"""Statements with a varying number of rows, several writes in one message, storable words.

Only placeholders and constants of our own are ever put into SQL text, never values.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import asyncpg
import msgspec

# A pair of backslashes is one backslash of the text; what follows it is no escape.
_ESCAPED_NUL = re.compile(rb"(\\\\)|\\u0000")


def storable_text(text: str, most: int = 2000) -> str:
    """The first `most` characters of words nobody here chose.

    PostgreSQL keeps no NUL and no half of a surrogate pair.
    """
    return text[:most].replace("\0", "").encode(errors="replace").decode()


def storable_json(value: Any) -> str:
    """JSON of `value` for a jsonb column, without the NULs that PostgreSQL refuses."""
    encoded = msgspec.json.encode(value)
    if rb"\u0000" in encoded:
        encoded = _ESCAPED_NUL.sub(lambda match: match[1] or b"", encoded)
    return encoded.decode()


def values(rows: int, columns: int, *, first: int = 1) -> str:
    """`($1, $2), ($3, $4)` for two rows of two columns, counting from `first`."""
    return ", ".join(
        "(" + ", ".join(f"${first + row * columns + column}" for column in range(columns)) + ")"
        for row in range(rows)
    )


# A statement of a hot path has the same few rows again and again; long ones are not kept.
_FEW_ROWS = 16
_known_values = lru_cache(maxsize=512)(values)


class Writes:
    """Writes that go to the server as one statement, in one round trip.

    All of them see the rows as they were before any of them.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._args: list[Any] = []

    def insert(
        self, table: str, columns: str, rows: Sequence[Sequence[Any]], suffix: str = ""
    ) -> None:
        """`INSERT INTO table (columns) VALUES …`, with an optional `ON CONFLICT …`.

        Without rows nothing is added.
        """
        if rows:
            marked = _known_values if len(rows) <= _FEW_ROWS else values
            marks = marked(len(rows), len(rows[0]), first=len(self._args) + 1)
            self._args += [value for row in rows for value in row]
            self._parts.append(f"INSERT INTO {table} ({columns}) VALUES {marks} {suffix}")

    def add(self, statement: str, *args: Any) -> str:
        """Any one writing statement; `{0}`, `{1}` … stand for `args`.

        Returns the name under which the result may read what it returned.
        """
        first = len(self._args) + 1
        marks = [f"${first + index}" for index in range(len(args))]
        self._args += args
        self._parts.append(statement.format(*marks))
        return f"w{len(self._parts) - 1}"

    async def run(self, executor: Any, result: str = "SELECT 1") -> asyncpg.Record | None:
        """Send them, if there are any, and return the first row of `result`."""
        if not self._parts:
            return None
        named = ", ".join(f"w{index} AS ({part})" for index, part in enumerate(self._parts))
        row: asyncpg.Record | None = await executor.fetchrow(f"WITH {named} {result}", *self._args)
        return row
