"""`docs/requirements.md` names tests that exist, and ticks nothing that none of them proves."""

import ast
import re

import pytest

from tests.docs.pages import ROOT, read, rows, tree

ROWS = [row for row in rows(read("docs/requirements.md")) if re.fullmatch(r"[A-Z]\d+", row[0])]
COUNTS = {"P": 10, "C": 10, "O": 14, "Y": 13, "W": 17, "D": 11, "H": 16}
STATES = {"done", "started", "not yet"}


def proofs(cell: str) -> list[tuple[str, str]]:
    """The tests that a cell names: file and function."""
    found = re.findall(r"`([^`]+)`", cell)
    return [(file, name) for file, _, name in (one.partition("::") for one in found)]


def test_every_requirement_has_one_row() -> None:
    wanted = [f"{letter}{n}" for letter, count in COUNTS.items() for n in range(1, count + 1)]
    assert [row[0] for row in ROWS] == wanted


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_says_what_it_gives_how_far_it_is_and_who_proves_it(row: list[str]) -> None:
    _, what, state, proved = row
    assert what
    assert state in STATES
    assert bool(proofs(proved)) == (state != "not yet")
    for file, name in proofs(proved):
        functions = [
            node.name
            for node in ast.walk(tree(ROOT / file))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        assert name.startswith("test_")
        assert name in functions, f"{file} has no {name}"
