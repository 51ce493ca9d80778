"""Pure price arithmetic: price, adjustments, delivery, tax, totals, one after the other.

Whole minor units and Decimal rates only. Each figure is rounded once, at the level that the region
says, and the lines always add up to the total.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from tradewind.catalog.rules import LARGEST_AMOUNT
from tradewind.contracts.errors import Conflict
from tradewind.contracts.money import share
from tradewind.contracts.pricing import Adjustment, QuoteLine, TaxLine, TaxQuote

SHIPPING = "shipping"
LARGEST_TOTAL = 2**63 - 1
"""What fits into a bigint. Only taxes of many times the price take a cart beyond it."""
AdjustmentKind = Literal["tax", "promotion", "price", "shipping", "credit"]


class LineAdjustment(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why a line costs what it costs; `line_id` is None for the delivery.

    `source` is the plugin that gave it, or "tradewind". Taxes carry their rate (0.16 for 16 %),
    the store's promotions their id as `reference`, credits how many they are.
    """

    kind: AdjustmentKind
    source: str
    code: str
    title: str
    amount: int
    line_id: str | None = None
    rate: Decimal | None = None
    reference: str = ""


class Sourced(msgspec.Struct, frozen=True):
    """An adjustment and who gave it."""

    source: str
    kind: AdjustmentKind
    adjustment: Adjustment


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A tax as arithmetic needs it: `rate` 0.16 for 16 %, for one class of goods."""

    name: str
    rate: Decimal
    tax_class: str
    on_shipping: bool


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a line comes to. `subtotal` contains surcharges; `total` is what is paid for it."""

    line_id: str
    subtotal: int
    discount: int
    tax: int
    total: int


