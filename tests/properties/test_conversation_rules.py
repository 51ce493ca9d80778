"""Whatever is typed or tapped, reading it never fails, and what was made is read back."""

from datetime import UTC
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tradewind.conversations.rules import (
    Place,
    State,
    clean,
    dump_state,
    fit_lines,
    is_email,
    load_state,
    parse_command,
    parse_tap,
    read_city,
    read_street,
    tap,
)
from tradewind.conversations.rules.commands import LARGEST_QUANTITY
from tradewind.conversations.rules.taps import FIELDS, LONGEST
from tradewind.conversations.texts import ENGLISH
from tradewind.messaging.rules import width

COMMANDS = {"add", "remove", "track", "cart", "checkout", "status", "stop", "start", "help", "menu"}

words = st.sampled_from(
    ["add", "REMOVE", "track", "cart", "stop", "tea-500", "2", "-1", "x", "x3", "#", "please", "½"]
)
typed = st.one_of(st.text(), st.lists(words | st.text(max_size=5)).map(" ".join))
plain = st.text(st.characters(categories=("L", "N", "P"), exclude_characters=":"), max_size=30)
arguments: dict[str, st.SearchStrategy[Any]] = {
    "id": st.uuids(),
    "other": st.uuids(),
    "number": st.integers(0, 10**15 - 1),
    "cursor": plain,
    "text": st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=60).filter(
        str.isprintable
    ),
}
places = st.builds(
    Place, street=st.text(), city=st.text(), country=st.sampled_from(["", "ke", "us"])
)
states = st.builds(
    State,
    step=st.text(),
    offered=st.lists(st.text()),
    choices=st.dictionaries(st.text(), st.text()),
    cart=st.none() | st.uuids(),
    name=st.text(),
    place=st.none() | places,
    total=st.none() | st.integers(0, 2**53),
    asked_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(text=typed, answering=st.booleans())
def test_any_text_is_a_whole_command_or_none(*, text: str, answering: bool) -> None:
    command = parse_command(text, ENGLISH.aliases, answering=answering)
    if command is None:
        return
    assert command.name in COMMANDS
    if not command.wrong:
        assert command.name not in {"add", "remove"} or command.sku
        assert 0 <= command.quantity <= LARGEST_QUANTITY


@given(kind=st.sampled_from(sorted(FIELDS)), data=st.data())
def test_every_id_is_read_back(kind: str, data: st.DataObject) -> None:
    given_ = [data.draw(arguments[field]) for field in FIELDS[kind]]
    read = parse_tap(tap(kind, *given_))
    assert read is not None
    assert [getattr(read, field) for field in FIELDS[kind]] == given_


@given(text=st.text() | st.text("abpvinmenu:0123456789-", max_size=60))
def test_any_id_is_a_tap_that_would_be_made_again_or_none(text: str) -> None:
    read = parse_tap(text)
    if read is not None:
        made = tap(read.kind, *(getattr(read, field) for field in FIELDS[read.kind]))
        assert parse_tap(made) == read
        assert len(made) <= LONGEST


@given(state=states)
def test_a_state_survives_the_database(state: State) -> None:
    assert load_state(dump_state(state)) == state


@given(stored=st.text() | st.binary())
def test_any_stored_state_is_a_state(stored: str | bytes) -> None:
    assert isinstance(load_state(stored), State)


@given(text=st.text(), country=st.sampled_from(["", "ke", "us", "gb", "ca", "zz"]))
def test_any_text_is_a_sound_address_or_none(text: str, country: str) -> None:
    street, city = read_street(text, country, "Kenya"), read_city(text, country)
    assert street is None or street.street.strip()
    assert city is None or city.city.strip()
    assert clean(clean(text)) == clean(text)
    is_email(text)


@given(lines=st.lists(st.text(max_size=20), max_size=20), limit=st.integers(10, 200))
def test_fitted_lines_fit(lines: list[str], limit: int) -> None:
    assert width("\n".join(fit_lines(lines, limit, "+{n}"))) <= limit
