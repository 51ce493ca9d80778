"""What the pages say of the code: files, floors, the plugin of the README, the chat's commands."""

import ast
import re
import tomllib

from tests.docs.pages import ROOT, TEXT, WRITTEN, blocks, code_spans, read
from tradewind.conversations.service import COMMANDS


def test_the_files_that_pages_name_exist() -> None:
    pattern = re.compile(r"(?:core|hosts|plugins|migrations|tests|docs)/[\w./-]+")
    named = {span for span in code_spans(TEXT) if pattern.fullmatch(span)}
    assert len(named) > 20
    for span in named:
        assert (ROOT / span).exists(), span


def test_the_floors_are_those_that_the_contracts_enforce() -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (floors,) = (one["layers"] for one in contracts if one["id"] == "floors")
    wanted = [floor.strip("()") for floor in floors if floor != "(testing)"]
    (block,) = blocks(read("docs/architecture.md"), "text")
    assert [line.split()[0] for line in block.splitlines()] == wanted


def test_the_plugin_of_the_readme_is_the_file_that_tests_run() -> None:
    (block,) = blocks(read("README.md"), "python")
    assert block == read("docs/examples/bell.py")
    assert len([line for line in block.splitlines() if line.strip()]) <= 20


def test_the_commands_of_the_chat_are_those_that_are_understood() -> None:
    table = read("docs/quickstart.md").partition("| command |")[2].partition("\n\n")[0]
    named = {name.lower() for name in re.findall(r"`([A-Z]+)\b", table)}
    assert "`REMOVE CODE`" in table
    assert named | {"code_off"} == set(COMMANDS)


def test_python_on_the_pages_can_be_read() -> None:
    for name in WRITTEN:
        for block in blocks(read(name), "python"):
            ast.parse(block)
