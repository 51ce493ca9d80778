"""Plugins that somebody else got wrong, each in a way of its own."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from tradewind import (
    Capabilities,
    Event,
    MessageReceived,
    NoSettings,
    OrderPlaced,
    PaymentCapabilities,
    Plugin,
    QuoteRequest,
    ShippingOption,
    StoreContext,
    TaxQuote,
    hookimpl,
)

AnyContext = StoreContext[NoSettings]


class Clumsy(Plugin):
    """Wants to know who wrote; raises whatever `mood` gives, until `mood` gives nothing."""

    name = "clumsy"
    requires = ">=0.1,<0.2"

    def __init__(self, mood: Callable[[], BaseException | None]) -> None:
        self.mood = mood
        self.calls = 0
        self.done: list[Event] = []

    @hookimpl(events=[MessageReceived])
    async def on_event(self, event: Event, context: AnyContext) -> None:
        """Fail, or be done."""
        self.calls += 1
        error = self.mood()
        if error is not None:
            raise error
        self.done.append(event)


class Hanging(Plugin):
    """Never answers."""

    name = "hanging"
    requires = ">=0.1,<0.2"

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def _forever(self, hook: str) -> Any:
        self.calls.append(hook)
        await asyncio.Event().wait()

    @hookimpl
    async def quote_tax(self, request: QuoteRequest, context: AnyContext) -> TaxQuote | None:
        """Hang."""
        answer: TaxQuote | None = await self._forever("quote_tax")
        return answer

    @hookimpl
    async def shipping_options(
        self, request: QuoteRequest, context: AnyContext
    ) -> Sequence[ShippingOption]:
        """Hang."""
        answer: Sequence[ShippingOption] = await self._forever("shipping_options")
        return answer

    @hookimpl(events=[MessageReceived, OrderPlaced])
    async def on_event(self, event: Event, context: AnyContext) -> None:
        """Hang."""
        await self._forever("on_event")


class OfAnotherAge(Plugin):
    """Made for a Tradewind that is yet to come."""

    name = "future"
    requires = ">=9,<10"


class Babbling(Plugin):
    """Answers every question with something that is no answer."""

    name = "babbling"
    requires = ">=0.1,<0.2"

    def __init__(self, nonsense: Any = "42 bananas") -> None:
        self.nonsense = nonsense

    @hookimpl
    async def quote_tax(self, request: Any, context: AnyContext) -> Any:
        """Babble."""
        return self.nonsense

    @hookimpl
    async def shipping_options(self, request: Any, context: AnyContext) -> Any:
        """Babble."""
        return self.nonsense

    @hookimpl
    async def price_adjustments(self, request: Any, context: AnyContext) -> Any:
        """Babble."""
        return self.nonsense

    @hookimpl
    async def chat_intent(self, question: Any, context: AnyContext) -> Any:
        """Babble."""
        return self.nonsense


class Nonsense:
    """A channel and a provider in one that gives the same nonsense to whatever it is asked."""

    settings_type = NoSettings
    session_prefix = "no"

    def __init__(self, name: str, answer: Any, capabilities: Any) -> None:
        self.name = name
        self.answer = answer
        self.capabilities = capabilities

    def address(self, settings: NoSettings) -> str:
        """Nowhere."""
        return ""

    async def accept(self, request: Any, directory: Any) -> Any:
        """Babble."""
        return self.answer

    async def receive(self, item: Any, context: Any) -> Any:
        """Babble."""
        return self.answer

    async def send(self, outbound: Any, context: Any) -> Any:
        """Babble."""
        return self.answer

    async def check(self, context: Any) -> Any:
        """Babble."""
        return self.answer

    async def methods(self, context: Any, query: Any) -> Any:
        """Babble."""
        return self.answer

    async def start(self, context: Any, payment: Any) -> Any:
        """Babble."""
        return self.answer

    async def fetch(self, context: Any, operation_id: Any, provider_ref: Any) -> Any:
        """Babble."""
        return self.answer

    async def parse_webhook(self, item: Any, context: Any) -> Any:
        """Babble."""
        return self.answer


class NonsensePay(Plugin):
    """Brings a provider that talks nonsense."""

    name = "nonsense-pay"
    requires = ">=0.1,<0.2"

    def __init__(self, answer: Any = None) -> None:
        self.provider = Nonsense("nonsense-pay", answer, PaymentCapabilities())

    @hookimpl
    def payment_providers(self) -> Sequence[Any]:
        """The provider."""
        return [self.provider]


class NonsenseChat(Plugin):
    """Brings a channel that talks nonsense."""

    name = "nonsense-chat"
    requires = ">=0.1,<0.2"

    def __init__(self, answer: Any = None) -> None:
        self.channel = Nonsense("nonsense-chat", answer, Capabilities())

    @hookimpl
    def channels(self) -> Sequence[Any]:
        """The channel."""
        return [self.channel]
