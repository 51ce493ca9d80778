"""A load generator: processes of its own that ask over connections that stay open.

It looks at no more of an answer than its status and its length, so that most of the machine is
left to what is measured.
"""

import asyncio
import multiprocessing
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import cast

import msgspec
import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


class Loaded(msgspec.Struct, frozen=True):
    """What came of a stretch: the seconds of each answer, and seconds of CPU."""

    times: list[float]
    cpu: float

    @property
    def number(self) -> int:
        """How many requests were answered."""
        return len(self.times)


def get(path: str, key: str) -> bytes:
    """A request to the store API as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Publishable-Key: {key}\r\n\r\n".encode()


async def load(
    ports: Sequence[int], requests: Sequence[bytes], clients: int, seconds: float
) -> Loaded:
    """Ask for requests drawn by lot, `clients` at once, spread over the hosts at these ports.

    Raises RuntimeError when an answer is no success.
    """
    return await asyncio.to_thread(_in_process, ports, requests, clients, seconds)


async def ask_all(ports: Sequence[int], requests: Sequence[bytes], clients: int) -> None:
    """Ask every host for every request once, so that it knows what it comes to know in a day."""
    for port in ports:
        await asyncio.to_thread(_in_process, [port], requests, clients, 0.0)


def _in_process(
    ports: Sequence[int], requests: Sequence[bytes], clients: int, seconds: float
) -> Loaded:
    spawn = multiprocessing.get_context("spawn")
    near, far = spawn.Pipe()
    process = spawn.Process(target=_process, args=(far, ports, requests, clients, seconds))
    process.start()
    far.close()
    try:
        found = near.recv()
    except EOFError:
        raise RuntimeError("the load generator failed; its log says why") from None
    finally:
        process.join()
    return msgspec.convert(found, Loaded)


def _process(
    pipe: "Connection[Loaded, object]",
    ports: Sequence[int],
    requests: Sequence[bytes],
    clients: int,
    seconds: float,
) -> None:
    pipe.send(uvloop.run(_stretch(ports, requests, clients, seconds)))


async def _stretch(
    ports: Sequence[int], requests: Sequence[bytes], clients: int, seconds: float
) -> Loaded:
    loop = asyncio.get_running_loop()
    used, until = time.process_time(), time.perf_counter() + seconds
    lot = random.Random(clients)
    # Without a time, every request is asked for once, whoever comes first.
    waiting = iter(requests)
    ask = (lambda: next(waiting, None)) if not seconds else partial(_drawn, requests, lot, until)
    callers = [_Caller(ask, loop.create_future()) for _ in range(clients)]
    for number, caller in enumerate(callers):
        port = ports[number % len(ports)]
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(caller.done for caller in callers))
    times = [one for caller in callers for one in caller.times]
    return Loaded(times, time.process_time() - used)


def _drawn(requests: Sequence[bytes], lot: random.Random, until: float) -> bytes | None:
    if time.perf_counter() >= until:
        return None
    return requests[int(lot.random() * len(requests))]


class _Caller(asyncio.Protocol):
    """One connection, which asks again as soon as it is answered."""

    def __init__(self, ask: Callable[[], bytes | None], done: "asyncio.Future[None]") -> None:
        self.times: list[float] = []
        self.done = done
        self._next = ask
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, found, body = self._held.partition(_HEAD_END)
        if not found or len(body) < _length(head):
            return
        self.times.append(time.perf_counter() - self._asked)
        if not head.startswith(b"HTTP/1.1 20"):
            self._end(RuntimeError(self._held.decode(errors="replace")))
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._end(exc or RuntimeError("the host hung up"))

    def _ask(self) -> None:
        request = self._next()
        if request is None:
            self._end()
            return
        self._held, self._asked = b"", time.perf_counter()
        self._transport.write(request)

    def _end(self, error: Exception | None = None) -> None:
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)
        self._transport.close()


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(_LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else 0
