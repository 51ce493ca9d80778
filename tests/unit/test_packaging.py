"""The distribution as a clone sees it: what is at the top, one version, a lock that fits it."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import tradewind
from tests.support.system import require

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PINS = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^ ]+)(?P<rest>.*)$", re.MULTILINE)

PACKAGES_OF_THE_SHOP = ("tradewind", "tradewind_host", "tradewind_sandbox")

TOP_LEVEL = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "core",
    "docs",
    "hosts",
    "migrations",
    "plugins",
    "pyproject.toml",
    "requirements.lock",
    "tests",
}


def manifest(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def distributions() -> list[Path]:
    return [ROOT, *(path.parent for path in sorted(ROOT.glob("plugins/*/pyproject.toml")))]


def declared(folder: Path) -> list[Requirement]:
    """Return what a distribution asks of others, its extras and groups included."""
    content = manifest(folder)
    project = content["project"]
    lists = chain(
        project.get("optional-dependencies", {}).values(),
        content.get("dependency-groups", {}).values(),
    )
    named = [*project.get("dependencies", ()), *chain.from_iterable(lists)]
    ours = {manifest(each)["project"]["name"] for each in distributions()}
    return [each for each in map(Requirement, named) if each.name not in ours]


def test_the_top_level_holds_only_what_the_layout_names() -> None:
    command = [require("git"), "-c", "safe.directory=*", "ls-files"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    names = {Path(line).parts[0] for line in listing.stdout.splitlines()}
    assert {name for name in names if not name.startswith(".")} <= TOP_LEVEL


def test_the_version_is_written_once() -> None:
    assert "version" not in manifest(ROOT)["project"]
    assert metadata.version("tradewind") == tradewind.__version__


def test_the_lock_names_no_index_and_no_place_on_a_machine() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^\s*-", LOCK.replace("--hash=sha256:", ""), re.MULTILINE)
    assert not re.search(r"(^|\s|@)[~./]*/", LOCK, re.MULTILINE)


def test_every_line_of_the_lock_is_pinned_and_hashed() -> None:
    entries = [line for line in LOCK.splitlines() if line and line[0] not in " #"]
    assert entries
    for entry in entries:
        assert PINS.match(entry), entry
        assert entry.endswith("\\"), f"no hash: {entry}"


@pytest.mark.parametrize("folder", distributions(), ids=lambda folder: str(folder.name))
def test_the_lock_satisfies_what_the_distributions_declare(folder: Path) -> None:
    pinned = {pin["name"]: pin["version"] for pin in PINS.finditer(LOCK)}
    assert declared(folder)
    for requirement in declared(folder):
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} is not locked: make lock"
        assert requirement.specifier.contains(pinned[name]), f"{requirement} is not what is locked"


@pytest.mark.parametrize("folder", distributions(), ids=lambda folder: str(folder.name))
def test_a_distribution_declares_every_package_that_it_imports(folder: Path) -> None:
    project = manifest(folder)["project"]
    extras = chain.from_iterable(project.get("optional-dependencies", {}).values())
    stated = {
        canonicalize_name(Requirement(each).name) for each in (*project["dependencies"], *extras)
    }
    providers = metadata.packages_distributions()
    for package in imported(folder) - set(sys.stdlib_module_names):
        found = {canonicalize_name(name) for name in providers.get(package, ())}
        assert stated & found, f"{package} is imported, not declared"


def imported(folder: Path) -> set[str]:
    """Return the top-level packages that the shipped sources of a distribution import."""
    tops = ("core", "hosts", "migrations") if folder == ROOT else (f"tradewind_{folder.name}",)
    trees = [ast.parse(path.read_text()) for top in tops for path in folder.glob(f"{top}/**/*.py")]
    nodes = list(chain.from_iterable(map(ast.walk, trees)))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    froms = {
        node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    packages = {name.partition(".")[0] for name in plain | froms}
    return packages - set(PACKAGES_OF_THE_SHOP if folder == ROOT else tops)


def test_every_plugin_is_licensed_and_bounded_to_this_major_version_of_the_core() -> None:
    for folder in distributions()[1:]:
        project = manifest(folder)["project"]
        core = [Requirement(each) for each in project["dependencies"]]
        (range_of_core,) = [each.specifier for each in core if each.name == "tradewind"]
        assert range_of_core.contains(tradewind.__version__)
        assert not range_of_core.contains("99")
        assert project["license"] == "MIT"


def test_every_rule_that_the_linter_leaves_out_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    (section,) = re.findall(r"^ignore = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    for line in section.splitlines():
        assert re.fullmatch(r' +"[A-Z0-9]+", +# .+', line), line


def test_continuous_integration_runs_what_a_developer_runs() -> None:
    commands = (ROOT / ".ci" / "run").read_text().splitlines()[1:]
    assert [line for line in commands if line.startswith("exec ")] == ["exec make test < /dev/null"]
