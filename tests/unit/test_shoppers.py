"""One spelling for each way to reach a shopper."""

from uuid import UUID

import pytest

from tradewind.pricing.promotions.shoppers import known_by, mailbox, number

AMINA = UUID(int=7)


@pytest.mark.parametrize(
    ("typed", "box"),
    [
        ("Amina@Example.com", "amina@example.com"),
        (" amina+shop@example.com ", "amina@example.com"),
        ("a.m.ina+x@googlemail.com", "amina@gmail.com"),
        ("a.mina@example.com", "a.mina@example.com"),
        ("+x@example.com", "+x@example.com"),
    ],
)
def test_a_mailbox_has_one_spelling(typed: str, box: str) -> None:
    assert mailbox(typed) == box


@pytest.mark.parametrize(
    ("typed", "country", "digits"),
    [
        ("+254 700 000 001", "", "254700000001"),
        ("+254-700-000-001", "us", "254700000001"),
        ("00254700000001", "", "254700000001"),
        ("0700 000 001", "ke", "254700000001"),
        ("0700 000 001", "", "0700000001"),
        ("254700000001", "ke", "254700000001"),
        ("0", "ke", "0"),
        ("07", "xx", "07"),
    ],
)
def test_a_number_has_one_spelling_where_its_country_is_known(
    typed: str, country: str, digits: str
) -> None:
    assert number(typed, country) == digits


def test_a_shopper_goes_by_everything_that_is_known_once() -> None:
    shopper = known_by(AMINA, ["a@example.com"], ["0700000001"], "ke")
    more = shopper.also(["A+b@example.com"], ["+254700000001", "+254700000002"])
    assert more.names == [
        f"customer:{AMINA}",
        "email:a@example.com",
        "phone:254700000001",
        "phone:254700000002",
    ]
    assert known_by(None, [], []).names == []


def test_who_gives_a_number_without_digits_is_nobody_else_by_it() -> None:
    assert known_by(None, [], ["call me", "+"]).names == []
