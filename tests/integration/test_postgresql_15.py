"""The oldest PostgreSQL that is promised runs the same tests, in a run of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.system import require

ROOT = Path(__file__).parents[2]
TESTS = [
    "tests/integration/test_schema_rules.py",
    "tests/integration/test_isolation_in_sql.py",
    "tests/integration/test_transactions.py",
    "tests/integration/test_stock.py",
    "tests/journeys/test_chat_by_buttons.py",
]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_shop_runs_on_postgresql_15() -> None:
    programs = Path(require("initdb")).parent
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "TRADEWIND_TEST_"))
    }
    environment["TRADEWIND_TEST_POSTGRES_BIN"] = str(programs)
    version = subprocess.run(
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    assert " 15." in version.stdout
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:]
    assert " passed" in run.stdout
