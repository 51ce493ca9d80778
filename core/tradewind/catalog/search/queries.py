"""The index of words in SQL, one statement for each question."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.catalog.search.rules import (
    EDITION,
    Entry,
    Meaning,
    Source,
    category_key,
    key,
    near_keys,
)
from tradewind.database import Transaction
from tradewind.database.sql import storable_text, values

# Each table is asked once for all products: while the planner has no statistics of a store, such as
# during its first import, it would read all of the store's variants for every product.
_SOURCES = """
WITH shelves AS MATERIALIZED (
    SELECT pc.product_id, jsonb_object_agg(c.id, c.name) AS categories
    FROM shop.product_categories pc
    JOIN shop.categories c ON c.store_id = $1 AND c.id = pc.category_id
    WHERE pc.store_id = $1 AND pc.product_id = ANY ($2::uuid[])
    GROUP BY pc.product_id
), choices AS MATERIALIZED (
    SELECT v.product_id, jsonb_agg(
        jsonb_build_object('sku', v.sku, 'title', v.title, 'options', v.options)
        ORDER BY v.position, v.id) AS variants
    FROM shop.variants v
    WHERE v.store_id = $1 AND v.product_id = ANY ($2::uuid[]) AND v.archived_at IS NULL
    GROUP BY v.product_id
)
SELECT p.id, p.version, p.status, p.title, p.description, s.categories, c.variants
FROM shop.products p
LEFT JOIN shelves s ON s.product_id = p.id
LEFT JOIN choices c ON c.product_id = p.id
WHERE p.store_id = $1 AND p.id = ANY ($2::uuid[])"""

_FELL_BEHIND = """
SELECT p.id FROM shop.products p
LEFT JOIN shop.product_search s ON s.store_id = p.store_id AND s.product_id = p.id
WHERE p.store_id = $1 AND (s.version, s.edition) IS DISTINCT FROM (p.version, $2) LIMIT $3"""


class _Named(msgspec.Struct, frozen=True):
    sku: str
    title: str
    options: dict[str, str]


async def sources(tx: Transaction, product_ids: Sequence[UUID]) -> list[Source]:
    """What is to be indexed of these products, in any state."""
    rows = await tx.fetch(_SOURCES, tx.store_id, list(product_ids))
    found = []
    for row in rows:
        variants = msgspec.json.decode(row["variants"] or "[]", type=list[_Named])
        found.append(
            Source(
                product_id=row["id"],
                version=row["version"],
                published=row["status"] == "published",
                title=row["title"],
                description=row["description"],
                categories=msgspec.json.decode(row["categories"] or "{}", type=dict[UUID, str]),
                options=[text for one in variants for text in (one.title, *one.options.values())],
                skus=[one.sku for one in variants],
            )
        )
    return found


async def put_entries(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Write products into the index, in the order of their ids."""
    rows = [
        (
            tx.store_id,
            one.product_id,
            storable_text(one.names),
            one.published,
            one.keys,
            one.title,
            one.shelves,
            one.options,
            EDITION,
            one.version,
        )
        for one in sorted(entries, key=lambda one: one.product_id)
    ]
    await tx.execute(
        f"""INSERT INTO shop.product_search (store_id, product_id, words, published, keys, title,
                                            shelves, options, edition, version)
           VALUES {values(len(rows), 10)}
           ON CONFLICT (store_id, product_id) DO UPDATE
           SET words = EXCLUDED.words, published = EXCLUDED.published, keys = EXCLUDED.keys,
               title = EXCLUDED.title, shelves = EXCLUDED.shelves, options = EXCLUDED.options,
               edition = EXCLUDED.edition, version = EXCLUDED.version""",
        *[cell for row in rows for cell in row],
    )


async def unseen(tx: Transaction, words: Sequence[str], since: datetime) -> list[str]:
    """Which of these words are not known, or were last seen before `since`."""
    rows = await tx.fetch(
        """SELECT word FROM unnest($2::text[]) AS word
           WHERE NOT EXISTS (SELECT FROM shop.search_words w WHERE w.store_id = $1
                             AND w.word = word.word COLLATE "C" AND w.seen_at >= $3)
           ORDER BY word COLLATE "C" """,
        tx.store_id,
        list(words),
        since,
    )
    return [row["word"] for row in rows]


