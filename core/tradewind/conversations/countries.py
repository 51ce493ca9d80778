"""English country names, from the table that comes with the time zone database; addresses."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from tradewind.conversations.rules.addresses import Place


@cache
def country_names() -> Mapping[str, str]:
    """Names by ISO 3166 alpha-2 code in lower case."""
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {code.lower(): name for code, name in pairs}


def country_name(code: str) -> str:
    """A country's name; its code in capitals where it is not known."""
    return country_names().get(code, code.upper())


def address_text(place: Place) -> str:
    """An address on one line."""
    city = " ".join(part for part in (place.city, place.province, place.postal_code) if part)
    country = country_name(place.country) if place.country else ""
    return ", ".join(part for part in (place.street, place.detail, city, country) if part)
