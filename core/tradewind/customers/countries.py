"""Countries by name, for people who read an address or choose where they live."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from babel import Locale, UnknownLocaleError


def country_name(code: str, locale: str) -> str:
    """What a country (ISO 3166 alpha-2, any case) is called; its code where nobody knows.

    A locale that is unknown speaks English.
    """
    return _names(locale).get(code.upper()) or code.upper()


def by_name(codes: Iterable[str], locale: str) -> list[tuple[str, str]]:
    """Codes in lower case and names, in the order of the names."""
    found = [(code.lower(), country_name(code, locale)) for code in codes]
    return sorted(found, key=lambda one: one[1])


@lru_cache(maxsize=64)
def _names(locale: str) -> Mapping[str, str]:
    language = locale.replace("_", "-").split("-")[0].lower()
    try:
        spoken = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        spoken = Locale.parse("en")
    return {str(code): str(name) for code, name in spoken.territories.items()}
