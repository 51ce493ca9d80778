"""The limits of every request to the messages endpoint, apart from templates' own content.

Meta documents characters without saying which; UTF-16 units are counted, to be safe.
"""

import re
from collections.abc import Callable
from typing import Any

from tradewind_sandbox.whatsapp.errors import (
    INVALID_PARAMETER,
    UNSUPPORTED_TYPE,
    GraphError,
)
from tradewind_sandbox.whatsapp.fields import Fields, interactive_fields
from tradewind_sandbox.whatsapp.interactive import check_interactive, check_media

TEXT_LENGTH = 4096
CAPTION_LENGTH = 1024
CALLBACK_DATA_LENGTH = 512

_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}")
_PHONE = re.compile(r"\+?[1-9]\d{6,14}")


def is_user_id(text: str) -> bool:
    """Whether `text` is a business-scoped user id, such as US.13491208655302741918."""
    return _USER_ID.fullmatch(text) is not None


def digits(phone: str) -> str:
    """A phone number without plus, spaces, dashes and brackets."""
    return re.sub(r"\D", "", phone)


def is_receipt(body: dict[str, Any]) -> bool:
    """Whether a request marks a message as read (and perhaps shows typing) and sends nothing."""
    return "status" in body


def check_message(body: object) -> GraphError | None:
    """What Meta would refuse about a request to send a message, or None when it is well formed.

    Whether a template, a media id or the shopper exists is not known here.
    """
    try:
        _message(Fields(body))
    except GraphError as refusal:
        return refusal
    return None


def check_receipt(body: object) -> GraphError | None:
    """What Meta would refuse about a request to mark as read, or None when it is well formed."""
    try:
        request = Fields(body)
        request.choice("messaging_product", ("whatsapp",))
        request.choice("status", ("read",))
        request.text("message_id", 256)
        if "typing_indicator" in request:
            request.object("typing_indicator").choice("type", ("text",))
    except GraphError as refusal:
        return refusal
    return None


def _message(body: Fields) -> None:
    body.choice("messaging_product", ("whatsapp",))
    if "recipient_type" in body:
        body.choice("recipient_type", ("individual",))
    _recipient(body)
    if "category" in body:
        raise body.refuse("category", "needs Direct Send, which this account does not have")
    body.optional_text("biz_opaque_callback_data", CALLBACK_DATA_LENGTH)
    if "context" in body:
        body.object("context").text("message_id", 256)
    kind = body.value.get("type") or "text"
    if not isinstance(kind, str) or kind not in _CHECKS:
        raise GraphError(
            UNSUPPORTED_TYPE, f"Param type must be one of {{{', '.join(_CHECKS)}}} - got {kind!r}"
        )
    _CHECKS[kind](body)


def _recipient(body: Fields) -> None:
    if "to" in body:
        if not _PHONE.fullmatch(re.sub(r"[\s()-]", "", body.text("to", 32))):
            raise body.refuse("to", "must be a phone number with country code")
    elif "recipient" in body:
        if not is_user_id(body.text("recipient", 140)):
            raise body.refuse("recipient", "must be a business-scoped user id")
    else:
        raise body.missing("to")


def _text(body: Fields) -> None:
    text = body.object("text")
    text.only("body", "preview_url")
    text.text("body", TEXT_LENGTH)
    if not isinstance(text.value.get("preview_url", False), bool):
        raise text.refuse("preview_url", "must be a boolean")


def _media(kind: str, *others: str) -> Callable[[Fields], None]:
    def check(body: Fields) -> None:
        media = body.object(kind)
        media.only("id", "link", *others)
        check_media(media)
        media.optional_text("caption", CAPTION_LENGTH)
        media.optional_text("filename", 240)

    return check


def _interactive(body: Fields) -> None:
    check_interactive(interactive_fields(body.object("interactive").value))


def _reaction(body: Fields) -> None:
    reaction = body.object("reaction")
    reaction.only("message_id", "emoji")
    reaction.text("message_id", 256)
    reaction.optional_text("emoji", 32)
    if "context" in body:
        raise GraphError(INVALID_PARAMETER, "A reaction cannot be a reply.")


def _location(body: Fields) -> None:
    location = body.object("location")
    location.only("latitude", "longitude", "name", "address")
    location.number("latitude", -90, 90)
    location.number("longitude", -180, 180)
    location.optional_text("name", 1000)
    location.optional_text("address", 1000)


def _contacts(body: Fields) -> None:
    for contact in body.objects("contacts", 5):
        contact.object("name").text("formatted_name", 1000)


def _template(body: Fields) -> None:
    template = body.object("template")
    template.only("name", "language", "components", "namespace")
    template.text("name", 512)
    template.object("language").text("code", 16)


_CHECKS: dict[str, Callable[[Fields], None]] = {
    "text": _text,
    "image": _media("image", "caption"),
    "audio": _media("audio", "voice"),
    "video": _media("video", "caption"),
    "document": _media("document", "caption", "filename"),
    "sticker": _media("sticker"),
    "interactive": _interactive,
    "reaction": _reaction,
    "location": _location,
    "contacts": _contacts,
    "template": _template,
}
