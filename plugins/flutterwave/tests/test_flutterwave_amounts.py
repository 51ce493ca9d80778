"""Amounts go out and come back exactly, in every currency, and never through a float."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind import Money
from tradewind_flutterwave import amounts, wire
from tradewind_flutterwave.methods import HOSTED_CURRENCIES, WALLETS

CURRENCIES = sorted(HOSTED_CURRENCIES | {one.currency for one in WALLETS} | {"KWD", "ISK", "JPY"})


class Priced(msgspec.Struct):
    amount: Decimal


@given(st.integers(0, 10**13 - 1), st.sampled_from(CURRENCIES))
def test_an_amount_comes_back_from_json_as_it_went(minor: int, currency: str) -> None:
    sent = wire.write({"amount": amounts.number(Money(minor, currency))})
    back = wire.read(sent, Priced)
    assert back is not None
    assert amounts.money(back.amount, currency) == Money(minor, currency)


@given(st.integers(0, 10**12), st.integers(0, 99))
def test_an_amount_is_written_digit_by_digit(whole: int, cents: int) -> None:
    text = wire.write(amounts.number(Money(whole * 100 + cents, "KES"))).decode()
    assert text == (f"{whole}.{cents:02}" if cents else f"{whole}")


def test_a_number_that_no_float_can_hold_is_read_exactly() -> None:
    read = wire.read(b'{"amount": 90071992547.41}', Priced)
    assert read == Priced(Decimal("90071992547.41"))
    assert amounts.money(Decimal("90071992547.41"), "KES").amount == 9_007_199_254_741


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        ("10", "KES", 1_000),
        ("10.999", "KES", 1_099),
        ("99.99999999999999999999999999999999", "KES", 9_999),
        ("1500.0", "UGX", 1_500),
        ("1500.9", "UGX", 1_500),
        ("1.2345", "KWD", 1_234),
    ],
)
def test_parts_of_a_minor_unit_were_not_paid(value: str, currency: str, minor: int) -> None:
    assert amounts.money(Decimal(value), currency) == Money(minor, currency)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "1e400", "10000000000000"])
def test_what_is_no_amount_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        amounts.money(Decimal(value), "KES")


@pytest.mark.parametrize("currency", ["", "KE", "kes", "KSHS", "ÄÖÜ"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="no currency"):
        amounts.money(Decimal(1), currency)


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [("0.49", "KES", 49), ("0.495", "KES", 50), ("0.5", "UGX", 1), ("NaN", "KES", None)],
)
def test_a_fee_is_rounded_and_an_odd_one_is_none(
    value: str, currency: str, minor: int | None
) -> None:
    assert amounts.fee(Decimal(value), currency) == minor
    assert amounts.fee(None, currency) is None


@pytest.mark.parametrize(
    ("currency", "whole", "step"),
    [("KES", False, 1), ("KES", True, 100), ("UGX", True, 1), ("TZS", False, 100)],
)
def test_steps_are_those_that_flutterwave_takes(*, currency: str, whole: bool, step: int) -> None:
    assert amounts.step(currency, whole=whole) == step
