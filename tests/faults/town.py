"""The whole shop as an operator runs it: PostgreSQL, sandbox, host and worker, a process each.

Host and worker may be killed at any time; whoever talks to the host asks again until it answers.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.faults.processes import Process, free_port, until
from tests.support.place import Place
from tradewind.settings.keyring import new_key
from tradewind.testing.database import DatabaseUrls
from tradewind_host.config import KEYS
from tradewind_host.demo.accounts import NUMBERS

SLUG = "demo"
NUMBER = NUMBERS[SLUG].phone_number_id
_LAST_PORT = 1 << 16


class Town(Place):
    """One demo store, the outside world, and the processes between them."""

    def __init__(self, environment: dict[str, str], port: int, secret_key: str) -> None:
        super().__init__(
            f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", secret_key, NUMBER
        )
        self.outside = Process("sandbox", environment, "sandbox")
        self.serving = Process("host", environment, "serve")
        self.worker = Process("worker", environment, "worker")

    async def open(self) -> None:
        """Start everything and wait until it is ready."""
        for process in self._processes:
            await process.start()
        await until(lambda: _answers(self.sandbox, "/faults"), "the sandbox is ready")
        await until(lambda: _answers(self.host, "/readyz"), "the host is ready")

    async def close(self) -> None:
        """End everything."""
        await super().close()
        for process in self._processes:
            await process.kill()

    @property
    def _processes(self) -> tuple[Process, ...]:
        return self.outside, self.serving, self.worker


async def _answers(client: httpx.AsyncClient, path: str) -> bool:
    try:
        return (await client.get(path)).is_success
    except httpx.TransportError:
        return False


@asynccontextmanager
async def open_town(urls: DatabaseUrls, folder: Path) -> AsyncIterator[Town]:
    """A seeded store with its processes running; everything is killed at the end."""
    port = _free_ports()
    environment = {
        KEYS["database_url"]: urls.app,
        KEYS["secret_keys"]: new_key(),
        KEYS["data_dir"]: str(folder),
        KEYS["port"]: str(port),
        KEYS["worker"]: "false",
        KEYS["log_level"]: "error",
    }
    keys = json.loads(await _output(environment, "seed"))
    town = Town(environment, port, keys[SLUG]["secret_key"])
    try:
        await town.open()
        yield town
    finally:
        await town.close()


def _free_ports() -> int:
    """The first of three ports in a row that nobody uses now: host, sandbox, letters."""
    while True:
        port = free_port()
        if port + 2 < _LAST_PORT and all(_free(one) for one in (port + 1, port + 2)):
            return port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


async def _output(environment: dict[str, str], *command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tradewind_host",
        *command,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise AssertionError(f"tradewind {' '.join(command)} failed")
    return printed.decode()
