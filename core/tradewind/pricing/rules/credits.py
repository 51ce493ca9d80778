"""What a customer's credits pay of a cart: one credit, one unit of a service. Amounts: minor units.

Credits come after promotions, prices and surcharges and before tax: they were bought, and taxed,
with their pack.
"""

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from tradewind.contracts.money import share
from tradewind.contracts.pricing import QuoteLine
from tradewind.pricing.rules.arithmetic import Adjusted, LineAdjustment

PAID_WITH_CREDITS = "service"
"""The kind of products whose units credits pay."""


def redeem(adjusted: Adjusted, most: int) -> Adjusted:
    """Pay units of services with at most `most` credits, the dearest units first.

    A credit pays all that is left of its unit; units that cost nothing any more take none. The
    answer does not depend on the order of lines.
    """
    services = [line for line in adjusted.lines if line.kind == PAID_WITH_CREDITS]
    if most <= 0 or not services:
        return adjusted
    entries, left = list[LineAdjustment](), most
    for line in sorted(services, key=_dearest):
        units = min(left, line.quantity)
        amount = share(line.subtotal - line.discount, Fraction(units, line.quantity))
        if amount > 0:
            entries.append(_entry(line, units, amount))
            left -= units
    paid = {entry.line_id: -entry.amount for entry in entries}
    lines = [
        msgspec.structs.replace(line, discount=line.discount + paid.get(line.line_id, 0))
        for line in adjusted.lines
    ]
    return msgspec.structs.replace(
        adjusted, lines=lines, adjustments=[*adjusted.adjustments, *entries]
    )


def credits_in(entries: Iterable[LineAdjustment]) -> int:
    """How many credits these entries stand for."""
    return sum(int(entry.reference) for entry in entries if entry.kind == "credit")


def _dearest(line: QuoteLine) -> tuple[Fraction, str, str]:
    return -Fraction(line.subtotal - line.discount, line.quantity), line.sku, line.line_id


def _entry(line: QuoteLine, units: int, amount: int) -> LineAdjustment:
    return LineAdjustment(
        kind="credit",
        source="tradewind",
        code="credits",
        title="1 credit" if units == 1 else f"{units} credits",
        amount=-amount,
        line_id=line.line_id,
        reference=str(units),
    )
