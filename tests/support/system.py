"""Finds the system programs that some tests need: a machine without them skips, CI fails."""

import os
import shutil

import pytest

# Debian keeps each PostgreSQL in a folder of its own, and PgBouncer where only root's PATH looks.
FOLDERS = ("/usr/lib/postgresql/15/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")


def require(program: str) -> str:
    """Return the path of `program` (such as `chromium`, `initdb`, `pgbouncer`, `wrk`).

    PostgreSQL's programs are those of version 15. Without the program the test is skipped, and
    with `CI=true` it fails: a machine that proves everything must have everything.
    """
    path = shutil.which(program, path=os.pathsep.join((*FOLDERS, os.environ.get("PATH", ""))))
    if path:
        return path
    reason = f"{program} is not installed: run tests/system_packages.sh as root"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
