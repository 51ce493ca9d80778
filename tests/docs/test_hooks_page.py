"""`docs/hooks.md` says what the code says: signatures, classes, events, names, examples."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

import tradewind
from docs.examples import bell
from tests.docs.pages import DOCS, ROOT, blocks, code_spans, headings, read, rows, tree
from tradewind import EVENT_TYPES, EventBase, hooks, type_of
from tradewind.conversations.texts import ENGLISH
from tradewind.plugins.checks import HOOKS

PAGE = read("docs/hooks.md")
CONTRACTS = sorted((ROOT / "core/tradewind/contracts").glob("*.py"))
SOURCES = [
    *sorted((DOCS / "examples").rglob("*.py")),
    *sorted((ROOT / "tests/support/thirdparty").glob("*.py")),
    *sorted(ROOT.glob("plugins/*/tradewind_*/*.py")),
]
Function = ast.FunctionDef | ast.AsyncFunctionDef
MUST_SHOW = {
    "AppContext",
    "Cancels",
    "Capabilities",
    "Captures",
    "Channel",
    "Directory",
    "Item",
    "LinksToChat",
    "Live",
    "PaymentCapabilities",
    "PaymentProvider",
    "Refunds",
    "SavesMethods",
    "Settles",
    "Shop",
    "StoreContext",
    "Updates",
}


def signature(function: Function) -> str:
    """The line that declares a function, as one line."""
    word = "async def" if isinstance(function, ast.AsyncFunctionDef) else "def"
    answer = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return f"{word} {function.name}({ast.unparse(function.args)}){answer}"


def specifications() -> dict[str, str]:
    """The hooks by name, each with its signature in `hooks.py`."""
    source = tree(Path(str(inspect.getsourcefile(hooks))))
    (body,) = (
        node.body for node in source.body if isinstance(node, ast.ClassDef) and node.name == "Hooks"
    )
    functions = [node for node in body if isinstance(node, Function)]
    return {one.name: signature(one) for one in functions}


SPECIFICATIONS = specifications()


def documented() -> dict[str, str]:
    """The signatures in the headings of a page by the name of their hook."""
    found = [re.fullmatch(r"`((?:async )?def (\w+)\(.*)`", one) for one in headings(PAGE)]
    return {match[2]: match[1] for match in found if match}


def test_the_specifications_are_those_that_plugins_are_checked_against() -> None:
    assert set(SPECIFICATIONS) == set(HOOKS)


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_every_hook_has_a_heading_with_its_exact_signature(name: str) -> None:
    assert documented().get(name) == SPECIFICATIONS[name]


def test_the_page_names_no_hook_that_does_not_exist() -> None:
    assert set(documented()) == set(SPECIFICATIONS)


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_every_hook_has_an_example_and_says_what_a_failure_does(name: str) -> None:
    _, _, after = PAGE.partition(f"### `{SPECIFICATIONS[name]}`\n")
    section = re.split(r"^##+ ", after, maxsplit=1, flags=re.MULTILINE)[0]
    assert "*Failure*:" in section
    assert any(f"def {name}(" in block for block in blocks(section, "python"))


def implemented(folder: Path) -> Iterator[str]:
    """The hooks that plugins in a folder of tests implement."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, Function):
                marks = [ast.unparse(mark) for mark in node.decorator_list]
                if any(mark.startswith("hookimpl") for mark in marks):
                    yield node.name


def test_every_hook_is_tried_by_a_plugin_of_the_tests() -> None:
    assert set(SPECIFICATIONS) <= set(implemented(ROOT / "tests"))


# --- classes -------------------------------------------------------------------------------------


def bare(node: ast.ClassDef) -> str:
    """A class without docstrings and without bodies, so that only what it declares is compared."""
    members = [_bare_member(member) for member in _without_docstring(node.body)]
    copy = ast.ClassDef(node.name, node.bases, node.keywords, members or [_dots()], [])
    return ast.unparse(ast.fix_missing_locations(copy))


def _bare_member(member: ast.stmt) -> ast.stmt:
    if isinstance(member, Function):
        member.body = [_dots()]
    return member


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    return [
        one
        for one in body
        if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
    ]


def _dots() -> ast.stmt:
    return ast.Expr(ast.Constant(...))


def classes(source: ast.Module) -> dict[str, str]:
    return {node.name: bare(node) for node in source.body if isinstance(node, ast.ClassDef)}


def shown() -> dict[str, str]:
    """The classes in the blocks of the page."""
    found: dict[str, str] = {}
    for block in blocks(PAGE, "python"):
        found |= classes(ast.parse(block))
    return found


def contracts() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in CONTRACTS:
        found |= classes(tree(path))
    return found


def test_the_contracts_on_the_page_are_those_in_the_code() -> None:
    known = contracts()
    page = {name: text for name, text in shown().items() if name in known}
    assert set(page) >= MUST_SHOW
    for name, text in page.items():
        assert text == known[name]


def test_every_struct_that_goes_in_or_out_is_on_the_page() -> None:
    """Nobody should have to read the source to write a channel or a provider."""
    public = {name: getattr(tradewind, name) for name in tradewind.__all__}
    structs = {
        name
        for name, one in public.items()
        if isinstance(one, type)
        and issubclass(one, msgspec.Struct)
        and not issubclass(one, EventBase)
    }
    in_words = {"DashboardPage", "FieldError", "Money", "NoSettings", "PageRequest", "PluginTables"}
    assert len(structs) > 70
    assert structs - in_words <= set(shown())


