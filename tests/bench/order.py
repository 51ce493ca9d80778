"""Placing orders of two lines among ten thousand SKUs, in turns with the least possible order.

Carts are filled and quoted beforehand; what is measured is `checkout.place`, cash on delivery:
read the cart, ask the provider, and the one transaction that makes it an order.
"""

import asyncio
import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from tests.bench.goods import Shelves, fill_carts, open_shelves
from tests.bench.pgbench import EIGHT, ONE, Limit, Stretch
from tests.bench.placing import METHOD, PROVIDER, Clients, clients
from tests.bench.postgres import BenchPostgres, postgres
from tests.bench.support import Line, ms, percentile, say
from tests.support.roundtrips import count_round_trips
from tradewind.checkout import service as checkout
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import new_key
from tradewind.testing.database import DatabaseUrls
from tradewind_host.config import Config
from tradewind_host.engine import close_engine, open_engine

ROUNDS = 3
_READY = 500
_READY_FOR_EACH = 150
"""Carts made ready for each second, and for each shopper in it: more than can be placed."""
_WARM_SECONDS = 0.5


class Turns(msgspec.Struct):
    """What each contestant reached, round by round."""

    limit: list[Stretch] = msgspec.field(default_factory=list)
    limit_in_one_statement: list[Stretch] = msgspec.field(default_factory=list)
    ours: list[Stretch] = msgspec.field(default_factory=list)


def order(number: int, seconds: float) -> Line:
    """Orders per second of `number` shoppers at once; each stretch takes `seconds`."""
    with postgres() as server, server.database() as urls, tempfile.TemporaryDirectory() as folder:
        config = Config(
            database_url=urls.app, secret_keys=(new_key(),), data_dir=Path(folder), pool_size=number
        )
        return asyncio.run(_order(server, urls, config, number, seconds))


async def _order(
    server: BenchPostgres, urls: DatabaseUrls, config: Config, number: int, seconds: float
) -> Line:
    engine = await open_engine(config)
    try:
        say(f"order-{number}: making 10,000 SKUs")
        shelves = await open_shelves(engine)
        trips = await _round_trips(engine, shelves)
        limit = Limit(server)
        with clients(config, shelves.store, number) as shoppers:
            match = _Match(server, urls, engine, shelves, limit, shoppers, number)
            turns = await match.play(seconds)
        return _line(number, seconds, turns, trips, await server.rows(urls))
    finally:
        await close_engine(engine)


class _Match:
    """Takes turns on one server."""

    def __init__(
        self,
        server: BenchPostgres,
        urls: DatabaseUrls,
        engine: Engine,
        shelves: Shelves,
        limit: Limit,
        shoppers: Clients,
        number: int,
    ) -> None:
        self._server, self._urls, self._engine = server, urls, engine
        self._shelves, self._limit, self._shoppers = shelves, limit, shoppers
        self._number = number
        self._carts: list[UUID] = []

    async def play(self, seconds: float) -> Turns:
        await self._ours(_WARM_SECONDS)
        turns = Turns()
        for turn in range(1, ROUNDS + 1):
            say(f"order-{self._number}: round {turn} of {ROUNDS}")
            await self._fill(seconds)
            await self._server.settle(self._urls.name)
            number = self._number
            turns.limit.append(self._limit.measure(EIGHT, number, seconds))
            turns.ours.append(await self._ours(seconds))
            in_one = self._limit.measure(ONE, number, seconds / 2)
            turns.limit_in_one_statement.append(in_one)
        return turns

    async def _fill(self, seconds: float) -> None:
        a_second = _READY + _READY_FOR_EACH * self._number
        missing = int(a_second * seconds) - len(self._carts)
        while missing > 0:
            async with self._engine.database.transaction(self._shelves.store.id) as tx:
                self._carts += await fill_carts(tx, self._shelves, min(missing, 1000))
            missing -= 1000

    async def _ours(self, seconds: float) -> Stretch:
        await self._fill(seconds)
        postgresql = self._server.cpu()
        placed = self._shoppers.place(self._carts, seconds)
        self._carts = placed.left
        done = len(placed.times)
        return Stretch(
            per_second=round(done / (sum(placed.times) / self._number), 1),
            p50_ms=ms(percentile(placed.times, 0.5)),
            p99_ms=ms(percentile(placed.times, 0.99)),
            postgresql_ms=ms((self._server.cpu() - postgresql) / done),
            client_ms=ms(placed.cpu / done),
        )


async def _round_trips(engine: Engine, shelves: Shelves) -> dict[str, int]:
    """Of placing one order on a connection that knows the statements."""
    store = shelves.store
    async with engine.database.transaction(store.id) as tx:
        warming, counted = await fill_carts(tx, shelves, 2)
    await checkout.place(engine, store, warming, PROVIDER, METHOD)
    with count_round_trips(engine.database) as trips:
        await checkout.place(engine, store, counted, PROVIDER, METHOD)
    sent = trips.statements
    begins = [at for at, statement in enumerate(sent) if statement.startswith("BEGIN")]
    return {"place": len(sent), "placing_transaction": len(sent) - begins[-1]}


def _line(
    number: int, seconds: float, turns: Turns, trips: dict[str, int], rows: dict[str, int]
) -> Line:
    ratios = [
        ours.per_second / limit.per_second
        for ours, limit in zip(turns.ours, turns.limit, strict=True)
    ]
    ours = middle(turns.ours)
    return Line(
        bench=f"order-{number}",
        figure=ours.per_second,
        unit="orders per second",
        clients=number,
        p50_ms=ours.p50_ms,
        p99_ms=ours.p99_ms,
        cpu_ms_per_op={"host": ours.client_ms, "postgresql": ours.postgresql_ms},
        round_trips=trips,
        ratio_to_limit=round(statistics.median(ratios), 3),
        rows=rows,
        detail={
            "limit": middle(turns.limit),
            "limit_in_one_statement": middle(turns.limit_in_one_statement),
            "ratios": [round(ratio, 3) for ratio in ratios],
            "seconds_per_stretch": seconds,
            "cores": os.cpu_count(),
        },
    )


def middle(stretches: Sequence[Stretch]) -> Stretch:
    """The stretch of median speed."""
    return sorted(stretches, key=lambda one: one.per_second)[len(stretches) // 2]
