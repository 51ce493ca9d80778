"""The fault run: shoppers pay while the provider misbehaves and processes are killed.

`run` ends when everything that can be decided is decided; its report says what was injected, what
was paid, and every difference between the books.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults import plans
from tests.faults.books import Reckoning, reckon
from tests.faults.plans import PLANS, Plan, Till
from tests.faults.town import SLUG, Town, open_town
from tests.support.shoppers import Shopper, phones
from tradewind.checkout.service import LATE, REFUND
from tradewind.database import Database, Store, directory
from tradewind.testing.database import DatabaseUrls

PEER = "flutterwave"
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "delay": {"probability": 0.2, "milliseconds": 400},
    "duplicate": {"probability": 0.3},
    "reorder": {"probability": 0.2},
    "drop": {"probability": 0.15},
    "status_429": {"probability": 0.05},
    "status_500": {"probability": 0.05},
    "timeout_after_effect": {"probability": 0.03, "milliseconds": 25_000},
}
"""Kind of fault → how often it strikes a call or a webhook of the provider."""

_UNDONE = """
    SELECT (SELECT count(*) FROM control.webhook_inbox WHERE store_id = $1 AND state = 'ready')
         + (SELECT count(*) FROM shop.refunds WHERE store_id = $1 AND status = 'pending')
         + (SELECT count(*) FROM control.outbox_pointers WHERE store_id = $1)"""

_HASTEN = """
    UPDATE control.jobs j SET run_at = now()
    WHERE store_id = $1 AND kind = ANY ($2) AND state = 'ready' AND run_at > now()
      AND NOT EXISTS (SELECT FROM shop.refunds r
                      WHERE r.store_id = $1 AND r.id::text = j.payload ->> 'refund_id'
                        AND r.leased_until > now())"""
"""A refund that somebody may be asking for now keeps its time: its job would come to nothing."""


class Report(NamedTuple):
    """What was done to the shop, and how its books look."""

    orders: int
    plans: Counter[str]
    injected: Mapping[str, Any]
    kills: Counter[str]
    reckoning: Reckoning

    def __str__(self) -> str:
        lines = [
            f"orders: {self.orders}",
            f"plans: {dict(self.plans)}",
            f"injected: {self.injected}",
            f"kill -9: {dict(self.kills)}",
            f"books: {dict(self.reckoning.counts)}",
            f"differences: {self.reckoning.differences or 'none'}",
        ]
        return "\n".join(lines)


async def run(
    urls: DatabaseUrls, folder: Path, *, orders: int, at_once: int, kills: int, seed: int
) -> Report:
    """Let shoppers order, `at_once` at a time, while host and worker are killed `kills` times."""
    lot, killed = random.Random(seed), Counter[str]()
    done = Counter[str]()
    async with open_town(urls, folder) as town:
        for number, (kind, how) in enumerate(FAULTS.items()):
            body = {"peer": PEER, "kind": kind, **how, "seed": seed + number}
            (await town.sandbox.post("/faults", json=body)).raise_for_status()
        storm = asyncio.create_task(_storm(town, lot, kills, killed, done, orders))
        await _trade(town, lot, orders, at_once, done)
        await storm
        injected = (await town.sandbox.get("/faults")).json()["injected"]
        await town.sandbox.delete("/faults")
        database = Database(urls.app)
        await database.open(maximum=2)
        try:
            store = await directory.store_by_slug(database, SLUG)
            reckoning = await _settled(town, database, store)
        finally:
            await database.close()
    return Report(orders, done, injected, killed, reckoning)


async def _trade(
    town: Town, lot: random.Random, orders: int, at_once: int, done: Counter[str]
) -> None:
    """Shoppers come one after another, several at a time, each with a plan of their own."""
    waiting = _shuffled(lot, orders)
    numbers = phones()

    async def queue() -> None:
        for plan in waiting:
            method = lot.choice((plans.ONLINE, plans.PUSH))
            await plan(Till(town, Shopper(town, next(numbers), method), lot))
            done[f"{plan.__name__} by {method}"] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(queue())


def _shuffled(lot: random.Random, orders: int) -> Iterator[Plan]:
    """Every plan comes up, in the proportions of `PLANS`."""
    bag = [plan for plan, weight in PLANS.items() for _ in range(weight)]
    chosen = list(PLANS)[:orders] + lot.choices(bag, k=max(orders - len(PLANS), 0))
    lot.shuffle(chosen)
    return iter(chosen)


async def _storm(
    town: Town,
    lot: random.Random,
    kills: int,
    killed: Counter[str],
    done: Counter[str],
    orders: int,
) -> None:
    """Kill worker and host in turn, each after some more orders, at a moment of chance."""
    for number in range(1, kills + 1):
        while done.total() < number * orders // (kills + 1):  # noqa: ASYNC110 - many count
            await asyncio.sleep(0.05)
        await asyncio.sleep(lot.random())
        name, victim = ("worker", town.worker) if number % 2 else ("host", town.serving)
        await victim.kill()
        killed[name] += 1
        await asyncio.sleep(lot.random())
        await victim.start()


_LONGEST_SECONDS = 420
_QUIET_SECONDS = 10


async def _settled(town: Town, database: Database, store: Store) -> Reckoning:
    """The reckoning as soon as the books agree, or as they are when patience ends.

    Refunds and late money are looked for again after minutes, hours and days: those waits are cut
    short here, after the world outside has had a little time of its own.
    """
    loop = asyncio.get_running_loop()
    quiet = loop.time() + _QUIET_SECONDS
    end = loop.time() + _LONGEST_SECONDS
    while True:
        async with database.transaction(store.id) as tx:
            undone = await tx.fetchval(_UNDONE, tx.store_id)
            if loop.time() > quiet:
                await tx.execute(_HASTEN, tx.store_id, [LATE, REFUND])
                quiet += _QUIET_SECONDS
        found = await reckon(town, database, store)
        if (not undone and not found.differences) or loop.time() > end:
            if undone:
                found.differences.append(f"{undone} things are still undone")
            return found
        await asyncio.sleep(2)