class Priced(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole cart comes to; `tax_total` contains the tax on the delivery."""

    lines: Sequence[PricedLine]
    adjustments: Sequence[LineAdjustment]
    subtotal: int
    discount_total: int
    shipping_total: int
    shipping_tax: int
    tax_total: int
    total: int
    flags: Sequence[str] = ()


class Adjusted(msgspec.Struct, frozen=True, kw_only=True):
    """Lines and delivery after promotions, prices and surcharges, before tax."""

    lines: Sequence[QuoteLine]
    shipping: int
    adjustments: Sequence[LineAdjustment]
    flags: Sequence[str]


def adjust(lines: Sequence[QuoteLine], shipping: int, given: Sequence[Sourced]) -> Adjusted:
    """Apply adjustments in their order.

    A discount never exceeds what is left of its line, a surcharge raises the line's subtotal.
    Adjustments of lines that do not exist are left out and flagged `adjustment_unknown_line:…`,
    surcharges that would take one beyond the largest amount `adjustment_too_large:…`.
    """
    book = _Book({line.line_id: line for line in lines}, shipping)
    for one in given:
        book.enter(one)
    kept = [book.lines[line.line_id] for line in lines]
    return Adjusted(lines=kept, shipping=book.shipping, adjustments=book.entries, flags=book.flags)


class _Book:
    def __init__(self, lines: dict[str, QuoteLine], shipping: int) -> None:
        self.lines = lines
        self.shipping = shipping
        self.entries: list[LineAdjustment] = []
        self.flags: list[str] = []

    def enter(self, one: Sourced) -> None:
        line_id, wanted = one.adjustment.line_id, one.adjustment.amount
        line = self.lines.get(line_id)
        if line is None and line_id != SHIPPING:
            self.flags.append(f"adjustment_unknown_line:{one.source}")
            return
        cost = self.shipping if line is None else line.subtotal
        if cost + wanted > LARGEST_AMOUNT:
            self.flags.append(f"adjustment_too_large:{one.source}")
            return
        amount = max(wanted, -cost if line is None else line.discount - cost)
        if line is None:
            self.shipping += amount
        else:
            self.lines[line_id] = _with(line, amount)
        if amount:
            self.entries.append(_entry(one, amount))


def _with(line: QuoteLine, amount: int) -> QuoteLine:
    if amount > 0:
        return msgspec.structs.replace(line, subtotal=line.subtotal + amount)
    return msgspec.structs.replace(line, discount=line.discount - amount)


def _entry(one: Sourced, amount: int) -> LineAdjustment:
    on_delivery = one.adjustment.line_id == SHIPPING
    return LineAdjustment(
        kind="shipping" if on_delivery and one.kind == "price" else one.kind,
        source=one.source,
        code=one.adjustment.code,
        title=one.adjustment.title,
        amount=amount,
        line_id=None if on_delivery else one.adjustment.line_id,
        reference=one.adjustment.reference,
    )


def built_in_taxes(
    lines: Sequence[QuoteLine],
    shipping: int,
    rates: Sequence[Rate],
    *,
    inclusive: bool,
    rounding: Literal["unit", "line"],
) -> TaxQuote:
    """The tax by the store's own rates: each rate on each line of its class, rounded once."""
    found = [
        _taxed(line, rate, _part(rate, goods, inclusive=inclusive), rounding)
        for line in lines
        for goods in [[rate for rate in rates if rate.tax_class == line.tax_class]]
        for rate in goods
    ]
    on_delivery = [rate for rate in rates if rate.on_shipping]
    found += [
        TaxLine(
            line_id=SHIPPING,
            name=rate.name,
            rate=rate.rate,
            amount=share(shipping, _part(rate, on_delivery, inclusive=inclusive)),
        )
        for rate in on_delivery
        if shipping
    ]
    return TaxQuote(lines=found)


def _part(rate: Rate, together: Sequence[Rate], *, inclusive: bool) -> Fraction:
    """Tax contained in a gross price is its rate over one plus all rates that it contains."""
    contained = sum((one.rate for one in together), Decimal(0)) if inclusive else Decimal(0)
    return Fraction(rate.rate) / Fraction(1 + contained)


def _taxed(
    line: QuoteLine, rate: Rate, part: Fraction, rounding: Literal["unit", "line"]
) -> TaxLine:
    base = line.subtotal - line.discount
    if rounding == "line":
        amount = share(base, part)
    else:
        # Units of a discounted line may differ by one minor unit; each is rounded by itself.
        low, dearer = divmod(base, line.quantity)
        amount = dearer * share(low + 1, part)
        amount += (line.quantity - dearer) * share(low, part)
    return TaxLine(line_id=line.line_id, name=rate.name, rate=rate.rate, amount=amount)


def acceptable(quote: TaxQuote, lines: Sequence[QuoteLine]) -> bool:
    """Whether a tax plugin's answer makes sense: no negative tax, no line it was not asked for."""
    known = {SHIPPING, *(line.line_id for line in lines)}
    return all(
        tax.line_id in known and tax.amount >= 0 and 0 <= tax.rate < 1 for tax in quote.lines
    )


def total_up(
    adjusted: Adjusted, taxes: TaxQuote, *, inclusive: bool, tax_source: str = "tradewind"
) -> Priced:
    """Put the figures together; with inclusive tax it is information and not added.

    Raises Conflict `cart_too_large` where they do not fit.
    """
    due = _per_line(taxes)
    lines = [_line(line, due.get(line.line_id, 0), inclusive=inclusive) for line in adjusted.lines]
    shipping_tax = due.get(SHIPPING, 0)
    subtotal = sum(line.subtotal for line in lines)
    discount_total = sum(line.discount for line in lines)
    tax_total = sum(line.tax for line in lines) + shipping_tax
    total = subtotal - discount_total + adjusted.shipping + (0 if inclusive else tax_total)
    if max(total, tax_total) > LARGEST_TOTAL:
        raise Conflict("With its taxes this cart comes to too much.", code="cart_too_large")
    return Priced(
        lines=lines,
        adjustments=[*adjusted.adjustments, *_tax_entries(taxes, tax_source)],
        subtotal=subtotal,
        discount_total=discount_total,
        shipping_total=adjusted.shipping,
        shipping_tax=shipping_tax,
        tax_total=tax_total,
        total=total,
        flags=list(adjusted.flags),
    )


def price(
    lines: Sequence[QuoteLine],
    shipping: int,
    given: Sequence[Sourced],
    rates: Sequence[Rate],
    *,
    inclusive: bool,
    rounding: Literal["unit", "line"] = "line",
) -> Priced:
    """The whole pipeline with the store's own tax rates."""
    adjusted = adjust(lines, shipping, given)
    taxes = built_in_taxes(
        adjusted.lines, adjusted.shipping, rates, inclusive=inclusive, rounding=rounding
    )
    return total_up(adjusted, taxes, inclusive=inclusive)


def _per_line(taxes: TaxQuote) -> Mapping[str, int]:
    due: dict[str, int] = {}
    for tax in taxes.lines:
        due[tax.line_id] = due.get(tax.line_id, 0) + tax.amount
    return due


def _line(line: QuoteLine, tax: int, *, inclusive: bool) -> PricedLine:
    net = line.subtotal - line.discount
    return PricedLine(
        line_id=line.line_id,
        subtotal=line.subtotal,
        discount=line.discount,
        tax=tax,
        total=net if inclusive else net + tax,
    )


def _tax_entries(taxes: TaxQuote, source: str) -> list[LineAdjustment]:
    return [
        LineAdjustment(
            kind="tax",
            source=source,
            code="tax",
            title=tax.name,
            amount=tax.amount,
            line_id=None if tax.line_id == SHIPPING else tax.line_id,
            rate=tax.rate,
        )
        for tax in taxes.lines
        if tax.amount
    ]
