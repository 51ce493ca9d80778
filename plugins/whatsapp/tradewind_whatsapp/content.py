"""What people send, kind by kind, in the engine's words. Unknown kinds stay tellable, never fail.

Meta: "Messages webhook reference" and its pages per message type.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Raw

from tradewind import (
    AddressContent,
    ContactContent,
    Content,
    LocationContent,
    MediaContent,
    OrderContent,
    OrderItem,
    ReactionContent,
    ReplyContent,
    TextContent,
    UnsupportedContent,
)
from tradewind_whatsapp.wire import MISSING, Loose, each, read, text_of

MediaKind = Literal["image", "video", "audio", "document", "sticker"]


def content_of(kind: str, node: Raw) -> Content:
    """The content of a message of type `kind`, from the node that bears the type's name."""
    reader = _READERS.get(kind)
    return (reader(node) if reader else None) or UnsupportedContent(kind=kind)


class _Text(msgspec.Struct):
    body: str


def _text(node: Raw) -> Content | None:
    text = read(node, _Text)
    return TextContent(text=text.body) if text else None


class _Button(msgspec.Struct):
    text: str = ""
    payload: str | None = None


def _template_button(node: Raw) -> Content | None:
    button = read(node, _Button)
    return ReplyContent(id=button.payload or button.text, title=button.text) if button else None


class _Option(msgspec.Struct):
    id: str
    title: str = ""


class _Form(msgspec.Struct):
    response_json: str = ""


class _Interactive(msgspec.Struct):
    type: str
    list_reply: Raw = MISSING
    button_reply: Raw = MISSING
    nfm_reply: Raw = MISSING


def _interactive(node: Raw) -> Content | None:
    interactive = read(node, _Interactive)
    if interactive is None:
        return None
    match interactive.type:
        case "list_reply":
            return _option(interactive.list_reply)
        case "button_reply":
            return _option(interactive.button_reply)
        case "nfm_reply":
            return _form(interactive.nfm_reply)
        case other:
            return UnsupportedContent(kind=other)


def _option(node: Raw) -> Content | None:
    option = read(node, _Option)
    return ReplyContent(id=option.id, title=option.title) if option else None


def _form(node: Raw) -> Content | None:
    """The values of a filled form; what is no object is kept whole under `response`."""
    form = read(node, _Form)
    if form is None:
        return None
    fields = read(form.response_json.encode(errors="replace"), dict[str, Any])
    if fields is None:
        return AddressContent(values={"response": form.response_json})
    nested = fields.pop("values", {})
    merged = {**fields, **nested} if isinstance(nested, dict) else {**fields, "values": nested}
    return AddressContent(values={key: _plain(value) for key, value in merged.items()})


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


class _Media(msgspec.Struct):
    id: Loose = None
    mime_type: str = ""
    caption: str | None = None
    filename: str | None = None


def _media(kind: MediaKind) -> Callable[[Raw], Content | None]:
    def reader(node: Raw) -> Content | None:
        media = read(node, _Media)
        if media is None or not text_of(media.id):
            return None
        return MediaContent(
            kind=kind,
            ref=text_of(media.id),
            mime_type=media.mime_type,
            caption=media.caption,
            filename=media.filename,
        )

    return reader


class _Location(msgspec.Struct):
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


def _location(node: Raw) -> Content | None:
    place = read(node, _Location)
    if place is None:
        return None
    return LocationContent(
        latitude=place.latitude, longitude=place.longitude, name=place.name, address=place.address
    )


class _Phone(msgspec.Struct):
    phone: Loose = None
    wa_id: Loose = None

    @property
    def number(self) -> str:
        return f"+{text_of(self.wa_id)}" if text_of(self.wa_id) else text_of(self.phone)


class _CardName(msgspec.Struct):
    formatted_name: str | None = None


class _Card(msgspec.Struct):
    name: _CardName | None = None
    phones: list[_Phone] | None = None
    origin: str | None = None

    @property
    def title(self) -> str:
        return (self.name.formatted_name if self.name else None) or ""


def _contacts(node: Raw) -> Content | None:
    cards = [card for raw in each(node) if (card := read(raw, _Card))]
    if not cards:
        return None
    phones = [phone.number for card in cards for phone in card.phones or ()]
    return ContactContent(
        phones=[phone for phone in phones if phone],
        names=[card.title for card in cards if card.title],
        own=any(card.origin == "contact_request" for card in cards),
    )


class _OrderLine(msgspec.Struct):
    product_retailer_id: Loose = None
    quantity: int = 0


class _Order(msgspec.Struct):
    product_items: Raw = MISSING
    text: str | None = None


def _order(node: Raw) -> Content | None:
    order = read(node, _Order)
    lines = [read(raw, _OrderLine) for raw in each(order.product_items)] if order else []
    items = [
        OrderItem(sku=sku, quantity=line.quantity)
        for line in lines
        if line and line.quantity > 0 and (sku := text_of(line.product_retailer_id))
    ]
    return OrderContent(items=items, text=order.text or "") if order and items else None


class _Reaction(msgspec.Struct):
    message_id: str
    emoji: str | None = None


def _reaction(node: Raw) -> Content | None:
    reaction = read(node, _Reaction)
    if reaction is None:
        return None
    return ReactionContent(message_ref=reaction.message_id, emoji=reaction.emoji or "")


class _Unsupported(msgspec.Struct):
    type: str | None = None


def _unsupported(node: Raw) -> Content | None:
    unsupported = read(node, _Unsupported)
    return UnsupportedContent(kind=(unsupported and unsupported.type) or "unsupported")


_READERS: Mapping[str, Callable[[Raw], Content | None]] = {
    "text": _text,
    "interactive": _interactive,
    "button": _template_button,
    "image": _media("image"),
    "video": _media("video"),
    "audio": _media("audio"),
    "document": _media("document"),
    "sticker": _media("sticker"),
    "location": _location,
    "contacts": _contacts,
    "order": _order,
    "reaction": _reaction,
    "unsupported": _unsupported,
}
