"""Postal addresses as people type them in a chat: one or two lines, in the order they speak."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from tradewind.contracts.channel import LocationContent
from tradewind.contracts.pricing import Address
from tradewind.conversations.rules.words import clean
from tradewind.customers.rules import split_name

LONGEST_NAME = 120
LONGEST_STREET = 200
LONGEST_CITY = 100
_STATES = {
    "us": frozenset(
        "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH "
        "NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR".split()
    ),
    "ca": frozenset("AB BC MB NB NL NS NT NU ON PE QC SK YT".split()),
    "au": frozenset("ACT NSW NT QLD SA TAS VIC WA".split()),
}
_ALSO_CALLED = {"us": ("usa", "united states of america"), "gb": ("uk", "england", "scotland")}
_POSTCODES = {
    "us": r"\d{5}(?:-\d{4})?",
    "ca": r"[A-Za-z]\d[A-Za-z] ?\d[A-Za-z]\d",
    "gb": r"[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}",
    "nl": r"\d{4} ?[A-Za-z]{2}",
    "ie": r"[A-Za-z]\d[\dWw] ?[A-Za-z\d]{4}",
}
_ANY_POSTCODE = r"\d{4,6}|\d{3} \d{2,3}|\d{2}-\d{3}|\d{4}-\d{3}|\d{5}-\d{3}"
_STATE = re.compile(r"(?P<rest>.*?)[ ,]+(?P<state>[A-Za-z]{2,3})")
_LINES = re.compile(r"[\n,;]+")


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where to deliver, as far as it is known; `country` is ISO 3166 alpha-2 in lower case."""

    street: str = ""
    detail: str = ""
    city: str = ""
    province: str = ""
    postal_code: str = ""
    country: str = ""


class CityLine(msgspec.Struct, frozen=True):
    """A line with a city and what may stand beside it."""

    city: str
    province: str = ""
    postal_code: str = ""


def read_city(text: str, country: str) -> CityLine | None:
    """A city, with state and postal code where the country writes them there; None if it is none.

    Postal codes are optional: many addresses have none.
    """
    line = clean(text).strip(" ,.;")
    postcode = re.compile(rf"(?:{_POSTCODES.get(country, _ANY_POSTCODE)})")
    line, code = _take(line, postcode)
    line, province = _take_state(line, country)
    city = line.strip(" ,.;-")
    if not city or len(city) > LONGEST_CITY or any(c.isdigit() for c in city):
        return None
    if not any(c.isalpha() for c in city):
        return None
    return CityLine(city, province, code.upper())


def _take(line: str, postcode: re.Pattern[str]) -> tuple[str, str]:
    """The line without a postal code at its end or its start, and that code."""
    for whole in (
        rf"(?P<rest>.*?)[ ,]+(?P<code>{postcode.pattern})",
        rf"(?P<code>{postcode.pattern})[ ,]+(?P<rest>.*)",
    ):
        found = re.fullmatch(whole, line)
        if found is not None:
            return found["rest"], found["code"]
    return line, ""


def _take_state(line: str, country: str) -> tuple[str, str]:
    found = _STATE.fullmatch(line)
    if found is None or found["state"].upper() not in _STATES.get(country, ()):
        return line, ""
    return found["rest"], found["state"].upper()


def read_street(text: str, country: str, country_name: str = "") -> Place | None:
    """A street, or a whole address where the city is written behind it; None if it is neither.

    The last part is a city when it is written like one, so `Flat 4, 12 Moi Avenue` is all street.
    """
    parts = [part for part in map(clean, _LINES.split(text)) if part]
    names = {country, country_name.casefold(), *_ALSO_CALLED.get(country, ())}
    if len(parts) > 1 and parts[-1].casefold() in names:
        parts.pop()
    street, city = _split(parts, country)
    words = ", ".join(street)
    if not any(c.isalnum() for c in words) or len(words) > LONGEST_STREET:
        return None
    if city is None:
        return Place(street=words)
    return Place(street=words, city=city.city, province=city.province, postal_code=city.postal_code)


def _split(parts: Sequence[str], country: str) -> tuple[Sequence[str], CityLine | None]:
    if len(parts) > 2:
        both = read_city(", ".join(parts[-2:]), country)
        if both is not None and (both.province or both.postal_code) and "," not in both.city:
            return parts[:-2], both
    if len(parts) > 1:
        city = read_city(parts[-1], country)
        if city is not None:
            return parts[:-1], city
    return parts, None


def place_from_form(values: Mapping[str, str]) -> Place:
    """What a channel's own address form was filled with, under the names such forms use."""
    known = {key: clean(str(value)) for key, value in values.items()}

    def first(*names: str) -> str:
        return next((known[name] for name in names if known.get(name)), "")

    house = [first("house_number"), first("floor_number"), first("tower_number")]
    street = [*house, first("building_name"), first("address", "address_1", "street")]
    return Place(
        street=", ".join(part for part in street if part)[:LONGEST_STREET],
        detail=first("landmark_area", "landmark", "address_2")[:LONGEST_STREET],
        city=first("city", "town")[:LONGEST_CITY],
        province=first("state", "province")[:LONGEST_CITY],
        postal_code=first("in_pin_code", "postal_code", "zip", "zip_code")[:20],
        country=first("country", "country_code").lower()[:2],
    )


def place_from_pin(pin: LocationContent, country: str, country_name: str = "") -> Place:
    """A place that was shared on the map; the courier gets its coordinates with the address."""
    written = read_street(pin.address or "", country, country_name) or Place()
    spot = f"{pin.latitude:.5f}, {pin.longitude:.5f}"
    name = clean(pin.name or "")[:100]
    detail = f"{name} ({spot})" if name else f"Map: {spot}"
    return msgspec.structs.replace(written, detail=detail)


def to_address(place: Place, name: str, phone: str | None) -> Address:
    """The place as the shop's address of a person."""
    first, last = split_name(name)
    return Address(
        first_name=first,
        last_name=last,
        address_1=place.street,
        address_2=place.detail or None,
        city=place.city,
        province=place.province or None,
        postal_code=place.postal_code or None,
        country_code=place.country,
        phone=phone,
    )


def from_address(address: Address) -> Place:
    """A stored address as a place."""
    return Place(
        street=address.address_1,
        detail=address.address_2 or "",
        city=address.city,
        province=address.province or "",
        postal_code=address.postal_code or "",
        country=address.country_code,
    )
