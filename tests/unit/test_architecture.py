"""The walls of the house: what import-linter cannot express, and proof that its contracts bite."""

import ast
import os
import shutil
import subprocess
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import tradewind

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))
SOURCES = sorted(ROOT.glob("plugins/*/tradewind_*/**/*.py"))

BREACHES = {
    "A floor imports only floors below it": (
        "core/tradewind/contracts/money.py",
        "from tradewind import hooks",
    ),
    "The core knows no web framework": ("core/tradewind/hooks.py", "import litestar"),
    "Rules are pure": ("core/tradewind/carts/rules.py", "import asyncpg"),
    "Queries call no service": (
        "core/tradewind/carts/queries.py",
        "from tradewind.carts import service",
    ),
    "The sandbox stands for the outside world": (
        "hosts/tradewind_sandbox/__init__.py",
        "import tradewind",
    ),
    "Plugins know neither hosts nor one another": (
        "plugins/manual/tradewind_manual/__init__.py",
        "import tradewind_host",
    ),
}


def foreign_imports(source: str, own: str) -> Iterator[str]:
    """Yield each import in a plugin's `source` that reaches behind the public names of the house.

    `own` is the plugin's package. Relative imports stay inside it and are no matter.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if not allowed(each.name, own))
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module == "tradewind":
                names = (each.name for each in node.names)
                yield from (f"tradewind.{name}" for name in names if name not in tradewind.__all__)
            elif not allowed(node.module, own):
                yield node.module


def allowed(module: str, own: str) -> bool:
    package = module.partition(".")[0]
    return module == "tradewind" or package == own or not package.startswith("tradewind")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_a_plugin_imports_only_the_public_names_of_tradewind(path: Path) -> None:
    own = path.relative_to(ROOT / "plugins").parts[1]
    assert not list(foreign_imports(path.read_text(), own))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from tradewind import Money, Text", []),
        ("import tradewind, httpx, tradewind_here.wire", []),
        ("from . import wire", []),
        ("import tradewind.database", ["tradewind.database"]),
        ("from tradewind.contracts import money", ["tradewind.contracts"]),
        ("from tradewind import hooks", ["tradewind.hooks"]),
        ("def f():\n    import tradewind_host", ["tradewind_host"]),
        ("from tradewind_other import x", ["tradewind_other"]),
    ],
)
def test_an_import_behind_the_public_names_is_seen(source: str, found: list[str]) -> None:
    assert list(foreign_imports(source, "tradewind_here")) == found


def test_every_plugin_is_behind_the_walls() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    tool = content["tool"]
    for name in PLUGINS:
        package = f"tradewind_{name}"
        assert package in tool["importlinter"]["root_packages"]
        assert f"$MYPY_CONFIG_FILE_DIR/plugins/{name}" in tool["mypy"]["mypy_path"]
        for contract in tool["importlinter"]["contracts"]:
            if contract["id"] in {"core", "sandbox"}:
                assert package in contract["forbidden_modules"]
            if contract["id"] == "plugins":
                assert package in contract["modules"]


def test_every_room_of_the_core_tells_what_lives_in_it() -> None:
    for path in [*ROOT.glob("core/**/*.py"), *ROOT.glob("hosts/**/*.py")]:
        text = path.read_text()
        assert not text.strip() or ast.get_docstring(ast.parse(text)), f"{path} has no docstring"


def test_no_file_of_the_house_outgrows_five_hundred_lines() -> None:
    sources = [*ROOT.glob("core/**/*.py"), *ROOT.glob("hosts/**/*.py"), *SOURCES]
    assert not [str(path) for path in sources if len(path.read_text().splitlines()) > 500]


def test_each_import_contract_breaks_when_its_wall_is_breached(tmp_path: Path) -> None:
    for top in ("core", "hosts", "plugins"):
        shutil.copytree(ROOT / top, tmp_path / top, ignore=shutil.ignore_patterns("__pycache__"))
    for file, line in BREACHES.values():
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        before = path.read_text() if path.exists() else ""
        path.write_text(f"{before}\n{line}\n")
        (path.parent / "__init__.py").touch()
    (tmp_path / "core/tradewind/carts/service.py").touch()
    report = lint_imports(tmp_path)
    for contract in BREACHES:
        verdict = next(line for line in report.splitlines() if line.startswith(contract))
        assert verdict.endswith("BROKEN"), report


def lint_imports(copy: Path) -> str:
    """Return what the import linter says of a copy of the sources, one line to a contract."""
    folders = [copy / "core", copy / "hosts", *(copy / "plugins").iterdir()]
    command = [
        str(Path(sysconfig.get_path("scripts")) / "lint-imports"),
        "--no-cache",
        "--config",
        str(ROOT / "pyproject.toml"),
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders)), "COLUMNS": "200"}
    ran = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert "Contracts" in ran.stdout, ran.stdout + ran.stderr
    return ran.stdout
