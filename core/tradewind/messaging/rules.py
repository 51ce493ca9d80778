"""Fit any message to what a channel can show, and decide whether it may go out. No I/O."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from itertools import pairwise
from typing import Any

import msgspec

from tradewind.contracts.channel import (
    AskAddress,
    AskLocation,
    Button,
    Capabilities,
    Card,
    Choice,
    Document,
    Email,
    Link,
    MarkRead,
    Media,
    Menu,
    OutboundBody,
    Products,
    Row,
    Section,
    Template,
    Text,
)

STATUS_RANK = {"withheld": 0, "sending": 1, "sent": 2, "failed": 3, "delivered": 4, "read": 5}
"""How far a message got; the highest status it ever reached counts.

Whoever has received or read a message has it, whatever was given up before.
"""

_NOTHING = "…"
"""Stands where a channel wants words and there are none."""

_SUBJECT_LENGTH = 78
"""RFC 5322, section 2.1.1: a line of a header."""

_ZERO_WIDTH_JOINER = "\u200d"


class Fitted(msgspec.Struct, frozen=True):
    """Messages a channel can show, and the reply ids that typed numbers stand for."""

    bodies: Sequence[OutboundBody]
    offered: Sequence[str] = ()


# --- lengths -----------------------------------------------------------------------------------


def width(text: str) -> int:
    """Length in UTF-16 code units, as phones count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, limit: int) -> str:
    """The text, cut with an ellipsis when it is longer than `limit`; nothing when that is 0."""
    if width(text) <= limit:
        return text
    if limit <= 0:
        return ""
    return text[: _whole(text, _fitting(text, limit - 1))].rstrip() + "…"


def split(text: str, limit: int) -> list[str]:
    """The text in pieces of at most `limit`, broken at lines, then words, then anywhere.

    A blank text has no pieces.
    """
    pieces: list[str] = []
    rest = text.strip() if limit > 0 else ""
    while width(rest) > limit:
        cut = _cut(rest, limit)
        pieces.append(clip(rest[:cut].rstrip(), limit))
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def _fitting(text: str, limit: int) -> int:
    """How many characters from the beginning are at most `limit` wide."""
    taken = 0
    for index, character in enumerate(text):
        taken += 2 if character > "\uffff" else 1
        if taken > limit:
            return index
    return len(text)


