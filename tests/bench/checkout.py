"""A guest buys over the store API: cart, line, address, delivery, way to pay, order.

Eight calls to the demo's store, cash on delivery. Host and worker are processes of their own; this
process is the load generator, and each client begins anew as soon as its order stands.
"""

import asyncio
import itertools
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvloop

from tests.bench.house import done, ready, started
from tests.bench.postgres import BenchPostgres, postgres
from tests.bench.support import CpuMeter, Line, cpu_of, each, ms, percentile, say
from tests.faults.processes import free_port, until
from tests.support.roundtrips import count_round_trips
from tests.support.storefront import open_storefront
from tradewind.settings.keyring import new_key
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.config import Config
from tradewind_host.demo.catalog import STORES

STORE = STORES[0].slug
HOME = {
    "first_name": "Amina",
    "last_name": "Otieno",
    "address_1": "Kenyatta Avenue 12",
    "city": "Nairobi",
    "country_code": "ke",
    "phone": "+254712345678",
}
_WARM_SECONDS = 3.0

Call = Callable[[str, str, Any], Awaitable[Any]]
"""Method, path below `/store` and body → the answer, which is a success."""


def checkout(number: int, seconds: float) -> Line:
    """Orders per second of `number` guests at once."""
    with postgres() as server, server.database() as urls, server.database() as other:
        return uvloop.run(_checkout(server, urls, other, number, seconds))


async def _checkout(
    server: BenchPostgres, urls: DatabaseUrls, other: DatabaseUrls, number: int, seconds: float
) -> Line:
    name = f"checkout-{number}"
    say(f"{name}: counting round trips")
    trips = await _round_trips(other)
    say(f"{name}: opening the demo's stores")
    async with _house(server, urls) as (call, meter):
        variants = await _on_sale(call)
        await _guests(call, variants, number, _WARM_SECONDS)
        await server.settle(urls.name)
        meter.take()
        say(f"{name}: {seconds:g} seconds of buying")
        begin = time.perf_counter()
        times = await _guests(call, variants, number, seconds)
        took = time.perf_counter() - begin
        used = meter.take()
    return Line(
        bench=name,
        figure=round(len(times) / took, 1),
        unit="guest checkouts of eight calls per second",
        clients=number,
        p50_ms=ms(percentile(times, 0.5)),
        p99_ms=ms(percentile(times, 0.99)),
        cpu_ms_per_op=each(used, len(times)),
        round_trips=trips,
        rows=await server.rows(urls),
        detail={"checkouts": len(times), "cores": os.cpu_count()},
    )


async def buy(call: Call, variant: str) -> None:
    """One guest, from the empty cart to the order."""
    cart = (await call("POST", "/carts", {"email": "amina@example.com"}))["cart"]
    here = f"/carts/{cart['id']}"
    await call("POST", f"{here}/line-items", {"variant_id": variant, "quantity": 1})
    await call("POST", here, {"shipping_address": HOME})
    option = (await call("GET", f"{here}/shipping-options", None))["shipping_options"][0]
    cart = (await call("POST", f"{here}/shipping-method", {"option_id": option["id"]}))["cart"]
    await call("GET", f"{here}/payment-methods", None)
    await call("POST", f"{here}/payment-sessions", {"provider_id": "manual"})
    await call("POST", f"{here}/complete", {"expected_total": cart["total"]})


async def _guests(call: Call, variants: Sequence[str], number: int, seconds: float) -> list[float]:
    """Guests who buy one after another, `number` at once; the seconds that each took."""
    times: list[float] = []
    lot, until_then = random.Random(number), time.perf_counter() + seconds

    async def queue() -> None:
        while (begin := time.perf_counter()) < until_then:
            await buy(call, lot.choice(variants))
            times.append(time.perf_counter() - begin)

    await asyncio.gather(*(queue() for _ in range(number)))
    return times


async def _on_sale(call: Call) -> list[str]:
    """What there is enough of for a whole bench."""
    products = (await call("GET", "/products?limit=200", None))["products"]
    physical = [one for one in products if one["kind"] == "physical"]
    variants = itertools.chain.from_iterable(one["variants"] for one in physical)
    return [one["id"] for one in variants if one["available"] is None or one["available"] > 0]


@asynccontextmanager
async def _house(server: BenchPostgres, urls: DatabaseUrls) -> AsyncIterator[tuple[Call, CpuMeter]]:
    """Host and worker with the demo's stores, and a way to call the store API."""
    async with AsyncExitStack() as stack:
        config = Config(
            database_url=urls.app,
            secret_keys=(new_key(),),
            data_dir=Path(stack.enter_context(tempfile.TemporaryDirectory())),
            port=free_port(),
            worker=False,
        )
        keys = msgspec.json.decode(await done(config, "seed"))[STORE]
        await _plenty(server, urls)
        host = await started(stack, config, "serve")
        worker = await started(stack, config, "worker")
        await until(partial(ready, config.base_url), "the host is ready")
        caller = Caller(config.port, keys["publishable_key"])
        stack.callback(caller.close)
        groups = {"host": partial(cpu_of, host), "worker": partial(cpu_of, worker)}
        own = {"postgresql": server.cpu, "load_generator": time.process_time}
        yield caller, CpuMeter({**groups, **own})


async def _plenty(server: BenchPostgres, urls: DatabaseUrls) -> None:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(server.cluster.dsn(urls.name))
    await connection.execute("UPDATE shop.inventory_levels SET on_hand = 1000000")
    await connection.close()


class Caller:
    """Calls one store's API over connections that stay open; light, as a load generator must be."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._key = key
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def __call__(self, method: str, path: str, body: Any) -> Any:
        """Raises RuntimeError when the answer is no success."""
        sent = b"" if body is None else msgspec.json.encode(body)
        head = (
            f"{method} /store{path} HTTP/1.1\r\nHost: localhost\r\n"
            f"X-Publishable-Key: {self._key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(sent)}\r\n\r\n"
        )
        reader, writer = self._idle.pop() if self._idle else await self._connect()
        writer.write(head.encode() + sent)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = answer.partition("content-length:")[2].partition("\r\n")[0]
        told = await reader.readexactly(int(length or 0))
        self._idle.append((reader, writer))
        if not answer.startswith("http/1.1 20"):
            raise RuntimeError(f"{method} {path}: {told.decode()}")
        return msgspec.json.decode(told)

    def close(self) -> None:
        """Hang up."""
        for _, writer in self._idle:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port)


async def _round_trips(urls: DatabaseUrls) -> dict[str, int]:
    """Of each call, on connections that know the statements."""
    async with open_storefront(urls, ManualClock()) as site:
        counts: dict[str, int] = {}

        async def call(method: str, path: str, body: Any) -> Any:
            with count_round_trips(site.engine.database) as trips:
                answer = await site.ask(method, path, body)
            counts[_step(method, path)] = trips.warm
            return answer.raise_for_status().json()

        variant = await site.variant()
        await buy(call, variant)
        await buy(call, variant)
    return {**counts, "all": sum(counts.values())}


def _step(method: str, path: str) -> str:
    """A call without the cart's id."""
    last = path.rpartition("/")[2]
    return "update" if path.count("/") == 2 and method == "POST" else last
