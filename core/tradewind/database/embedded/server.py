"""The server of one cluster: create the cluster, start it, adopt it while it runs, shut it down."""

import contextlib
import logging
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tradewind.database.embedded.accounts import give_tree, named_account, run
from tradewind.database.embedded.errors import EmbeddedFailed
from tradewind.database.embedded.files import open_private, sync_folder, write_private
from tradewind.database.embedded.site import Site

HOST = "127.0.0.1"
SUPERUSER = "postgres"
START_SECONDS = 60
STOP_SECONDS = 30

_MEGABYTE = 2**20
# Where the limit of a container stands, in its two versions; without one it is a word or huge.
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")

DEFAULTS: Mapping[str, str] = {
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

# What a start may meet while a killed server's children are still leaving, while a start begun by
# a killed process is still under way, or when someone took the port a moment ago.
PASSING = (
    "is not ready yet",
    "pre-existing shared memory block",
    'lock file "postmaster.pid" already exists',
    "could not create any TCP/IP sockets",
)

# No system hands out process ids this high, so a lock file that names it is surely stale.
NO_PROCESS = 2**31 - 1

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Postmaster:
    """What the lock file of a live server says."""

    pid: int
    port: int
    status: str


def memory() -> int:
    """Bytes that there are for all processes here: the machine's, or what a container may use."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in _LIMITS:
        with contextlib.suppress(OSError, ValueError):
            found.append(int(Path(path).read_text()))
    return min(found)


def buffers_for(available: int) -> str:
    """How much of so many bytes of memory holds what is read most: an eighth, within bounds.

    What is not used is not taken either.
    """
    return f"{min(max(available // 8 // _MEGABYTE, 64), 512)}MB"


class Server:
    """Works on the server of one site. The caller holds the site's start lock."""

    def __init__(self, site: Site, settings: Mapping[str, str]) -> None:
        self.site = site
        self._settings = {**DEFAULTS, "shared_buffers": buffers_for(memory()), **settings}

    def bring_up(self) -> int:
        """Create the cluster if there is none, start the server if none runs; returns its port.

        Raises `EmbeddedFailed` with what the server said.
        """
        for abandoned in self.site.folder.glob("initdb-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        if not (self.site.data / "PG_VERSION").exists():
            self._create()
        deadline = time.monotonic() + START_SECONDS
        while True:
            running = self._postmaster()
            problem = self._refusal(running) if running else self._launch()
            if running and not problem:
                return running.port
            passing = not problem or any(text in problem for text in PASSING)
            if not passing or time.monotonic() > deadline:
                raise EmbeddedFailed(f"PostgreSQL in {self.site.folder} does not start: {problem}")
            if problem:
                time.sleep(0.02)

    def shut_down(self) -> None:
        """Stop the server, if it runs, and wait until its process is gone."""
        running = self._postmaster()
        if running is None:
            return
        wait = ("-t", str(STOP_SECONDS))
        if not self._control("stop", "-m", "fast", *wait):
            logger.warning("PostgreSQL in %s is slow: stopping it at once", self.site.folder)
            self._control("stop", "-m", "immediate", *wait)
        # The lock file, which pg_ctl waits for, goes a moment before the process does.
        deadline = time.monotonic() + STOP_SECONDS
        while self._is_server(running.pid):
            if time.monotonic() > deadline:
                raise EmbeddedFailed(f"PostgreSQL (process {running.pid}) does not stop")
            time.sleep(0.01)

    def _create(self) -> None:
        """Make the cluster in a folder aside and move it into place whole."""
        folder = self.site.folder
        with tempfile.TemporaryDirectory(
            prefix="initdb-", dir=folder, ignore_cleanup_errors=True
        ) as name:
            aside = Path(name)
            password = os.urandom(24).hex()
            write_private(self.site.password_file, password)
            write_private(aside / "password", password)
            self._initdb(aside)
            if self.site.account is not None:
                give_tree(aside, self.site.account)
            (aside / "cluster").rename(self.site.data)
        sync_folder(folder)

    def _initdb(self, aside: Path) -> None:
        account = None
        if self.site.account is not None:
            account = named_account()
            give_tree(aside, account)
        command = [str(self.site.programs / "initdb"), "-D", str(aside / "cluster")]
        command += ["-U", SUPERUSER, "--pwfile", str(aside / "password"), "-A", "scram-sha-256"]
        command += ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--locale=C"]
        if self._settings.get("fsync") == "off":
            command += ["--no-sync"]
        result = run(command, account, output=subprocess.PIPE)
        if result.returncode != 0:
            said = result.stdout.decode(errors="replace").strip()
            raise EmbeddedFailed(f"initdb in {self.site.folder} failed: {said}")

    def _launch(self) -> str:
        """Start the server once; returns an empty text, or what it said about its failure."""
        _disarm(self.site.pid_file)
        remembered = self.site.port_file
        port = _free_port(int(remembered.read_text()) if remembered.exists() else 0)
        fixed = {
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": "",
            "cluster_name": self.site.cluster_name,
        }
        options = [f"-c{key}={value}" for key, value in {**self._settings, **fixed}.items()]
        log = open_private(self.site.log, os.O_APPEND)
        try:
            before = os.fstat(log).st_size
            wait = ("-t", str(START_SECONDS))
            if self._control("start", *wait, "-o", shlex.join(options), output=log):
                remembered.write_text(f"{port}\n")
                return ""
            return os.pread(log, 4000, before).decode(errors="replace").strip()
        finally:
            os.close(log)

    def _refusal(self, running: Postmaster) -> str:
        """Ask for one answer with our password; returns an empty text, or why there is none."""
        if running.status != "ready":
            return f"its process {running.pid} is not ready yet, but {running.status}"
        command = [str(self.site.programs / "psql"), "-Xw", "-h", HOST, "-p", str(running.port)]
        command += ["-U", SUPERUSER, "-d", "postgres", "-c", "SELECT 1"]
        secret = {"PGPASSWORD": self.site.password(), "PGCONNECT_TIMEOUT": "5"}
        result = run(command, self.site.account, output=subprocess.PIPE, environment=secret)
        return "" if result.returncode == 0 else result.stdout.decode(errors="replace").strip()

    def _control(self, *arguments: str, output: int = subprocess.DEVNULL) -> bool:
        """Run `pg_ctl`, which waits for the outcome, and tell whether it succeeded."""
        command = [str(self.site.programs / "pg_ctl"), "-w", *arguments]
        # Given with -D, the folder's name would go through a shell.
        folder = {"PGDATA": str(self.site.data)}
        result = run(command, self.site.account, output=output, environment=folder)
        return result.returncode == 0

    def _postmaster(self) -> Postmaster | None:
        """The server of this site, if its process is alive."""
        try:
            lines = self.site.pid_file.read_text().splitlines()
        except FileNotFoundError:
            return None
        if not lines or not lines[0].isdigit() or not self._is_server(int(lines[0])):
            return None
        port = int(lines[3]) if len(lines) > 3 else 0
        status = lines[7].strip() if len(lines) > 7 else "starting"
        return Postmaster(int(lines[0]), port, status)

    def _is_server(self, pid: int) -> bool:
        """Whether a process id is a live server of this site, neither a stranger nor a zombie."""
        command = _command_line(pid)
        names = (self.site.cluster_name.encode(), os.fsencode(self.site.data))
        return any(name in command for name in names)


def _command_line(pid: int) -> bytes:
    """The command line of a live process; empty for a zombie or an id nobody has."""
    if not Path("/proc/self/cmdline").exists():
        command = ["/bin/ps", "-p", str(pid), "-o", "command="]
        return run(command, None, output=subprocess.PIPE).stdout
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _disarm(pid_file: Path) -> None:
    """Let PostgreSQL see that a dead server's lock file is stale.

    It only asks whether the process id in there is taken, and after a crash it may be by a
    stranger. Naming a process that cannot exist, instead of deleting the file, keeps its second
    check: whether the dead server's children still hold its shared memory.
    """
    try:
        pid, *rest = pid_file.read_text().splitlines(keepends=True)
    except FileNotFoundError:
        return
    except ValueError:
        pid_file.unlink()
        return
    if pid.strip().isdigit():
        pid_file.write_text("".join([f"{NO_PROCESS}\n", *rest]))


def _free_port(preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket() as probe:
            # As PostgreSQL binds: connections that are still closing do not hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise EmbeddedFailed(f"there is no free port on {HOST}")