def _cut(text: str, limit: int) -> int:
    """Where to cut: late rather than early, and through a word only if it is longer than all."""
    most = _fitting(text, limit)
    if text[most].isspace():
        return most
    for mark, start in (("\n", most // 2), (" ", most // 2), ("\n", 0), (" ", 0)):
        found = text.rfind(mark, start, most)
        if found > 0:
            return found
    return max(_whole(text, most), 1)


def _whole(text: str, cut: int) -> int:
    """A cut a little earlier where this one would break what is seen as one character."""
    whole = cut
    while 0 < whole < len(text) and _joined(text[whole - 1], text[whole]):
        whole -= 1
    return whole or cut


def _joined(left: str, right: str) -> bool:
    joins = right == _ZERO_WIDTH_JOINER or unicodedata.category(right) in {"Mn", "Me"}
    return joins or left == _ZERO_WIDTH_JOINER or "\U0001f3fb" <= right <= "\U0001f3ff"


# --- fitting -----------------------------------------------------------------------------------


def fit(body: OutboundBody, can: Capabilities, *, first: int = 1) -> Fitted:
    """The message as one or more that the channel can show.

    Options that can only be typed are numbered from `first`. A template goes as it is. Where there
    are only letters, everything else becomes one.
    """
    if can.email and can.text_length <= 0:
        return Fitted(_letters(body))
    match body:
        case Choice():
            return _fit_choice(body, can, first)
        case Card():
            return _fit_card(body, can, first)
        case Menu():
            return _fit_menu(body, can, first)
    fitter = _FITTERS.get(type(body))
    return fitter(body, can) if fitter is not None else Fitted([body])


def _texts(text: str, can: Capabilities) -> list[OutboundBody]:
    return [Text(text=piece) for piece in split(text, can.text_length)]


def _lead(text: str, can: Capabilities) -> tuple[list[OutboundBody], str]:
    """What does not fit above the buttons goes ahead as plain text."""
    limit = can.body_length
    pieces = split(text, limit)
    if width(text) <= limit or not pieces:
        return _texts(text, can) if limit <= 0 else [], text if pieces else clip(_NOTHING, limit)
    *ahead, last = pieces
    return _texts("\n".join(ahead), can), last


def _fit_text(body: Text, can: Capabilities) -> Fitted:
    return Fitted(_texts(body.text, can))


def _fit_location(body: AskLocation, can: Capabilities) -> Fitted:
    if not can.locations:
        return Fitted(_texts(body.text, can))
    ahead, text = _lead(body.text, can)
    return Fitted([*ahead, AskLocation(text=text)])


def _fit_address(body: AskAddress, can: Capabilities) -> Fitted:
    if body.country.lower() not in can.addresses:
        return Fitted(_texts(body.text, can))
    ahead, text = _lead(body.text, can)
    return Fitted([*ahead, AskAddress(text=text, country=body.country)])


def _fit_products(body: Products, can: Capabilities) -> Fitted:
    if not can.products:
        return Fitted(_texts(f"{body.header}\n{body.text}", can))
    ahead, text = _lead(body.text, can)
    header = clip(body.header, can.header_length)
    return Fitted([*ahead, msgspec.structs.replace(body, text=text, header=header)])


def _fit_email(body: Email, can: Capabilities) -> Fitted:
    return Fitted([body] if can.email else _texts(f"{body.subject}\n\n{body.text}", can))


def _letters(body: OutboundBody) -> list[OutboundBody]:
    """The words of a message as a letter; nobody can answer it, so it offers nothing to tap."""
    if isinstance(body, Email | Template):
        return [body]
    if isinstance(body, Choice | Card):
        body = Text(text=f"{body.text}\n\n{body.footer}")
    told = [one.text for one in fit(body, _WORDS).bodies if isinstance(one, Text)]
    text = "\n".join(told).strip()
    return [Email(subject=_subject(text), text=text, html=_paragraphs(text))] if text else []


_WORDS = Capabilities(text_length=65_536)
"""A channel of nothing but words."""


def _subject(text: str) -> str:
    return clip(text.splitlines()[0].strip(), _SUBJECT_LENGTH)


def _paragraphs(text: str) -> str:
    parts = (escape(part).replace("\n", "<br>") for part in text.split("\n\n"))
    return "".join(f"<p>{part}</p>" for part in parts)


def _fit_mark(body: MarkRead, can: Capabilities) -> Fitted:
    return Fitted([body] if can.read_marks else [])


def _fit_choice(body: Choice, can: Capabilities, first: int) -> Fitted:
    buttons = body.buttons
    if not 0 < len(buttons) <= can.buttons or _too_long_ids(buttons, can):
        section = Section("", [Row(button.id, button.title) for button in buttons])
        as_menu = Menu(text=body.text, label=_NOTHING, sections=[section], footer=body.footer)
        return _fit_menu(as_menu, can, first)
    ahead, text = _lead(body.text, can)
    footer = clip(body.footer, can.footer_length)
    choice = Choice(text=text, buttons=_titled(buttons, can), footer=footer)
    return Fitted([*ahead, choice], [button.id for button in buttons])


def _titled(buttons: Sequence[Button], can: Capabilities) -> list[Button]:
    """Buttons whose titles fit and differ: a phone shows none of two that read the same."""
    titles: list[str] = []
    for button in buttons:
        titles.append(_unlike(titles, button.title, can.button_title_length))
    return [Button(button.id, title) for button, title in zip(buttons, titles, strict=True)]


def _unlike(taken: Sequence[str], title: str, limit: int) -> str:
    wanted = _label(title, limit)
    for number in range(2, len(taken) + 2):
        tail = f" {number}"
        if wanted not in taken or limit <= len(tail):
            return wanted
        wanted = (clip(title.strip(), limit - len(tail)) + tail).strip()
    return wanted


def _label(title: str, limit: int) -> str:
    return clip(title.strip() or _NOTHING, limit)


def _too_long_ids(options: Sequence[Button | Row], can: Capabilities) -> bool:
    return any(width(option.id) > can.reply_id_length for option in options)


def _fit_card(body: Card, can: Capabilities, first: int) -> Fitted:
    choice = Choice(text=body.text, buttons=body.buttons, footer=body.footer)
    rest = _fit_choice(choice, can, first)
    if body.image_url is None:
        return rest
    last = rest.bodies[-1] if rest.bodies else None
    if can.card_images and isinstance(last, Choice):
        text, buttons, footer = last.text, last.buttons, last.footer
        card = Card(text=text, buttons=buttons, image_url=body.image_url, footer=footer)
        return Fitted([*rest.bodies[:-1], card], rest.offered)
    if "image" in can.media:
        picture: OutboundBody = Media(kind="image", url=body.image_url)
        return Fitted([picture, *rest.bodies], rest.offered)
    return rest


def _fit_menu(body: Menu, can: Capabilities, first: int) -> Fitted:
    rows = [row for section in body.sections for row in section.rows]
    if not rows or can.menu_rows == 0 or _too_long_ids(rows, can):
        return _numbered(body, rows, can, first)
    ahead, text = _lead(body.text, can)
    again = clip(_NOTHING, can.body_length)
    pages = list(_pages(body.sections, can.menu_rows))
    menus = [_menu(body, again if page else text, one, can) for page, one in enumerate(pages)]
    shown = [row.id for page in pages for section in page for row in section.rows]
    return Fitted([*ahead, *menus], shown)


def _pages(sections: Sequence[Section], most: int) -> Iterator[list[Section]]:
    """Sections cut into pages of at most `most` rows in all."""
    flat = [(section.title, row) for section in sections for row in section.rows]
    for start, end in pairwise([*range(0, len(flat), most), len(flat)]):
        page: dict[str, list[Row]] = {}
        for title, row in flat[start:end]:
            page.setdefault(title, []).append(row)
        yield [Section(title, rows) for title, rows in page.items()]


def _menu(body: Menu, text: str, sections: Sequence[Section], can: Capabilities) -> Menu:
    several = len(sections) > 1
    return Menu(
        text=text,
        label=_label(body.label, can.menu_label_length),
        sections=[
            Section(
                clip(section.title or ("•" if several else ""), can.section_title_length),
                [_row(row, can) for row in section.rows],
            )
            for section in sections
        ],
        header=clip(body.header, can.header_length),
        footer=clip(body.footer, can.footer_length),
    )


def _row(row: Row, can: Capabilities) -> Row:
    title = _label(row.title, can.row_title_length)
    return Row(row.id, title, clip(row.description, can.row_description_length))


def _numbered(body: Menu, rows: Sequence[Row], can: Capabilities, first: int) -> Fitted:
    options = [
        f"{number}. {row.title}" + (f" — {row.description}" if row.description else "")
        for number, row in enumerate(rows, start=first)
    ]
    parts = (body.header, body.text, "\n".join(options), body.footer)
    text = "\n\n".join(part for part in parts if part.strip())
    return Fitted(_texts(text, can), [row.id for row in rows])


def _fit_link(body: Link, can: Capabilities) -> Fitted:
    if not can.links:
        return Fitted(_texts(f"{body.text}\n{body.label}: {body.url}", can))
    ahead, text = _lead(body.text, can)
    label = _label(body.label, can.link_label_length)
    footer = clip(body.footer, can.footer_length)
    return Fitted([*ahead, Link(text=text, label=label, url=body.url, footer=footer)])


def _fit_media(body: Media | Document, can: Capabilities) -> Fitted:
    kind = body.kind if isinstance(body, Media) else "document"
    if kind not in can.media:
        return fit(without_media(body), can)
    if kind != "audio" and width(body.caption) <= can.caption_length:
        return Fitted([body])
    bare = msgspec.structs.replace(body, caption="")
    return Fitted([bare, *_texts(body.caption, can)])


_FITTERS: Mapping[type, Callable[[Any, Capabilities], Fitted]] = {
    Text: _fit_text,
    Link: _fit_link,
    Media: _fit_media,
    Document: _fit_media,
    AskLocation: _fit_location,
    AskAddress: _fit_address,
    Products: _fit_products,
    Email: _fit_email,
    MarkRead: _fit_mark,
}


def without_media(body: OutboundBody) -> OutboundBody:
    """The same message without its picture or file; a link takes its place where it matters."""
    match body:
        case Media() | Document():
            return Text(text=f"{body.caption}\n{body.url}".strip())
        case Card():
            return Choice(text=body.text, buttons=body.buttons, footer=body.footer)
        case _:
            return body


def has_media(body: OutboundBody) -> bool:
    """Whether `without_media` would make a difference."""
    return isinstance(body, Media | Document) or (
        isinstance(body, Card) and body.image_url is not None
    )


def kind_of(body: msgspec.Struct) -> str:
    """The tag of a body, for the log."""
    return str(body.__struct_config__.tag)


def advertises(body: OutboundBody, category: str) -> bool:
    """Whether a message needs consent to advertising."""
    return category == "marketing" or (isinstance(body, Template) and body.category == "marketing")


def refusal(
    body: OutboundBody,
    *,
    opted_out: bool,
    always: bool,
    window_expires_at: datetime | None,
    can: Capabilities,
    now: datetime,
) -> str:
    """Why a message must not go out now ("" when it may): the code shown in the inbox."""
    if opted_out and not always:
        return "opted_out"
    if isinstance(body, Template) and not can.templates:
        return "templates_not_supported"
    closed = window_expires_at is None or window_expires_at <= now
    if can.reply_window is not None and closed and not isinstance(body, Template):
        return "window_closed"
    return ""
