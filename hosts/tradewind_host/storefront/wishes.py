"""What a visitor asks of the list, as it stands in the address, and the form that asks it. Pure."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from tradewind.catalog.rules import SORTS, Category, Filters, options_of
from tradewind.contracts.errors import InvalidInput
from tradewind.contracts.money import Money, decimals, from_major
from tradewind_host.storefront.texts import Words

_MOST = Decimal(10) ** 12
_THREE = 3
_MOST_VALUES = 20
_PARTED = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of the list's address; prices as people write them, in major units."""

    q: str = ""
    category: str = ""
    sort: str = ""
    low: str = ""
    high: str = ""
    available: str = ""
    options: Sequence[str] = ()

    @property
    def narrowed(self) -> bool:
        """Whether anything but words and a category is asked for."""
        return bool(self.sort or self.low or self.high or self.available or self.options)

    def readable(self, currency: str) -> "Wishes":
        """The same without the prices that are none."""
        wrong = {name: "" for name in ("low", "high") if not _is_amount(self, name, currency)}
        return msgspec.structs.replace(self, **wrong)

    def address(self, top: str, after: str | None) -> str:
        """The page that begins after the one before."""
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value}
        return f"{top}?{urlencode({**given, 'after': after}, doseq=True)}" if after else ""

    def filters(self, chosen: Category | None, currency: str) -> Filters:
        """What products must be like. Raises InvalidInput."""
        return Filters(
            category_id=chosen.id if chosen else None,
            min_price=_amount(self.low, currency),
            max_price=_amount(self.high, currency),
            available=bool(self.available),
            options=options_of([one for one in self.options if one]),
        )


class Entry(NamedTuple):
    """One of several to choose from."""

    value: str
    text: str
    chosen: bool


class Facet(NamedTuple):
    """An option of the products listed, with its values."""

    id: str
    name: str
    values: Sequence[Entry]


def orders(wishes: Wishes, words: Words) -> list[Entry]:
    """The orders to choose from; what is looked for by words comes best first."""
    first = Entry("", words("list.sort.best" if wishes.q else "list.sort.none"), not wishes.sort)
    names = [one for one in SORTS if one != "oldest"]
    return [first, *(Entry(one, words(f"list.sort.{one}"), one == wishes.sort) for one in names)]


def facets(choices: Sequence[tuple[str, str]], wishes: Wishes) -> list[Facet]:
    """What can be chosen, and what was chosen already."""
    found: dict[str, set[str]] = {}
    for name, values in options_of([one for one in wishes.options if one]).items():
        found.setdefault(name, set()).update(values)
    for name, value in choices:
        if ":" not in name:
            found.setdefault(name, set()).add(value)
    return [_facet(place, name, found[name], wishes) for place, name in enumerate(sorted(found))]


def _facet(place: int, name: str, values: set[str], wishes: Wishes) -> Facet:
    named = [(f"{name}:{value}", value) for value in sorted(values)[:_MOST_VALUES]]
    entries = [Entry(key, value, key in wishes.options) for key, value in named]
    return Facet(f"option-{place}", name, entries)


def _amount(text: str, currency: str) -> int | None:
    """A price in minor units. Raises InvalidInput."""
    plain = _plain(text, currency)
    if not plain:
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise InvalidInput("A price is a number.") from None
    if not (value.is_finite() and 0 <= value <= _MOST):
        raise InvalidInput("A price is a number that is not negative.")
    return _in_minor_units(value, currency).amount


def _plain(text: str, currency: str) -> str:
    """Digits and at most one point; commas part thousands where the cents could not be three."""
    joined = "".join(text.split())
    if decimals(currency) < _THREE and _PARTED.fullmatch(joined):
        return joined.replace(",", "")
    return joined.replace(",", ".")


def _is_amount(wishes: Wishes, name: str, currency: str) -> bool:
    try:
        _amount(getattr(wishes, name), currency)
    except InvalidInput:
        return False
    return True


def _in_minor_units(value: Decimal, currency: str) -> Money:
    try:
        return from_major(value, currency)
    except ValueError:
        raise InvalidInput("A price has no more decimals than its currency.") from None


def wishes_of(query: Mapping[str, str], options: Sequence[str]) -> Wishes:
    """The wishes of an address; what it does not name is not wished for."""
    names = [name for name in Wishes.__struct_fields__ if name != "options"]
    given = {name: query.get(name, "").strip()[:100] for name in names}
    return Wishes(**given, options=[one for one in options if one])
