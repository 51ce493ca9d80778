"""The commands a person may type, in any case and with the slips of a small keyboard."""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from tradewind.contracts.channel import OrderItem
from tradewind.conversations.rules.words import clean

LARGEST_QUANTITY = 99_999
_MARKS = "*_~`\"'“”\u2018’«»!?¡¿.,;:…#/\\()[]{}<>"
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_SPACED_DASH = re.compile(r"(?<=\w) - (?=\w)")
_BETWEEN_WORDS = re.compile(r"[\s,;:=]+")
_TIMES = re.compile(r"[x×*]?([0-9]+)[x×]?", re.IGNORECASE)
_DIGITS = re.compile(r"([0-9]+)")
_NO_NUMBER = re.compile(r"(-[0-9].*|[0-9]+\.[0-9]+)")
_ORDER_NUMBER = re.compile(r"[0-9]{1,15}")
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_LEAD_END = re.compile(r"[:=]")
_LONGEST_LEAD = 4
_GLUED = re.compile(r"(track|status|order)#?([0-9]+)")

_PLAIN = frozenset(("cart", "checkout", "status", "stop", "start", "help", "menu"))
_POLITE = frozenset(
    "please pls plz thanks you me my the now it all messages sending show view open see".split()
)
_FILLERS = frozenset(
    "x × of to from my the cart please pls qty quantity pcs pc piece pieces".split()
)
_ORDER_WORDS = frozenset("order number no nr my the please".split())
_SPELLINGS = {
    "check out": "checkout",
    "check-out": "checkout",
    "opt out": "stop",
    "start over": "menu",
    "unsubscribe": "stop",
}


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command; `wrong` is the code of what keeps it from being carried out ("" for nothing).

    `items` are what an ADD of several lines asks for, `code` is a promotion's, "" for none.
    """

    name: str
    sku: str = ""
    quantity: int = 1
    number: int = 0
    wrong: str = ""
    items: Sequence[OrderItem] = ()
    code: str = ""


def parse_command(
    text: str,
    aliases: Mapping[str, str] | None = None,
    *,
    answering: bool = False,
    codes: Mapping[str, str] | None = None,
) -> Command | None:
    """The command that a text is, or None.

    `aliases` are further phrases for commands; while a question is open (`answering`) they are
    taken for its answer. `codes` are phrases that one code follows, and their commands.
    """
    several = _several(text)
    if several is not None:
        return several
    return _code(text, codes or {}, answering=answering) or _one(
        text, aliases or {}, answering=answering
    )


def read_code(text: str) -> str:
    """The one word of plain letters and signs that could be a promotion's code; "" for others."""
    word = text.strip().strip(_MARKS)
    return word if _CODE.fullmatch(word) else ""


def _code(text: str, phrases: Mapping[str, str], *, answering: bool) -> Command | None:
    """A phrase and one code. Digits alone may answer an open question, such as a postal code."""
    line = _LEAD_END.sub(" ", clean(text).translate(_DASHES))
    words = [word for word in (one.strip(_MARKS) for one in line.split()) if word]
    for length in range(min(len(words), _LONGEST_LEAD), 0, -1):
        name = phrases.get(" ".join(words[:length]).casefold())
        rest = words[length:]
        if name is None or len(rest) > 1 or (answering and not rest):
            continue
        code = read_code(rest[0]) if rest else ""
        if bool(rest) == bool(code) and not (answering and code.isdecimal()):
            return Command(name=name, code=code)
    return None


def _several(text: str) -> Command | None:
    """A whole cart: an ADD on each line, below a greeting or not."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return None
    first, *others = (_one(line, {}, answering=True) for line in lines)
    found = [one for one in (first, *others) if one and one.name == "add" and not one.wrong]
    if len(found) < len(lines) - (first not in found):
        return None
    items = [OrderItem(sku=one.sku, quantity=one.quantity) for one in found]
    return Command(name="add", items=items)


def _one(text: str, aliases: Mapping[str, str], *, answering: bool) -> Command | None:
    line = _SPACED_DASH.sub("-", clean(text).translate(_DASHES))
    if line == "?":
        return Command(name="help")
    words = [word.strip(_MARKS) for word in _BETWEEN_WORDS.split(line)]
    words = [word for word in words if word]
    phrase = " ".join(words).casefold()
    known = _SPELLINGS.get(phrase) or (None if answering else aliases.get(phrase))
    if known is not None:
        return Command(name=known)
    return _plain(phrase.split()) or _with_arguments(words)


def _plain(words: Sequence[str]) -> Command | None:
    told = [word for word in words if word not in _POLITE]
    return Command(name=told[0]) if len(told) == 1 and told[0] in _PLAIN else None


def _with_arguments(words: Sequence[str]) -> Command | None:
    glued = _GLUED.fullmatch("".join(words).casefold())
    if glued is not None:
        return _track([glued[2]])
    reader = _READERS.get(words[0].casefold()) if words else None
    return reader(words[1:]) if reader else None


def _add(words: Sequence[str]) -> Command:
    return _item("add", words)


def _remove(words: Sequence[str]) -> Command:
    # Without a quantity the whole line goes, which 0 stands for.
    found = _item("remove", words)
    told = [word for word in words if word.casefold() not in _FILLERS]
    return found if len(told) > 1 else msgspec.structs.replace(found, quantity=0)


def _item(name: str, words: Sequence[str]) -> Command:
    told = [word for word in words if word.casefold() not in _FILLERS]
    if not told:
        return Command(name=name, wrong="no_sku")
    quantity, rest = _quantity(told)
    sku = "-".join(rest).upper()
    if quantity is None:
        return Command(name=name, sku=sku, wrong="bad_quantity")
    if not _SKU.fullmatch(sku):
        return Command(name=name, wrong="no_sku")
    if not 1 <= quantity <= LARGEST_QUANTITY:
        return Command(name=name, sku=sku, wrong="bad_quantity")
    return Command(name=name, sku=sku, quantity=quantity)


def _quantity(words: Sequence[str]) -> tuple[int | None, Sequence[str]]:
    """The quantity among the words (None: not a number one can order) and the words without it."""
    if len(words) == 1:
        return 1, words
    for pattern in (_NO_NUMBER, _DIGITS, _TIMES):
        for place, rest in ((-1, words[:-1]), (0, words[1:])):
            found = pattern.fullmatch(words[place])
            if found is not None:
                return (int(found[1][:9]) if pattern is not _NO_NUMBER else None), rest
    return 1, words


def _track(words: Sequence[str]) -> Command:
    told = [word for word in words if word.casefold() not in _ORDER_WORDS]
    if len(told) == 1 and _ORDER_NUMBER.fullmatch(told[0]):
        return Command(name="track", number=int(told[0]))
    return Command(name="track", wrong="no_number")


def _status(words: Sequence[str]) -> Command | None:
    found = _track(words)
    return None if found.wrong else found


_READERS: dict[str, Callable[[Sequence[str]], Command | None]] = {
    "add": _add,
    "remove": _remove,
    "track": _track,
    "status": _status,
}
