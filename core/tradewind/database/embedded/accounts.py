"""Running programs as an account that is not root, because PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tradewind.database.embedded.errors import EmbeddedFailed

# systemd's range for accounts that exist only while something runs, which no distribution gives
# to a lasting account (https://systemd.io/UIDS-GIDS/).
SPARE_ACCOUNTS = range(61184, 65520)


def run(
    command: Sequence[str],
    account: int | None,
    *,
    output: int = subprocess.DEVNULL,
    environment: Mapping[str, str] = {},
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, in a session that no Ctrl-C reaches.

    Args:
        command: The program's absolute path and its arguments.
        account: The user id to run as; None for our own.
        output: Where standard output and standard error go, as `subprocess` takes it.
        environment: Variables laid over our own, of which PostgreSQL's are left out.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",
        env={**inherited, "LC_ALL": "C", **environment},
        user=account,
        group=account,
        extra_groups=None if account is None else [],
        start_new_session=True,
        check=False,
    )


def spare_account(seed: int) -> int:
    """A user id that no account has; the same for the same seed while it stays unused."""
    first = seed % len(SPARE_ACCOUNTS)
    for step in range(len(SPARE_ACCOUNTS)):
        account = SPARE_ACCOUNTS[(first + step) % len(SPARE_ACCOUNTS)]
        try:
            pwd.getpwuid(account)
        except KeyError:
            return account
    raise EmbeddedFailed("there is no unused user id to run PostgreSQL as")


def named_account() -> int:
    """An unprivileged account with a name, without which initdb refuses to run."""
    accounts = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0}
    if not accounts:
        raise EmbeddedFailed("this system has no account but root to run initdb as")
    return accounts.get("nobody", next(iter(accounts.values())))


def may_enter(folder: Path, account: int) -> bool:
    """Whether the account reaches into a folder; tried, since modes alone do not tell."""
    return run(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)], account).returncode == 0


def may_run(program: Path, account: int) -> bool:
    """Whether the account can run a program that knows `--version`."""
    try:
        return run([str(program), "--version"], account).returncode == 0
    except PermissionError:
        return False


def give_tree(top: Path, account: int) -> None:
    """Make an account the owner of a folder and all that is in it."""
    for path in (top, *top.rglob("*")):
        os.chown(path, account, account, follow_symlinks=False)
