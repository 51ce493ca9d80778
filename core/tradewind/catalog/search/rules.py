"""What words of a catalog are, which words a typed one may mean, and the numbers they go by.

A word's key depends on the store, so that the index of one store holds nothing of another's. Words
up to two typos apart share a key of what is left when up to two of their first letters are dropped
(the symmetric deletes of SymSpell); their distance is then counted for certain.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations
from typing import Final
from uuid import UUID

import msgspec

EDITION: Final = 2
"""Raised when entries made by these rules would differ: the worker then makes them anew."""

MOST_WORDS: Final = 8
MOST_BEGINNINGS: Final = 20
MOST_NEAR: Final = 10
LONGEST_WORD: Final = 40
LONGEST_DESCRIPTION: Final = 500
_HEAD: Final = 8
_CATEGORY_BITS: Final = 64

_WORD = re.compile(r"[^\W_]+")
_COMPOUND = re.compile(r"[^\W_]+(?:['’-][^\W_]+)+")
_JOINT = re.compile(r"['’-]")
_DIGIT = re.compile(r"\d")
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_LIKE_A_SKU = re.compile(r"[0-9._/-]")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})
_FILLERS = frozenset(
    "a an and for in of on or please the to with "
    "au aux avec d de des du en et l la le les ou pour un une "
    "cha kwa la na ni wa ya za".split()
)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a product that is to be found."""

    product_id: UUID
    version: int
    published: bool
    title: str
    description: str
    categories: Mapping[UUID, str]
    options: Sequence[str]
    skus: Sequence[str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A product in the index: its keys by where they stand, and its words."""

    product_id: UUID
    version: int
    published: bool
    names: str
    keys: Sequence[int]
    title: Sequence[int]
    shelves: Sequence[int]
    options: Sequence[int]
    words: frozenset[str]


class Group(msgspec.Struct, frozen=True):
    """Words one typed word may stand for, the typed one first; `loose` forgives its typos too."""

    strict: Sequence[str]
    loose: Sequence[str]


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """What a query may mean: a SKU and how SKUs may begin, groups of words, keys of categories.

    `loose` is empty where it is no different, both are where no product can have every word;
    `categories` None stands for all.
    """

    sku: tuple[str, str]
    strict: Sequence[Sequence[str]]
    loose: Sequence[Sequence[str]]
    categories: Sequence[int] | None


def words_of(text: str) -> list[str]:
    """Words in lower case without accents, in their order: `Crème brûlée` is creme, brulee."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(_plain(text))]


def typed_words(query: str) -> list[str]:
    """The words of a query that count: without fillers, unless there is nothing else."""
    parts = [part for part in words_of(query) if part]
    telling = [part for part in parts if part not in _FILLERS]
    return list(dict.fromkeys(telling or parts))[:MOST_WORDS]


def typed_sku(query: str) -> tuple[str, str]:
    """A query as a SKU in upper case, and how SKUs may begin that are meant; empty if it is none.

    Letters alone are more likely a word: only a whole SKU is meant then.
    """
    text = query.strip()
    if not _SKU.fullmatch(text):
        return "", ""
    sku = text.upper()
    return sku, sku if len(sku) > 1 and _LIKE_A_SKU.search(sku) else ""


@lru_cache(maxsize=50_000)
def key(store_id: UUID, word: str) -> int:
    """A positive number of 62 bits for a word of a store."""
    digest = blake2b(word.encode(), digest_size=8, key=store_id.bytes).digest()
    return int.from_bytes(digest) >> 2 | 1


def category_key(category_id: UUID) -> int:
    """A number below that of any word: the random half of the id, as a signed integer."""
    half = category_id.int & ((1 << _CATEGORY_BITS) - 1)
    return half - (1 << _CATEGORY_BITS) if half >> (_CATEGORY_BITS - 1) else half


def entry(store_id: UUID, source: Source) -> Entry:
    """What of a product goes into the index."""
    title = _indexed(source.title)
    shelves = [word for name in source.categories.values() for word in _indexed(name)]
    options = [word for text in (*source.options, *source.skus) for word in _indexed(text)]
    about = _indexed(source.description[:LONGEST_DESCRIPTION])
    of_title = _keys(store_id, title)
    everywhere = _keys(store_id, [*title, *shelves, *options, *about])
    pieces = {word for sku in source.skus for word in _indexed(sku) if _DIGIT.search(word)}
    return Entry(
        product_id=source.product_id,
        version=source.version,
        published=source.published,
        names=" ".join([source.title, *source.skus]).lower(),
        keys=[*everywhere, *(-one for one in of_title), *map(category_key, source.categories)],
        title=of_title,
        shelves=_keys(store_id, shelves),
        options=_keys(store_id, options),
        words=frozenset(
            [*title, *shelves, *about, *(word for word in options if word not in pieces)]
        ),
    )


def typos(word: str) -> int:
    """How many typos are forgiven: one in 4 to 6 letters, two from 7 on, none in numbers."""
    if len(word) < 4 or _DIGIT.search(word):
        return 0
    return 1 if len(word) <= 6 else 2


def near_keys(store_id: UUID, word: str) -> list[int]:
    """The keys under which a word of the catalog is found by those who mistype it."""
    if len(word) < 3 or _DIGIT.search(word):
        return []
    return _shortened(store_id, word, 1 if len(word) <= 4 else 2)


def around(store_id: UUID, word: str) -> list[int]:
    """The keys under which the words are that a typed word may be meant for."""
    forgiven = typos(word)
    return _shortened(store_id, word, forgiven) if forgiven else []


def meant(typed: str, known: Mapping[str, int]) -> Group:
    """What a typed word may stand for, given words of the catalog and how many products have them.

    The most frequent ones that begin like it; those it is a mistyping of count at once where
    nothing begins like it, else only where that finds too little.
    """
    longer = _frequent([one for one in known if one.startswith(typed) and one != typed], known)
    beginning = longer[:MOST_BEGINNINGS] if len(typed) > 1 else []
    others = [one for one in known if not one.startswith(typed)]
    near = _near(typed, others, known)
    plain = [typed, *beginning]
    if typed in known or beginning:
        return Group(plain, [*plain, *near])
    return Group([*plain, *near], [*plain, *near])


def nowhere(typed: str, group: Group, known: Mapping[str, int]) -> bool:
    """Whether no product has a word of a group; pieces of SKUs with digits may be unknown."""
    return group.loose == [typed] and typed not in known and not _DIGIT.search(typed)


def distance(one: str, other: str, most: int) -> int:
    """Letters to insert, drop, replace or swap with the next; `most` + 1 stands for any more.

    A column of the table of distances is two integers that say, by a bit for each letter of `one`,
    where it rises and where it falls (H. Hyyrö, "A bit-vector algorithm for computing Levenshtein
    and Damerau edit distances", 2003).
    """
    if not one or abs(len(one) - len(other)) > most:
        return min(len(other), most + 1) if not one else most + 1
    places: dict[str, int] = {}
    for at, letter in enumerate(one):
        places[letter] = places.get(letter, 0) | 1 << at
    lowest = 1 << len(one) - 1
    rising, falling, level, before, far = -1, 0, 0, 0, len(one)
    for letter in other:
        here = places.get(letter, 0)
        swapped = (~level & here) << 1 & before
        level = ((here & rising) + rising ^ rising) | here | falling | swapped
        more, less = falling | ~(level | rising), level & rising
        far += bool(more & lowest) - bool(less & lowest)
        more, less = more << 1 | 1, less << 1
        rising, falling, before = less | ~(level | more), more & level, here
    return min(far, most + 1)


def _near(typed: str, others: Sequence[str], known: Mapping[str, int]) -> list[str]:
    forgiven = typos(typed)
    if not forgiven:
        return []
    likely = _of_like_letters(typed, others, forgiven)
    apart = {one: distance(typed, one, forgiven) for one in likely}
    close = [one for one, far in apart.items() if far <= forgiven]
    return sorted(close, key=lambda one: (apart[one], -known[one], one))[:MOST_NEAR]


def _of_like_letters(typed: str, others: Sequence[str], most: int) -> list[str]:
    """Words that may be `most` letters apart: no more letters stand in one of the two alone.

    Anybody may ask for eight words that many begin like, so few distances are counted in full.
    """
    letters = frozenset(typed)
    return [
        one
        for one in others
        if abs(len(one) - len(typed)) <= most
        and len(letters.difference(one)) <= most
        and len(frozenset(one) - letters) <= most
    ]


def _frequent(words: Sequence[str], known: Mapping[str, int]) -> list[str]:
    return sorted(words, key=lambda one: (-known[one], one))


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LIGATURES)
    decomposed = unicodedata.normalize("NFKD", folded)
    return "".join(one for one in decomposed if not unicodedata.combining(one))


def _indexed(text: str) -> list[str]:
    """The words of a text, and those made of several with their joints left out: `tshirt`."""
    plain = _plain(text)
    joined = [_JOINT.sub("", one)[:LONGEST_WORD] for one in _COMPOUND.findall(plain)]
    return [*(word[:LONGEST_WORD] for word in _WORD.findall(plain)), *joined]


def _keys(store_id: UUID, words: Iterable[str]) -> list[int]:
    return [key(store_id, word) for word in dict.fromkeys(words)]


def _shortened(store_id: UUID, word: str, most: int) -> list[int]:
    head = word[:_HEAD]
    left = {
        "".join(head[i] for i in kept)
        for dropped in range(min(most, len(head) - 1) + 1)
        for kept in combinations(range(len(head)), len(head) - dropped)
    }
    return sorted(key(store_id, f"~{one}") for one in left)
