"""The plugins in use, as the rest of the code sees them: typed calls, no manager."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from tradewind.contracts.channel import Channel
from tradewind.contracts.context import AppContext, StoreContext
from tradewind.contracts.errors import NotFound
from tradewind.contracts.events import EVENT_TYPES, Event, type_of
from tradewind.contracts.payment import PaymentProvider
from tradewind.contracts.pricing import (
    Adjustment,
    ChatIntent,
    ChatQuestion,
    QuoteRequest,
    RiskAnswer,
    RiskQuestion,
    ShippingOption,
    TaxQuote,
)
from tradewind.hooks import DashboardPage, PageRequest, PluginTables
from tradewind.plugins.checks import Problem
from tradewind.plugins.dispatch import Dispatcher
from tradewind.plugins.outcomes import (
    Collected,
    Contexts,
    Failure,
    First,
    LoadedPlugin,
    PluginFault,
)

V = TypeVar("V")


class Brought:
    """What plugins brought by name. A name belongs to one plugin, whatever carries it."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel[Any]] = {}
        self.providers: dict[str, PaymentProvider[Any]] = {}
        self.tables: dict[str, PluginTables] = {}
        self.owners: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}

    def clashes(
        self, channels: Sequence[Channel[Any]], providers: Sequence[PaymentProvider[Any]]
    ) -> list[Problem]:
        """Names and session prefixes that are taken already, or given twice."""
        names = [channel.name for channel in channels]
        prefixes = [channel.session_prefix for channel in channels]
        wanted = [provider.name for provider in providers]
        return [
            *_taken("duplicate_channel", "channel", names, self.owners),
            *_taken("duplicate_channel", "session prefix", prefixes, self._prefixes),
            *_taken("duplicate_provider", "payment provider", wanted, self.owners),
        ]

    def add(
        self,
        plugin: str,
        channels: Sequence[Channel[Any]],
        providers: Sequence[PaymentProvider[Any]],
        tables: PluginTables | None,
    ) -> None:
        """Enter all that one plugin brings."""
        self.channels |= {channel.name: channel for channel in channels}
        self.providers |= {provider.name: provider for provider in providers}
        self.owners |= dict.fromkeys([one.name for one in channels], plugin)
        self.owners |= dict.fromkeys([one.name for one in providers], plugin)
        self._prefixes |= {channel.session_prefix: plugin for channel in channels}
        if tables is not None:
            self.tables[plugin] = tables


def _taken(
    code: str, what: str, names: Sequence[str], owners: Mapping[str, str]
) -> Iterator[Problem]:
    for name, count in Counter(names).items():
        if name in owners:
            yield Problem(code, f"The {what} name {name!r} belongs to plugin {owners[name]!r}.")
        elif count > 1:
            yield Problem(code, f"The {what} name {name!r} is given {count} times.")


