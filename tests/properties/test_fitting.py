"""Whatever is said, on whatever channel: what goes out can be shown, and nothing is lost."""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

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
from tradewind.messaging.rules import clip, fit, split, width

# Letters, spaces and lines, wide characters, marks and joiners, and what comes in pairs.
TEXT = st.text(
    st.sampled_from("ab.,é \n\t\u00a0\u0301\u200d\ufe0f") | st.sampled_from("😀👩🏽🇰🇪")
) | st.text(max_size=60)
SHORT = TEXT.map(lambda text: text[:40])
LONG = st.builds(lambda text, times: text * times, TEXT, st.integers(1, 60))
IDS = st.text("abc:", min_size=1, max_size=30)
URL = "https://shop.example/store/demo/orders/1?token=abc"


def lengths(least: int = 0) -> st.SearchStrategy[int]:
    return st.integers(least, 30) | st.sampled_from([60, 1024, 4096])


CAPABILITIES = st.builds(
    Capabilities,
    text_length=lengths(),
    body_length=lengths(),
    caption_length=lengths(),
    buttons=st.integers(0, 4),
    button_title_length=lengths(),
    menu_rows=st.integers(0, 11),
    row_title_length=lengths(),
    row_description_length=lengths(),
    menu_label_length=lengths(),
    section_title_length=lengths(),
    header_length=lengths(),
    footer_length=lengths(),
    reply_id_length=st.integers(0, 40),
    media=st.frozensets(st.sampled_from(["image", "video", "audio", "document"])),
    card_images=st.booleans(),
    links=st.booleans(),
    link_label_length=lengths(),
    products=st.booleans(),
    templates=st.booleans(),
    locations=st.booleans(),
    addresses=st.frozensets(st.sampled_from(["in", "ke"])),
    email=st.booleans(),
    read_marks=st.booleans(),
)
BUTTONS = st.lists(st.builds(Button, IDS, SHORT), max_size=13)
SECTIONS = st.lists(
    st.builds(Section, SHORT, st.lists(st.builds(Row, IDS, SHORT, SHORT), max_size=13)), max_size=4
)
CHOICES = st.builds(Choice, text=LONG, buttons=BUTTONS, footer=SHORT)
CARDS = st.builds(
    Card, text=LONG, buttons=BUTTONS, image_url=st.none() | st.just(URL), footer=SHORT
)
MENUS = st.builds(Menu, text=LONG, label=SHORT, sections=SECTIONS, header=SHORT, footer=SHORT)
KINDS = st.sampled_from(["image", "video", "audio"])
SKUS = st.lists(IDS, max_size=3)
BODIES: st.SearchStrategy[OutboundBody] = st.one_of(
    st.builds(Text, text=LONG),
    st.builds(Media, kind=KINDS, url=st.just(URL), caption=LONG),
    st.builds(Document, url=st.just(URL), filename=st.just("receipt.pdf"), caption=LONG),
    CHOICES,
    CARDS,
    MENUS,
    st.builds(Link, text=LONG, label=SHORT, url=st.just(URL), footer=SHORT),
    st.builds(Products, text=LONG, header=SHORT, catalog_id=IDS, skus=SKUS),
    st.builds(Template, name=IDS, language=st.just("en"), values=st.lists(SHORT, max_size=3)),
    st.builds(AskLocation, text=LONG),
    st.builds(AskAddress, text=LONG, country=st.sampled_from(["in", "IN", "us"])),
    st.builds(Email, subject=SHORT, text=LONG, html=LONG),
    st.builds(MarkRead, ref=IDS),
)


@given(BODIES, CAPABILITIES)
def test_everything_that_goes_out_can_be_shown(body: OutboundBody, can: Capabilities) -> None:
    for shown in fit(body, can).bodies:
        CHECKS[type(shown)](shown, can)


def check_text(shown: Text, can: Capabilities) -> None:
    assert 0 < width(shown.text) <= can.text_length
    assert shown.text.strip()


def check_choice(shown: Choice | Card, can: Capabilities) -> None:
    check_words(shown.text, shown.footer, can)
    check_buttons(shown.buttons, can)
    assert isinstance(shown, Choice) or can.card_images or shown.image_url is None


def check_link(shown: Link, can: Capabilities) -> None:
    assert can.links
    check_words(shown.text, shown.footer, can)
    assert bool(shown.label) == bool(can.link_label_length)
    assert width(shown.label) <= can.link_label_length


def check_file(shown: Media | Document, can: Capabilities) -> None:
    kind = shown.kind if isinstance(shown, Media) else "document"
    assert kind in can.media
    assert width(shown.caption) <= can.caption_length
    assert kind != "audio" or not shown.caption


def check_products(shown: Products, can: Capabilities) -> None:
    assert can.products
    check_words(shown.text, "", can)
    assert width(shown.header) <= can.header_length


def check_question(shown: AskLocation | AskAddress, can: Capabilities) -> None:
    check_words(shown.text, "", can)
    if isinstance(shown, AskAddress):
        assert shown.country.lower() in can.addresses
    else:
        assert can.locations


def check_words(text: str, footer: str, can: Capabilities) -> None:
    assert width(text) <= can.body_length
    assert text.strip() or can.body_length == 0
    assert width(footer) <= can.footer_length


