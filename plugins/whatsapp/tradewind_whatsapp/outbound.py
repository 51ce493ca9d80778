"""The engine's messages as bodies of `POST /{phone number id}/messages`. Pure translation.

Meta: "Messages" reference of the WhatsApp Cloud API and its pages per message type.
"""

import re
from collections.abc import Sequence
from typing import Any

from tradewind import (
    AskAddress,
    AskLocation,
    Button,
    Card,
    Choice,
    Document,
    Link,
    MarkRead,
    Media,
    Menu,
    Outbound,
    PermanentFailure,
    Products,
    Recipient,
    Section,
    Template,
    Text,
)
from tradewind_whatsapp.identities import is_user_id, wa_id_of

Json = dict[str, Any]

ADDRESS_FORM_COUNTRIES = frozenset({"in"})
"""Meta draws its address form for Indian businesses with Indian shoppers only."""

_LINK = re.compile(r"https?://\S")
_LONGEST_SECTION_TITLE = 24


def body_of(outbound: Outbound, catalog_id: str = "") -> Json:
    """The Graph API's body for a message; `catalog_id` where the message names none.

    Raises PermanentFailure for what WhatsApp cannot carry.
    """
    if isinstance(outbound.body, MarkRead):
        return _mark_read(outbound.body)
    body: Json = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **address_of(outbound),
        "biz_opaque_callback_data": str(outbound.id),
        **_content(outbound, catalog_id),
    }
    if outbound.reply_to:
        body["context"] = {"message_id": outbound.reply_to}
    return body


def address_of(outbound: Outbound) -> dict[str, str]:
    """`to` with a full phone number, or `recipient` with a user id.

    Without the plus Meta may put the business's own country code in front of a number. Messages
    with a sign-in code need a number.
    """
    recipient = outbound.recipient
    if is_user_id(recipient.identity) and not (recipient.phone and _is_sign_in(outbound)):
        return {"recipient": recipient.identity}
    return {"to": f"+{_number(recipient)}"}


def _is_sign_in(outbound: Outbound) -> bool:
    return isinstance(outbound.body, Template) and outbound.body.category == "authentication"


def _number(recipient: Recipient) -> str:
    number = wa_id_of(recipient.identity) or wa_id_of(recipient.phone or "")
    if not number:
        raise PermanentFailure(f"{recipient.identity!r} is no WhatsApp identity")
    return number


def _mark_read(body: MarkRead) -> Json:
    read: Json = {"messaging_product": "whatsapp", "status": "read", "message_id": body.ref}
    return {**read, "typing_indicator": {"type": "text"}} if body.typing else read


def _content(outbound: Outbound, catalog_id: str) -> Json:
    match outbound.body:
        case Text() | Media() | Document() as body:
            return _plain(body)
        case Template() as body:
            return {"type": "template", "template": _template(body)}
        case Card() as body if not body.buttons:
            return _plain_card(body)
        case Products() as body:
            return _interactive(_products(body, body.catalog_id or catalog_id))
        case Choice() | Card() | Menu() | Link() | AskLocation() | AskAddress() as body:
            return _interactive(_question(body))
        case other:
            raise PermanentFailure(f"WhatsApp carries no {type(other).__name__}")


def _interactive(content: Json) -> Json:
    return {"type": "interactive", "interactive": content}


def _with(body: Json, **optional: str) -> Json:
    """The body with those optional texts that are not empty."""
    return {**body, **{key: text for key, text in optional.items() if text}}


def _plain(body: Text | Media | Document) -> Json:
    match body:
        case Text():
            return _text(body.text)
        case Media():
            return _media(body)
        case Document():
            file: Json = {"link": body.url, "filename": body.filename}
            return {"type": "document", "document": _with(file, caption=body.caption)}


def _text(text: str) -> Json:
    content: Json = {"body": text}
    if _LINK.search(text):
        content["preview_url"] = True
    return {"type": "text", "text": content}


def _media(body: Media) -> Json:
    # Meta refuses a caption under sound.
    caption = "" if body.kind == "audio" else body.caption
    return {"type": body.kind, body.kind: _with({"link": body.url}, caption=caption)}


