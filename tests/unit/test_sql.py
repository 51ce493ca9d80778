"""Building statements, and keeping what PostgreSQL would refuse."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.database.sql import Writes, storable_json, storable_text, values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text('a\\u0\0\n"é😀'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("a\\u0\0"), inner),
)


class Spy:
    """Stands for a connection and remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, tuple[Any, ...]]] = []

    async def fetchrow(self, query: str, *args: Any) -> None:
        self.sent.append((query, args))


@pytest.mark.parametrize(
    ("rows", "columns", "first", "text"),
    [
        (1, 1, 1, "($1)"),
        (2, 2, 1, "($1, $2), ($3, $4)"),
        (2, 3, 5, "($5, $6, $7), ($8, $9, $10)"),
    ],
)
def test_values_number_the_placeholders_row_by_row(
    rows: int, columns: int, first: int, text: str
) -> None:
    assert values(rows, columns, first=first) == text


async def test_writes_become_one_statement_whose_placeholders_go_on_counting() -> None:
    writes, spy = Writes(), Spy()
    writes.insert("t", "a, b", [(1, 2), (3, 4)], "ON CONFLICT DO NOTHING")
    name = writes.add("UPDATE u SET x = {1} WHERE y = {0} RETURNING z", "why", "ex")
    await writes.run(spy, f"SELECT z FROM {name}")
    [(query, args)] = spy.sent
    assert query == (
        "WITH w0 AS (INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING), "
        "w1 AS (UPDATE u SET x = $6 WHERE y = $5 RETURNING z) SELECT z FROM w1"
    )
    assert args == (1, 2, 3, 4, "why", "ex")


async def test_nothing_to_write_sends_nothing() -> None:
    writes, spy = Writes(), Spy()
    writes.insert("t", "a", [])
    assert await writes.run(spy) is None
    assert spy.sent == []


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [("plain", "plain"), ("a\0b", "ab"), ("half \ud83d", "half ?"), ("é😀", "é😀"), ("", "")],
)
def test_words_lose_only_what_postgresql_refuses(given_text: str, kept: str) -> None:
    assert storable_text(given_text) == kept


def test_words_are_cut_to_the_length_asked_for() -> None:
    assert storable_text("abcdef", 4) == "abcd"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\0b", "ab"),
        (r"typed \u0000 here", r"typed \u0000 here"),
        ("\\\0", "\\"),
        ("\\\\\0\0", "\\\\"),
    ],
)
def test_json_loses_a_nul_but_not_the_words_that_look_like_one(text: str, kept: str) -> None:
    assert msgspec.json.decode(storable_json({"text": text})) == {"text": kept}


@given(JSON)
def test_json_without_nul_means_what_it_meant(value: Any) -> None:
    assert msgspec.json.decode(storable_json(value)) == without_nul(value)


def without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [without_nul(one) for one in value]
    if isinstance(value, dict):
        return {without_nul(name): without_nul(one) for name, one in value.items()}
    return value
