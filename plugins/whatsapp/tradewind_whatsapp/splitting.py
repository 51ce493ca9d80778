"""One delivery of Meta's in pieces: a message, a status, an error, a piece of account news each.

A delivery holds up to 1,000 updates of several accounts and numbers, and a repetition of it may be
grouped differently; so each piece carries its own dedupe key and all it needs to be understood.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec
from msgspec import Raw

from tradewind_whatsapp.identities import Person, person
from tradewind_whatsapp.wire import (
    Change,
    Contact,
    Entry,
    Envelope,
    Head,
    Loose,
    Metadata,
    Post,
    Value,
    each,
    read,
    text_of,
)

ACCOUNT_LANE = "account"
_LONGEST_KEY = 240


class Source(msgspec.Struct, frozen=True):
    """One change of a delivery. `phone_number_id` is "" for news of the account."""

    field: str
    waba_id: str
    time: str
    phone_number_id: str
    raw: Raw
    value: Value

    def envelope(self, part: str, data: Raw, *contacts: Raw) -> Envelope:
        return Envelope(
            field=self.field,
            part=part,
            data=data,
            waba_id=self.waba_id,
            time=self.time,
            metadata=self.value.metadata,
            contacts=list(contacts),
        )


class Piece(msgspec.Struct, frozen=True):
    """An item before it is known whose it is."""

    source: Source
    dedupe_key: str
    lane: str
    envelope: Envelope


def sources(post: Post) -> Iterator[Source]:
    """Every change of a delivery, in its order."""
    for raw_entry in each(post.entry):
        entry = read(raw_entry, Entry) or Entry()
        for raw_change in each(entry.changes):
            yield _source(entry, read(raw_change, Change) or Change(value=raw_change))


def _source(entry: Entry, change: Change) -> Source:
    value = read(change.value, Value) or Value()
    number = read(value.metadata, Metadata) or Metadata()
    return Source(
        field=text_of(change.field),
        waba_id=text_of(entry.id),
        time=text_of(entry.time),
        phone_number_id=text_of(number.phone_number_id),
        raw=change.value,
        value=value,
    )


def split(changes: Iterable[Source]) -> Iterator[Piece]:
    """Every piece of these changes, in their order. A change of no known part is one piece."""
    for source in changes:
        contacts = _Contacts(source.value)
        pieces = [
            _piece(source, part, raw, contacts)
            for part, members in _PARTS.get(source.field, {}).items()
            for raw in each(members(source.value))
        ]
        yield from pieces or [_news(source)]


_PARTS: Mapping[str, Mapping[str, Callable[[Value], Raw]]] = {
    "messages": {
        "message": lambda value: value.messages,
        "status": lambda value: value.statuses,
        "error": lambda value: value.errors,
    },
    "smb_message_echoes": {"echo": lambda value: value.message_echoes},
    "user_preferences": {"preference": lambda value: value.user_preferences},
    "user_id_update": {"user_id_update": lambda value: value.user_id_update},
}


class _Contacts:
    """The `contacts` of a value by every name they go by."""

    def __init__(self, value: Value) -> None:
        self.by_name: dict[str, tuple[Raw, Contact]] = {}
        for raw in each(value.contacts):
            contact = read(raw, Contact) or Contact()
            for name in (contact.wa_id, contact.user_id):
                self.by_name.setdefault(text_of(name), (raw, contact))
        self.by_name.pop("", None)

    def of(self, names: Iterable[Loose]) -> tuple[Raw, Contact] | None:
        """The contact who goes by one of these names."""
        found = (self.by_name.get(text_of(name)) for name in names)
        return next((entry for entry in found if entry), None)


def person_of(part: str, head: Head, contact: Contact | None) -> Person:
    """The person a part is about, with the names that their contact adds."""
    names = _names(part, head)
    return person(*names, contact.wa_id, contact.user_id) if contact else person(*names)


def _names(part: str, head: Head) -> tuple[Loose, ...]:
    match part:
        case "message":
            return head.from_, head.from_user_id
        case "status":
            return head.recipient_id, head.recipient_user_id
        case "echo":
            return head.to, head.to_user_id
        case "preference":
            return head.wa_id, read(head.user_id, str)
        case _:
            return ()


def _piece(source: Source, part: str, raw: Raw, contacts: _Contacts) -> Piece:
    head = read(raw, Head) or Head()
    known = contacts.of(_names(part, head))
    envelope = source.envelope(part, raw, known[0]) if known else source.envelope(part, raw)
    lane = person_of(part, head, known[1] if known else None).identity
    return Piece(source, _part_key(source, part, head, raw), lane or ACCOUNT_LANE, envelope)


def _part_key(source: Source, part: str, head: Head, raw: Raw) -> str:
    number, ref = source.phone_number_id, text_of(head.id)
    match part:
        case "message" if ref:
            return _short(f"m:{number}:{ref}")
        case "status" if ref:
            return _short(f"s:{number}:{ref}:{text_of(head.status)}")
        case "echo" if ref:
            return _short(f"e:{number}:{ref}")
        case _:
            return _short(f"x:{number}:{part}:{_digest(raw)}")


class _TemplateEvent(msgspec.Struct):
    message_template_id: Loose = None
    event: Loose = None


def _news(source: Source) -> Piece:
    template = read(source.raw, _TemplateEvent) or _TemplateEvent()
    name, event = text_of(template.message_template_id), text_of(template.event)
    what = f"{name}:{event}" if name and event else _digest(source.raw)
    key = _short(f"t:{source.field}:{what}:{source.time}")
    return Piece(source, key, ACCOUNT_LANE, source.envelope("news", source.raw))


def _short(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY else f"{key[:2]}{_digest(key.encode())}"


def _digest(raw: Raw | bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
