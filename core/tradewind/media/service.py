"""Keeping the list of a store's pictures and files. The bytes themselves are the media store's."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tradewind.contracts.errors import NotFound
from tradewind.database import Transaction
from tradewind.media import queries
from tradewind.media.rules import MediaItem, MediaKind


async def keep(tx: Transaction, item: MediaItem) -> tuple[MediaItem, bool]:
    """Note that bytes are kept. Returns the item, and whether it is new: the same bytes are one."""
    while not await queries.insert(tx, item):
        known = await queries.by_digest(tx, item.kind, item.digest)
        if known is not None:
            return known, False
    return item, True


async def find(tx: Transaction, kind: MediaKind, digest: str) -> MediaItem | None:
    """What is kept of these bytes for this use."""
    return await queries.by_digest(tx, kind, digest)


async def get_item(tx: Transaction, media_id: UUID, *, lock: bool = False) -> MediaItem:
    """One item. Raises NotFound."""
    found = await queries.by_id(tx, media_id, lock=lock)
    if found is None:
        raise NotFound("There is no such picture or file.")
    return found


async def find_item(tx: Transaction, media_id: UUID, kind: MediaKind) -> MediaItem | None:
    """One item of a kind that nobody removes until the end; None when there is none."""
    found = await queries.by_id(tx, media_id, lock=True)
    return found if found is not None and found.kind == kind else None


async def list_items(
    tx: Transaction, kind: MediaKind, before: UUID | None, limit: int
) -> Sequence[MediaItem]:
    """A page of items, newest first; ask for one more to know whether it is the last."""
    return await queries.listed(tx, kind, before, limit)


async def forget(tx: Transaction, item: MediaItem) -> None:
    """Take an item off the list; what refers to it must be gone."""
    await queries.delete(tx, item.id)


async def keep_received(tx: Transaction, item: MediaItem) -> None:
    """Note that what came with a message is kept; the item has the message's id."""
    await queries.insert_received(tx, item)


async def received_before(tx: Transaction, moment: datetime, most: int) -> Sequence[UUID]:
    """Some of the messages whose files were kept at that moment or earlier, oldest first."""
    return await queries.received_before(tx, moment, most)


async def forget_received(tx: Transaction, message_ids: Sequence[UUID]) -> None:
    """Take what came with these messages off the list."""
    await queries.delete_received(tx, message_ids)
