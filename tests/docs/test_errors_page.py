"""`docs/errors.md` has every stable code that the code gives, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, read, rows, tree
from tradewind import FieldError, Refusal, TradewindError
from tradewind.contracts import errors
from tradewind_host.problems import STATUSES

PAGE = read("docs/errors.md")
SOURCES = [
    path
    for folder in ("core/tradewind", "hosts/tradewind_host")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
REFUSALS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, Refusal)
}
# Callables whose code is not given by name: which of their arguments it is.
POSITIONS = {
    FieldError.__name__: 1,
    "BadCell": 0,
    "unreadable": 1,
    "problem": 1,
    "Problem": 0,
    "PluginFault": 2,
    "_taken": 0,
    "end_attempt": 3,
    "fail_capture": 3,
}
BY_NAME = REFUSALS | {"PaymentResult"}


def text_of(node: ast.AST | None) -> Iterator[str]:
    """The string that an expression is."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def of_call(call: ast.Call) -> Iterator[str]:
    """The code that a call gives."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in BY_NAME:
        for keyword in call.keywords:
            if keyword.arg == "code":
                yield from text_of(keyword.value)
    position = POSITIONS.get(name)
    if position is not None and len(call.args) > position:
        yield from text_of(call.args[position])
    if isinstance(call.func, ast.Attribute) and call.func.attr == "get" and len(call.args) == 2:
        of_what = call.func.value
        if isinstance(of_what, ast.Name) and of_what.id == "_CODES":
            yield from text_of(call.args[1])


def of_class(node: ast.ClassDef) -> Iterator[str]:
    """The code that a class of errors has."""
    for one in node.body:
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "code":
            yield from text_of(one.value)
        if isinstance(one, ast.AnnAssign) and ast.unparse(one.target) == "code":
            yield from text_of(one.value)


def of_table(node: ast.Assign) -> Iterator[str]:
    """The codes of a table `_CODES`."""
    if ast.unparse(node.targets[0]) == "_CODES" and isinstance(node.value, ast.Dict):
        for value in node.value.values:
            yield from text_of(value)


def codes(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield from of_call(node)
        elif isinstance(node, ast.ClassDef) and "Table" not in map(ast.unparse, node.bases):
            yield from of_class(node)
        elif isinstance(node, ast.Assign):
            yield from of_table(node)


GIVEN = {code for path in SOURCES for code in codes(path) if code}


def kinds(path: Path) -> Iterator[str]:
    """The kinds of the cases that a file opens."""
    for call in ast.walk(tree(path)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            if call.func.id == "NewCase":
                yield from (
                    text
                    for word in call.keywords
                    if word.arg == "kind"
                    for text in text_of(word.value)
                )
            elif call.func.id == "money_case":
                yield from text_of(call.args[3])


CODES, _, CASES = PAGE.partition("## Cases")


def listed(text: str = CODES) -> list[str]:
    """What stands in the first column of the tables, as often as it stands there."""
    found = [re.fullmatch(r"`([a-z_]+)`", row[0]) for row in rows(text)]
    return [match[1] for match in found if match]


def test_codes_are_found_in_all_the_ways_in_which_they_are_given() -> None:
    assert {
        "internal_error",
        "out_of_stock",
        "cart_changed",
        "required",
        "answer_not_kept",
        "bad_signature",
        "http_error",
        "import_failed",
        "bad_hook",
        "duplicate_channel",
        "port_in_use",
        "timeout",
    } <= GIVEN


@pytest.mark.parametrize("code", sorted(GIVEN))
def test_every_code_is_on_the_page(code: str) -> None:
    assert code in listed()


def test_the_page_lists_no_code_that_nobody_gives() -> None:
    assert set(listed()) <= GIVEN


def test_a_code_means_one_thing_in_each_table() -> None:
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE):
        names = [row[0] for row in rows(section)]
        assert len(names) == len(set(names)), section.splitlines()[0]


def test_the_kinds_of_cases_are_those_that_are_opened() -> None:
    opened = {kind for path in SOURCES for kind in kinds(path)}
    assert {"dead_letter", "overpaid"} <= opened
    assert set(listed(CASES)) == opened


@pytest.mark.parametrize("refusal", STATUSES, ids=lambda refusal: refusal.__name__)
def test_a_code_of_every_call_has_its_status(refusal: type[TradewindError]) -> None:
    found = [row[1] for row in rows(CODES) if row[0] == f"`{refusal.code}`"]
    assert str(STATUSES[refusal]) in found
