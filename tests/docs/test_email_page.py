"""What the pages say of e-mail is what the plugin and the letters do."""

import re
from itertools import chain
from typing import get_args

import pytest

from tests.docs.pages import read, rows
from tradewind.messaging.letters.rules import Kind
from tradewind.messaging.letters.texts import LANGUAGES
from tradewind_email import EmailSettings

PAGE = "docs/channels/email.md"
SETTINGS = set(EmailSettings.__struct_fields__)


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("page", [PAGE, "plugins/email/README.md"])
def test_every_setting_is_explained_and_no_other(page: str) -> None:
    first = [named(row[0]) for row in rows(read(page))]
    found = [names for names in first if names and set(names) & SETTINGS]
    assert sorted(chain.from_iterable(found)) == sorted(SETTINGS)


def test_every_letter_is_listed() -> None:
    listed = {row[0].replace(" ", "_") for row in rows(read(PAGE)) if row[-1].startswith("once")}
    assert listed == set(get_args(Kind))


def test_the_languages_are_those_that_letters_speak() -> None:
    assert ", ".join(f"`{code}`" for code in LANGUAGES) in read(PAGE)
