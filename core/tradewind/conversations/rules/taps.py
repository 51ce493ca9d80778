"""Ids of buttons and rows: a kind and its arguments in one short text, checked when it returns.

They come back from outside and may be forged or years old, so reading one never fails loudly and
proves nothing about what it names.
"""

import re
from uuid import UUID

import msgspec

LONGEST = 200
_DIGITS = re.compile(r"[0-9]{1,15}")

FIELDS: dict[str, tuple[str, ...]] = {
    "help": (),
    "menu": ("number",),
    "all": ("cursor",),
    "in": ("id", "cursor"),
    "find": ("cursor", "text"),
    "p": ("id",),
    "options": ("id", "number"),
    "v": ("id", "other"),
    "add": ("number", "text"),
    "cart": (),
    "edit": ("number",),
    "line": ("id",),
    "more": ("id",),
    "less": ("id",),
    "drop": ("id",),
    "clear": (),
    "checkout": (),
    "me": (),
    "saved": (),
    "new": (),
    "country": ("text",),
    "countries": ("number",),
    "ship": ("text",),
    "pay": ("text",),
    "give": ("number", "text"),
    "yes": ("id", "number"),
    "no": (),
    "fix": ("text",),
    "orders": (),
    "order": ("number",),
    "another": ("number",),
    "way": ("number", "text"),
    "fill": ("number", "text"),
    "retry": ("id",),
    "call_off": ("number",),
    "code_off": ("text",),
    "credits": ("number",),
}
"""Every kind of tap with its arguments in order; `text` comes last, for it may hold the colon."""


class Tap(msgspec.Struct, frozen=True, kw_only=True):
    """A button or row that was tapped; arguments that its kind does not have are empty."""

    kind: str
    id: UUID = UUID(int=0)
    other: UUID = UUID(int=0)
    number: int = 0
    cursor: str = ""
    text: str = ""


def tap(kind: str, *arguments: UUID | int | str) -> str:
    """The id of a button or row. Raises ValueError for arguments that could not be read back."""
    made = ":".join([kind, *map(str, arguments)])
    if len(made) > LONGEST or parse_tap(made) is None:
        raise ValueError(f"not an id: {made!r}")
    return made


def parse_tap(text: str) -> Tap | None:
    """What an id stands for; None for anything that `tap` would not have made."""
    kind, *rest = text.split(":", 1)
    fields = FIELDS.get(kind)
    if fields is None or len(text) > LONGEST or not text.isprintable():
        return None
    given = rest[0].split(":", len(fields) - 1) if rest and fields else rest
    if len(given) != len(fields):
        return None
    return _read(kind, dict(zip(fields, given, strict=True)))


def _read(kind: str, given: dict[str, str]) -> Tap | None:
    number = given.get("number", "0")
    ids = [given.get(name, str(UUID(int=0))) for name in ("id", "other")]
    if not _DIGITS.fullmatch(number) or not all(map(_is_uuid, ids)):
        return None
    return Tap(
        kind=kind,
        id=UUID(ids[0]),
        other=UUID(ids[1]),
        number=int(number),
        cursor=given.get("cursor", ""),
        text=given.get("text", ""),
    )


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