class Plugins:
    """Every plugin in use and every call to one.

    `loaded` is sorted by name; `faults` are the plugins that were left out; `built_in` are
    Tradewind's own. `channels` and `providers` are by their own names. Request-time calls ask only
    the plugins for which `contexts` gives a context, never raise what a plugin raised, and must not
    be made while a transaction is open.
    """

    def __init__(
        self,
        loaded: Mapping[str, LoadedPlugin],
        faults: tuple[PluginFault, ...],
        brought: Brought,
        dispatcher: Dispatcher,
        *,
        built_in: Mapping[str, LoadedPlugin] = MappingProxyType({}),
    ) -> None:
        self.built_in = built_in
        self.loaded: Mapping[str, LoadedPlugin] = MappingProxyType(dict(loaded))
        self.faults = faults
        self.channels: Mapping[str, Channel[Any]] = MappingProxyType(brought.channels)
        self.providers: Mapping[str, PaymentProvider[Any]] = MappingProxyType(brought.providers)
        self._tables = tuple(brought.tables.items())
        self._owners = brought.owners
        self._dispatcher = dispatcher
        self._subscribers = {
            event: tuple(p.name for p in loaded.values() if p.events is None or event in p.events)
            for event in map(type_of, EVENT_TYPES)
        }

    # --- by name -----------------------------------------------------------------------------

    def channel(self, name: str) -> Channel[Any]:
        """The channel called `name`. Raises NotFound."""
        return _found(self.channels, name, "channel")

    def provider(self, name: str) -> PaymentProvider[Any]:
        """The payment provider called `name`. Raises NotFound."""
        return _found(self.providers, name, "payment provider")

    def plugin(self, name: str) -> LoadedPlugin:
        """The plugin called `name`. Raises NotFound."""
        return _found(self.loaded, name, "plugin")

    def plugin_of(self, name: str) -> str:
        """The plugin that brought the channel or provider called `name`. Raises NotFound."""
        return _found(self._owners, name, "channel or payment provider")

    def door(self, plugin: str) -> Channel[Any] | PaymentProvider[Any] | None:
        """What answers at `/webhooks/<plugin>`: its channel or provider, by its own name first."""
        brought: list[Channel[Any] | PaymentProvider[Any]] = [
            one
            for group in (self.channels.values(), self.providers.values())
            for one in group
            if self._owners[one.name] == plugin
        ]
        return next((one for one in brought if one.name == plugin), brought[0] if brought else None)

    def settings_type(self, plugin: str) -> type[msgspec.Struct]:
        """The struct of a plugin's settings. Raises NotFound."""
        return self.plugin(plugin).settings_type

    @property
    def event_types(self) -> tuple[str, ...]:
        """Every dotted event type there is."""
        return tuple(self._subscribers)

    def subscribers(self, event_type: str) -> tuple[str, ...]:
        """The plugins that want events of a dotted type, for example `order.placed`."""
        return self._subscribers.get(event_type, ())

    # --- start-up ----------------------------------------------------------------------------

    def tables(self) -> tuple[tuple[str, PluginTables], ...]:
        """The plugins that own tables, by name."""
        return self._tables

    def open(self, app: AppContext[Any]) -> tuple[Failure, ...]:
        """The process starts; returns what failed."""
        return self._dispatcher.start_up("open", {"app": app}).failures

    def close(self, app: AppContext[Any]) -> tuple[Failure, ...]:
        """The process ends; in the reverse order of `open`."""
        return self._dispatcher.start_up("close", {"app": app}, reverse=True).failures

    def http_routes(self) -> Collected[Sequence[Any]]:
        """Route handlers to be mounted under `/plugins/<name>/`."""
        return self._dispatcher.start_up("http_routes", of=object)

    def dashboard_pages(self) -> Collected[Sequence[DashboardPage]]:
        """Pages for the dashboard."""
        return self._dispatcher.start_up("dashboard_pages", of=DashboardPage)

    def cli_commands(self) -> Collected[Sequence[Any]]:
        """Typer apps to be mounted under the plugin's name."""
        return self._dispatcher.start_up("cli_commands", of=object)

    # --- request time ------------------------------------------------------------------------

    async def dashboard_page(
        self, plugin: str, page: DashboardPage, request: PageRequest, context: StoreContext[Any]
    ) -> str | None:
        """What a plugin's page shows; None when it failed, which is counted as of any hook."""
        call = partial(page.render, context, request)
        settled = await self._dispatcher.ask("dashboard_pages", plugin, call, context)
        text: str | None = settled.value
        return text

    async def quote_tax(self, request: QuoteRequest, contexts: Contexts) -> First[TaxQuote]:
        """The tax of a cart; without an answer the store's own rates apply."""
        return await self._dispatcher.first("quote_tax", TaxQuote, {"request": request}, contexts)

    async def shipping_options(
        self, request: QuoteRequest, contexts: Contexts
    ) -> Collected[Sequence[ShippingOption]]:
        """Ways to deliver a cart."""
        kind = Sequence[ShippingOption]
        args = {"request": request}
        return await self._dispatcher.collect("shipping_options", kind, args, contexts)

    async def price_adjustments(
        self, request: QuoteRequest, contexts: Contexts
    ) -> Collected[Sequence[Adjustment]]:
        """Discounts and surcharges on the lines of a cart."""
        kind = Sequence[Adjustment]
        args = {"request": request}
        return await self._dispatcher.collect("price_adjustments", kind, args, contexts)

    async def assess_risk(
        self, question: RiskQuestion, contexts: Contexts
    ) -> Collected[RiskAnswer]:
        """Whether a payment may start; on a failure the store's setting decides."""
        args = {"question": question}
        return await self._dispatcher.collect("assess_risk", RiskAnswer, args, contexts)

    async def chat_intent(self, question: ChatQuestion, contexts: Contexts) -> First[ChatIntent]:
        """What words meant that no command matched."""
        args = {"question": question}
        return await self._dispatcher.first("chat_intent", ChatIntent, args, contexts)

    async def deliver(self, plugin: str, event: Event, context: StoreContext[Any]) -> None:
        """Give one event to one subscriber.

        Raises what the plugin raised, so that the job is tried again; `Late`, a TimeoutError, when
        it took too long; NotFound when the plugin is not loaded. A plugin that does not want this
        type of event is not called.
        """
        wanted = self.plugin(plugin).events
        if wanted is None or type_of(type(event)) in wanted:
            await self._dispatcher.notify("on_event", {"event": event}, plugin, context)


def _found(mapping: Mapping[str, V], name: str, what: str) -> V:
    try:
        return mapping[name]
    except KeyError:
        raise NotFound(f"There is no {what} {name!r}.") from None
