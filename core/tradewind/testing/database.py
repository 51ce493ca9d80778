"""PostgreSQL for tests: one server that all processes of a run share, and fresh databases in it.

A database is a copy of a template that was migrated once. The copies are made in a thread with an
event loop of its own, so that tests of any kind can ask for one. What a test gives back is cleaned
and lent to the next: that costs a tenth of a copy.
"""

import asyncio
import contextlib
import dataclasses
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Coroutine, Iterator, Mapping
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, TypeVar

import asyncpg

from tradewind.database.embedded import Cluster, EmbeddedFailed, EmbeddedPostgres
from tradewind.database.embedded.accounts import give_tree, named_account, run
from tradewind.database.embedded.files import locked
from tradewind.database.embedded.server import SUPERUSER, Server
from tradewind.database.embedded.site import find_site
from tradewind.database.migrate import migrate
from tradewind.testing.cleaning import Cleaner, look

T = TypeVar("T")

APP = "tradewind_app"
OWNER = "tradewind_owner"
TEMPLATE = "tradewind_template"

# What a test run writes need not survive a crash.
SETTINGS: Mapping[str, str] = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "synchronous_commit": "off",
}

# A test opens several connections. 4,096 rounds of hashing for each, on both sides, guard nothing.
CHEAP_PASSWORDS: Mapping[str, str] = {"scram_iterations": "1"}


class DatabaseUrls(NamedTuple):
    """One database, by the role the app connects as and by the role that owns the tables."""

    app: str
    owner: str
    name: str


class _Lent(NamedTuple):
    """A database for one test after the other, and who takes it back."""

    urls: DatabaseUrls
    cleaner: Cleaner