async def put_words(tx: Transaction, words: Sequence[str]) -> None:
    """Add words to the vocabulary, or mark them as seen; give them in their order."""
    rows = [
        (tx.store_id, word, key(tx.store_id, word), near_keys(tx.store_id, word), tx.now)
        for word in words
    ]
    await tx.execute(
        f"""INSERT INTO shop.search_words (store_id, word, key, near, seen_at)
           VALUES {values(len(rows), 5)}
           ON CONFLICT (store_id, word) DO UPDATE SET seen_at = EXCLUDED.seen_at""",
        *[cell for row in rows for cell in row],
    )


async def fell_behind(tx: Transaction, most: int) -> list[UUID]:
    """Products whose entry is missing or of an older version or edition."""
    rows = await tx.fetch(_FELL_BEHIND, tx.store_id, EDITION, most)
    return [row["id"] for row in rows]


async def count_words(tx: Transaction) -> None:
    """Count how many products have each word of the vocabulary."""
    await tx.execute(
        """WITH counted AS (
               SELECT key, count(*) AS products
               FROM shop.product_search s CROSS JOIN LATERAL unnest(s.keys) AS key
               WHERE s.store_id = $1 AND key > 0 GROUP BY key
           )
           UPDATE shop.search_words w SET products = coalesce(c.products, 0)
           FROM shop.search_words o LEFT JOIN counted c ON c.key = o.key
           WHERE w.store_id = $1 AND o.store_id = $1 AND o.word = w.word
             AND w.products <> coalesce(c.products, 0)""",
        tx.store_id,
    )


async def drop_unused(tx: Transaction, seen_before: datetime) -> None:
    """Drop words that no product had at the last count and that nobody has written since."""
    await tx.execute(
        """DELETE FROM shop.search_words
           WHERE store_id = $1 AND products = 0 AND seen_at < $2""",
        tx.store_id,
        seen_before,
    )


async def known_words(
    tx: Transaction, beginnings: Sequence[str], around: Sequence[int], most: int
) -> dict[str, int]:
    """Words that begin like these (`most` each) or may be near, and how many products have them."""
    rows = await tx.fetch(
        "SELECT word, products FROM shop.known_words($1, $2::text::bigint[], $3)",
        list(beginnings),
        _array(around),
        most,
    )
    return {row["word"]: row["products"] for row in rows}


async def below(tx: Transaction, category_id: UUID) -> list[int]:
    """The keys of a category and of those below it; none if there is no such category."""
    rows = await tx.fetch(
        """WITH RECURSIVE shelves AS (
               SELECT id FROM shop.categories WHERE store_id = $1 AND id = $2
               UNION ALL
               SELECT c.id FROM shop.categories c JOIN shelves s ON c.parent_id = s.id
               WHERE c.store_id = $1
           )
           SELECT id FROM shelves""",
        tx.store_id,
        category_id,
    )
    return [category_key(row["id"]) for row in rows]


def call(first: int) -> str:
    """The search as a table of `product_id` and `place`; its `arguments` begin at `first`.

    Numbers go as text: an array of them would have each new connection look its type up.
    """
    casts = ["", "", *["::text::bigint[]", "::text::integer[]"] * 2, "::text::bigint[]", "", "", ""]
    marks = [f"${first + n}{cast}" for n, cast in enumerate(casts)]
    return f"shop.search_products({', '.join(marks)})"


def arguments(
    tx: Transaction, meaning: Meaning, skip: int, most: int, *, published_only: bool
) -> tuple[Any, ...]:
    """What `call` is given: `most` products after `skip`."""
    whole, beginning = meaning.sku
    return (
        whole,
        beginning or None,
        *_flat(tx.store_id, meaning.strict),
        *_flat(tx.store_id, meaning.loose),
        None if meaning.categories is None else _array(meaning.categories),
        published_only,
        skip,
        most,
    )


async def ranked(tx: Transaction, meaning: Meaning, most: int) -> list[UUID]:
    """The first products that a query may mean, best first, in any state."""
    args = arguments(tx, meaning, 0, most, published_only=False)
    # One array is read sooner than hundreds of rows.
    found = await tx.fetchval(
        f"SELECT ARRAY(SELECT product_id FROM {call(1)} ORDER BY place)", *args
    )
    return list(found)


def _flat(store_id: UUID, groups: Sequence[Sequence[str]]) -> tuple[str, str]:
    keys: list[int] = []
    ends: list[int] = []
    for group in groups:
        keys += [key(store_id, word) for word in group]
        ends.append(len(keys))
    return _array(keys), _array(ends)


def _array(numbers: Iterable[int]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"