def _plain_card(body: Card) -> Json:
    words = f"{body.text}\n\n{body.footer}" if body.footer else body.text
    if body.image_url is None:
        return _text(words)
    return _media(Media(kind="image", url=body.image_url, caption=words))


# --- questions -------------------------------------------------------------------------------


def _question(body: Choice | Card | Menu | Link | AskLocation | AskAddress) -> Json:
    words = {"body": {"text": body.text}}
    match body:
        case Choice():
            action = {"buttons": _buttons(body.buttons)}
            return {"type": "button", **words, **_footer(body.footer), "action": action}
        case Card():
            action = {"buttons": _buttons(body.buttons)}
            header = _image_header(body.image_url)
            return {"type": "button", **header, **words, **_footer(body.footer), "action": action}
        case Menu():
            return {"type": "list", **_text_header(body.header), **words, **_menu(body)}
        case Link():
            parameters = {"display_text": body.label, "url": body.url}
            action_link = {"name": "cta_url", "parameters": parameters}
            return {"type": "cta_url", **words, **_footer(body.footer), "action": action_link}
        case AskLocation():
            return {
                "type": "location_request_message",
                **words,
                "action": {"name": "send_location"},
            }
        case AskAddress():
            return {"type": "address_message", **words, "action": _address_form(body.country)}


def _footer(text: str) -> Json:
    return {"footer": {"text": text}} if text else {}


def _text_header(text: str) -> Json:
    return {"header": {"type": "text", "text": text}} if text else {}


def _image_header(url: str | None) -> Json:
    return {"header": {"type": "image", "image": {"link": url}}} if url else {}


def _buttons(buttons: Sequence[Button]) -> list[Json]:
    return [{"type": "reply", "reply": {"id": b.id, "title": b.title}} for b in buttons]


def _menu(body: Menu) -> Json:
    sections = [_section(section) for section in body.sections]
    return {**_footer(body.footer), "action": {"button": body.label, "sections": sections}}


def _section(section: Section) -> Json:
    rows = [
        _with({"id": row.id, "title": row.title}, description=row.description)
        for row in section.rows
    ]
    return {**_with({}, title=section.title), "rows": rows}


def _address_form(country: str) -> Json:
    if country.lower() not in ADDRESS_FORM_COUNTRIES:
        raise PermanentFailure(f"WhatsApp has no address form for {country}")
    return {"name": "address_message", "parameters": {"country": country.upper()}}


def _products(body: Products, catalog_id: str) -> Json:
    words = {"body": {"text": body.text}}
    if len(body.skus) == 1:
        single = {"catalog_id": catalog_id, "product_retailer_id": body.skus[0]}
        return {"type": "product", **words, "action": single}
    section = {
        "title": body.header[:_LONGEST_SECTION_TITLE],
        "product_items": [{"product_retailer_id": sku} for sku in body.skus],
    }
    action = {"catalog_id": catalog_id, "sections": [section]}
    return {"type": "product_list", **_text_header(body.header), **words, "action": action}


# --- templates -------------------------------------------------------------------------------


def _template(body: Template) -> Json:
    components = [*_header_component(body), *_body_component(body), *_link_components(body)]
    template: Json = {"name": body.name, "language": {"code": body.language}}
    return {**template, "components": components} if components else template


def _header_component(body: Template) -> list[Json]:
    if body.header_image_url is None:
        return []
    image = {"type": "image", "image": {"link": body.header_image_url}}
    return [{"type": "header", "parameters": [image]}]


def _body_component(body: Template) -> list[Json]:
    """Values in order; with names where the template has named ones."""
    if not body.values:
        return []
    parameters = [_parameter(value) for value in body.values]
    for parameter, name in zip(parameters, body.names, strict=False):
        parameter["parameter_name"] = name
    return [{"type": "body", "parameters": parameters}]


def _parameter(value: str) -> Json:
    # Meta refuses line breaks, tabs and runs of spaces inside a parameter.
    return {"type": "text", "text": " ".join(value.split())}


def _link_components(body: Template) -> list[Json]:
    return [
        {
            "type": "button",
            "sub_type": "url",
            "index": str(index),
            "parameters": [{"type": "text", "text": value}],
        }
        for index, value in sorted(body.button_values.items())
    ]
