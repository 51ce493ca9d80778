"""How a message looks on the phone: its wire format turned into what the page draws."""

from dataclasses import dataclass, field
from typing import Any

from tradewind_sandbox.whatsapp.state import Message
from tradewind_sandbox.whatsapp.templates import FilledTemplate

_MEDIA = ("image", "sticker", "document", "video", "audio")


@dataclass(frozen=True, slots=True)
class Option:
    """Something to tap that sends an answer.

    `kind` is button_reply, list_reply, quick_reply, location or contact.
    """

    kind: str
    id: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of rows in a list."""

    title: str
    rows: list[Option]


@dataclass(slots=True)
class Bubble:
    """What one message shows, from top to bottom."""

    message: Message
    image: str = ""
    attachment: str = ""
    header: str = ""
    text: str = ""
    footer: str = ""
    link: str = ""
    link_title: str = ""
    buttons: list[Option] = field(default_factory=list)
    list_label: str = ""
    sections: list[Section] = field(default_factory=list)

    def option(self, kind: str, option_id: str) -> Option | None:
        """The button or row with this id."""
        rows = [row for section in self.sections for row in section.rows]
        for option in self.buttons + rows:
            if (option.kind, option.id) == (kind, option_id):
                return option
        return None


def draw(message: Message) -> Bubble:
    """The bubble of a message. What shoppers send may be of any shape and is shown as it can."""
    bubble = Bubble(message)
    kind = message.body.get("type") or "text"
    content = message.body.get(kind) if isinstance(kind, str) else None
    if message.filled:
        _template(bubble, message.filled)
    elif kind in _MEDIA and isinstance(content, dict):
        _media(bubble, kind, content)
        bubble.text = str(content.get("caption") or "")
    elif kind == "interactive" and not message.from_shopper:
        _interactive(bubble, message.body["interactive"])
    else:
        bubble.text = _plain(kind, content)
    return bubble


def _plain(kind: str, content: Any) -> str:
    match kind, content:
        case ("text", {"body": str(text)}) | ("button", {"text": str(text)}):
            shown = text
        case "interactive", {"list_reply": {"title": str(title)}}:
            shown = title
        case "interactive", {"button_reply": {"title": str(title)}}:
            shown = title
        case "reaction", {"emoji": str(emoji)}:
            shown = emoji
        case "location", {"latitude": latitude, "longitude": longitude}:
            shown = f"📍 {content.get('name') or f'{latitude}, {longitude}'}"
        case "contacts", [{"name": {"formatted_name": str(name)}}, *_]:
            shown = f"👤 {name}"
        case "order", {"product_items": list(items)}:
            shown = f"🛒 {len(items)} products"
        case _:
            shown = f"({kind})"
    return shown


def _media(bubble: Bubble, kind: str, media: dict[str, Any]) -> None:
    address = media.get("link") or f"/phone/media/{media.get('id')}"
    if kind in ("image", "sticker"):
        bubble.image = address
    else:
        bubble.link = address
        bubble.attachment = media.get("filename") or kind.capitalize()


def _interactive(bubble: Bubble, interactive: dict[str, Any]) -> None:
    header = interactive.get("header") or {}
    bubble.header = header.get("text") or ""
    if header.get("type") in ("image", "document", "video"):
        _media(bubble, header["type"], header[header["type"]])
    bubble.text = (interactive.get("body") or {}).get("text", "")
    bubble.footer = (interactive.get("footer") or {}).get("text", "")
    _action(bubble, interactive["type"], interactive["action"])


def _action(bubble: Bubble, kind: str, action: dict[str, Any]) -> None:
    if kind == "button":
        replies = [button["reply"] for button in action["buttons"]]
        bubble.buttons = [Option("button_reply", r["id"], r["title"]) for r in replies]
    elif kind == "list":
        bubble.list_label = action["button"]
        bubble.sections = [_section(section) for section in action["sections"]]
    elif kind == "cta_url":
        bubble.link = action["parameters"]["url"]
        bubble.link_title = action["parameters"]["display_text"]
    elif kind == "location_request_message":
        bubble.buttons = [Option("location", "send_location", "Send location")]
    elif kind in ("contact_request", "request_contact_info"):
        bubble.buttons = [Option("contact", "share_contact", "Share contact info")]
    else:
        bubble.text = bubble.text or f"({kind})"


def _section(section: dict[str, Any]) -> Section:
    rows = [
        Option("list_reply", row["id"], row["title"], row.get("description") or "")
        for row in section["rows"]
    ]
    return Section(section.get("title") or "", rows)


def _template(bubble: Bubble, filled: FilledTemplate) -> None:
    bubble.header, bubble.text, bubble.footer = filled.header, filled.body, filled.footer
    if filled.media_kind:
        _media(bubble, filled.media_kind, filled.media)
    for button in filled.buttons:
        if button["type"] == "QUICK_REPLY":
            bubble.buttons.append(Option("quick_reply", button["payload"], button["text"]))
        elif button["type"] == "URL":
            bubble.link, bubble.link_title = button["url"], button["text"]
