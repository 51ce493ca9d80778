"""A cart with what it comes to, and without. No I/O."""

from collections.abc import Sequence

import msgspec

from tradewind.carts.rules import Cart, CartLine, CodeStanding
from tradewind.pricing.rules import LineAdjustment, Priced, PricedLine, PromotionOutcome


def with_quote(cart: Cart, priced: Priced) -> Cart:
    """The cart with what it comes to."""
    figures = {line.line_id: line for line in priced.lines}
    lines = [_priced(line, figures[str(line.id)], priced.adjustments) for line in cart.lines]
    return msgspec.structs.replace(
        cart,
        lines=lines,
        subtotal=priced.subtotal,
        discount_total=priced.discount_total,
        shipping_total=priced.shipping_total,
        tax_total=priced.tax_total,
        total=priced.total,
        quoted=True,
        quote_flags=list(priced.flags),
        adjustments=list(priced.adjustments),
        repriced=False,
        last_total=priced.total,
    )


def unquoted(cart: Cart) -> Cart:
    """The cart without what it comes to, as one is that was just changed."""
    lines = [_unpriced(line) for line in cart.lines]
    subtotal = sum(line.subtotal for line in lines)
    shipping = cart.shipping_method.price if cart.shipping_method else 0
    return msgspec.structs.replace(
        cart,
        lines=lines,
        subtotal=subtotal,
        discount_total=0,
        shipping_total=shipping,
        tax_total=0,
        total=subtotal + shipping,
        quoted=False,
        quote_flags=(),
        adjustments=(),
        last_total=None,
    )


def _unpriced(line: CartLine) -> CartLine:
    subtotal = line.unit_price * line.quantity
    return msgspec.structs.replace(
        line, subtotal=subtotal, discount=0, tax=0, total=subtotal, adjustments=[]
    )


def _priced(line: CartLine, figures: PricedLine, entries: Sequence[LineAdjustment]) -> CartLine:
    return msgspec.structs.replace(
        line,
        subtotal=figures.subtotal,
        discount=figures.discount,
        tax=figures.tax,
        total=figures.total,
        adjustments=[entry for entry in entries if entry.line_id == str(line.id)],
    )


def code_standing(code: str, outcome: PromotionOutcome | None, subtotal: int) -> CodeStanding:
    """What became of a code on a cart whose goods come to `subtotal`."""
    if outcome is None:
        return CodeStanding(code=code, title="", applied=False, reason="unknown")
    short = outcome.reason == "minimum_not_reached"
    return CodeStanding(
        code=outcome.promotion.code or code,
        title=outcome.promotion.title,
        applied=outcome.applied,
        amount=outcome.amount,
        reason=outcome.reason,
        missing=(outcome.promotion.minimum or 0) - subtotal if short else 0,
    )
