"""Sockets, servers and signals of one process: bind, serve, and stop in order when asked to."""

import asyncio
import errno
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
import uvloop

from tradewind.contracts.errors import TradewindError
from tradewind_host.worker import Worker

_GRACE_SECONDS = 1
_WORKER_SECONDS = 1.5
_BACKLOG = 1024
_TRIES = 20
_PORTS = 1 << 16


class PortInUse(TradewindError):
    """Somebody else listens there."""

    code = "port_in_use"


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}:
            raise PortInUse(f"Cannot listen on {host}:{port}: {_why(error)}.") from None
        raise
    listener.setblocking(False)
    return listener


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; choose another with --port"
    return str(error.strerror).lower()


def bind_near(host: str, port: int) -> socket.socket:
    """A listening socket on the first free port from `port` on, or on any. Raises PortInUse."""
    for candidate in range(port, min(port + _TRIES, _PORTS)):
        try:
            return bind(host, candidate)
        except PortInUse:
            continue
    return bind(host, 0)


def port_of(listener: socket.socket) -> int:
    """Where a socket listens."""
    return int(listener.getsockname()[1])


class _Server(uvicorn.Server):
    """Signals are the process's business: it has more than one server to stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


_SERVERS: set[_Server] = set()


@asynccontextmanager
async def serving(app: Any, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an app for as long as the block lasts; then give open requests a second."""
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    running = asyncio.create_task(server.serve(sockets=[listener]))
    _SERVERS.add(server)
    try:
        while not server.started and not running.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.005)
        if not server.started:
            raise RuntimeError("the server did not start; its log says why")
        yield
    finally:
        server.should_exit = True
        await running
        _SERVERS.discard(server)


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker for as long as the block lasts; what it leaves undone keeps its lease."""
    running = asyncio.create_task(worker.run())
    try:
        yield running
    finally:
        await worker.stop()
        await asyncio.wait([running], timeout=_WORKER_SECONDS)
        running.cancel()
        await asyncio.wait([running])


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run a command until it ends or SIGINT or SIGTERM comes, which ends it in order.

    A second signal drops open connections at once.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_told(main))


async def _until_told(main: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.ensure_future(main())
    told = False

    def stop() -> None:
        nonlocal told
        if told:
            for server in _SERVERS:
                server.force_exit = True
            return
        told = True
        task.cancel()

    loop = asyncio.get_running_loop()
    for kind in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(kind, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not told:
            raise


async def forever() -> None:
    """Wait until the command is told to end."""
    await asyncio.get_running_loop().create_future()
