"""Phone numbers as people type them: with or without their country, with any spaces and signs."""

from collections.abc import Sequence

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

LONGEST = 40


def read_phone(text: str, countries: Sequence[str]) -> str:
    """The number in E.164; "" for what is none.

    Without a country code it is one of `countries` (ISO 3166 alpha-2, lower case), the first that
    has such a number.
    """
    typed = text.strip()
    if len(typed) > LONGEST:
        return ""
    abroad = [f"+{typed[2:]}"] if typed.startswith("00") else []
    for spelling in (typed, *abroad):
        for country in countries or ("",):
            found = _valid(spelling, country)
            if found:
                return found
    return ""


def _valid(text: str, country: str) -> str:
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if number.extension or not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def example_phone(countries: Sequence[str]) -> str:
    """A mobile number as it is written in the first of these countries; "" where none is known."""
    for country in countries:
        kind = PhoneNumberType.MOBILE
        number = phonenumbers.example_number_for_type(country.upper(), kind)
        if number is not None:
            return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return ""