def make_folder() -> Path:
    """A new folder for `Postgres`, which any account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="tradewind-tests-"))
    folder.chmod(0o755)
    return folder


def remove_folder(folder: Path) -> None:
    """Remove all that `Postgres` kept, and stop a server that its killed users left running."""
    if any(folder.iterdir()):
        site = find_site(folder)
        Server(site, {}).shut_down()
        if site.folder != folder:
            shutil.rmtree(site.folder)
    shutil.rmtree(folder)


class Postgres:
    """A server for tests, shared with every process that names the same folder.

    Args:
        folder: Where its files are kept; any account must be able to enter it.
        programs: The folder of another PostgreSQL's `initdb` and `pg_ctl`; None for the embedded.
    """

    def __init__(self, folder: Path, programs: Path | None = None) -> None:
        self._folder = folder
        self._server = _server(folder, programs)
        self._background = _Background()
        self._cluster: Cluster | None = None
        self._connection: asyncpg.Connection[Any] | None = None
        self._as_new = ""
        self._clean: list[_Lent] = []

    @property
    def cluster(self) -> Cluster:
        """How to reach the server as its superuser."""
        if self._cluster is None:
            raise RuntimeError("the server for tests is not started")
        return self._cluster

    def start(self) -> None:
        """Start or join the server; the first process makes the roles and the template."""
        self._cluster = self._server.start()
        self._background.start()
        self._background.run(self._prepare())

    def stop(self) -> None:
        """Leave the server, which shuts down when nobody else uses it."""
        while self._clean:
            self._background.run(self._clean.pop().cleaner.close())
        if self._connection is not None:
            self._background.run(self._connection.close())
            self._connection = None
        self._background.stop()
        self._server.stop()

    def create(self, *, migrated: bool = True) -> DatabaseUrls:
        """Make a database: a copy of the migrated template, or one without any table."""
        return self._background.run(self._create(TEMPLATE if migrated else "template1"))

    def drop(self, urls: DatabaseUrls) -> None:
        """Remove a database, whoever is still connected to it."""
        self._background.run(self._admin(f'DROP DATABASE IF EXISTS "{urls.name}" WITH (FORCE)'))

    @contextlib.contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[DatabaseUrls]:
        """Make a database for the length of a block."""
        urls = self.create(migrated=migrated)
        try:
            yield urls
        finally:
            self.drop(urls)

    @contextlib.contextmanager
    def lent(self) -> Iterator[DatabaseUrls]:
        """A migrated database without a row for the length of a block, new or used before."""
        lent = self._clean.pop() if self._clean else self._as_lent(self.create())
        try:
            yield lent.urls
        finally:
            self._background.run(self._take_back(lent))

    def urls(self, name: str) -> DatabaseUrls:
        """How to reach a database of this server."""
        secret = self.cluster.password
        app, owner = (self.cluster.dsn(name, role, secret) for role in (APP, OWNER))
        return DatabaseUrls(app, owner, name)

    async def _prepare(self) -> None:
        self._connection = await asyncpg.connect(self.cluster.dsn("postgres"))
        done = self._folder / "template"
        with locked(self._folder / "template.lock"):
            if not done.exists():
                await self._make_roles()
                await self._make_template()
                done.touch()
        await self._remember_as_new()

    async def _make_roles(self) -> None:
        secret = self.cluster.password
        await self._admin(f"ALTER ROLE {SUPERUSER} PASSWORD '{secret}'")
        for role in (APP, OWNER):
            await self._admin(f"CREATE ROLE {role} LOGIN PASSWORD '{secret}'")

    async def _make_template(self) -> None:
        await self._admin(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
        inside = await asyncpg.connect(self.cluster.dsn(TEMPLATE))
        await inside.execute("CREATE EXTENSION pg_trgm")
        await inside.close()
        await migrate(self.urls(TEMPLATE).owner)
        await self._admin(f"ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")

    async def _create(self, template: str) -> DatabaseUrls:
        urls = self.urls(f"test_{uuid.uuid4().hex}")
        # Copying files takes two thirds of the time that the default, through the log, does.
        await self._admin(
            f'CREATE DATABASE "{urls.name}" TEMPLATE {template} OWNER {OWNER} STRATEGY FILE_COPY'
        )
        if template != TEMPLATE:
            await self._add_extension(urls.name)
        return urls

    async def _remember_as_new(self) -> None:
        urls = await self._create(TEMPLATE)
        self._as_new = await look(self.cluster.dsn(urls.name))
        self._clean.append(self._as_lent(urls))

    def _as_lent(self, urls: DatabaseUrls) -> "_Lent":
        return _Lent(urls, Cleaner(self.cluster.dsn(urls.name), self._as_new))

    async def _take_back(self, lent: "_Lent") -> None:
        cleaned = False
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            cleaned = await lent.cleaner.clean()
        if cleaned:
            self._clean.append(lent)
        else:
            await lent.cleaner.close()
            await self._admin(f'DROP DATABASE IF EXISTS "{lent.urls.name}" WITH (FORCE)')

    async def _add_extension(self, name: str) -> None:
        inside = await asyncpg.connect(self.cluster.dsn(name))
        try:
            await inside.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        finally:
            await inside.close()

    async def _admin(self, statement: str) -> None:
        if self._connection is None:
            raise RuntimeError("the server for tests is not started")
        await self._connection.execute(statement)


class _Background:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="test databases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end of `work`; blocks the caller."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _InstalledServer(Server):
    """A PostgreSQL of the system: before version 17 it has no locales of its own."""

    def _initdb(self, aside: Path) -> None:
        account = None
        if self.site.account is not None:
            account = named_account()
            give_tree(aside, account)
        command = [str(self.site.programs / "initdb"), "-D", str(aside / "cluster"), "--no-sync"]
        command += ["-U", SUPERUSER, "--pwfile", str(aside / "password"), "-A", "scram-sha-256"]
        command += ["-E", "UTF8", "--locale=C.UTF-8"]
        result = run(command, account, output=subprocess.PIPE)
        if result.returncode != 0:
            raise EmbeddedFailed(result.stdout.decode(errors="replace").strip())


class _Installed(EmbeddedPostgres):
    """The embedded server's care for a cluster, around another PostgreSQL's programs."""

    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(folder, settings=SETTINGS)
        site = dataclasses.replace(find_site(folder), programs=programs)
        self._server = _InstalledServer(site, SETTINGS)


def _server(folder: Path, programs: Path | None) -> EmbeddedPostgres:
    if programs is None:
        return EmbeddedPostgres(folder, settings={**SETTINGS, **CHEAP_PASSWORDS})
    return _Installed(folder, programs)