def check_buttons(buttons: Sequence[Button], can: Capabilities) -> None:
    assert 1 <= len(buttons) <= can.buttons
    titles = [button.title for button in buttons]
    assert all(width(title) <= can.button_title_length for title in titles)
    assert all(width(button.id) <= can.reply_id_length for button in buttons)
    if can.button_title_length > 2:
        assert all(title.strip() for title in titles)
        assert len(set(titles)) == len(titles)


def check_menu(menu: Menu, can: Capabilities) -> None:
    check_words(menu.text, menu.footer, can)
    assert width(menu.label) <= can.menu_label_length
    assert bool(menu.label) == bool(can.menu_label_length)
    assert width(menu.header) <= can.header_length
    rows = [row for section in menu.sections for row in section.rows]
    assert 1 <= len(rows) <= can.menu_rows
    assert all(section.rows for section in menu.sections)
    for section in menu.sections:
        assert width(section.title) <= can.section_title_length
        assert section.title or len(menu.sections) == 1 or can.section_title_length == 0
    for row in rows:
        assert width(row.id) <= can.reply_id_length
        assert width(row.title) <= can.row_title_length
        assert bool(row.title) == bool(can.row_title_length)
        assert width(row.description) <= can.row_description_length


def check_email(shown: Email, can: Capabilities) -> None:
    assert can.email


def check_mark(shown: MarkRead, can: Capabilities) -> None:
    assert can.read_marks


def check_template(shown: Template, can: Capabilities) -> None:
    """A template is withheld where the channel has none; see `refusal`."""


CHECKS: Mapping[type, Callable[[Any, Capabilities], None]] = {
    Text: check_text,
    Choice: check_choice,
    Card: check_choice,
    Menu: check_menu,
    Link: check_link,
    Media: check_file,
    Document: check_file,
    Products: check_products,
    AskLocation: check_question,
    AskAddress: check_question,
    Email: check_email,
    MarkRead: check_mark,
    Template: check_template,
}


def options(body: OutboundBody) -> list[str]:
    """The ids of what can be tapped."""
    match body:
        case Choice(buttons=buttons) | Card(buttons=buttons):
            return [button.id for button in buttons]
        case Menu(sections=sections):
            return [row.id for section in sections for row in section.rows]
        case _:
            return []


@given(CHOICES | CARDS | MENUS, CAPABILITIES)
def test_no_option_is_lost_or_told_twice(body: OutboundBody, can: Capabilities) -> None:
    assume(can.text_length or not can.email)
    fitted = fit(body, can)
    assert sorted(fitted.offered) == sorted(options(body))
    tapped = list(itertools.chain(*map(options, fitted.bodies)))
    assert tapped in (list(fitted.offered), [])


LETTERS_ONLY = Capabilities(inbound=False, email=True, text_length=0)


@given(BODIES)
def test_where_there_are_only_letters_words_become_one(body: OutboundBody) -> None:
    fitted = fit(body, LETTERS_ONLY)
    assert not fitted.offered
    said = str(getattr(body, "text", ""))
    if isinstance(body, Email | Template):
        assert list(fitted.bodies) == [body]
    elif said.strip():
        (letter,) = fitted.bodies
        assert isinstance(letter, Email)
        assert letter.subject.strip()
        assert "".join(said.split()) in "".join(letter.text.split())


WORDS = st.text("ab \n", max_size=30)
ROWS = st.lists(st.builds(Row, IDS, WORDS, WORDS), min_size=1, max_size=30)


@given(WORDS, st.lists(ROWS, min_size=1, max_size=3), st.integers(60, 200), st.integers(1, 40))
def test_what_cannot_be_tapped_is_numbered_in_the_order_of_the_offer(
    text: str, groups: list[list[Row]], text_length: int, first: int
) -> None:
    menu = Menu(text=text, label="Choose", sections=[Section("", rows) for rows in groups])
    fitted = fit(menu, Capabilities(text_length=text_length), first=first)
    assert list(fitted.offered) == [row.id for rows in groups for row in rows]
    words = "\n".join(shown.text for shown in fitted.bodies if isinstance(shown, Text))
    found = [int(number) for number in re.findall(r"(\d+)\.", words)]
    assert found == list(range(first, first + len(fitted.offered)))


@given(BODIES, CAPABILITIES)
def test_fitting_what_fits_changes_nothing(body: OutboundBody, can: Capabilities) -> None:
    for shown in fit(body, can).bodies:
        assert list(fit(shown, can).bodies) == [shown]


@given(LONG, st.integers(1, 50))
def test_pieces_hold_every_word_in_order(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(0 < width(piece) <= limit for piece in pieces)
    if limit > 1:
        assert "".join("".join(pieces).split()) == "".join(text.split())


@given(TEXT, st.integers(-1, 50))
def test_what_is_clipped_is_a_beginning_and_says_so(text: str, limit: int) -> None:
    clipped = clip(text, limit)
    assert width(clipped) <= max(limit, 0)
    if clipped != text:
        assert limit <= 0 or clipped.endswith("…")
        assert text.startswith(clipped[:-1])


@given(st.text())
def test_width_counts_as_phones_do(text: str) -> None:
    assert width(text) == sum(1 + (ord(character) > 0xFFFF) for character in text)
