"""Markers for the fields of a plugin's settings struct."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec

Secret = Annotated[str, msgspec.Meta(extra_json_schema={"writeOnly": True, "format": "password"})]
"""Encrypted at rest, never returned by any API or log."""

OperatorOnly = Annotated[str, msgspec.Meta(extra_json_schema={"x-operator-only": True})]
"""Set by the operator alone, never by a merchant: anything that steers outgoing calls."""

OperatorFlag = Annotated[bool, msgspec.Meta(extra_json_schema={"x-operator-only": True})]
"""A switch that the operator alone may turn, such as one that lets calls into the own network."""


MASK = "••••••••"
"""Stands for a secret wherever one would be shown."""


def form(settings_type: type[msgspec.Struct]) -> Mapping[str, Any]:
    """The JSON schema of a settings struct, from which the dashboard draws its form.

    Structs inside it are referred to under `$defs`. `writeOnly` marks what is secret,
    `x-operator-only` what only the operator may set.
    """
    schema = msgspec.json.schema(settings_type)
    own, others = _name(schema), dict(schema["$defs"])
    return {**others.pop(own), **({"$defs": others} if others else {})}


def properties(settings_type: type[msgspec.Struct]) -> Mapping[str, Mapping[str, Any]]:
    """The JSON schema of each field of a settings struct."""
    return _fields(msgspec.json.schema(settings_type))


def secret_fields(settings_type: type[msgspec.Struct]) -> frozenset[str]:
    """Names of the fields that hold secrets, at any depth."""
    return _marked(settings_type, "writeOnly")


def operator_fields(settings_type: type[msgspec.Struct]) -> frozenset[str]:
    """Names of the fields that only an operator may set, at any depth."""
    return _marked(settings_type, "x-operator-only")


def secrets_in(settings_type: type[msgspec.Struct], values: Mapping[str, Any]) -> list[str]:
    """Every secret among the values of a settings struct, the longest first."""
    found = (_texts(values[name]) for name in secret_fields(settings_type) if name in values)
    return sorted({text for texts in found for text in texts if text}, key=len, reverse=True)


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with a mask in place of each secret, also where Python quoted it."""
    for secret in secrets:
        for form_of_it in (secret, repr(secret)[1:-1]):
            text = text.replace(form_of_it, MASK)
    return text


def without_secrets(text: str, settings: object) -> str:
    """The text of an error with a mask in place of each secret of a plugin's settings."""
    if not isinstance(settings, msgspec.Struct):
        return text
    values = msgspec.to_builtins(settings)
    return masked(text, secrets_in(type(settings), values))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, Sequence):
        for one in value:
            yield from _texts(one)


def _marked(settings_type: type[msgspec.Struct], marker: str) -> frozenset[str]:
    schema = msgspec.json.schema(settings_type)
    structs: Mapping[str, Any] = schema["$defs"]
    fields = _fields(schema).items()
    return frozenset(name for name, field in fields if _carries(field, marker, structs))


def _fields(schema: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = schema["$defs"][_name(schema)].get("properties", {})
    return found


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _carries(part: Any, marker: str, structs: Mapping[str, Any]) -> bool:
    """Whether a marker stands anywhere in a piece of schema; a struct is looked into once."""
    if isinstance(part, list):
        return any(_carries(one, marker, structs) for one in part)
    if not isinstance(part, dict):
        return False
    if part.get(marker):
        return True
    if "$ref" in part:
        name = _name(part)
        rest = {key: value for key, value in structs.items() if key != name}
        return _carries(structs.get(name), marker, rest)
    return any(_carries(value, marker, structs) for value in part.values())
