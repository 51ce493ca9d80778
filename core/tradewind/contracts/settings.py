"""Markers for the fields of a plugin's settings struct."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

Secret = Annotated[str, msgspec.Meta(extra_json_schema={"writeOnly": True, "format": "password"})]
"""Encrypted at rest, never returned by any API or log."""

OperatorOnly = Annotated[str, msgspec.Meta(extra_json_schema={"x-operator-only": True})]
"""Set by the operator alone, never by a merchant: anything that steers outgoing calls."""


def properties(settings_type: type[msgspec.Struct]) -> Mapping[str, Mapping[str, Any]]:
    """The JSON schema of each field of a settings struct, as the dashboard form sees it."""
    schema = msgspec.json.schema(settings_type)
    name = schema["$ref"].rpartition("/")[2]
    found: Mapping[str, Mapping[str, Any]] = schema["$defs"][name].get("properties", {})
    return found


def _carries(field: Mapping[str, Any], marker: str) -> bool:
    if field.get(marker):
        return True
    parts = [*field.get("anyOf", ()), field.get("items", {})]
    return any(part and _carries(part, marker) for part in parts)


def secret_fields(settings_type: type[msgspec.Struct]) -> frozenset[str]:
    """Names of the fields that hold secrets (also inside lists and optionals)."""
    return _marked(settings_type, "writeOnly")


def operator_fields(settings_type: type[msgspec.Struct]) -> frozenset[str]:
    """Names of the fields that only an operator may set."""
    return _marked(settings_type, "x-operator-only")


def _marked(settings_type: type[msgspec.Struct], marker: str) -> frozenset[str]:
    fields = properties(settings_type).items()
    return frozenset(name for name, field in fields if _carries(field, marker))
