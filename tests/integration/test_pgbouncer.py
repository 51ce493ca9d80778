"""The shop behind PgBouncer in transaction mode: nothing outlives a transaction, so it fits."""

import asyncio
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.journeys.test_chat_by_commands import order
from tests.support.shop import AMINA, BRIAN, open_shop
from tests.support.system import require
from tradewind.testing.database import DatabaseUrls

NOBODY = 65534
SETTINGS = """
[databases]
{name} = host={host} port={server} dbname={name} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = extra_float_digits
"""


@pytest.fixture
def pooled(database_urls: DatabaseUrls) -> Iterator[DatabaseUrls]:
    """The test's database, reached through PgBouncer."""
    program = require("pgbouncer")
    server = urlsplit(database_urls.app)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            SETTINGS.format(
                name=database_urls.name,
                host=server.hostname,
                server=server.port,
                user=server.username,
                password=server.password,
                port=port,
            )
        )
        settings.chmod(0o644)
        user = NOBODY if os.geteuid() == 0 else None
        with subprocess.Popen(
            [program, "-q", str(settings)], user=user, stderr=subprocess.DEVNULL
        ) as bouncer:
            try:
                asyncio.run(_reachable(port))
                url = f"postgresql://{server.username}:x@127.0.0.1:{port}/{database_urls.name}"
                yield DatabaseUrls(url, database_urls.owner, database_urls.name)
            finally:
                bouncer.terminate()


async def _reachable(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


async def test_shoppers_order_behind_a_pooler_and_stores_stay_apart(pooled: DatabaseUrls) -> None:
    async with open_shop(pooled, prepared=False) as shop:
        number = await order(shop)
        await shop.says(BRIAN, "hi", store="second")
        assert (await shop.admin("GET", "/admin/orders", store="second"))["orders"] == []
        (placed,) = (await shop.admin("GET", "/admin/orders"))["orders"]
        assert str(placed["number"]) == number
        assert "not paid yet" in await shop.talks(AMINA, "STATUS")


async def test_with_prepared_statements_the_same_pooler_fails(pooled: DatabaseUrls) -> None:
    """Positive control: the pooler really does not keep them."""
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):  # noqa: PT012
        connections = [await asyncpg.connect(pooled.app, statement_cache_size=50) for _ in "abcd"]
        try:
            for _ in range(5):
                await asyncio.gather(
                    *(
                        one.fetchval("SELECT pg_sleep(0.01) IS NULL, $1::int", 1)
                        for one in connections
                    )
                )
        finally:
            for one in connections:
                one.terminate()
