"""Markers for the fields of a plugin's settings struct."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

Secret = Annotated[str, msgspec.Meta(extra_json_schema={"writeOnly": True, "format": "password"})]
"""Encrypted at rest, never returned by any API or log."""

OperatorOnly = Annotated[str, msgspec.Meta(extra_json_schema={"x-operator-only": True})]
"""Set by the operator alone, never by a merchant: anything that steers outgoing calls."""

OperatorFlag = Annotated[bool, msgspec.Meta(extra_json_schema={"x-operator-only": True})]
"""A switch that the operator alone may turn, such as one that lets calls into the own network."""


def properties(settings_type: type[msgspec.Struct]) -> Mapping[str, Mapping[str, Any]]:
    """The JSON schema of each field of a settings struct, as the dashboard form sees it."""
    return _fields(msgspec.json.schema(settings_type))


def secret_fields(settings_type: type[msgspec.Struct]) -> frozenset[str]:
    """Names of the fields that hold secrets, at any depth."""
    return _marked(settings_type, "writeOnly")


def operator_fields(settings_type: type[msgspec.Struct]) -> frozenset[str]:
    """Names of the fields that only an operator may set, at any depth."""
    return _marked(settings_type, "x-operator-only")


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
