"""A message as its bubble shows it: words, and what could be tapped. Sign-in codes stay unseen."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tradewind.messaging.queries import MessageRecord

_PRIVATE = "authentication"
_WORDS = ("subject", "header", "text", "title", "caption", "footer", "emoji", "name", "address")
_MUTE: Mapping[str, str] = {
    "image": "A picture",
    "video": "A film",
    "audio": "A voice message or sound",
    "document": "A file",
    "sticker": "A sticker",
    "location": "A place",
    "contacts": "A contact",
    "reaction": "A reaction was taken back",
    "unsupported": "Something that cannot be shown here",
}
"""What to say of a message without words, by its kind."""


class Bubble(NamedTuple):
    """Paragraphs, and the titles of buttons or rows."""

    paragraphs: Sequence[str]
    options: Sequence[str]


def bubble(message: MessageRecord) -> Bubble:
    """What of a message may be shown."""
    body = message.body if isinstance(message.body, Mapping) else {}
    body = body.get("content", body)
    if _PRIVATE in {message.category, body.get("category")}:
        return Bubble(["A sign-in code. It is not shown here."], [])
    if message.body is None:
        return Bubble(["What was said here was erased."], [])
    words = [*_texts(body), *_values(body)]
    kind = body.get("kind") or body.get("type") or message.kind
    return Bubble(words or [_MUTE.get(str(kind), str(kind).capitalize())], list(_options(body)))


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    for name in _WORDS:
        value = body.get(name)
        if isinstance(value, str) and value.strip():
            yield value


def _values(body: Mapping[str, Any]) -> Iterator[str]:
    values = body.get("values")
    if isinstance(values, Mapping):
        yield from (str(value) for value in values.values())
    elif isinstance(values, Sequence) and not isinstance(values, str):
        yield ", ".join(str(value) for value in values)
    for item in body.get("items") or ():
        yield f"{item.get('quantity')} × {item.get('sku')}"


def _options(body: Mapping[str, Any]) -> Iterator[str]:
    for button in body.get("buttons") or ():
        yield str(button.get("title", ""))
    for section in body.get("sections") or ():
        yield from (str(row.get("title", "")) for row in section.get("rows") or ())
    if body.get("url") and body.get("label"):
        yield str(body["label"])
