"""Whatever merchants and shoppers call things: a letter stays one letter."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from tests.support.letters import facts, line
from tradewind.contracts.channel import Email
from tradewind.contracts.pricing import Address
from tradewind.messaging.letters.composing import Parcel, compose
from tradewind.messaging.letters.rules import Kind
from tradewind.messaging.letters.texts import LANGUAGES

TRICKS = st.sampled_from(
    [
        "<script>",
        "</td>",
        '"',
        "'",
        "&lt;",
        "{{ 7 }}",
        "{number}",
        "{% raw %}",
        "\r\n",
        "\x00",
        "]]>",
    ]
)
WORDS = st.lists(TRICKS | st.text(max_size=12), max_size=6).map("".join)
URLS = WORDS | st.sampled_from(["https://", "HTTP://x/", "javascript:"]).flatmap(
    lambda start: WORDS.map(lambda rest: start + rest)
)


class Shape(HTMLParser):
    """The tags of a page and the links in it, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = sorted(name for name, _ in attrs)
        self.tags.append(" ".join([tag, *names]))
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")


@given(st.sampled_from(get_args(Kind)), st.sampled_from(sorted(LANGUAGES)), WORDS, WORDS, URLS)
def test_no_words_become_markup_or_a_line_of_their_own(
    kind: Kind, locale: str, title: str, name: str, url: str
) -> None:
    plain = letter_of(kind, locale, "title", "name", "https://track.example")
    tricky = letter_of(kind, locale, f"t{title}", f"n{name}", url)
    assert "\n" not in tricky.subject
    assert "\0" not in tricky.text
    shape, wanted = Shape(tricky.html), Shape(plain.html)
    if kind != "shipped" or len(shape.links) == len(wanted.links):
        assert shape.tags == wanted.tags
        assert len(tricky.text.splitlines()) == len(plain.text.splitlines())
    assert "script" not in shape.tags
    assert all(link.lower().startswith(("https://", "http://")) for link in shape.links)


def letter_of(kind: Kind, locale: str, title: str, name: str, url: str) -> Email:
    told = " ".join(title.split())
    address = Address(
        first_name=name, last_name=name, address_1=title, city=name, country_code="ke"
    )
    order = {
        "locale": locale,
        "name": name,
        "lines": [line(1, title, 1, 1_00)],
        "shipping_address": address,
        "expires_at": datetime(2026, 11, 22, tzinfo=UTC),
    }
    parcel = Parcel(carrier=name, number=title, url=url)
    return compose(kind, facts(order, store=name, instructions=told, parcel=parcel))
