"""Searches over the store API: whole words, beginnings, typos, common words, nonsense, SKUs.

Each kind is measured by itself in turns, and the figure is over all of them alike. `BIG` is one
store of 100,000 products, `MANY` a thousand stores that have as many together.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

import httpx
import uvloop

from tests.bench.load import get, load
from tests.bench.postgres import BenchPostgres, postgres
from tests.bench.products import House, open_house
from tests.bench.support import Line, each, ms, percentile, say
from tests.bench.volume import LOOKS, STUFFS, THINGS, BigStore, coined
from tests.bench.yardstick import bare_litestar
from tradewind.testing.database import DatabaseUrls

_WARM_SECONDS = 3.0
_ASKED = 300


def _typo(lot: random.Random, word: str) -> str:
    at = lot.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _word(lot: random.Random) -> str:
    return lot.choice(lot.choice((LOOKS, STUFFS, THINGS))).lower()


KINDS: Mapping[str, Callable[[random.Random], str]] = {
    "common word": lambda lot: lot.choice(STUFFS),
    "in every description": lambda lot: lot.choice(("hand", "plastic", "made packed")),
    "rare word": coined,
    "rare word with a typo": lambda lot: _typo(lot, coined(lot)),
    "two words": lambda lot: f"{lot.choice(STUFFS)} {lot.choice(THINGS)}",
    "three words": lambda lot: f"{lot.choice(THINGS)} {lot.choice(LOOKS)} {lot.choice(STUFFS)}",
    "beginnings": lambda lot: f"{lot.choice(STUFFS)[:3]} {lot.choice(THINGS)[:3]}",
    "typo": lambda lot: _typo(lot, _word(lot)),
    "typo and beginning": lambda lot: f"{_typo(lot, lot.choice(THINGS))} {lot.choice(LOOKS)[:4]}",
    "never together": lambda lot: " ".join(lot.sample(THINGS, 2)),
    "nonsense": lambda lot: "".join(lot.choices("bcdfghjklmnpqrstvwxz", k=9)),
    "sku": lambda lot: f"V-{lot.randrange(100_000)}",
    "beginning of a sku": lambda lot: f"V-{lot.randrange(100)}",
}
"""What is typed, by kind."""


def search(clients: int, stores: int, seconds: float) -> Line:
    """The time that 95 in 100 searches do not exceed; every kind is asked for as long."""
    with postgres() as server, server.database() as urls:
        return uvloop.run(_measure(server, urls, clients, stores, seconds))


async def _measure(
    server: BenchPostgres, urls: DatabaseUrls, clients: int, stores: int, seconds: float
) -> Line:
    say("search: filling the shelves")
    async with open_house(server, urls, stores, findable=True) as house:
        await _sees(house, "common word")
        times: dict[str, list[float]] = {}
        used: Counter[str] = Counter()
        for kind, typed in KINDS.items():
            say(f"search: {kind}")
            requests = _requests(house.stores, typed)
            await load(house.ports, requests, clients, _WARM_SECONDS)
            house.meter.take()
            times[kind] = (await load(house.ports, requests, clients, seconds)).times
            used.update(house.meter.take())
    bare = await bare_litestar(clients)
    # As many of each, or the quick ones would outnumber the slow.
    fewest = min(map(len, times.values()))
    alike = [one for found in times.values() for one in found[:fewest]]
    number = sum(map(len, times.values()))
    return Line(
        bench="search",
        figure=ms(percentile(alike, 0.95)),
        unit="ms at the 95th percentile",
        clients=clients,
        p50_ms=ms(percentile(alike, 0.5)),
        p99_ms=ms(percentile(alike, 0.99)),
        cpu_ms_per_op=each(used, number),
        rows=await server.rows(urls),
        detail={
            "stores": max(stores, 1),
            "bare_litestar": bare,
            "searches": number,
            "cores": os.cpu_count(),
            "p50_and_p95_ms": {
                kind: [ms(percentile(found, 0.5)), ms(percentile(found, 0.95))]
                for kind, found in times.items()
            },
        },
    )


async def _sees(house: House, kind: str) -> None:
    """Make sure that there is something to be found."""
    store, typed = house.stores[0], KINDS[kind](random.Random(1))
    headers = {"X-Publishable-Key": store.publishable_key}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{house.ports[0]}") as client:
        answer = await client.get("/store/products", params={"q": typed}, headers=headers)
    if not answer.raise_for_status().json()["products"]:
        raise RuntimeError(f"nothing is found by {typed}")


def _requests(stores: Sequence[BigStore], typed: Callable[[random.Random], str]) -> list[bytes]:
    lot = random.Random(3)
    return [
        get(f"/store/products?q={quote(typed(lot))}", lot.choice(stores).publishable_key)
        for _ in range(_ASKED)
    ]
