"""The wheels on their own: built, installed far from the repository, and serving the demo shop.

Nothing is downloaded: dependencies come from uv's cache, which installing the lock has filled.
"""

import json
import os
import select
import signal
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.system import require

ROOT = Path(__file__).parents[2]
UV = str(Path(sysconfig.get_path("scripts")) / "uv")
READY_SECONDS = 60
STOP_SECONDS = 30

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build every wheel of the workspace; return them by the name of their distribution."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [UV, "build", "--all-packages", "--wheel", "--offline", "--no-build-isolation"]
    run([*command, "--python", sys.executable, "--out-dir", str(folder)], cwd=ROOT)
    return {path.name.partition("-")[0]: path for path in folder.glob("*.whl")}


@pytest.fixture(scope="module")
def complete(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an environment with every wheel."""
    return environment(tmp_path_factory.mktemp("complete"), wheels)


def test_there_is_a_wheel_for_the_shop_and_for_each_plugin(wheels: dict[str, Path]) -> None:
    plugins = {f"tradewind_{path.parent.name}" for path in ROOT.glob("plugins/*/pyproject.toml")}
    assert set(wheels) == {"tradewind"} | plugins
    assert plugins >= {"tradewind_whatsapp", "tradewind_manual"}


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("core/tradewind", "tradewind"),
        ("hosts/tradewind_host", "tradewind_host"),
        ("hosts/tradewind_sandbox", "tradewind_sandbox"),
        ("migrations/core", "tradewind/migrations"),
    ],
)
def test_the_wheel_of_the_shop_holds_every_file(
    wheels: dict[str, Path], source: str, target: str
) -> None:
    listing = run([require("git"), "-c", "safe.directory=*", "ls-files", source], cwd=ROOT)
    files = {line.removeprefix(f"{source}/") for line in listing.splitlines()}
    assert files
    with zipfile.ZipFile(wheels["tradewind"]) as archive:
        assert {f"{target}/{name}" for name in files} <= set(archive.namelist())


def test_the_wheels_hold_no_tests_and_nothing_private(wheels: dict[str, Path]) -> None:
    for path in wheels.values():
        with zipfile.ZipFile(path) as archive:
            tops = {name.partition("/")[0] for name in archive.namelist()}
        assert all(top.startswith("tradewind") for top in tops), tops


def test_installed_wheels_take_nothing_from_the_repository(complete: Path, tmp_path: Path) -> None:
    code = (
        "import sys, tradewind, tradewind_host, tradewind_sandbox;"
        "import tradewind_whatsapp, tradewind_manual;"
        "print(*sys.path, *(m.__file__ for n, m in sys.modules.items() if n.startswith('trade')),"
        "sep='\\n')"
    )
    places = run([str(complete / "bin" / "python"), "-c", code], cwd=tmp_path).splitlines()
    assert not [place for place in places if Path(place).is_relative_to(ROOT)]


def test_the_demo_of_the_wheels_serves_both_stores(complete: Path, tmp_path: Path) -> None:
    with demo(complete, tmp_path) as ready:
        assert [store["slug"] for store in ready["stores"]] == ["demo", "second"]
        for store in ready["stores"]:
            assert set(store["whatsapp"]) == {"phone_number_id", "verify_token", "app_secret"}
            assert products(ready, store)
    with pytest.raises(httpx.ConnectError):
        httpx.get(ready["base_url"])


def test_without_its_wheel_a_plugin_is_simply_not_there(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    without = {name: path for name, path in wheels.items() if name != "tradewind_whatsapp"}
    folder = environment(tmp_path / "environment", without)
    with demo(folder, tmp_path) as ready:
        assert not [store for store in ready["stores"] if "whatsapp" in store]
        assert all(products(ready, store) for store in ready["stores"])


def environment(folder: Path, wheels: dict[str, Path]) -> Path:
    """Make a virtual environment and install `wheels` with what they declare, as the lock pins it.

    What a wheel needs without saying so is missing there.
    """
    run([UV, "venv", "--quiet", "--offline", "--python", sys.executable, str(folder)])
    wanted = [f"{name} @ {path.as_uri()}" for name, path in wheels.items() if name != "tradewind"]
    run(
        [
            *(UV, "pip", "install", "--quiet", "--offline", "--python", str(folder)),
            *("--constraint", str(ROOT / "requirements.lock")),
            *(f"tradewind[embedded] @ {wheels['tradewind'].as_uri()}", *wanted),
        ],
        cwd=folder,
    )
    return folder


@contextmanager
def demo(folder: Path, work: Path) -> Iterator[Any]:
    """Run the demo of an environment in the folder `work`, give its ready line, stop it."""
    options = ["--json", "--port", "0", "--data-dir", str(work / "data")]
    with (
        (work / "log.txt").open("wb") as log,
        subprocess.Popen(
            [str(folder / "bin" / "tradewind"), "demo", *options],
            cwd=work,
            env=surroundings(),
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield ready_line(process, work / "log.txt")
            os.killpg(process.pid, signal.SIGINT)
            process.wait(STOP_SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def ready_line(process: subprocess.Popen[bytes], log: Path) -> Any:
    assert process.stdout
    readable, _, _ = select.select([process.stdout], [], [], READY_SECONDS)
    line = process.stdout.readline() if readable else b""
    assert line, f"the demo did not get ready:\n{log.read_text()}"
    answer = json.loads(line)
    assert answer["ready"] is True
    return answer


def products(ready: Any, store: Any) -> list[Any]:
    key = {"X-Publishable-Key": store["publishable_key"]}
    answer = httpx.get(f"{ready['base_url']}/store/products", headers=key)
    assert answer.status_code == HTTPStatus.OK
    return list(answer.json()["products"])


def surroundings() -> dict[str, str]:
    """Return the environment variables of someone who has never seen the repository."""
    ours = ("PYTHONPATH", "VIRTUAL_ENV")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith("TRADEWIND_")
    }


def run(command: list[str], cwd: Path | None = None) -> str:
    ran = subprocess.run(
        command, cwd=cwd, env=surroundings(), capture_output=True, text=True, check=False
    )
    assert not ran.returncode, f"{' '.join(command)}\n{ran.stderr}"
    return ran.stdout
