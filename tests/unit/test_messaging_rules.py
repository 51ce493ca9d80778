"""What a message looks like on a channel, and whether it may go out."""

from datetime import UTC, datetime, timedelta
from time import process_time

import pytest

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
from tradewind.messaging.rules import (
    STATUS_RANK,
    Fitted,
    advertises,
    clip,
    fit,
    has_media,
    kind_of,
    refusal,
    split,
    width,
    without_media,
)

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
LETTERS = Capabilities(inbound=False, email=True, text_length=0)
PLAIN = Capabilities()
RICH = Capabilities(
    buttons=3,
    menu_rows=10,
    card_images=True,
    links=True,
    media=frozenset({"image", "document", "audio"}),
    products=True,
    locations=True,
    addresses=frozenset({"in"}),
    templates=True,
    read_marks=True,
    reply_window=timedelta(hours=24),
)
URL = "https://shop.example/pay/1"


def buttons(*titles: str) -> list[Button]:
    return [Button(f"id{number}", title) for number, title in enumerate(titles)]


def rows(count: int) -> list[Row]:
    return [Row(f"r{number}", f"Row {number}") for number in range(count)]


# --- lengths -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "units"), [("", 0), ("abc", 3), ("é", 1), ("😀", 2), ("👩🏽", 4)])
def test_width_is_in_utf_16_units(text: str, units: int) -> None:
    assert width(text) == units


