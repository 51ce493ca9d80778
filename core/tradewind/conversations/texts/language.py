"""What one language of the chat consists of."""

from collections.abc import Callable, Mapping

import msgspec


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """One language: its texts, phrases that mean a command, single words, plural forms.

    `codes` are phrases that one code of a promotion follows, and the command that they mean.
    """

    texts: Mapping[str, str]
    aliases: Mapping[str, str]
    codes: Mapping[str, str]
    greetings: frozenset[str]
    yes: frozenset[str]
    no: frozenset[str]
    plural: Callable[[int], str]


def one_or_other(n: int) -> str:
    """The forms of English and Swahili."""
    return "one" if n == 1 else "other"


def none_or_one(n: int) -> str:
    """The forms of French, where nothing is singular as well."""
    return "one" if n < 2 else "other"
