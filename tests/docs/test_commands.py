"""What the pages tell to type: commands, targets, keys, packages and addresses that exist."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

import httpx
import typer
from litestar import Litestar

from tests.docs.pages import TEXT, WRITTEN, blocks, code_spans, read
from tests.support.shop import GRAPH, SHOP, open_shop
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.cli import app as command_line
from tradewind_host.config import KEYS

_KEY = re.compile(r"\b(?:TRADEWIND|PUBLIC|USE|ENABLE|PAYMENT)_[A-Z_]+[A-Z]\b")
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def command_lines() -> Iterator[list[str]]:
    """Every command in the shell blocks of the pages, word by word."""
    for name in WRITTEN:
        for block in blocks(read(name), "bash"):
            for line in block.replace("\\\n", " ").splitlines():
                if "'" not in line or line.count("'") % 2 == 0:
                    yield _without_assignments(shlex.split(line, comments=True))


def _without_assignments(words: list[str]) -> list[str]:
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    return words


LINES = [words for words in command_lines() if words]


def test_every_make_target_exists() -> None:
    targets = set(_TARGET.findall(read("Makefile")))
    named = {words[1] for words in LINES if words[0] == "make" and len(words) > 1}
    named |= {span.split()[1] for span in code_spans(TEXT) if re.match(r"make [a-z]", span)}
    assert {"demo", "test", "check"} <= named
    assert named <= targets


def commands() -> list[list[str]]:
    """Every `tradewind …` that a page names."""
    spans = (span for span in code_spans(TEXT) if span.startswith("tradewind "))
    return [
        *(words[1:] for words in LINES if words[0] == "tradewind"),
        *(span.split()[1:] for span in spans if "<" not in span),
    ]


def test_every_command_and_option_exists() -> None:
    seen = set()
    for words in commands():
        command: Any = typer.main.get_command(command_line)
        rest = list(words)
        while hasattr(command, "commands"):
            assert rest, words
            assert rest[0] in command.commands, words
            seen.add(rest[0])
            command = command.commands[rest.pop(0)]
        options = {name for parameter in command.params for name in parameter.opts}
        options |= {name for parameter in command.params for name in parameter.secondary_opts}
        for word in rest:
            assert not word.startswith("--") or word.partition("=")[0] in options, words
    assert {"demo", "serve", "worker", "migrate", "settings", "store", "plugins"} <= seen


def test_every_command_is_told_of() -> None:
    group: Any = typer.main.get_command(command_line)
    assert set(group.commands) <= {words[0] for words in commands()}


def test_every_key_of_the_environment_exists_and_is_told_of() -> None:
    of_tests = set(
        re.findall(r"TRADEWIND_TEST_[A-Z_]+", read("core/tradewind/testing/fixtures.py"))
    )
    named = set(_KEY.findall(TEXT))
    assert named <= set(KEYS.values()) | of_tests
    assert set(KEYS.values()) <= set(_KEY.findall(read("docs/quickstart.md")))


def test_the_system_packages_are_those_that_make_test_installs() -> None:
    script = read("tests/system_packages.sh")
    (words,) = (words for words in LINES if words[:2] == ["apt-get", "install"])
    assert len(words) == 6
    for package in words[2:]:
        assert re.search(rf"echo (?:\S+ )*{package}\b", script), package


def test_the_extras_that_pages_name_exist() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    named = re.findall(r"tradewind\[([a-z,]+)\]", TEXT)
    assert named
    extras = {extra for group in named for extra in group.split(",")}
    assert extras <= set(project["optional-dependencies"])


def routes(app: Litestar) -> set[str]:
    """The addresses of an app, with a mark in place of each parameter; two where it is a path."""
    found = (re.sub(r"\{[^}]*:path\}", "**", route.path) for route in app.routes)
    return {re.sub(r"\{[^}]*\}", "*", path) for path in found}


def pattern(route: str) -> str:
    """The regular expression of a route with its marks."""
    return re.escape(route).replace(r"\*\*", ".+").replace(r"\*", "[^/]+")


def addresses() -> Iterator[str]:
    """The addresses of the host and of the sandbox that pages tell to call."""
    for words in LINES:
        if words[0] == "curl":
            yield from (word for word in words if word.startswith("http://127.0.0.1:800"))


async def test_every_address_that_a_page_calls_is_a_route(
    database_urls: DatabaseUrls, clock: ManualClock
) -> None:
    async with open_shop(database_urls, clock=clock) as shop:
        hosts = shop.network.hosts
        known = {8000: routes(hosts[SHOP]), 8001: routes(hosts[GRAPH])}
    called = list(addresses())
    assert len(called) > 10
    for address in called:
        url = httpx.URL(address.replace("$", ""))
        path = url.path
        fits = [route for route in known[url.port or 80] if re.fullmatch(pattern(route), path)]
        assert fits, address
