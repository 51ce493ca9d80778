"""Which words a typed one may stand for."""

from itertools import permutations
from uuid import UUID

import pytest

from tradewind.catalog.search import rules
from tradewind.catalog.search.rules import (
    MOST_WORDS,
    category_key,
    distance,
    key,
    meant,
    nowhere,
    typed_sku,
    typed_words,
    typos,
    words_of,
)

ONE = UUID("019b8e07-4600-7551-8c2c-f5ef1e2e7ffe")
OTHER = UUID("019b8e07-4600-75cf-b0af-f72993f92b4e")


def test_words_are_plain_lower_case_letters_and_digits() -> None:
    assert words_of("Crème BRÛLÉE, 500g – Straße & Œuvre_1") == [
        *("creme", "brulee", "500g", "strasse", "oeuvre", "1")
    ]
    assert words_of("\N{MATHEMATICAL MONOSPACE CAPITAL A}loe Ǿre") == ["aloe", "ore"]


def test_fillers_count_only_where_there_is_nothing_else() -> None:
    assert typed_words("the tea of Kericho, please") == ["tea", "kericho"]
    assert typed_words("chai ya Kericho") == ["chai", "kericho"]
    assert typed_words("of the") == ["of", "the"]


def test_a_query_has_no_more_words_than_are_looked_for() -> None:
    assert len(typed_words(" ".join(f"w{n}" for n in range(50)))) == MOST_WORDS


@pytest.mark.parametrize(
    ("query", "sku"),
    [
        (" tea-2 ", ("TEA-2", "TEA-2")),
        ("tea", ("TEA", "")),
        ("a5", ("A5", "A5")),
        ("5", ("5", "")),
        ("green tea", ("", "")),
        ("", ("", "")),
        ("thé-1", ("", "")),
    ],
)
def test_letters_alone_are_no_beginning_of_a_sku(query: str, sku: tuple[str, str]) -> None:
    assert typed_sku(query) == sku


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        ("kericho", "kericho", 0),
        ("kerico", "kericho", 1),
        ("keircho", "kericho", 1),
        ("kericho", "krecho", 2),
        ("kericho", "kettle", 5),
        ("", "ab", 2),
        ("tea", "", 3),
        ("ca", "abc", 3),
    ],
)
def test_a_distance_counts_swapped_letters_as_one(one: str, other: str, far: int) -> None:
    assert distance(one, other, 5) == far
    assert distance(one, other, 1) == min(far, 2)


def test_longer_words_are_forgiven_more_and_numbers_nothing() -> None:
    assert [typos(word) for word in ("tea", "teas", "coffee", "kericho", "1234567")] == [
        *(0, 1, 1, 2, 0)
    ]


def test_what_begins_like_it_is_meant_and_its_typos_only_besides() -> None:
    group = meant("shirt", {"shirt": 3, "shirts": 9, "shirting": 1, "skirt": 5, "tea": 7})
    assert group.strict == ["shirt", "shirts", "shirting"]
    assert group.loose == ["shirt", "shirts", "shirting", "skirt"]


def test_a_word_that_nothing_begins_like_is_a_typo_at_once_nearest_first() -> None:
    group = meant("coffea", {"coffee": 1, "toffee": 9, "toffea": 1})
    assert group.strict == group.loose == ["coffea", "coffee", "toffea"]


def test_a_word_that_nothing_is_like_is_nowhere_unless_it_may_be_a_piece_of_a_sku() -> None:
    known = {"shirt": 3, "tea": 1}
    typed = ("shirt", "shrit", "shi", "te", "xylophone", "t", "x1", "250")
    found = {one for one in typed if nowhere(one, meant(one, known), known)}
    assert found == {"xylophone", "t"}


def test_no_distance_is_counted_of_words_that_have_other_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[str] = []

    def far(one: str, other: str, most: int) -> int:
        counted.append(other)
        return distance(one, other, most)

    monkeypatch.setattr(rules, "distance", far)
    many = ["".join(letters) for letters in permutations("ghkmnop", 5)]
    known = {f"descr{ending}": 1 for ending in many} | {"describang": 1}
    assert meant("describing", known).loose == ["describing", "describang"]
    assert counted == ["describang"]


def test_keys_of_words_titles_and_categories_do_not_meet() -> None:
    assert 0 < key(ONE, "tea") < 1 << 62
    assert key(ONE, "tea") != key(OTHER, "tea")
    assert category_key(ONE) < -(1 << 62)
