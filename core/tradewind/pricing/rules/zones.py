"""Where a store's own taxes and ways of delivery hold."""

from decimal import Decimal

from tradewind.contracts.pricing import Address, QuoteRequest, ShippingOption, TaxQuote
from tradewind.pricing.rules.arithmetic import Rate, built_in_taxes
from tradewind.pricing.rules.book import BuiltInShipping, PriceBook, TaxRate
from tradewind.pricing.rules.weights import price_by_weight


def rates_of(book: PriceBook, address: Address | None) -> list[Rate]:
    """The taxes that hold for a delivery to an address, as fractions; all of them add up.

    Without an address those of the whole region hold, and those of its country where it has only
    one: what a cart shows before anybody said where to.
    """
    country = _country(book, address)
    return [_rate(rate) for rate in book.rates if _holds(rate, country, address)]


def _country(book: PriceBook, address: Address | None) -> str | None:
    if address is not None:
        return address.country_code
    return book.countries[0] if len(book.countries) == 1 else None


def _rate(rate: TaxRate) -> Rate:
    return Rate(
        name=rate.name,
        rate=rate.rate / Decimal(100),
        tax_class=rate.tax_class,
        on_shipping=rate.tax_shipping,
    )


def _holds(rate: TaxRate, country: str | None, address: Address | None) -> bool:
    province = _plain(address.province if address is not None else None)
    postal_code = _plain(address.postal_code if address is not None else None)
    return (
        rate.country_code in {None, country}
        and (rate.province is None or _plain(rate.province) == province)
        and (rate.postal_prefix is None or postal_code.startswith(_plain(rate.postal_prefix)))
    )


def _plain(text: str | None) -> str:
    """As people may write a province or postal code: any case, any spaces."""
    return "".join((text or "").split()).casefold()


def options_of(book: PriceBook, request: QuoteRequest) -> list[ShippingOption]:
    """The store's own ways to deliver a cart, in the store's order; none without physical goods.

    Amounts are compared with the subtotal before promotions, so that a discount never takes a way
    to deliver away. One with bands of weight is not offered for what none of them covers.
    """
    if not any(line.kind == "physical" for line in request.lines):
        return []
    subtotal = sum(line.subtotal for line in request.lines)
    country = _country(book, request.address)
    offered = [one for one in book.options if _offered(one, subtotal, country)]
    prices = [price_by_weight(option, request.lines) for option in offered]
    return [
        ShippingOption(
            id=str(option.id),
            name=option.name,
            price=0 if _free(option, subtotal) else price,
            estimate=option.estimate,
        )
        for option, price in zip(offered, prices, strict=True)
        if price is not None
    ]


def _offered(option: BuiltInShipping, subtotal: int, country: str | None) -> bool:
    rules = option.rules
    return (
        (rules.minimum is None or subtotal >= rules.minimum)
        and (rules.maximum is None or subtotal <= rules.maximum)
        and (not rules.country_codes or country in rules.country_codes)
    )


def _free(option: BuiltInShipping, subtotal: int) -> bool:
    free_from = option.rules.free_from
    return free_from is not None and subtotal >= free_from


def taxes_of(book: PriceBook, request: QuoteRequest) -> TaxQuote:
    """The store's own taxes on lines and delivery as they are after promotions."""
    return built_in_taxes(
        request.lines,
        request.shipping,
        rates_of(book, request.address),
        inclusive=book.inclusive,
        rounding=book.rounding,
    )
