"""The store's own price tables as a plugin of the hooks: promotions, ways to deliver, taxes.

It is always loaded and asked like any other, but no merchant sets or disables it: what it receives
as settings is the `PriceBook` of the cart's region. Its hooks do no I/O, so a transaction may be
open while they run.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec

from tradewind.contracts.context import StoreContext
from tradewind.contracts.pricing import Adjustment, QuoteRequest, ShippingOption, TaxQuote
from tradewind.hooks import PROJECT, Plugin, hookimpl
from tradewind.plugins import Answer, Contexts
from tradewind.pricing.rules import (
    Adjusted,
    PriceBook,
    Priced,
    Sourced,
    adjust,
    options_of,
    promote,
    redeem,
    taxes_of,
    total_up,
)

NAME = PROJECT

Context = StoreContext[PriceBook]


class PriceTables(Plugin):
    """Promotions and deliveries come before those of other plugins; the taxes are the fall-back."""

    name = NAME
    requires = ">=0"
    settings_type = PriceBook

    @hookimpl(tryfirst=True)
    async def price_adjustments(
        self, request: QuoteRequest, context: Context
    ) -> Sequence[Adjustment]:
        """What promotions take off."""
        return promote(context.settings.promotions, request, context.clock.now()).adjustments

    @hookimpl(tryfirst=True)
    async def shipping_options(
        self, request: QuoteRequest, context: Context
    ) -> Sequence[ShippingOption]:
        """The store's own ways to deliver."""
        return options_of(context.settings, request)

    @hookimpl(trylast=True)
    async def quote_tax(self, request: QuoteRequest, context: Context) -> TaxQuote:
        """The store's own rates."""
        return taxes_of(context.settings, request)


PRICE_TABLES = PriceTables()


class BookContext:
    """What the price tables receive: their book as settings, and the moment of the quote."""

    def __init__(self, store_id: UUID, book: PriceBook, now: datetime) -> None:
        self.store = _Store(store_id)
        self.settings = book
        self.clock = _At(now)


class _Store(msgspec.Struct, frozen=True):
    id: UUID


class _At:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def book_context(store_id: UUID, book: PriceBook, now: datetime) -> Context:
    """The price tables' view of one store while one cart is quoted at the time `now`."""
    return cast("Context", BookContext(store_id, book, now))


def with_book(contexts: Contexts, own: Context) -> Contexts:
    """The contexts of a store's plugins, and that of its own price tables beside them."""

    async def of(plugin: str) -> StoreContext[Any] | None:
        return own if plugin == NAME else await contexts(plugin)

    return of


async def price_alone(request: QuoteRequest, own: Context) -> Priced:
    """What a cart comes to where no other plugin has a say; no I/O."""
    given = await PRICE_TABLES.price_adjustments(request, own)
    adjusted = adjust(request.lines, request.shipping, sourced([Answer(NAME, given)]))
    adjusted = redeem(adjusted, own.settings.credits)
    taxes = await PRICE_TABLES.quote_tax(after(request, adjusted), own)
    return total_up(adjusted, taxes, inclusive=own.settings.inclusive)


def sourced(answers: Sequence[Answer[Sequence[Adjustment]]]) -> list[Sourced]:
    """Adjustments with who gave them: those of the store's own tables are promotions."""
    return [
        Sourced(answer.plugin, "promotion" if answer.plugin == NAME else "price", one)
        for answer in answers
        for one in answer.value
    ]


def after(request: QuoteRequest, adjusted: Adjusted) -> QuoteRequest:
    """The cart as tax plugins see it: after promotions, prices, surcharges and credits."""
    return msgspec.structs.replace(request, lines=adjusted.lines, shipping=adjusted.shipping)
