"""What is wrong with a setting, in words for a merchant."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from tradewind.contracts.errors import FieldError

REQUIRED = "This setting is required."
_KINDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "object": "a set of named values",
    "str": "text",
}
_BOUNDS = {
    ("str", ">="): "This needs at least {} characters.",
    ("str", "<="): "This may have at most {} characters.",
    ("array", ">="): "This needs at least {} entries.",
    ("array", "<="): "This may have at most {} entries.",
    ("", ">="): "This must be at least {}.",
    ("", "<="): "This must be at most {}.",
    ("", ">"): "This must be more than {}.",
    ("", "<"): "This must be less than {}.",
}
_DIGITS = frozenset({"^[0-9]*$", "^[0-9]+$", r"^\d*$", r"^\d+$"})

# The messages of msgspec, whose words are part of what it promises.
_PLACE = re.compile(r"(.*) - at `(?:key in )?\$(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.+)`")
_KIND = re.compile(r"Expected `(\w+)(?: \| .*)?`, got")
_LENGTH = re.compile(r"Expected `(str|array)` of length ([<>]=) (\d+)")
_BOUND = re.compile(r"Expected `(?:int|float|decimal)` ([<>]=?) (\S+)")
_FORM = re.compile(r"Expected `str` matching regex '(.*)'", re.DOTALL)


def field_error(path: str, schema: Mapping[str, Any], error: msgspec.ValidationError) -> FieldError:
    """One refused setting; `schema` is its own JSON schema, `path` where it stands."""
    message, place = _parted(str(error))
    path += place
    if missing := _MISSING.fullmatch(message):
        return FieldError(f"{path}.{missing[1]}", "required", REQUIRED)
    if unknown := _UNKNOWN.fullmatch(message):
        return FieldError(f"{path}.{unknown[1]}", "unknown_field", no_such(unknown[1]))
    return FieldError(path, "invalid_value", _words(message, _inside(schema, place)))


def no_such(name: str) -> str:
    """There is no setting of this name."""
    return f"There is no setting “{name}”."


def _parted(text: str) -> tuple[str, str]:
    """The message, and the place inside the setting in dotted form; `*` is any key of a table."""
    match = _PLACE.fullmatch(text)
    if match is None:
        return text, ""
    place = match[2].replace("[...]", ".*")
    return match[1], re.sub(r"\[(\d+)\]", r".\1", place)


def _inside(schema: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    """The schema at a place inside a list or a table; of what is deeper nothing is known."""
    for part in place.split(".")[1:]:
        found = schema.get("items" if part.isdecimal() else "additionalProperties")
        schema = found if isinstance(found, Mapping) else {}
    return schema


def _words(message: str, schema: Mapping[str, Any]) -> str:
    if choices := schema.get("enum"):
        return f"Use one of: {', '.join(map(str, choices))}."
    if match := _LENGTH.fullmatch(message):
        empty = match[2] == ">=" and match[3] == "1"
        return "This must not be empty." if empty else _BOUNDS[match[1], match[2]].format(match[3])
    if match := _BOUND.fullmatch(message):
        return _BOUNDS["", match[1]].format(match[2].removesuffix(".0"))
    if match := _FORM.fullmatch(message):
        return _form(match[1], str(schema.get("description", "")))
    if match := _KIND.match(message):
        return f"This must be {_KINDS.get(match[1], 'of another kind')}."
    return message


def _form(pattern: str, description: str) -> str:
    if pattern in _DIGITS:
        return "Use digits only."
    return f"This is not of the expected form. {description}".strip()
