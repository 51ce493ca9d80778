"""How a letter looks: one page and one text for all of them. What people wrote is escaped."""

from collections.abc import Sequence

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tradewind.contracts.channel import Email


class Button(msgspec.Struct, frozen=True):
    """Something to press."""

    label: str
    url: str


class Item(msgspec.Struct, frozen=True):
    """One line of an order: what it is, how many at which price, and what that comes to."""

    title: str
    detail: str
    amount: str


class Figure(msgspec.Struct, frozen=True):
    """One row of the sum."""

    label: str
    amount: str
    strong: bool = False


class Section(msgspec.Struct, frozen=True):
    """A titled group of lines, with a link if there is more to see."""

    title: str
    lines: Sequence[str]
    link: Button | None = None


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a letter shows; `code` is to be typed somewhere, and stands out."""

    language: str
    store: str
    subject: str
    heading: str
    paragraphs: Sequence[str]
    footer: str
    code: str = ""
    title: str = ""
    items: Sequence[Item] = ()
    figures: Sequence[Figure] = ()
    sections: Sequence[Section] = ()
    button: Button | None = None


_TEMPLATES = Environment(
    loader=PackageLoader(__package__),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def draw(letter: Letter) -> Email:
    """The letter as it is sent."""
    page, text = (
        _TEMPLATES.get_template(f"letter.{kind}").render(letter=letter) for kind in ("html", "txt")
    )
    return Email(subject=letter.subject, text=text, html=page)
