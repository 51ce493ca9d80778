"""What a change changed, for the audit log: each field that differs, before and after."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

LONGEST = 200


def changes(before: Any, after: Any) -> dict[str, Any]:
    """`{"title": {"from": "Tea", "to": "Green tea"}}`, by dotted path; long texts are cut.

    Both are structs or mappings; what only one of them has stands beside None.
    """
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    found = _differing("", old, new)
    return {path: {"from": _short(was), "to": _short(now)} for path, was, now in found}


def _differing(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            place = f"{path}.{name}" if path else name
            yield from _differing(place, before.get(name), after.get(name))
    elif before != after:
        yield path, before, after


def _short(value: Any) -> Any:
    return value[:LONGEST] if isinstance(value, str) else value
