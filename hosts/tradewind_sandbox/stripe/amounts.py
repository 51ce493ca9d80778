"""Amounts as Stripe writes them: integers in the minor unit that it gives a currency."""

from typing import Annotated

import msgspec

from tradewind_sandbox.stripe.errors import Refused, invalid

Integer = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""What may be typed where an amount is asked for; `check` says what is one."""

MOST = 99_999_999

_CURRENCIES = frozenset(
    """aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn
    bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf
    gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr
    lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen
    pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd
    top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw""".split()
)
_WHOLE = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
_WHOLE_WITH_TWO_DECIMALS = frozenset({"isk", "ugx"})
_THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
_LEAST = {
    "aed": 200,
    "bgn": 100,
    "czk": 1500,
    "dkk": 250,
    "gbp": 30,
    "hkd": 400,
    "huf": 17_500,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "thb": 1000,
}
_USUAL_LEAST = 50


def currency_of(text: str) -> str:
    """A currency as Stripe writes it; raises Refused where it takes none of that name."""
    currency = text.lower()
    if currency not in _CURRENCIES:
        raise invalid(f"Invalid currency: {text[:20]}.", "currency")
    return currency


def check(amount: int, currency: str, param: str = "amount") -> None:
    """Refuse what cannot be charged: too little, too much, or fractions that no coin has."""
    least = _LEAST.get(currency, _USUAL_LEAST)
    if amount < 1:
        wrong = "This value must be greater than or equal to 1."
        raise invalid(wrong, param, "parameter_invalid_integer")
    if amount < least:
        text = f"Amount must be at least {shown(least, currency)}"
        raise Refused(text, code="amount_too_small", param=param)
    if amount > MOST:
        text = f"Amount must be no more than {shown(MOST, currency)}"
        raise Refused(text, code="amount_too_large", param=param)
    if amount % _step(currency):
        text = f"Invalid amount for {currency}: it must be a multiple of {_step(currency)}."
        raise invalid(text, param)


def shown(amount: int, currency: str) -> str:
    """The amount as a payer reads it: `USD 12.50`, `JPY 500`, `KWD 1.250`."""
    decimals = 0 if currency in _WHOLE else 3 if currency in _THREE_DECIMALS else 2
    whole, rest = divmod(amount, 10**decimals)
    return f"{currency.upper()} {whole:,}" + (f".{rest:0{decimals}d}" if decimals else "")


def fee(amount: int) -> int:
    """What Stripe keeps of a charge: 2.9 % and 30 minor units."""
    return min(amount, amount * 29 // 1000 + 30)


def _step(currency: str) -> int:
    if currency in _WHOLE_WITH_TWO_DECIMALS:
        return 100
    return 10 if currency in _THREE_DECIMALS else 1
