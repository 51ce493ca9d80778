"""Every word the shop says in a conversation, by language, and the words it understands.

A further language is one more `Language` in `LANGUAGES`; what it leaves out is said in English.
Texts with a number end in `.one` and `.other` (or what the language's `plural` names).
"""

from collections.abc import Mapping

from tradewind.contracts.money import Money
from tradewind.conversations.texts.english import ENGLISH
from tradewind.conversations.texts.french import FRENCH
from tradewind.conversations.texts.language import Language
from tradewind.conversations.texts.swahili import SWAHILI

__all__ = ["ENGLISH", "LANGUAGES", "Language", "Words"]

LANGUAGES: Mapping[str, Language] = {"en": ENGLISH, "fr": FRENCH, "sw": SWAHILI}


class Words:
    """The texts of one language, filled in. An unknown locale speaks English."""

    def __init__(self, locale: str) -> None:
        self.language = LANGUAGES.get(locale.replace("_", "-").split("-")[0].lower(), ENGLISH)

    @property
    def codes(self) -> Mapping[str, str]:
        """Phrases before a promotion's code; the English ones are understood everywhere."""
        return {**ENGLISH.codes, **self.language.codes}

    def __call__(self, key: str, /, **values: object) -> str:
        """A text with its values. Raises KeyError for a key that no language has."""
        return self.raw(key).format(**values) if values else self.raw(key)

    def count(self, key: str, n: int, /, **values: object) -> str:
        """A text with a number, which it may show as `{n}`."""
        return self(f"{key}.{self.language.plural(n)}", n=n, **values)

    def raw(self, key: str, /) -> str:
        """A text with its placeholders."""
        return self.language.texts.get(key) or ENGLISH.texts[key]

    def known(self, key: str, otherwise: str) -> str:
        """A text that may not exist, such as the name of a state of tomorrow."""
        return self.language.texts.get(key) or ENGLISH.texts.get(key) or otherwise

    def reason(self, code: str) -> str:
        """Why a payment did not go through, to end a sentence with."""
        return self.known(f"failed.{code}", self("failed.other"))

    def money(self, amount: int, currency: str) -> str:
        """An amount in minor units, for people."""
        return Money(amount, currency).text()
