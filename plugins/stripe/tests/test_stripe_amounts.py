"""Amounts go out as Stripe counts them and come back exactly, in every currency."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind import Money
from tradewind_stripe import amounts

CURRENCIES = sorted(
    set(
        "BHD BIF CLP DJF EUR GNF HUF ISK JOD JPY KES KMF KRW KWD MGA OMR PYG RWF TND TWD UGX USD "
        "VND VUV XAF XOF XPF".split()
    )
)


@given(st.integers(1, 10**8), st.sampled_from(CURRENCIES))
def test_an_amount_comes_back_as_it_went_or_does_not_go(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    takes = minor % amounts.step(currency) == 0 and minor <= amounts.most(currency)
    told = amounts.told(amount)
    assert (told is not None) == takes
    if told is not None:
        assert 0 < told <= 99_999_999
        assert amounts.money(told, currency.lower()) == amount


@pytest.mark.parametrize(
    ("minor", "currency", "told"),
    [
        (500, "USD", 500),
        (500, "HUF", 500),
        (5, "JPY", 5),
        (5, "UGX", 500),
        (5, "ISK", 500),
        (500, "MGA", 5),
        (5_000, "KWD", 5_000),
        (5_120, "BHD", 5_120),
    ],
)
def test_five_units_are_told_as_stripe_counts_them(minor: int, currency: str, told: int) -> None:
    assert amounts.told(Money(minor, currency)) == told
    assert amounts.money(told, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("minor", "currency"),
    [(5_124, "KWD"), (550, "MGA"), (0, "USD"), (100_000_000, "USD"), (1_000_000, "UGX")],
)
def test_what_stripe_does_not_take_is_not_told(minor: int, currency: str) -> None:
    assert amounts.told(Money(minor, currency)) is None


def test_parts_of_a_minor_unit_were_not_paid() -> None:
    assert amounts.money(1_250, "ugx") == Money(12, "UGX")


def test_every_minimum_can_be_paid() -> None:
    for currency, least in amounts.MINIMUMS.items():
        assert amounts.told(Money(least, currency))
