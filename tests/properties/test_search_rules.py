"""Whatever is mistyped within what is forgiven, the word that was meant is found."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tradewind.catalog.search.rules import around, distance, meant, near_keys, typos, words_of

STORE = UUID("019b8e07-4600-7551-8c2c-f5ef1e2e7ffe")
LETTERS = "abcdehiorst"
WORDS = st.text(LETTERS, min_size=5, max_size=14)


@st.composite
def mistyped(draw: st.DrawFn) -> tuple[str, str]:
    """A word, and what became of it by as many edits as its length is forgiven."""
    word = draw(WORDS)
    typed = word
    for _ in range(draw(st.integers(1, 2 if len(word) > 8 else 1))):
        at = draw(st.integers(0, len(typed) - 2))
        letter = draw(st.sampled_from(LETTERS))
        typed = draw(
            st.sampled_from(
                [
                    typed[:at] + letter + typed[at:],
                    typed[:at] + typed[at + 1 :],
                    typed[:at] + letter + typed[at + 1 :],
                    typed[:at] + typed[at + 1] + typed[at] + typed[at + 2 :],
                ]
            )
        )
    return word, typed


@given(mistyped())
def test_a_mistyped_word_is_looked_up_and_meant(pair: tuple[str, str]) -> None:
    word, typed = pair
    if distance(word, typed, typos(typed)) > typos(typed):
        return
    assert set(around(STORE, typed)) & set(near_keys(STORE, word))
    assert word in [*meant(typed, {word: 1}).loose]


@given(WORDS, WORDS)
def test_a_distance_is_the_same_both_ways_and_zero_for_the_same_word_alone(
    one: str, other: str
) -> None:
    assert distance(one, other, 20) == distance(other, one, 20)
    assert (distance(one, other, 20) == 0) == (one == other)


def by_the_table(one: str, other: str) -> int:
    """The distance as its definition says: the whole table, cell by cell."""
    rows: list[list[int]] = [[*range(len(other) + 1)]]
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, facing in enumerate(other, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != facing))
            if i > 1 < j and letter == other[j - 2] and facing == one[i - 2]:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


@given(st.text("abc", max_size=9), st.text("abc", max_size=9), st.integers(0, 3))
def test_a_distance_is_what_its_table_says(one: str, other: str, most: int) -> None:
    assert distance(one, other, most) == min(by_the_table(one, other), most + 1)


@given(st.text(max_size=200))
def test_words_of_words_are_the_same_words(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words
    assert all("\0" not in word and word.encode() for word in words)
