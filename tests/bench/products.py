"""Lists of twenty products and single products over the store API, by several hosts.

Hosts keep nothing that another one would have to be told of, so there are as many as the machine
has cores; load is made by another process. `DEMO` is the demo's store, `BIG` one store of 100,000
products, `MANY` a thousand stores that have as many together.
"""

import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import uvloop

from tests.bench.house import done, ready, started
from tests.bench.load import ask_all, get, load
from tests.bench.postgres import BenchPostgres, postgres
from tests.bench.support import CpuMeter, Line, cpu_of, each, ms, percentile, say
from tests.bench.volume import BigStore, fill
from tests.bench.yardstick import bare_litestar
from tests.faults.processes import free_port, until
from tradewind.settings.keyring import new_key
from tradewind.testing.database import DatabaseUrls
from tradewind_host.config import Config
from tradewind_host.demo.catalog import STORES

DEMO, BIG, MANY = 0, 1, 1000
"""How many stores share the volume."""
_PRODUCTS = 100_000
_CLIENTS = 16
_HOSTS = min(os.cpu_count() or 1, 4)
_WARM_SECONDS = 3.0
_ASKED = 20_000


class House(NamedTuple):
    """What is asked of whom, and who pays for it."""

    ports: Sequence[int]
    stores: Sequence[BigStore]
    meter: CpuMeter


def products_list(stores: int, seconds: float) -> Line:
    """Pages of twenty products a second."""
    return _run("products-list", "lists of 20 products per second", _lists, stores, seconds)


def product_detail(stores: int, seconds: float) -> Line:
    """Single products a second, by id and by handle."""
    return _run("product-detail", "single products per second", _details, stores, seconds)


def _lists(stores: Sequence[BigStore]) -> list[bytes]:
    return [get("/store/products?limit=20", store.publishable_key) for store in stores]


def _details(stores: Sequence[BigStore]) -> list[bytes]:
    lot = random.Random(1)
    drawn = (lot.choice(stores) for _ in range(_ASKED))
    named = ((store, lot.choice(lot.choice(store.products))) for store in drawn)
    return [get(f"/store/products/{name}", store.publishable_key) for store, name in named]


def _run(
    name: str,
    unit: str,
    asked: Callable[[Sequence[BigStore]], list[bytes]],
    stores: int,
    seconds: float,
) -> Line:
    with postgres() as server, server.database() as urls:
        return uvloop.run(_measure(server, urls, name, unit, asked, stores, seconds))


async def _measure(
    server: BenchPostgres,
    urls: DatabaseUrls,
    name: str,
    unit: str,
    asked: Callable[[Sequence[BigStore]], list[bytes]],
    stores: int,
    seconds: float,
) -> Line:
    say(f"{name}: filling the shelves")
    async with open_house(server, urls, stores) as house:
        requests = asked(house.stores)
        await ask_all(house.ports, requests, _CLIENTS)
        await load(house.ports, requests, _CLIENTS, _WARM_SECONDS)
        house.meter.take()
        say(f"{name}: {seconds:g} seconds of reading")
        begin = time.perf_counter()
        found = await load(house.ports, requests, _CLIENTS, seconds)
        took = time.perf_counter() - begin
        used = house.meter.take()
    bare = await bare_litestar(_CLIENTS)
    return Line(
        bench=name,
        figure=round(found.number / seconds, 1),
        unit=unit,
        clients=_CLIENTS,
        p50_ms=ms(percentile(found.times, 0.5)),
        p99_ms=ms(percentile(found.times, 0.99)),
        cpu_ms_per_op=each({**used, "load_generator": found.cpu}, found.number),
        rows=await server.rows(urls),
        detail={
            "stores": max(stores, 1),
            "bare_litestar": bare,
            "to_bare_litestar": round(found.number / seconds / bare["per_second"], 3),
            "hosts": _HOSTS,
            "requests": found.number,
            "seconds": round(took, 1),
            "cores": os.cpu_count(),
        },
    )


@asynccontextmanager
async def open_house(
    server: BenchPostgres, urls: DatabaseUrls, stores: int, *, findable: bool = False
) -> AsyncIterator[House]:
    """Hosts over a full database."""
    async with AsyncExitStack() as stack:
        config = Config(
            database_url=urls.app,
            secret_keys=(new_key(),),
            data_dir=Path(stack.enter_context(tempfile.TemporaryDirectory())),
            worker=False,
        )
        seeded = await done(config, "seed")
        ports = [free_port() for _ in range(_HOSTS)]
        hosts = [
            await started(stack, msgspec.structs.replace(config, port=port), "serve")
            for port in ports
        ]
        for port in ports:
            await until(partial(ready, f"http://127.0.0.1:{port}"), "the host is ready")
        if stores:
            shelves = await fill(server, urls, stores=stores, products=_PRODUCTS, findable=findable)
        else:
            shelves = [await _demo(ports[0], seeded)]
        await server.settle(urls.name)
        yield House(
            ports,
            shelves,
            CpuMeter(
                {"hosts": lambda: sum(cpu_of(host) for host in hosts), "postgresql": server.cpu}
            ),
        )


async def _demo(port: int, seeded: bytes) -> BigStore:
    """The demo's first store, as its shoppers find it."""
    slug = STORES[0].slug
    key = msgspec.json.decode(seeded)[slug]["publishable_key"]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answer = await client.get("/store/products?limit=200", headers={"X-Publishable-Key": key})
    goods = answer.raise_for_status().json()["products"]
    return BigStore(
        id=goods[0]["id"],
        slug=slug,
        publishable_key=key,
        categories=[],
        products=[(one["id"], one["handle"]) for one in goods],
        variants=[],
    )
