"""Processes that place orders, as hosts do: each one engine and a few checkouts at a time."""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from uuid import UUID

import msgspec
import uvloop

from tradewind.checkout import service as checkout
from tradewind.database import Store
from tradewind.settings.engine import Engine
from tradewind_host.config import Config
from tradewind_host.engine import close_engine, open_engine

PROVIDER, METHOD = "manual", "cash_on_delivery"


class Placed(msgspec.Struct, frozen=True):
    """What came of a stretch: seconds of each order, seconds of CPU, carts that are left."""

    times: list[float]
    cpu: float
    left: list[UUID]


class Clients:
    """Shoppers at checkout, spread over at most as many processes as the machine has cores."""

    def __init__(self, pipes: Sequence["Connection[object, Placed]"]) -> None:
        self._pipes = pipes

    def place(self, carts: Sequence[UUID], seconds: float) -> Placed:
        """Place orders for that long, each shopper one after another."""
        for number, pipe in enumerate(self._pipes):
            pipe.send((list(carts[number :: len(self._pipes)]), seconds))
        parts = [pipe.recv() for pipe in self._pipes]
        return Placed(
            times=[one for part in parts for one in part.times],
            cpu=sum(part.cpu for part in parts),
            left=[one for part in parts for one in part.left],
        )


@contextmanager
def clients(config: Config, store: Store, number: int) -> Iterator[Clients]:
    """Start processes for `number` shoppers; they end with the block."""
    processes = min(number, os.cpu_count() or 1)
    spawn = multiprocessing.get_context("spawn")
    pipes, started = [], []
    for _ in range(processes):
        near, far = spawn.Pipe()
        arguments = (far, config, store, number // processes)
        process = spawn.Process(target=_process, args=arguments, daemon=True)
        process.start()
        far.close()
        pipes.append(near)
        started.append(process)
    try:
        yield Clients(pipes)
    finally:
        for pipe in pipes:
            pipe.close()
        for process in started:
            process.join()


def _process(pipe: "Connection[Placed, object]", config: Config, store: Store, many: int) -> None:
    uvloop.run(_serve(pipe, config, store, many))


async def _serve(
    pipe: "Connection[Placed, object]", config: Config, store: Store, many: int
) -> None:
    engine = await open_engine(config)
    try:
        while True:
            carts, seconds = msgspec.convert(pipe.recv(), tuple[list[UUID], float])
            pipe.send(await _stretch(engine, store, carts, many, seconds))
    except EOFError:
        await close_engine(engine)


async def _stretch(
    engine: Engine, store: Store, carts: list[UUID], many: int, seconds: float
) -> Placed:
    times: list[float] = []
    until, used = time.perf_counter() + seconds, time.process_time()

    async def shop() -> None:
        while time.perf_counter() < until:
            begin = time.perf_counter()
            await checkout.place(engine, store, carts.pop(), PROVIDER, METHOD)
            times.append(time.perf_counter() - begin)

    await asyncio.gather(*(shop() for _ in range(many)))
    return Placed(times, time.process_time() - used, carts)
