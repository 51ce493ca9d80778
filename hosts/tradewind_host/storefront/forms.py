"""The forms of the pay page: a way to pay with its fields, and what a shopper filled in."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import phonenumbers

from tradewind.checkout.rules import OfferedMethod
from tradewind.contracts.errors import InvalidInput
from tradewind.contracts.payment import Flow, Input
from tradewind_host.storefront.texts import Words

FLOWS: frozenset[Flow] = frozenset(("redirect", "push", "instructions"))
"""Ways to pay that need no script of the provider's in the page."""

LONGEST = 200
_PREFIX = "inputs."
_MESSAGES = {"required": "error.required", "invalid": "error.choice"}


class Field(NamedTuple):
    """One field of a form; `error` is a text of ours or of the plugin's, or nothing."""

    id: str
    name: str
    input: Input
    value: str
    error: str

    @property
    def choices(self) -> list["Choice"]:
        """What can be chosen."""
        return [Choice(one, spelled(one)) for one in self.input.choices]


class Choice(NamedTuple):
    """One thing to choose: what is sent, and what people read."""

    value: str
    label: str


class Way(NamedTuple):
    """One way to pay, as a form of its own."""

    id: str
    provider: str
    method: str
    title: str
    fields: Sequence[Field]


class Filled(NamedTuple):
    """What was filled in for one way to pay: values and messages by the names of its inputs."""

    way: str
    values: Mapping[str, str]
    errors: Mapping[str, str]


def way_id(offered: OfferedMethod) -> str:
    """The name of a way to pay within a page."""
    return f"{offered.provider}-{offered.method.id}"


def ways(offered: Sequence[OfferedMethod], phone: str, filled: Filled | None) -> list[Way]:
    """The forms of what is offered; `phone` is what we know of the shopper already."""
    return [
        Way(
            id=way_id(one),
            provider=one.provider,
            method=one.method.id,
            title=one.method.title,
            fields=[_field(one, given, phone, filled) for given in one.method.inputs],
        )
        for one in offered
    ]


def _field(offered: OfferedMethod, given: Input, phone: str, filled: Filled | None) -> Field:
    id_ = way_id(offered)
    value = phone if given.kind == "phone" else ""
    if len(given.choices) == 1 and given.required:
        value = given.choices[0]
    error = ""
    if filled is not None and filled.way == id_:
        value = filled.values.get(given.name, "")
        error = filled.errors.get(given.name, "")
    return Field(f"{id_}-{given.name}", f"{_PREFIX}{given.name}", given, value, error)


def read(offered: OfferedMethod, form: Mapping[str, Any], country: str, words: Words) -> Filled:
    """What was filled in, each value cut to `LONGEST`, phone numbers as E.164.

    `country` (ISO alpha-2) is where a number without a country code is from.
    """
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for one in offered.method.inputs:
        value = text(form, f"{_PREFIX}{one.name}")
        if one.kind == "phone" and value:
            number = e164(value, country)
            if not number:
                errors[one.name] = words("error.phone")
            value = number or value
        if value:
            values[one.name] = value
    return Filled(way_id(offered), values, errors)


def refused(filled: Filled, refusal: InvalidInput, words: Words) -> Filled:
    """What was filled in, with what the engine or the plugin had against it."""
    errors = {
        one.path.removeprefix(_PREFIX): words(_MESSAGES[one.code])
        if one.code in _MESSAGES
        else one.message or words("error.input")
        for one in refusal.errors
    }
    return filled._replace(errors={**filled.errors, **errors})


def text(form: Mapping[str, Any], name: str) -> str:
    """One value of a form as it was typed, without blanks at its ends; nothing for a file."""
    value = form.get(name, "")
    return value.strip()[:LONGEST] if isinstance(value, str) else ""


def whole(text: str) -> int | None:
    """A whole number that is not negative, as people type it; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None


def spelled(choice: str) -> str:
    """A choice as people write it: longer words that a provider shouts are lowered."""
    words = choice.split(" ")
    return " ".join(one.title() if one.isupper() and len(one) > 3 else one for one in words)


def e164(number: str, country: str) -> str:
    """A phone number with its country code, such as +254712345678; nothing when it is none."""
    try:
        found = phonenumbers.parse(number, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(found):
        return ""
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
