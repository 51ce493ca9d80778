"""What it costs to call plugins: beside awaiting them directly, and beside pluggy alone.

pluggy has no async: its call makes the coroutines, which are then awaited one after another.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pluggy
import uvloop

from tests.bench.support import Line, ms, say
from tests.support.scripted_plugins import PLACED, REQUEST, context, option
from tradewind import (
    Event,
    OrderPlaced,
    Plugin,
    QuoteRequest,
    ShippingOption,
    StoreContext,
    TaxQuote,
    hookimpl,
)
from tradewind.hooks import PROJECT, Hooks
from tradewind.plugins import load

COUNTS = (0, 1, 3, 10)
ROUNDS = 5
CONTEXT = context()
OPTIONS = [option("courier")]

Call = Callable[[], Awaitable[Any]]


class Quick(Plugin):
    """Answers at once: what remains is the cost of the call."""

    requires = ">=0.1,<1"

    def __init__(self, number: int) -> None:
        self.name = f"quick{number}"

    @hookimpl
    async def quote_tax(self, request: QuoteRequest, context: StoreContext[Any]) -> TaxQuote | None:
        return None

    @hookimpl
    async def shipping_options(
        self, request: QuoteRequest, context: StoreContext[Any]
    ) -> Sequence[ShippingOption]:
        return OPTIONS

    @hookimpl(events=[OrderPlaced])
    async def on_event(self, event: Event, context: StoreContext[Any]) -> None:
        return


def hooks(seconds: float) -> Line:
    """Microseconds per call, by shape and number of plugins."""
    return uvloop.run(_hooks(seconds))


async def _hooks(seconds: float) -> Line:
    costs: dict[str, dict[str, float]] = {}
    ways = len(COUNTS) * len(_calls([]))
    for count in COUNTS:
        say(f"hooks: {count} plugins")
        for name, call in _calls([Quick(number) for number in range(count)]).items():
            costs.setdefault(name, {})[str(count)] = await _cost(call, seconds / ways)
    figure = costs["collect"]["3"]
    return Line(
        bench="hooks",
        figure=figure,
        unit="microseconds per call of `collect` with 3 plugins",
        clients=1,
        cpu_ms_per_op={"host": ms(figure / 1e6)},
        detail={"microseconds_per_call_by_number_of_plugins": costs},
    )


def _calls(brought: Sequence[Quick]) -> dict[str, Call]:
    plugins = load(entry_points=(), extra=brought, strict=True)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    for plugin in brought:
        manager.register(plugin, plugin.name)

    async def contexts(plugin: str) -> StoreContext[Any]:
        return CONTEXT

    async def direct() -> None:
        for plugin in brought:
            await plugin.shipping_options(REQUEST, CONTEXT)

    async def bare_pluggy() -> None:
        for answer in manager.hook.shipping_options(request=REQUEST, context=CONTEXT):
            await answer

    async def notify() -> None:
        for name in plugins.subscribers("order.placed"):
            await plugins.deliver(name, PLACED, CONTEXT)

    return {
        "direct": direct,
        "pluggy": bare_pluggy,
        "first": lambda: plugins.quote_tax(REQUEST, contexts),
        "collect": lambda: plugins.shipping_options(REQUEST, contexts),
        "notify": notify,
    }


async def _cost(call: Call, seconds: float) -> float:
    """The median of a few rounds, so that what else the machine does weighs little."""
    times = await _times(call, seconds / ROUNDS / 4)
    rounds = [await _round(call, times * 4) for _ in range(ROUNDS)]
    return round(statistics.median(rounds) * 1e6, 2)


async def _times(call: Call, seconds: float) -> int:
    until, times = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        await call()
        times += 1
        await asyncio.sleep(0)
    return times


async def _round(call: Call, times: int) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        await call()
    return (time.perf_counter() - begin) / times
