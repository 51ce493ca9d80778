"""Keeping the index of words, and looking in it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from tradewind.catalog.search import queries
from tradewind.catalog.search.rules import (
    MOST_BEGINNINGS,
    Meaning,
    around,
    entry,
    meant,
    nowhere,
    typed_sku,
    typed_words,
)
from tradewind.database import Store, Transaction
from tradewind.settings.engine import Engine

AT_ONCE = 500
_SEEN_AGAIN = timedelta(days=1)
_UNUSED = timedelta(days=3)


async def index(tx: Transaction, product_ids: Sequence[UUID]) -> None:
    """Make products findable as they are now.

    To be called after every change of a product or its variants. What changes with a category is
    left to the worker, which sees it by the version of the products. Three or four round trips for
    any 500 products.
    """
    for start in range(0, len(product_ids), AT_ONCE):
        await _index(tx, product_ids[start : start + AT_ONCE])


async def _index(tx: Transaction, product_ids: Sequence[UUID]) -> None:
    entries = [entry(tx.store_id, one) for one in await queries.sources(tx, product_ids)]
    if not entries:
        return
    await queries.put_entries(tx, entries)
    words = frozenset[str]().union(*(one.words for one in entries))
    # A word is dropped three days after it was last marked, so one of today needs no new mark.
    fresh = await queries.unseen(tx, sorted(words), tx.now - _SEEN_AGAIN)
    for start in range(0, len(fresh), AT_ONCE):
        await queries.put_words(tx, fresh[start : start + AT_ONCE])


async def meaning(tx: Transaction, query: str, category_id: UUID | None) -> Meaning:
    """What a query may mean in this store. One round trip, two with a category."""
    words = typed_words(query)
    around_ = [key for word in words for key in around(tx.store_id, word)]
    known = await queries.known_words(tx, words, around_, MOST_BEGINNINGS + 1) if words else {}
    groups = {word: meant(word, known) for word in words}
    hopeless = any(nowhere(word, group, known) for word, group in groups.items())
    strict = [] if hopeless else [group.strict for group in groups.values()]
    loose = [] if hopeless else [group.loose for group in groups.values()]
    return Meaning(
        sku=typed_sku(query),
        strict=strict,
        loose=[] if loose == strict else loose,
        categories=None if category_id is None else await queries.below(tx, category_id),
    )


async def find(tx: Transaction, query: str, category_id: UUID | None, most: int) -> list[UUID]:
    """The first products in any state that a query may mean, best first.

    A SKU or its beginning comes first; then products that have every word, or a longer one, in any
    order; then those that have it with typos.
    """
    return await queries.ranked(tx, await meaning(tx, query, category_id), most)


async def catch_up(engine: Engine, store: Store) -> int:
    """Index what fell behind, such as rows of an older release; returns how many products.

    Each 500 in a transaction of their own.
    """
    done = 0
    while True:
        async with engine.database.transaction(store.id) as tx:
            behind = await queries.fell_behind(tx, AT_ONCE)
            await index(tx, behind)
        done += len(behind)
        if len(behind) < AT_ONCE:
            return done


async def count_words(engine: Engine, store: Store) -> None:
    """Count the words of a store anew, and drop those that no product has had for days."""
    async with engine.database.transaction(store.id) as tx:
        await queries.count_words(tx)
        await queries.drop_unused(tx, tx.now - _UNUSED)
