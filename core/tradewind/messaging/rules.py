"""Fit any message to what a channel can show, and decide whether it may go out. No I/O."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
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

STATUS_RANK = {"withheld": 0, "sending": 1, "sent": 2, "delivered": 3, "read": 4, "failed": 5}
"""How far a message got; the highest status it ever reached counts."""


class Fitted(msgspec.Struct, frozen=True):
    """Messages a channel can show, and the reply ids that typed numbers stand for."""

    bodies: Sequence[OutboundBody]
    offered: Sequence[str] = ()


def width(text: str) -> int:
    """Length in UTF-16 code units, as phones count."""
    return len(text) + sum(character > "\uffff" for character in text)


def clip(text: str, limit: int) -> str:
    """The text, cut with an ellipsis when it is longer than `limit`."""
    if width(text) <= limit:
        return text
    kept = text
    while kept and width(kept) > limit - 1:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def split(text: str, limit: int) -> list[str]:
    """The text in pieces of at most `limit`, broken at lines, then words, then anywhere."""
    pieces: list[str] = []
    rest = text.strip()
    while width(rest) > limit:
        cut = _cut(rest, limit)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest or not pieces else pieces


def _cut(text: str, limit: int) -> int:
    most = len(text)
    while width(text[:most]) > limit:
        most -= max(1, (width(text[:most]) - limit) // 2)
    for mark in ("\n", " "):
        found = text.rfind(mark, most // 2, most)
        if found > 0:
            return found
    return max(most, 1)


def fit(body: OutboundBody, can: Capabilities) -> Fitted:
    """The message as one or more that the channel can show."""
    fitter = _FITTERS.get(type(body))
    return fitter(body, can) if fitter is not None else Fitted([body])


def _fit_text(body: Text, can: Capabilities) -> Fitted:
    return Fitted([Text(text=piece) for piece in split(body.text, can.text_length)])


def _fit_location(body: AskLocation, can: Capabilities) -> Fitted:
    return Fitted([body]) if can.locations else _fit_text(Text(text=body.text), can)


def _fit_address(body: AskAddress, can: Capabilities) -> Fitted:
    known = body.country.lower() in can.addresses
    return Fitted([body]) if known else _fit_text(Text(text=body.text), can)


def _fit_products(body: Products, can: Capabilities) -> Fitted:
    plain = Text(text=f"{body.header}\n{body.text}")
    return Fitted([body]) if can.products else _fit_text(plain, can)


def _fit_email(body: Email, can: Capabilities) -> Fitted:
    plain = Text(text=f"{body.subject}\n\n{body.text}")
    return Fitted([body]) if can.email else _fit_text(plain, can)


def _fit_mark(body: MarkRead, can: Capabilities) -> Fitted:
    return Fitted([body] if can.read_marks else [])


def _lead(text: str, limit: int, can: Capabilities) -> tuple[list[OutboundBody], str]:
    """What does not fit above the buttons goes ahead as plain text."""
    if width(text) <= limit:
        return [], text
    *ahead, last = split(text, limit)
    pieces = split("\n".join(ahead), can.text_length)
    return [Text(text=piece) for piece in pieces], last


def _fit_choice(body: Choice, can: Capabilities) -> Fitted:
    if can.buttons == 0 or _too_long_ids(body.buttons, can):
        return _numbered(body.text, body.buttons, can)
    if len(body.buttons) > can.buttons:
        rows = [Row(button.id, button.title) for button in body.buttons]
        label = clip(body.footer or "…", can.menu_label_length)
        menu = Menu(text=body.text, label=label, sections=[Section("", rows)])
        return _fit_menu(menu, can)
    ahead, text = _lead(body.text, can.body_length, can)
    footer = clip(body.footer, can.footer_length)
    choice = Choice(text=text, buttons=_titled(body.buttons, can), footer=footer)
    return Fitted([*ahead, choice], [button.id for button in body.buttons])


def _titled(buttons: Sequence[Button], can: Capabilities) -> list[Button]:
    return [Button(button.id, clip(button.title, can.button_title_length)) for button in buttons]


def _too_long_ids(options: Sequence[Button | Row], can: Capabilities) -> bool:
    return any(width(option.id) > can.reply_id_length for option in options)


def _fit_card(body: Card, can: Capabilities) -> Fitted:
    rest = _fit_choice(Choice(text=body.text, buttons=body.buttons, footer=body.footer), can)
    if body.image_url is None:
        return rest
    last = rest.bodies[-1]
    if can.card_images and isinstance(last, Choice):
        text, buttons, footer = last.text, last.buttons, last.footer
        card = Card(text=text, buttons=buttons, image_url=body.image_url, footer=footer)
        return Fitted([*rest.bodies[:-1], card], rest.offered)
    if "image" in can.media:
        picture: OutboundBody = Media(kind="image", url=body.image_url)
        return Fitted([picture, *rest.bodies], rest.offered)
    return rest


def _fit_menu(body: Menu, can: Capabilities) -> Fitted:
    rows = [row for section in body.sections for row in section.rows]
    if can.menu_rows == 0 or _too_long_ids(rows, can):
        return _numbered(body.text, rows, can)
    ahead, text = _lead(body.text, can.body_length, can)
    pages = list(_pages(body.sections, can.menu_rows))
    menus = [
        _menu(body, text if index == 0 else "…", page, can) for index, page in enumerate(pages)
    ]
    return Fitted([*ahead, *menus], [row.id for row in rows])


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
        label=clip(body.label, can.menu_label_length),
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
    title = clip(row.title, can.row_title_length)
    return Row(row.id, title, clip(row.description, can.row_description_length))


def _numbered(text: str, options: Sequence[Button | Row], can: Capabilities) -> Fitted:
    lines = [text, ""]
    for number, option in enumerate(options, start=1):
        more = f" — {option.description}" if isinstance(option, Row) and option.description else ""
        lines.append(f"{number}. {option.title}{more}")
    pieces = split("\n".join(lines), can.text_length)
    return Fitted([Text(text=piece) for piece in pieces], [option.id for option in options])


def _fit_link(body: Link, can: Capabilities) -> Fitted:
    if not can.links:
        return fit(Text(text=f"{body.text}\n{body.label}: {body.url}"), can)
    ahead, text = _lead(body.text, can.body_length, can)
    label = clip(body.label, can.link_label_length)
    footer = clip(body.footer, can.footer_length)
    return Fitted([*ahead, Link(text=text, label=label, url=body.url, footer=footer)])


def _fit_media(body: Media | Document, can: Capabilities) -> Fitted:
    kind = body.kind if isinstance(body, Media) else "document"
    if kind not in can.media:
        return fit(without_media(body), can)
    if kind != "audio" and width(body.caption) <= can.caption_length:
        return Fitted([body])
    bare = msgspec.structs.replace(body, caption="")
    after = _fit_text(Text(text=body.caption), can).bodies if body.caption else []
    return Fitted([bare, *after])


_FITTERS: Mapping[type, Callable[[Any, Capabilities], Fitted]] = {
    Text: _fit_text,
    Choice: _fit_choice,
    Card: _fit_card,
    Menu: _fit_menu,
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
