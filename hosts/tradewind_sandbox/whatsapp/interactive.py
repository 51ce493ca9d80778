"""The limits of interactive messages: lists, reply buttons, links, products, requests, forms."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from tradewind_sandbox.whatsapp.fields import Fields, distinct

BODY_LENGTH = 1024
HEADER_LENGTH = 60
FOOTER_LENGTH = 60
BUTTON_LENGTH = 20

_MEDIA = ("image", "video", "document")
_ANY_HEADER = ("text", *_MEDIA)


def check_interactive(interactive: Fields) -> None:
    """Refuse an `interactive` object that breaks one of Meta's limits; raises GraphError."""
    kind = interactive.choice("type", _CHECKS)
    interactive.only("type", "header", "body", "footer", "action")
    _CHECKS[kind](interactive)


def header_media(interactive: Mapping[str, Any]) -> dict[str, Any]:
    """The image, video or document that the header of a checked message shows; often none."""
    header = interactive.get("header") or {}
    media = header.get(header.get("type"))
    return media if isinstance(media, dict) else {}


def check_media(media: Fields) -> None:
    """Media is named by exactly one of an uploaded id and a link."""
    if ("id" in media) == ("link" in media):
        raise media.refuse("id", "or link is required, and only one of them")
    if "link" in media:
        media.link("link")
    else:
        media.text("id", 64)


def _frame(interactive: Fields, *, headers: tuple[str, ...] = (), body: bool = True) -> None:
    if body or "body" in interactive:
        interactive.object("body").text("text", BODY_LENGTH)
    if "footer" in interactive:
        interactive.object("footer").text("text", FOOTER_LENGTH)
    if "header" not in interactive:
        return
    if not headers:
        raise interactive.refuse("header", "is not allowed for this type of message")
    header = interactive.object("header")
    kind = header.choice("type", headers)
    header.only("type", kind, "sub_text")
    if kind == "text":
        header.text("text", HEADER_LENGTH)
    else:
        check_media(header.object(kind))


def _list(interactive: Fields) -> None:
    _frame(interactive, headers=("text",))
    action = interactive.object("action")
    action.only("button", "sections")
    action.text("button", BUTTON_LENGTH)
    sections = action.objects("sections", 10)
    rows: list[Fields] = []
    for section in sections:
        section.only("title", "rows")
        _section_title(section, required=len(sections) > 1)
        rows += section.objects("rows", 10)
    if len(rows) > 10:
        raise action.refuse("sections", f"must have at most 10 rows in total, has {len(rows)}")
    distinct(rows, [_row(row) for row in rows], "id")


def _row(row: Fields) -> str:
    row.only("id", "title", "description")
    row.text("title", 24)
    row.optional_text("description", 72)
    return row.text("id", 200)


def _section_title(section: Fields, *, required: bool) -> None:
    if required:
        section.text("title", 24)
    else:
        section.optional_text("title", 24)


def _buttons(interactive: Fields) -> None:
    _frame(interactive, headers=_ANY_HEADER)
    action = interactive.object("action")
    action.only("buttons")
    buttons = action.objects("buttons", 3)
    replies = []
    for button in buttons:
        button.only("type", "reply")
        button.choice("type", ("reply",))
        replies.append(button.object("reply"))
    distinct(replies, [_reply(reply) for reply in replies], "id")
    distinct(replies, [reply.value["title"] for reply in replies], "title")


def _reply(reply: Fields) -> str:
    reply.only("id", "title")
    reply.text("title", BUTTON_LENGTH)
    reply_id = reply.text("id", 256)
    if reply_id != reply_id.strip():
        raise reply.refuse("id", "must have no leading or trailing spaces")
    return reply_id


def _link_button(interactive: Fields) -> None:
    _frame(interactive, headers=_ANY_HEADER)
    parameters = _named_action(interactive, "cta_url").object("parameters")
    parameters.only("display_text", "url")
    parameters.text("display_text", BUTTON_LENGTH)
    parameters.link("url")


def _location_request(interactive: Fields) -> None:
    _frame(interactive)
    _named_action(interactive, "send_location")


def _contact_request(interactive: Fields) -> None:
    _frame(interactive)
    _named_action(interactive, "request_contact_info")


def _product(interactive: Fields) -> None:
    _frame(interactive, body=False)
    action = interactive.object("action")
    action.text("catalog_id", 64)
    action.text("product_retailer_id", 100)


def _product_list(interactive: Fields) -> None:
    if "header" not in interactive:
        raise interactive.missing("header")
    _frame(interactive, headers=("text",))
    action = interactive.object("action")
    action.text("catalog_id", 64)
    check_product_sections(action)


def check_product_sections(action: Fields) -> None:
    """Sections of products: at most 10, with at most 30 products in all; raises GraphError."""
    sections = action.objects("sections", 10)
    items: list[Fields] = []
    for section in sections:
        _section_title(section, required=len(sections) > 1)
        items += section.objects("product_items", 30)
    if len(items) > 30:
        raise action.refuse("sections", f"must have at most 30 products, has {len(items)}")
    for item in items:
        item.text("product_retailer_id", 100)


def _catalog(interactive: Fields) -> None:
    _frame(interactive)
    action = _named_action(interactive, "catalog_message")
    if "parameters" in action:
        action.object("parameters").optional_text("thumbnail_product_retailer_id", 100)


def _flow(interactive: Fields) -> None:
    _frame(interactive, headers=_ANY_HEADER)
    parameters = _named_action(interactive, "flow").object("parameters")
    parameters.choice("flow_message_version", ("3",))
    if ("flow_id" in parameters) == ("flow_name" in parameters):
        raise parameters.refuse("flow_id", "or flow_name is required, and only one of them")
    label = parameters.text("flow_cta", 30)
    if any(unicodedata.category(letter) == "So" for letter in label):
        raise parameters.refuse("flow_cta", "must not contain emoji")
    if "flow_action_payload" in parameters:
        _flow_payload(parameters.object("flow_action_payload"))


def _flow_payload(payload: Fields) -> None:
    if "data" in payload and not payload.object("data").value:
        raise payload.refuse("data", "must be a non-empty object")


def _address(interactive: Fields) -> None:
    _frame(interactive, headers=_ANY_HEADER)
    parameters = _named_action(interactive, "address_message").object("parameters")
    parameters.choice("country", ("IN",))


def _carousel(interactive: Fields) -> None:
    _frame(interactive)
    interactive.object("action").objects("cards", 10, least=2)


def _named_action(interactive: Fields, name: str) -> Fields:
    action = interactive.object("action")
    action.only("name", "parameters")
    action.choice("name", (name,))
    return action


_CHECKS: dict[str, Callable[[Fields], None]] = {
    "list": _list,
    "button": _buttons,
    "cta_url": _link_button,
    "location_request_message": _location_request,
    "contact_request": _contact_request,
    "request_contact_info": _contact_request,
    "product": _product,
    "product_list": _product_list,
    "catalog_message": _catalog,
    "flow": _flow,
    "address_message": _address,
    "carousel": _carousel,
}
