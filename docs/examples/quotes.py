"""Has a say in what a cart costs: a tax, a way to deliver, a price."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tradewind import (
    Adjustment,
    Plugin,
    QuoteRequest,
    ShippingOption,
    StoreContext,
    TaxLine,
    TaxQuote,
    hookimpl,
    share,
)


class QuotesSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Amounts are minor units of the store's currency."""

    tax_percent: Decimal = Decimal(5)
    courier_price: int = 30000
    bulk_from: int = 10


Context = StoreContext[QuotesSettings]


class Quotes(Plugin):
    """One rule for each of the three questions."""

    name = "quotes"
    requires = ">=0.1,<0.2"
    settings_type = QuotesSettings

    @hookimpl
    async def quote_tax(self, request: QuoteRequest, context: Context) -> TaxQuote | None:
        """One rate on everything, on top of the prices; not our business where they include it."""
        if request.tax_inclusive:
            return None
        rate = context.settings.tax_percent / 100
        lines = [
            TaxLine(
                line_id=line.line_id,
                name="Town tax",
                rate=rate,
                amount=share(line.subtotal - line.discount, rate),
            )
            for line in request.lines
        ]
        return TaxQuote(lines=lines)

    @hookimpl
    async def shipping_options(
        self, request: QuoteRequest, context: Context
    ) -> Sequence[ShippingOption]:
        """A courier, within the country we know."""
        if request.address is None or request.address.country_code != "ke":
            return []
        price = context.settings.courier_price
        return [ShippingOption(id="today", name="Courier", price=price, estimate="Today")]

    @hookimpl
    async def price_adjustments(
        self, request: QuoteRequest, context: Context
    ) -> Sequence[Adjustment]:
        """Five percent off a line of many."""
        return [
            Adjustment(
                line_id=line.line_id,
                code="bulk",
                title="Bulk price",
                amount=-share(line.subtotal, Decimal("0.05")),
            )
            for line in request.lines
            if line.quantity >= context.settings.bulk_from
        ]


plugin = Quotes()
