"""Tokens of links: they open one thing, for some time, and cannot be made by others."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.settings.keyring import Keyring, new_key
from tradewind.settings.links import allows, sign

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
STORE, ORDER, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
KEY = new_key()
RING = Keyring([KEY])
TOKEN = sign(RING, STORE, ORDER, "order", NOW + timedelta(hours=1))


def test_a_token_opens_what_it_was_made_for() -> None:
    assert allows(RING, STORE, ORDER, "order", TOKEN, NOW)


def test_a_token_opens_nothing_else() -> None:
    assert not allows(RING, OTHER, ORDER, "order", TOKEN, NOW)
    assert not allows(RING, STORE, OTHER, "order", TOKEN, NOW)
    assert not allows(RING, STORE, ORDER, "pay", TOKEN, NOW)


def test_a_token_ends_with_its_time() -> None:
    assert allows(RING, STORE, ORDER, "order", TOKEN, NOW + timedelta(minutes=59))
    assert not allows(RING, STORE, ORDER, "order", TOKEN, NOW + timedelta(hours=1))


def test_a_token_outlives_a_new_key_but_not_the_loss_of_its_own() -> None:
    assert allows(Keyring([new_key(), KEY]), STORE, ORDER, "order", TOKEN, NOW)
    assert not allows(Keyring([new_key()]), STORE, ORDER, "order", TOKEN, NOW)


@pytest.mark.parametrize(
    "token", ["", "x", "é", TOKEN[:-2], TOKEN + "AA", "A" * 34, "..%00"], ids=range(7)
)
def test_what_is_no_token_opens_nothing(token: str) -> None:
    assert not allows(RING, STORE, ORDER, "order", token, NOW)


@given(st.integers(0, len(TOKEN) - 2), st.sampled_from("ABCabc012-_"))
def test_no_character_can_be_changed(place: int, character: str) -> None:
    forged = TOKEN[:place] + character + TOKEN[place + 1 :]
    assert allows(RING, STORE, ORDER, "order", forged, NOW) is (forged == TOKEN)
