"""What the machine does at this moment: answers of a bare Litestar app, under the same load.

Machines that are shared are fast at one hour and slow at another; figures are compared by this.
Run as a module it serves the bare app at a port.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

import httpx
from litestar import Litestar, get

from tests.bench.load import get as request
from tests.bench.load import load
from tests.bench.support import cpu_of, ms
from tests.faults.processes import free_port, until
from tradewind_host.serving import bind, forever, run, serving

_HOSTS = min(os.cpu_count() or 1, 4)
_SECONDS = 2.0


@get("/")
async def _nothing() -> dict[str, str]:
    return {"product": "none"}


async def bare_litestar(clients: int) -> Mapping[str, float]:
    """Answers a second, and milliseconds of CPU for each, by as many hosts as there are cores."""
    ports = [free_port() for _ in range(_HOSTS)]
    hosts = [
        await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, str(port))
        for port in ports
    ]
    try:
        for port in ports:
            await until(partial(_answers, port), "the bare app answers")
        requests = [request("/", "none")]
        await load(ports, requests, clients, _SECONDS / 2)
        before = sum(cpu_of(host.pid) for host in hosts)
        found = await load(ports, requests, clients, _SECONDS)
        used = sum(cpu_of(host.pid) for host in hosts) - before
        return {"per_second": found.number / _SECONDS, "cpu_ms": ms(used / found.number)}
    finally:
        for host in hosts:
            with suppress(ProcessLookupError):
                host.terminate()
            await host.wait()


async def _answers(port: int) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(f"http://127.0.0.1:{port}/")).is_success
        except httpx.TransportError:
            return False


async def _serve() -> None:
    async with serving(Litestar([_nothing], logging_config=None), bind("127.0.0.1", _port())):
        await forever()


def _port() -> int:
    return int(sys.argv[1])


if __name__ == "__main__":
    run(_serve)
