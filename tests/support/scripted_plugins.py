"""Plugins that do as they are told, and the questions and events to put to them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from tradewind import (
    ChatQuestion,
    Event,
    Money,
    NoSettings,
    OrderPlaced,
    Plugin,
    QuoteRequest,
    RiskQuestion,
    ShippingOption,
    StockLow,
    StoreContext,
    StoreInfo,
    hookimpl,
)
from tradewind.plugins import Failure, Plugins, load

ID = UUID("018f5b2e-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
LIMIT = 0.05
STORE = StoreInfo(
    id=ID, slug="demo", name="Demo", currency="KES", time_zone="Africa/Nairobi", locale="en"
)
REQUEST = QuoteRequest(
    cart_id=ID,
    version=1,
    currency="KES",
    region_id=ID,
    tax_inclusive=False,
    lines=[],
    shipping=0,
    address=None,
    email=None,
)
RISK = RiskQuestion(
    cart_id=ID,
    amount=100,
    currency="KES",
    provider="manual",
    method="cash_on_delivery",
    email=None,
    phone=None,
    channel="whatsapp",
)
PLACED = OrderPlaced(
    id=ID,
    store_id=ID,
    occurred_at=NOW,
    sequence=1,
    order_id=ID,
    number="K7-1042",
    source="whatsapp",
    total=Money(100, "KES"),
)
LOW = StockLow(
    id=ID, store_id=ID, occurred_at=NOW, sequence=1, variant_id=ID, sku="TEA-1", available=2
)

Behaviour = Callable[[], Awaitable[Any]]


class Context:
    """A store context that knows only which plugin it was made for."""

    store = STORE
    settings = NoSettings()

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin


def context(plugin: str = "p") -> StoreContext[Any]:
    return cast("StoreContext[Any]", Context(plugin))


async def everywhere(plugin: str) -> StoreContext[Any]:
    return context(plugin)


def returning(value: Any) -> Behaviour:
    async def answer() -> Any:
        return value

    return answer


def raising(error: BaseException) -> Behaviour:
    async def fail() -> Any:
        raise error

    return fail


async def hang() -> Any:
    await asyncio.Event().wait()


async def cling() -> Any:
    """Hang, and refuse to be canceled until told twice."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


class Scripted(Plugin):
    """Does the same in every hook: what `behaviour` does. Counts its calls."""

    requires = ">=0.1,<1"

    def __init__(self, name: str, behaviour: Behaviour) -> None:
        self.name = name
        self.behaviour = behaviour
        self.calls = 0
        self.seen: list[Any] = []

    async def act(self, *seen: Any) -> Any:
        self.calls += 1
        self.seen.append(seen)
        return await self.behaviour()

    @hookimpl
    async def quote_tax(self, request: QuoteRequest, context: StoreContext[Any]) -> Any:
        return await self.act(request, context)

    @hookimpl
    async def shipping_options(self, request: QuoteRequest, context: StoreContext[Any]) -> Any:
        return await self.act(request, context)

    @hookimpl
    async def price_adjustments(self, request: QuoteRequest, context: StoreContext[Any]) -> Any:
        return await self.act(request, context)

    @hookimpl
    async def assess_risk(self, question: RiskQuestion, context: StoreContext[Any]) -> Any:
        return await self.act(question, context)

    @hookimpl
    async def chat_intent(self, question: ChatQuestion, context: StoreContext[Any]) -> Any:
        return await self.act(question, context)

    @hookimpl
    async def on_event(self, event: Event, context: StoreContext[Any]) -> None:
        await self.act(event, context)


class Record:
    """A failure sink that remembers."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []

    async def __call__(self, failure: Failure) -> None:
        self.failures.append(failure)


def plugins(*scripted: Plugin, record: Record | None = None) -> Plugins:
    return load(extra=scripted, strict=True, timeout=LIMIT, on_failure=record)


def option(name: str) -> ShippingOption:
    return ShippingOption(id=name, name=name, price=500)


def names(failures: Sequence[Failure]) -> list[str]:
    return [failure.plugin for failure in failures]
