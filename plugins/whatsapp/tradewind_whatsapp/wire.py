"""Meta's webhook JSON as structs that forgive: every field is optional, unknown ones are ignored.

Lists and nested objects stay raw until somebody reads them, so that one odd message never spoils
its neighbors and what is stored is byte for byte what Meta sent.
"""

import json
from typing import TypeVar

import msgspec
from msgspec import Raw

Loose = str | int | float | None
"""Meta writes ids and times as text in one place and as numbers in another."""

MISSING = Raw(b"null")

T = TypeVar("T")


def read(raw: Raw | bytes, kind: type[T]) -> T | None:
    """Decode JSON as `kind`; None when it is of another shape, or no JSON at all."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, RecursionError):
        return None


def each(raw: Raw) -> list[Raw]:
    """The members of a list; nothing when it is none."""
    return read(raw, list[Raw]) or []


def text_of(value: Loose) -> str:
    """A loose value as text. PostgreSQL stores no NUL, and no id of Meta's has one."""
    return "" if value is None else str(value).replace("\x00", "").strip()


class Post(msgspec.Struct):
    """The body of one delivery."""

    object: Loose = None
    entry: Raw = MISSING


class Entry(msgspec.Struct):
    """What happened in one WhatsApp Business account; `id` is the account's."""

    id: Loose = None
    time: Loose = None
    changes: Raw = MISSING


class Change(msgspec.Struct):
    """News of one subscribed field."""

    field: Loose = None
    value: Raw = MISSING


class Metadata(msgspec.Struct):
    """The business number a value is about."""

    phone_number_id: Loose = None
    display_phone_number: Loose = None


class Value(msgspec.Struct):
    """The value of a change of the fields that are split into parts."""

    metadata: Raw = MISSING
    contacts: Raw = MISSING
    messages: Raw = MISSING
    statuses: Raw = MISSING
    errors: Raw = MISSING
    message_echoes: Raw = MISSING
    user_preferences: Raw = MISSING
    user_id_update: Raw = MISSING


class Profile(msgspec.Struct):
    """What a person calls themselves."""

    name: str | None = None
    username: str | None = None


class Contact(msgspec.Struct):
    """A person a value speaks of."""

    wa_id: Loose = None
    user_id: Loose = None
    profile: Profile | None = None

    @property
    def name(self) -> str | None:
        return (self.profile.name or self.profile.username) if self.profile else None


class Head(msgspec.Struct, rename={"from_": "from"}):
    """What the door must know of a part: its id, its status and whom it is about."""

    id: Loose = None
    status: Loose = None
    from_: Loose = None
    from_user_id: Loose = None
    to: Loose = None
    to_user_id: Loose = None
    recipient_id: Loose = None
    recipient_user_id: Loose = None
    wa_id: Loose = None
    user_id: Raw = MISSING


class Context(msgspec.Struct):
    """What a message answers or carries along."""

    id: Loose = None
    forwarded: bool = False
    frequently_forwarded: bool = False
    referred_product: Raw = MISSING


class Message(Head, kw_only=True):
    """What all messages share; the node named after `type` holds the rest."""

    timestamp: Loose = None
    type: Loose = None
    context: Raw = MISSING
    referral: Raw = MISSING


class System(msgspec.Struct):
    """Meta speaks about a person. `previous_user_id` is of August 2026, `new_wa_id` an old name."""

    type: Loose = None
    body: Loose = None
    wa_id: Loose = None
    new_wa_id: Loose = None
    user_id: Loose = None
    previous_user_id: Loose = None
    identity: Raw = MISSING


class Status(Head, kw_only=True):
    """How far a message of ours got."""

    timestamp: Loose = None
    biz_opaque_callback_data: Loose = None
    pricing: Raw = MISSING
    errors: Raw = MISSING


class Preference(Head, kw_only=True):
    """A choice in the person's own WhatsApp settings."""

    category: Loose = None
    value: Loose = None
    timestamp: Loose = None


class Renaming(msgspec.Struct):
    """Old and new form of an id."""

    previous: Loose = None
    current: Loose = None


class UserIdUpdate(msgspec.Struct):
    """Somebody's user id was replaced, as accounts set up before August 2026 are told."""

    user_id: Renaming
    timestamp: Loose = None


class Envelope(msgspec.Struct, omit_defaults=True):
    """The body of an item: one part, and all that is needed to understand it alone."""

    field: str
    part: str
    data: Raw
    waba_id: str = ""
    time: str = ""
    metadata: Raw = MISSING
    contacts: list[Raw] = []


def parse(body: bytes) -> Post | None:
    """The body of a delivery; None when it is no JSON. JSON of another shape is an empty post."""
    text = _sound(body)
    if text is None:
        return None
    return read(text, Post) or Post()


def _sound(body: bytes) -> bytes | None:
    """The body, if it is JSON that msgspec takes.

    A lone surrogate (half an emoji, escaped) is allowed by JSON's grammar but not by msgspec.
    It is replaced: one cut-off emoji must not cost the other messages of the delivery.
    """
    try:
        body.decode()
        if read(body, Raw) is not None:
            return body
        mended = json.dumps(json.loads(body), ensure_ascii=False).encode(errors="replace")
    except (ValueError, RecursionError):
        return None
    return mended if read(mended, Raw) is not None else None
