"""Every hook a plugin may implement, on one page.

Start-up hooks are plain functions, called once when the app opens. Request-time hooks are
coroutines with a time limit; what one plugin does there never reaches another. The call shapes:

- *collect*: all answers, each with the name of the plugin that gave it;
- *first*: plugins are asked in order until one answers;
- *notify*: all are called, each on its own.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, overload

import msgspec
import pluggy

from tradewind.contracts.channel import Channel
from tradewind.contracts.context import AppContext, StoreContext
from tradewind.contracts.events import Event, EventBase
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

PROJECT = "tradewind"
ENTRY_POINT_GROUP = "tradewind"
PRICE_HOOKS = frozenset(("price_adjustments", "quote_tax"))
"""Hooks with a say in what a cart costs, its delivery apart."""
DELIVERY_HOOKS = frozenset(("shipping_options",))
"""Hooks with a say in how a cart is delivered, and at what price."""

F = TypeVar("F", bound=Callable[..., Any])

_spec = pluggy.HookspecMarker(PROJECT)
_impl = pluggy.HookimplMarker(PROJECT)


class NoSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """For plugins that need none."""


class Plugin:
    """What an entry point of group `tradewind` points at: an object with a name and hooks.

    `requires` is the range of Tradewind versions the plugin was made for (a PEP 440 specifier);
    `settings_type` is one `msgspec.Struct(forbid_unknown_fields=True, kw_only=True)` per plugin.
    """

    name: str
    requires: str
    settings_type: type[msgspec.Struct] = NoSettings


class PluginTables(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin's own tables: the import path of its Piccolo app (an `AppConfig` module)."""

    piccolo_app: str


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks at a page of the dashboard, and how they asked.

    `role` is owner, staff or read_only. A form of the page carries `csrf` in a field of that name.
    """

    role: str
    csrf: str
    query: Mapping[str, str] = {}


class DashboardPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page in the dashboard, at `/dashboard/plugins/<plugin>/<path>`.

    `path` is a word of lower-case letters, digits and hyphens, `title` its name in the navigation.
    `render` gives what it shows: text, which is escaped, or `markupsafe.Markup`, which is HTML.
    """

    path: str
    title: str
    render: Callable[[StoreContext[Any], PageRequest], Awaitable[str]]


@overload
def hookimpl(function: F) -> F: ...


@overload
def hookimpl(
    *,
    events: Sequence[type[EventBase]] = (),
    tryfirst: bool = False,
    trylast: bool = False,
) -> Callable[[F], F]: ...


def hookimpl(
    function: F | None = None,
    *,
    events: Sequence[type[EventBase]] = (),
    tryfirst: bool = False,
    trylast: bool = False,
) -> Any:
    """Mark a method as the implementation of the hook of the same name.

    `events` (for `on_event` alone) names the event classes the plugin wants; none means all.
    """

    def mark(method: F) -> F:
        marked = _impl(method, tryfirst=tryfirst, trylast=trylast)
        marked.tradewind_events = tuple(events)  # type: ignore[attr-defined]
        return marked

    return mark if function is None else mark(function)


class Hooks:
    """The hook specifications. Arguments are only ever added."""

    # --- start-up, collect ---

    @_spec
    def channels(self) -> Sequence[Channel[Any]]:
        """The chat channel this plugin brings, chosen by name.

        At most one: a plugin brings either one channel or one payment provider, because it has one
        webhook door.
        """
        raise AssertionError

    @_spec
    def payment_providers(self) -> Sequence[PaymentProvider[Any]]:
        """The payment provider this plugin brings; at most one, chosen by name."""
        raise AssertionError

    @_spec
    def tables(self) -> PluginTables:
        """The plugin's own tables, migrated by the same `tradewind migrate`."""
        raise AssertionError

    @_spec
    def open(self, app: AppContext[Any]) -> None:
        """The process starts."""

    @_spec
    def close(self, app: AppContext[Any]) -> None:
        """The process ends."""

    @_spec
    def http_routes(self) -> Sequence[Any]:
        """Litestar route handlers, mounted under `/plugins/<name>/`."""
        raise AssertionError

    @_spec
    def dashboard_pages(self) -> Sequence[DashboardPage]:
        """Pages for the dashboard, shown in the stores that have enabled the plugin."""
        raise AssertionError

    @_spec
    def cli_commands(self) -> Sequence[Any]:
        """Typer apps, mounted as `tradewind <plugin name> …`."""
        raise AssertionError

    # --- request time ---

    @_spec
    async def quote_tax(self, request: QuoteRequest, context: StoreContext[Any]) -> TaxQuote | None:
        """First. The tax of a cart; without an answer the store's own rates are used."""

    @_spec
    async def shipping_options(
        self, request: QuoteRequest, context: StoreContext[Any]
    ) -> Sequence[ShippingOption]:
        """Collect. Ways to deliver this cart; a plugin that fails is left out."""
        raise AssertionError

    @_spec
    async def price_adjustments(
        self, request: QuoteRequest, context: StoreContext[Any]
    ) -> Sequence[Adjustment]:
        """Collect. Discounts and surcharges on lines; a plugin that fails is left out and told."""
        raise AssertionError

    @_spec
    async def assess_risk(
        self, question: RiskQuestion, context: StoreContext[Any]
    ) -> RiskAnswer | None:
        """Collect. Asked when a payment is about to start; one veto stops it."""

    @_spec
    async def chat_intent(
        self, question: ChatQuestion, context: StoreContext[Any]
    ) -> ChatIntent | None:
        """First. What words meant that no command matched."""

    @_spec
    async def on_event(self, event: Event, context: StoreContext[Any]) -> None:
        """Notify. Something happened; delivered at least once, never inside the request."""
