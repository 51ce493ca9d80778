"""Putting a line in a guest's cart over the store API, in a small shop and among many large ones.

Each call adds one unit of a variant drawn by lot to a cart drawn by lot; a cart comes to have three
lines. `ONE_SHOP` is a store with forty products, `MANY_SHOPS` a thousand stores with 100,000.
"""

import os
import random
import tempfile
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import asyncpg
import msgspec
import uvloop

from tests.bench.house import ready, started
from tests.bench.load import ask_all, load
from tests.bench.postgres import BenchPostgres, postgres
from tests.bench.support import CpuMeter, Line, cpu_of, each, ms, percentile, say
from tests.bench.volume import BigStore, fill
from tests.bench.yardstick import bare_litestar
from tests.faults.processes import free_port, until
from tests.support.roundtrips import count_round_trips
from tests.support.storefront import open_storefront
from tradewind.database.engine import SystemClock
from tradewind.database.ids import Ids
from tradewind.settings.keyring import new_key
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.config import Config

_CLIENTS = 8
_CARTS = 4_000
_LINES = 3
_WARM_SECONDS = 5.0

_OPEN = """
INSERT INTO shop.carts
    (store_id, id, region_id, currency, source, expires_at, created_at, updated_at)
SELECT r.store_id, c.id, r.id, r.currency, 'web', now() + interval '7 days', now(), now()
FROM unnest($1::uuid[], $2::uuid[]) AS c(store_id, id)
JOIN shop.regions r ON r.store_id = c.store_id"""


class Volume(NamedTuple):
    """How much there is beside the carts."""

    stores: int
    products: int


ONE_SHOP, MANY_SHOPS = Volume(1, 40), Volume(1_000, 100_000)


def cart_add(name: str, volume: Volume, seconds: float) -> Line:
    """Milliseconds of CPU for a line, host and PostgreSQL together."""
    with postgres() as server, server.database() as urls:
        return uvloop.run(_measure(server, urls, name, volume, seconds))


async def _measure(
    server: BenchPostgres, urls: DatabaseUrls, name: str, volume: Volume, seconds: float
) -> Line:
    say(f"{name}: filling the shelves")
    stores = await fill(server, urls, stores=volume.stores, products=volume.products)
    requests = await _requests(server, urls, stores)
    await server.settle(urls.name)
    async with AsyncExitStack() as stack:
        config = Config(
            database_url=urls.app,
            secret_keys=(new_key(),),
            data_dir=Path(stack.enter_context(tempfile.TemporaryDirectory())),
            port=free_port(),
            worker=False,
        )
        host = await started(stack, config, "serve")
        await until(partial(ready, f"http://127.0.0.1:{config.port}"), "the host is ready")
        meter = CpuMeter({"host": partial(cpu_of, host), "postgresql": server.cpu})
        await ask_all([config.port], requests, _CLIENTS)
        await load([config.port], requests, _CLIENTS, _WARM_SECONDS)
        meter.take()
        say(f"{name}: {seconds:g} seconds of adding")
        begin = time.perf_counter()
        found = await load([config.port], requests, _CLIENTS, seconds)
        took, used = time.perf_counter() - begin, each(meter.take(), found.number)
    bare = await bare_litestar(_CLIENTS)
    return Line(
        bench=name,
        figure=round(sum(used.values()), 3),
        unit="ms of CPU per line added, host and PostgreSQL",
        clients=_CLIENTS,
        p50_ms=ms(percentile(found.times, 0.5)),
        p99_ms=ms(percentile(found.times, 0.99)),
        cpu_ms_per_op={**used, "load_generator": ms(found.cpu / max(found.number, 1))},
        round_trips={"add": await _round_trips(server)},
        rows=await server.rows(urls),
        detail={
            "stores": volume.stores,
            "bare_litestar": bare,
            "in_bare_litestar": round(sum(used.values()) / bare["cpu_ms"], 1),
            "per_second": round(found.number / took, 1),
            "lines_of_a_cart": _LINES,
            "cores": os.cpu_count(),
        },
    )


async def _requests(
    server: BenchPostgres, urls: DatabaseUrls, stores: list[BigStore]
) -> list[bytes]:
    """Open carts of guests; the calls that add to them."""
    lot, new_id = random.Random(2), Ids(SystemClock()).new
    carts = [(lot.choice(stores), new_id()) for _ in range(_CARTS)]
    connection = await asyncpg.connect(server.cluster.dsn(urls.name))
    try:
        columns = [store.id for store, _ in carts], [cart_id for _, cart_id in carts]
        await connection.execute(_OPEN, *columns)
    finally:
        await connection.close()
    return [
        _post(f"/store/carts/{cart_id}/line-items", store.publishable_key, variant)
        for store, cart_id in carts
        for variant in lot.sample(store.variants, _LINES)
    ]


def _post(path: str, key: str, variant: object) -> bytes:
    body = msgspec.json.encode({"variant_id": variant, "quantity": 1})
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Publishable-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _round_trips(server: BenchPostgres) -> int:
    """Of one call, on a connection that knows the statements."""
    with server.database() as urls:
        async with open_storefront(urls, ManualClock()) as site:
            cart = await site.cart()
            with count_round_trips(site.engine.database) as trips:
                body = {"variant_id": await site.variant(), "quantity": 1}
                await site.post(f"/carts/{cart['id']}/line-items", body)
    return trips.warm
