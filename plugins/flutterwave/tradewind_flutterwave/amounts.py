"""Flutterwave speaks decimal major units; the engine counts minor units. Never through a float."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from tradewind import Money, decimals

_WHOLE = frozenset({"TZS"})
"""ISO 4217 gives these currencies decimals which Flutterwave does not take."""

_MOST = Decimal(10) ** 13


def number(money: Money) -> Decimal:
    """The amount as Flutterwave reads it: whole where it is whole (`1250`, else `12.50`)."""
    major = money.major()
    whole = major.to_integral_value()
    return whole if major == whole else major


def money(value: Decimal, currency: str) -> Money:
    """Minor units of what was paid; parts of a minor unit are left out.

    Raises ValueError for what is no amount or no currency.
    """
    return Money(_minor(value, currency, ROUND_DOWN), currency)


def fee(value: Decimal | None, currency: str) -> int | None:
    """Minor units of a fee, rounded; None where none is told or what is told is no amount."""
    try:
        return None if value is None else _minor(value, currency, ROUND_HALF_UP)
    except ValueError:
        return None


def step(currency: str, *, whole: bool = False) -> int:
    """What amounts must be multiples of, in minor units; `whole` where there are no fractions."""
    return 10 ** decimals(currency) if whole or currency in _WHOLE else 1


def _minor(value: Decimal, currency: str, rounding: str) -> int:
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise ValueError(f"{currency!r} is no currency")
    if not value.is_finite() or not 0 <= value < _MOST:
        raise ValueError(f"{value} is no amount")
    places = decimals(currency)
    return int(value.quantize(Decimal(1).scaleb(-places), rounding).scaleb(places))
