"""A chat message from the signed webhook to the answer at the Graph API, in the demo's stores.

Host and worker are processes of their own, as in production; this process is the load generator
and stands in for Meta.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from tests.bench.chatting import Account, Answers, Meta, conversation
from tests.bench.house import done, ready, started
from tests.bench.postgres import BenchPostgres, postgres
from tests.bench.support import CpuMeter, Line, cpu_of, each, ms, percentile, say
from tests.faults.processes import free_port, until
from tests.support.roundtrips import count_round_trips
from tests.support.shop import AMINA, Shop, open_shop, text_message
from tradewind.settings.keyring import new_key
from tradewind.testing.database import DatabaseUrls
from tradewind_host.config import Config
from tradewind_host.demo.accounts import NUMBERS, accounts_in
from tradewind_host.demo.catalog import STORES
from tradewind_host.worker import Worker

STORE = STORES[0]
WORDS = ("hi", "MENU", "ADD TEA-PURPLE 1", "CART")
_IDLE_SECONDS = 3.0
_WARM_RATE = 20.0
_WARM_SECONDS = 3.0


def chat(rate: float, seconds: float, *, statuses: bool = False) -> Line:
    """Messages arrive at `rate` a second; with `statuses` the shoppers' phones report back."""
    with postgres() as server, server.database() as urls, server.database() as other:
        return uvloop.run(_chat(server, urls, other, rate, seconds, statuses=statuses))


async def _chat(
    server: BenchPostgres,
    urls: DatabaseUrls,
    other: DatabaseUrls,
    rate: float,
    seconds: float,
    *,
    statuses: bool,
) -> Line:
    name = f"chat-{rate:g}" + ("-with-statuses" if statuses else "")
    say(f"{name}: counting round trips")
    trips = await _round_trips(other)
    say(f"{name}: opening the demo's stores")
    async with _house(server, urls, statuses=statuses) as (meta, meter):
        await server.settle(urls.name)
        talk = conversation(meta.account)
        await meta.chat(talk, _WARM_RATE, _WARM_SECONDS)
        meta.forget()
        meter.take()
        await asyncio.sleep(_IDLE_SECONDS)
        idle = {group: used / _IDLE_SECONDS for group, used in meter.take().items()}
        say(f"{name}: {seconds:g} seconds of chatting")
        begin = time.perf_counter()
        sent = await meta.chat(talk, rate, seconds)
        took = time.perf_counter() - begin
        used = meter.take()
    return Line(
        bench=name,
        figure=ms(percentile(meta.latencies, 0.5)),
        unit="milliseconds from webhook to answer, median",
        clients=sent,
        p50_ms=ms(percentile(meta.latencies, 0.5)),
        p99_ms=ms(percentile(meta.latencies, 0.99)),
        cpu_ms_per_op=each(used, sent),
        round_trips=trips,
        rows=await server.rows(urls),
        detail={
            "messages": sent,
            "messages_per_second": round(sent / took, 2),
            "status_webhooks_per_message": 3 if statuses else 0,
            "door_p50_ms": ms(percentile(meta.door, 0.5)),
            "door_p99_ms": ms(percentile(meta.door, 0.99)),
            "idle_cpu_ms_per_second": each(idle, 1),
            "cores": os.cpu_count(),
        },
    )


@asynccontextmanager
async def _house(
    server: BenchPostgres, urls: DatabaseUrls, *, statuses: bool
) -> AsyncIterator[tuple[Meta, CpuMeter]]:
    """Host and worker with the demo's stores, whose Graph API is here."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        graph = await stack.enter_async_context(Answers())
        config = Config(
            database_url=urls.app,
            secret_keys=(new_key(),),
            data_dir=folder,
            port=free_port(),
            worker=False,
        )
        account = await _furnish(config, graph)
        meta = Meta(config.port, account, statuses=statuses)
        graph.told = meta.answered
        host = await started(stack, config, "serve")
        worker = await started(stack, config, "worker")
        stack.push_async_callback(meta.close)
        await until(partial(ready, config.base_url), "the host is ready")
        groups = {"host": partial(cpu_of, host), "worker": partial(cpu_of, worker)}
        own = {"postgresql": server.cpu, "load_generator": time.process_time}
        yield meta, CpuMeter({**groups, **own})


async def _furnish(config: Config, graph: Answers) -> Account:
    await done(config, "seed")
    place = f"api_base=http://127.0.0.1:{graph.port}"
    await done(config, "settings", "set", "whatsapp", place, "--store", STORE.slug)
    skus = [
        variant.sku for product in STORE.products for variant in product.variants if variant.on_hand
    ]
    secret = accounts_in(config.data_dir).app_secret
    return Account(NUMBERS[STORE.slug].phone_number_id, secret, skus)


async def _round_trips(urls: DatabaseUrls) -> dict[str, int]:
    """Of each message, from the door to the answer written down, once its statements are known."""
    async with open_shop(urls, auto_statuses=False) as shop:
        worker = Worker(shop.engine, poll=timedelta(hours=1))
        running = asyncio.create_task(worker.run())
        outsider = await asyncpg.connect(urls.owner)
        for words in WORDS:
            await _counted(shop, outsider, words)
        counts = {words: await _counted(shop, outsider, words) for words in WORDS}
        await outsider.close()
        await worker.stop()
        await running
    return {**counts, "most": max(counts.values())}


async def _counted(shop: Shop, outsider: "asyncpg.Connection[Any]", words: str) -> int:
    pool = shop.engine.database.pool
    with count_round_trips(shop.engine.database) as trips:
        await shop.arrives(AMINA, text_message(words))
        while await outsider.fetchval("SELECT count(*) FROM control.jobs") or (pool.lent):
            pass
    return trips.warm
