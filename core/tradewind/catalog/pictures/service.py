"""Pictures of other hosts become our own: noted with their product, shown once they are kept.

Until then, and where that fails, the product keeps the address that it was given.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from tradewind.catalog.pictures import queries
from tradewind.catalog.pictures.rules import (
    MOST_WORDS,
    ForeignPicture,
    State,
    foreign,
    try_again,
)
from tradewind.database import Transaction
from tradewind.outbox import jobs
from tradewind.outbox.jobs import Job

FETCH = "catalog.fetch_pictures"
"""The kind of job that fetches what is due in a store."""


async def kept(tx: Transaction, addresses: Iterable[str | None]) -> Mapping[str, str]:
    """Where those of these pictures lie that were fetched before.

    No round trip where all of them are our own.
    """
    wanted = foreign(addresses)
    return await queries.kept(tx, wanted) if wanted else {}


async def want(tx: Transaction, named: Sequence[tuple[UUID, str | None]]) -> None:
    """Have the worker fetch what products (by id) name of other hosts, and is not kept."""
    wanted = {(product, url) for product, one in named for url in foreign([one])}
    if wanted:
        await queries.note(tx, sorted(wanted))
        await _enqueue(tx)


async def catch_up(tx: Transaction) -> None:
    """Have fetched what is to be tried again by now."""
    if await queries.due(tx, 1):
        await _enqueue(tx)


async def _enqueue(tx: Transaction) -> None:
    key = str(tx.store_id)
    await jobs.enqueue_in(tx, Job(kind=FETCH, payload={}, store_id=tx.store_id, dedupe_key=key))


async def due(tx: Transaction, most: int) -> Sequence[ForeignPicture]:
    """What is to be fetched now."""
    return await queries.due(tx, most)


async def listed(
    tx: Transaction, state: State | None, before: UUID | None, limit: int
) -> Sequence[ForeignPicture]:
    """Pictures of other hosts, newest first."""
    return await queries.listed(tx, state, before, limit)


async def show(tx: Transaction, picture: ForeignPicture, address: str) -> None:
    """Show a picture that is kept now wherever its product names it."""
    if await queries.show(tx, picture.product_id, picture.url, address):
        await queries.mark_kept(tx, picture.id, address)
    else:
        await queries.forget(tx, picture.id)


async def failed(tx: Transaction, picture: ForeignPicture, words: str, *, for_good: bool) -> None:
    """Note what was wrong; unless it is wrong for good, the picture is tried again for hours."""
    again = None if for_good else try_again(picture.attempts + 1, tx.now)
    await queries.mark_failed(tx, picture.id, words[:MOST_WORDS], again)


async def forget_kept_at(tx: Transaction, address: str) -> None:
    """What lay at an address of ours was removed: named anew, it is fetched anew."""
    await queries.forget_kept_at(tx, address)
