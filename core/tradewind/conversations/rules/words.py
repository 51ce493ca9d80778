"""Small rules about text: what a person meant to type, and what fits on a screen."""

import re
from collections.abc import Sequence
from unicodedata import category, normalize

from tradewind.messaging.rules import width

_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.[A-Za-z]{2,63}"
)


def clean(text: str) -> str:
    """The text on one line, without invisible characters, in one form of each character."""
    plain = normalize("NFKC", text)
    spaced = ("" if category(c) in _INVISIBLE and not c.isspace() else c for c in plain)
    return " ".join("".join(spaced).split())


def fit_lines(lines: Sequence[str], limit: int, more: str) -> list[str]:
    """As many lines as fit into `limit` code units; `more` (with `{n}`) stands for the others."""
    if width("\n".join(lines)) <= limit:
        return list(lines)
    kept: list[str] = []
    for index, line in enumerate(lines):
        rest = more.format(n=len(lines) - index)
        if width("\n".join([*kept, line, rest])) > limit:
            return [*kept, rest]
        kept.append(line)
    return kept


def is_email(text: str) -> bool:
    """Whether the text has the form of an address that mail can reach (RFC 5321, section 4.5.3)."""
    local = text.partition("@")[0]
    return (
        len(text) <= 254
        and len(local) <= 64
        and ".." not in text
        and not local.startswith(".")
        and not local.endswith(".")
        and _EMAIL.fullmatch(text) is not None
    )