def aliases(source: ast.Module) -> dict[str, str]:
    """The unions and literals that a file names, as text by their name."""
    return {
        ast.unparse(node.targets[0]): ast.unparse(node.value)
        for node in source.body
        if isinstance(node, ast.Assign)
    }


def test_the_unions_and_literals_on_the_page_are_those_in_the_code() -> None:
    known: dict[str, str] = {}
    for path in CONTRACTS:
        known |= aliases(tree(path))
    page: dict[str, str] = {}
    for block in blocks(PAGE, "python"):
        if "def test_" not in block:
            page |= aliases(ast.parse(block))
    page = {name: text for name, text in page.items() if name in known}
    assert {"Action", "FactStatus", "MessageStatus", "PaymentStatus"} <= set(page)
    for name, text in page.items():
        assert text == known[name]


# --- events --------------------------------------------------------------------------------------


def events() -> dict[str, list[str]]:
    """The rows of the table of events by their type."""
    found = {row[0].strip("`"): row[1:] for row in rows(PAGE) if "." in row[0]}
    return {name: row for name, row in found.items() if len(row) == 3}


def own_fields(event: type[EventBase]) -> set[str]:
    common = {field.name for field in msgspec.structs.fields(EventBase)}
    return {field.name for field in msgspec.structs.fields(event)} - common


@cache
def recorded() -> set[str]:
    """The names of all that is called in the engine, outside the contracts."""
    found = set()
    for path in (ROOT / "core/tradewind").rglob("*.py"):
        if "contracts" not in path.parts:
            calls = (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
            found |= {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    return found


@pytest.mark.parametrize("event", EVENT_TYPES, ids=type_of)
def test_every_event_is_in_the_table_with_its_fields(event: type[EventBase]) -> None:
    name, fields, written = events()[type_of(event)]
    assert name == f"`{event.__name__}`"
    assert set(re.findall(r"`(\w+)`", fields)) == own_fields(event)
    assert written == ("yes" if event.__name__ in recorded() else "not yet")


def test_the_table_names_no_event_that_does_not_exist() -> None:
    assert set(events()) == {type_of(event) for event in EVENT_TYPES}
    common = {field.name for field in msgspec.structs.fields(EventBase)}
    intro = PAGE.partition("## Events")[2].partition("|")[0]
    assert common <= set(re.findall(r"`(\w+)`", intro))


# --- names and examples --------------------------------------------------------------------------


def test_the_page_names_only_public_names_of_tradewind() -> None:
    camel = re.compile(r"(?:[A-Z][a-z]+)+(?:\(.*\))?")
    named = {span.partition("(")[0] for span in code_spans(PAGE) if camel.fullmatch(span)}
    elsewhere = {"Accounts", "AppConfig", "None", "Plugins"}
    assert len(named) > 50
    assert named - elsewhere <= set(tradewind.__all__)


def declared(source: ast.Module) -> dict[str, list[str]]:
    """What a file declares, functions within classes included, as text by its name."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(source):
        if isinstance(node, Function | ast.ClassDef):
            found.setdefault(node.name, []).append(ast.unparse(node))
    return found


def test_every_piece_of_code_on_the_page_is_code_that_runs() -> None:
    sources = [declared(tree(path)) for path in SOURCES]
    known = set(contracts())
    for block in blocks(PAGE, "python"):
        if "def test_" in block:
            continue
        body = [one for one in ast.parse(block).body if isinstance(one, Function | ast.ClassDef)]
        assert body, block
        for one in body:
            runs = any(ast.unparse(one) in found.get(one.name, ()) for found in sources)
            assert runs or one.name in known, block


async def test_the_tests_on_the_page_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("tradewind_bell")
    package.plugin = bell.plugin  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tradewind_bell", package)
    passed = 0
    for block in blocks(PAGE, "python"):
        if "def test_" in block:
            names: dict[str, Any] = {}
            exec(compile(block, "docs/hooks.md", "exec"), names)  # noqa: S102 - our own page
            for test in [value for name, value in names.items() if name.startswith("test_")]:
                outcome = test()
                if inspect.isawaitable(outcome):
                    await outcome
                passed += 1
    assert passed == 2


def test_the_fixtures_on_the_page_exist() -> None:
    source = tree(ROOT / "core/tradewind/testing/fixtures.py")
    functions = (node for node in source.body if isinstance(node, Function))
    fixtures = {one.name for one in functions if any("fixture" in m for m in marks(one))}
    section = PAGE.partition("## Testing a plugin")[2]
    named = {name for row in rows(section) for name in re.findall(r"`(\w+)`", row[0])}
    assert named
    assert named <= fixtures


def marks(function: Function) -> list[str]:
    return [ast.unparse(mark) for mark in function.decorator_list]


def test_the_reasons_that_shoppers_hear_in_their_language_are_named() -> None:
    """But for those that the engine itself gives."""
    bullet = PAGE.partition("- Shoppers hear the reason")[2].partition("\n- ")[0]
    known = {key.partition(".")[2] for key in ENGLISH.texts if key.startswith("failed.")}
    assert known - {"expired", "other"} == code_spans(bullet) - {"code"} != set()
