"""The pure half of a conversation: what it remembers, what words and taps mean, what fits."""

from tradewind.conversations.rules.addresses import (
    CityLine,
    Place,
    from_address,
    place_from_form,
    place_from_pin,
    read_city,
    read_street,
    to_address,
)
from tradewind.conversations.rules.commands import Command, parse_command, read_code
from tradewind.conversations.rules.phones import example_phone, read_phone
from tradewind.conversations.rules.state import (
    Again,
    Answer,
    Declined,
    Outside,
    State,
    Talk,
    dump_state,
    load_state,
)
from tradewind.conversations.rules.taps import Tap, parse_tap, tap
from tradewind.conversations.rules.words import clean, fit_lines, is_email

__all__ = [
    "Again",
    "Answer",
    "CityLine",
    "Command",
    "Declined",
    "Outside",
    "Place",
    "State",
    "Talk",
    "Tap",
    "clean",
    "dump_state",
    "example_phone",
    "fit_lines",
    "from_address",
    "is_email",
    "load_state",
    "parse_command",
    "parse_tap",
    "place_from_form",
    "place_from_pin",
    "read_city",
    "read_code",
    "read_phone",
    "read_street",
    "tap",
    "to_address",
]
