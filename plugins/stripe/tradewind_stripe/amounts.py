"""Stripe's minor units are not always those of ISO 4217, by which the engine counts.

Stripe, "Supported currencies" (November 2026): UGX and ISK have no decimals and are sent with two;
MGA has two and is sent without; amounts of three decimals end in 0; eight digits at most.
"""

from collections.abc import Mapping

from tradewind import Money, decimals

_WHOLE = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
_THREE = frozenset("BHD JOD KWD OMR TND".split())
_MOST = 99_999_999

MINIMUMS: Mapping[str, int] = {
    "AED": 200,
    "AUD": 50,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CZK": 1_500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17_500,
    "INR": 50,
    "JPY": 50,
    "MXN": 1_000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "SGD": 50,
    "THB": 1_000,
    "USD": 50,
}
"""The least that can be charged, in minor units of ISO 4217, where Stripe tells it."""


def told(money: Money) -> int | None:
    """The amount as Stripe counts it; None for one that Stripe does not take."""
    if money.amount % step(money.currency):
        return None
    found = _shifted(money.amount, _places(money.currency) - decimals(money.currency))
    return found if 0 < found <= _MOST else None


def money(value: int, currency: str) -> Money:
    """What an amount of Stripe's is; parts of a minor unit are left out."""
    currency = currency.upper()
    return Money(_shifted(value, decimals(currency) - _places(currency)), currency)


def step(currency: str) -> int:
    """What amounts must be multiples of, in minor units."""
    if currency in _THREE:
        return 10
    return _power(max(0, decimals(currency) - _places(currency)))


def most(currency: str) -> int:
    """The largest amount that can be charged, in minor units."""
    largest = money(_MOST, currency).amount
    return largest - largest % step(currency)


def _places(currency: str) -> int:
    """Digits after the point, as Stripe counts them."""
    if currency in _WHOLE:
        return 0
    return 3 if currency in _THREE else 2


def _shifted(amount: int, places: int) -> int:
    return amount * _power(places) if places >= 0 else amount // _power(-places)


def _power(places: int) -> int:
    return int(10**places)
