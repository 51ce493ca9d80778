"""Amounts as Flutterwave writes them: decimal major units, as JSON numbers that are no floats."""

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_CARD_FEE = Decimal("0.014")
_MOBILE_FEE = Decimal("0.029")
_MOST = Decimal(1_000_000_000)


def is_payable(amount: Decimal) -> bool:
    """Whether an amount can be paid: finite, above zero, of two decimals at most."""
    return amount.is_finite() and 0 < amount <= _MOST and amount == amount.quantize(_CENT)


def plain(amount: Decimal) -> int | Decimal:
    """The amount as it is written in JSON: without decimals that are zero."""
    return int(amount) if amount == amount.to_integral_value() else amount.normalize()


def fee(amount: Decimal, payment_type: str) -> Decimal:
    """What Flutterwave keeps: 1.4 % of a card payment, 2.9 % of mobile money."""
    rate = _CARD_FEE if payment_type == "card" else _MOBILE_FEE
    return (amount * rate).quantize(_CENT, ROUND_HALF_UP)


def shown(amount: Decimal, currency: str) -> str:
    """The amount as a payer reads it: `KES 1,250` or `USD 12.50`."""
    whole = amount == amount.to_integral_value()
    return f"{currency} {amount:,.0f}" if whole else f"{currency} {amount:,.2f}"
