"""Reading a request body field by field, refusing with Meta's codes and naming the field."""

import re
from collections.abc import Collection
from typing import Any

from tradewind_sandbox.whatsapp.errors import (
    INVALID_PARAMETER,
    PARAMETER_INVALID,
    PARAMETER_MISSING,
    GraphError,
)

_LINK = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


def length(text: str) -> int:
    """The length of `text` in UTF-16 units, the strictest way Meta could be counting."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Fields:
    """A JSON object of a request, with the path by which Meta would name it in an error.

    `invalid` is the code for a bad value: 100 at the top level, 131009 inside `interactive`.
    """

    def __init__(self, value: object, path: str = "", *, invalid: int = INVALID_PARAMETER) -> None:
        self.path = path
        self._invalid = invalid
        if not isinstance(value, dict):
            raise self._refused(path or "body", "must be a JSON object")
        self.value: dict[str, Any] = value

    def __contains__(self, key: str) -> bool:
        return self.value.get(key) is not None

    def only(self, *keys: str) -> None:
        """Refuse keys that this object does not have."""
        for key in self.value.keys() - set(keys):
            raise GraphError(
                INVALID_PARAMETER, f'Unexpected key "{key}" on param "{self.path or "body"}".'
            )

    def object(self, key: str, *, invalid: int | None = None) -> "Fields":
        """The object under `key`, which must be there."""
        return Fields(self._required(key), self._name(key), invalid=invalid or self._invalid)

    def objects(self, key: str, most: int, *, least: int = 1) -> list["Fields"]:
        """The list of objects under `key`, with between `least` and `most` members."""
        value = self._required(key)
        name = self._name(key)
        if not isinstance(value, list):
            raise self._refused(name, "must be an array")
        if not least <= len(value) <= most:
            raise self._refused(name, f"must have {least} to {most} members, has {len(value)}")
        return [Fields(v, f"{name}[{n}]", invalid=self._invalid) for n, v in enumerate(value)]

    def text(self, key: str, most: int, *, least: int = 1) -> str:
        """The text under `key`, which must be there, of `least` to `most` UTF-16 units."""
        value = self._required(key)
        name = self._name(key)
        if not isinstance(value, str):
            raise self._refused(name, "must be a string")
        if not least <= length(value) <= most:
            raise self._refused(
                name, f"length invalid. Min length: {least}, Max length: {most}, is {length(value)}"
            )
        return value

    def optional_text(self, key: str, most: int, *, least: int = 0) -> str | None:
        """The text under `key`, or None where it is absent."""
        return self.text(key, most, least=least) if key in self else None

    def choice(self, key: str, allowed: Collection[str]) -> str:
        """The text under `key`, which must be one of `allowed`."""
        value = self._required(key)
        if not isinstance(value, str) or value not in allowed:
            raise self._refused(
                self._name(key), f"must be one of {{{', '.join(sorted(allowed))}}} - got {value!r}"
            )
        return value

    def number(self, key: str, least: float, most: float) -> float:
        """The number under `key`, which Meta also takes as text."""
        value = self._required(key)
        try:
            found = float(value) if isinstance(value, (int, float, str)) else float("nan")
        except ValueError:
            found = float("nan")
        if isinstance(value, bool) or not least <= found <= most:
            raise self._refused(self._name(key), f"must be a number from {least} to {most}")
        return found

    def link(self, key: str, most: int = 2000) -> str:
        """The http or https address under `key`."""
        value = self.text(key, most)
        if not _LINK.fullmatch(value):
            raise self._refused(self._name(key), f"must be a valid URI - got {value!r}")
        return value

    def refuse(self, key: str, details: str) -> GraphError:
        """The refusal of the value under `key`, for the caller to raise."""
        return self._refused(self._name(key), details)

    def missing(self, key: str) -> GraphError:
        """The refusal for an absent `key`, for the caller to raise."""
        return GraphError(PARAMETER_MISSING, f"The parameter {self._name(key)} is required.")

    def _required(self, key: str) -> Any:
        if key not in self:
            raise self.missing(key)
        return self.value[key]

    def _name(self, key: str) -> str:
        return f"{self.path}['{key}']" if self.path else key

    def _refused(self, name: str, details: str) -> GraphError:
        return GraphError(self._invalid, f"Param {name} {details}")


def interactive_fields(value: object) -> Fields:
    """The `interactive` object of a message, whose bad values are refused with 131009."""
    return Fields(value, "interactive", invalid=PARAMETER_INVALID)


def distinct(items: list[Fields], values: list[str], key: str) -> None:
    """Refuse the first of `items` whose value repeats an earlier one."""
    for n, value in enumerate(values):
        if value in values[:n]:
            raise items[n].refuse(key, f"must be unique, {value!r} is repeated")
