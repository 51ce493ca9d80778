"""A PostgreSQL of the benches' own, as a shop has it: embedded, nothing tuned, fsync on."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg

from tests.bench.support import CpuClock, cpu_of_family
from tradewind.database.embedded import EmbeddedPostgres
from tradewind.database.embedded.site import find_site
from tradewind.testing.database import DatabaseUrls, Postgres, make_folder, remove_folder

ROWS = "products carts orders order_lines stock_movements messaging_log events".split()


class BenchPostgres(Postgres):
    """The server for tests, but what it commits survives a crash."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._server = EmbeddedPostgres(folder)
        self.folder = folder

    @property
    def cpu(self) -> CpuClock:
        """The CPU clock of the server with all its processes."""
        pid_file = self.cluster.data_dir / "postgres/postmaster.pid"
        return partial(cpu_of_family, int(pid_file.read_text().split()[0]))

    def program(self, name: str) -> str:
        """The path of a program that came with this server."""
        return str(find_site(self.folder).programs / name)

    async def rows(self, urls: DatabaseUrls) -> dict[str, int]:
        """How many rows the tables have whose size matters."""
        connection = await asyncpg.connect(self.cluster.dsn(urls.name))
        try:
            return {
                name: await connection.fetchval(f"SELECT count(*) FROM shop.{name}")
                for name in ROWS
            }
        finally:
            await connection.close()

    async def settle(self, database: str) -> None:
        """Leave nothing to do that a bench would pay for: statistics, a checkpoint."""
        connection: asyncpg.Connection[Any] = await asyncpg.connect(self.cluster.dsn(database))
        try:
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()


@contextmanager
def postgres() -> Iterator[BenchPostgres]:
    """A server for the length of a block; nothing of it stays."""
    folder = make_folder()
    server = BenchPostgres(folder)
    try:
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        remove_folder(folder)