@pytest.mark.parametrize(
    ("text", "limit", "clipped"),
    [
        ("exactly", 7, "exactly"),
        ("too long", 7, "too lo…"),
        ("too long", 5, "too…"),
        ("😀😀", 4, "😀😀"),
        ("😀😀", 3, "😀…"),
        ("😀😀", 2, "…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("", 0, ""),
        ("for 👩🏽 only", 8, "for…"),
        ("cafe\u0301 au lait", 5, "caf…"),
    ],
)
def test_what_is_too_long_is_cut_with_an_ellipsis(text: str, limit: int, clipped: str) -> None:
    assert clip(text, limit) == clipped


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("short", 10, ["short"]),
        ("  ", 10, []),
        ("one\ntwo three", 10, ["one\ntwo", "three"]),
        ("first line\nsecond", 12, ["first line", "second"]),
        ("exactly ten chars", 7, ["exactly", "ten", "chars"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("pay: https://a.example/b", 22, ["pay:", "https://a.example/b"]),
        ("😀😀😀", 4, ["😀😀", "😀"]),
        ("abc", 0, []),
    ],
)
def test_a_text_is_broken_at_lines_then_words_then_anywhere(
    text: str, limit: int, pieces: list[str]
) -> None:
    assert split(text, limit) == pieces


def test_a_link_at_the_end_of_a_long_text_stays_whole() -> None:
    url = "https://shop.example/" + "x" * 300
    for before in range(0, 480, 7):
        pieces = split("word " * (before // 5) + url, 480)
        assert url in pieces[-1]


def test_a_very_long_text_is_cut_in_no_time() -> None:
    text = "word 😀 " * 20_000
    started = process_time()
    assert width(clip(text, 1024)) <= 1024
    assert len(split(text, 4096)) > 30
    assert process_time() - started < 2


# --- fitting -----------------------------------------------------------------------------------


def test_what_a_channel_can_show_goes_out_as_it_is() -> None:
    bodies: list[OutboundBody] = [
        Text(text="Hello"),
        Choice(text="Sure?", buttons=buttons("Yes", "No"), footer="Think"),
        Card(text="Tea", buttons=buttons("Add"), image_url=URL),
        Menu(text="Pick", label="Open", sections=[Section("All", rows(3))]),
        Link(text="Pay", label="Pay now", url=URL),
        Media(kind="image", url=URL, caption="Tea"),
        Document(url=URL, filename="receipt.pdf"),
        Products(text="Look", header="New", catalog_id="1", skus=["TEA-1"]),
        AskLocation(text="Where?"),
        AskAddress(text="Where?", country="IN"),
        MarkRead(ref="r"),
        Template(name="order_update", language="en"),
    ]
    for body in bodies:
        assert list(fit(body, RICH).bodies) == [body]


def test_options_are_numbered_where_there_is_nothing_to_tap() -> None:
    body = Choice(text="Sure?", buttons=buttons("Yes", "No"), footer="Think")
    assert fit(body, PLAIN) == Fitted(
        [Text(text="Sure?\n\n1. Yes\n2. No\n\nThink")], ["id0", "id1"]
    )
    menu = Menu(
        text="Pick",
        label="Open",
        sections=[Section("A", [Row("a", "Tea", "5.00")]), Section("B", [Row("b", "Cup")])],
        header="Shop",
    )
    assert fit(menu, PLAIN, first=3) == Fitted(
        [Text(text="Shop\n\nPick\n\n3. Tea — 5.00\n4. Cup")], ["a", "b"]
    )


def test_more_buttons_than_a_channel_has_become_a_menu_and_more_rows_several() -> None:
    [menu] = fit(Choice(text="Pick", buttons=buttons(*"abcd"), footer="Foot"), RICH).bodies
    assert isinstance(menu, Menu)
    assert (menu.text, menu.footer) == ("Pick", "Foot")
    assert menu.label
    assert [row.title for row in menu.sections[0].rows] == list("abcd")
    fitted = fit(Menu(text="Pick", label="Open", sections=[Section("All", rows(23))]), RICH)
    pages = [body for body in fitted.bodies if isinstance(body, Menu)]
    assert [len(page.sections[0].rows) for page in pages] == [10, 10, 3]
    assert [page.text for page in pages] == ["Pick", "…", "…"]
    assert list(fitted.offered) == [row.id for row in rows(23)]


def test_each_section_of_several_has_a_title_and_the_offer_is_in_the_order_shown() -> None:
    sections = [
        Section("A", [Row("1", "x")]),
        Section("", [Row("2", "x")]),
        Section("A", [Row("3", "x")]),
    ]
    fitted = fit(Menu(text="Pick", label="Open", sections=sections), RICH)
    [menu] = fitted.bodies
    assert isinstance(menu, Menu)
    assert [section.title for section in menu.sections] == ["A", "•"]
    assert list(fitted.offered) == ["1", "3", "2"]


def test_a_question_without_options_is_a_text() -> None:
    for body in (
        Choice(text="Nothing here", buttons=[]),
        Card(text="Nothing here", buttons=[]),
        Menu(text="Nothing here", label="Open", sections=[Section("All", [])]),
    ):
        assert fit(body, RICH) == Fitted([Text(text="Nothing here")], [])


def test_what_is_too_long_for_above_the_buttons_goes_ahead() -> None:
    text = "line\n" * 300 + "Sure?"
    *ahead, choice = fit(Choice(text=text, buttons=buttons("Yes")), RICH).bodies
    assert isinstance(choice, Choice)
    assert width(choice.text) <= 1024
    assert choice.text.endswith("Sure?")
    assert all(isinstance(body, Text) for body in ahead)


def test_buttons_that_would_read_the_same_are_told_apart() -> None:
    same = buttons("Basket of seven mangoes", "Basket of seven pears", "Basket of seven plums")
    [choice] = fit(Choice(text="Pick", buttons=same), RICH).bodies
    assert isinstance(choice, Choice)
    assert [button.title for button in choice.buttons] == [
        "Basket of seven man…",
        "Basket of seven pea…",
        "Basket of seven plu…",
    ]
    [choice] = fit(Choice(text="Pick", buttons=buttons("Tea", "Tea", " ")), RICH).bodies
    assert isinstance(choice, Choice)
    assert [button.title for button in choice.buttons] == ["Tea", "Tea 2", "…"]


def test_ids_that_are_too_long_for_the_channel_are_numbered_instead() -> None:
    long = [Button("x" * 201, "Yes")]
    assert fit(Choice(text="Sure?", buttons=long), RICH) == Fitted(
        [Text(text="Sure?\n\n1. Yes")], ["x" * 201]
    )


def test_a_picture_goes_ahead_where_cards_have_none_and_away_where_there_are_no_pictures() -> None:
    card = Card(text="Tea", buttons=buttons("Add"), image_url=URL)
    split_up = Capabilities(buttons=3, media=frozenset({"image"}))
    choice = Choice(text="Tea", buttons=buttons("Add"))
    assert list(fit(card, split_up).bodies) == [Media(kind="image", url=URL), choice]
    assert list(fit(card, Capabilities(buttons=3)).bodies) == [choice]


def test_a_file_that_cannot_be_sent_becomes_a_link() -> None:
    body = Document(url=URL, filename="receipt.pdf", caption="Your receipt")
    assert list(fit(body, PLAIN).bodies) == [Text(text=f"Your receipt\n{URL}")]
    assert list(fit(Media(kind="video", url=URL), RICH).bodies) == [Text(text=URL)]


def test_a_caption_that_does_not_fit_follows_its_file() -> None:
    long = "word " * 300
    picture, *after = fit(Media(kind="image", url=URL, caption=long), RICH).bodies
    assert picture == Media(kind="image", url=URL)
    assert "".join(body.text for body in after if isinstance(body, Text)) == long.strip()
    sound = Media(kind="audio", url=URL, caption="Listen")
    assert list(fit(sound, RICH).bodies) == [Media(kind="audio", url=URL), Text(text="Listen")]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (Link(text="Pay here", label="Pay", url=URL), f"Pay here\nPay: {URL}"),
        (Products(text="Look", header="New", catalog_id="1", skus=["A"]), "New\nLook"),
        (AskLocation(text="Where?"), "Where?"),
        (AskAddress(text="Where?", country="in"), "Where?"),
        (Email(subject="Receipt", text="Thanks", html="<p>"), "Receipt\n\nThanks"),
    ],
)
def test_what_a_channel_does_not_have_is_said_in_words(body: OutboundBody, text: str) -> None:
    assert list(fit(body, PLAIN).bodies) == [Text(text=text)]


def test_where_there_are_only_letters_a_text_is_one() -> None:
    (letter,) = fit(Text(text="Hello <b>\nsecond\n\nthird"), LETTERS).bodies
    assert letter == Email(
        subject="Hello <b>",
        text="Hello <b>\nsecond\n\nthird",
        html="<p>Hello &lt;b&gt;<br>second</p><p>third</p>",
    )
    choice = Choice(text="Paid?", buttons=buttons("Yes", "No"), footer="Shop")
    (asked,) = fit(choice, LETTERS).bodies
    assert isinstance(asked, Email)
    assert asked.text == "Paid?\n\nShop"
    assert list(fit(MarkRead(ref="r"), LETTERS).bodies) == []
    assert list(fit(Text(text=" "), LETTERS).bodies) == []


def test_nothing_is_sent_in_place_of_nothing() -> None:
    assert list(fit(Text(text="  \n"), RICH).bodies) == []
    assert list(fit(MarkRead(ref="r"), PLAIN).bodies) == []


def test_only_a_message_with_a_file_differs_without_it() -> None:
    card = Card(text="Tea", buttons=buttons("Add"), image_url=URL)
    for one in (card, Media(kind="image", url=URL), Document(url=URL, filename="a")):
        assert has_media(one)
        assert without_media(one) != one
        assert not has_media(without_media(one))
    for other in (Text(text="a"), Card(text="Tea", buttons=[]), Choice(text="a", buttons=[])):
        assert not has_media(other)


# --- going out ---------------------------------------------------------------------------------

SOON, PAST = NOW + timedelta(seconds=1), NOW
TEMPLATE = Template(name="order_update", language="en")
TEXT = Text(text="Hello")


@pytest.mark.parametrize(
    ("body", "refused", "always", "window", "can", "why"),
    [
        (TEXT, False, False, SOON, RICH, ""),
        (TEXT, False, False, PAST, RICH, "window_closed"),
        (TEXT, False, False, None, RICH, "window_closed"),
        (TEXT, False, False, None, PLAIN, ""),
        (TEMPLATE, False, False, PAST, RICH, ""),
        (TEMPLATE, False, False, SOON, PLAIN, "templates_not_supported"),
        (TEXT, True, False, SOON, RICH, "opted_out"),
        (TEMPLATE, True, False, SOON, RICH, "opted_out"),
        (TEXT, True, True, SOON, RICH, ""),
        (TEXT, True, True, PAST, RICH, "window_closed"),
    ],
)
def test_a_message_goes_out_only_where_it_may(
    *,
    body: OutboundBody,
    refused: bool,
    always: bool,
    window: datetime | None,
    can: Capabilities,
    why: str,
) -> None:
    told = refusal(
        body, opted_out=refused, always=always, window_expires_at=window, can=can, now=NOW
    )
    assert told == why


def test_advertising_is_told_by_its_category_or_its_template() -> None:
    marketing = Template(name="sale", language="en", category="marketing")
    assert advertises(marketing, "utility")
    assert advertises(TEXT, "marketing")
    assert not advertises(TEMPLATE, "utility")
    assert not advertises(TEXT, "service")


def test_whoever_has_read_a_message_has_received_it_and_whoever_received_it_was_sent_it() -> None:
    ranked = sorted(STATUS_RANK, key=lambda status: STATUS_RANK[status])
    assert ranked == ["withheld", "sending", "sent", "failed", "delivered", "read"]
    assert len(set(STATUS_RANK.values())) == len(STATUS_RANK)


def test_a_kind_is_the_tag_of_the_body() -> None:
    assert kind_of(AskLocation(text="Where?")) == "ask_location"
