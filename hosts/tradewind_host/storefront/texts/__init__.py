"""Every word of the hosted pages, by language.

A further language is one more file here and its table in `TEXTS`; a test sees to it that none
leaves anything out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from tradewind_host.storefront.texts.english import ENGLISH
from tradewind_host.storefront.texts.french import FRENCH
from tradewind_host.storefront.texts.swahili import SWAHILI

TEXTS: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "sw": SWAHILI, "fr": FRENCH}


class Words:
    """The texts of one language, filled in. An unknown locale speaks English."""

    def __init__(self, locale: str) -> None:
        wanted = locale.replace("_", "-").split("-")[0].lower()
        self.language = wanted if wanted in TEXTS else "en"
        self._texts = TEXTS[self.language]

    def __call__(self, key: str, /, **values: object) -> str:
        """A text with its values. Raises KeyError for a key that no language has."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def known(self, key: str) -> str | None:
        """A text that may not exist, such as the name of a state of tomorrow."""
        return self._texts.get(key)

    def when(self, moment: datetime, zone: ZoneInfo) -> str:
        """A moment (UTC) as a clock in the store's time zone shows it, to the minute."""
        local = moment.astimezone(zone)
        month = self._texts["months"].split()[local.month - 1]
        return self(
            "when", day=local.day, month=month, year=local.year, time=local.strftime("%H:%M")
        )


def preferred(accept_language: str, otherwise: str = "en") -> Words:
    """The first language of an `Accept-Language` header that we speak, else another locale's."""
    return Words(spoken(accept_language) or otherwise)


def spoken(accept_language: str) -> str:
    """The first locale of an `Accept-Language` header whose language we speak, or nothing."""
    named: Sequence[str] = [part.partition(";")[0].strip() for part in accept_language.split(",")]
    return next((one for one in named if one.split("-")[0].lower() in TEXTS), "")
