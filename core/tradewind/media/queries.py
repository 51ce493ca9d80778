"""Pictures and files in SQL, one statement for each question."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from tradewind.database import Transaction
from tradewind.media.rules import MediaItem, MediaKind, MediaVariant

_COLUMNS = (
    """id, kind, key, digest, name, content_type, bytes, created_at, width, height, variants"""
)


async def insert(tx: Transaction, item: MediaItem) -> bool:
    """Add an item; false when the same bytes are kept for the same use."""
    added = await tx.fetchval(
        """INSERT INTO shop.media (store_id, id, kind, key, digest, name, content_type, bytes,
                                   created_at, width, height, variants)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
           ON CONFLICT (store_id, kind, digest) WHERE kind <> 'received' DO NOTHING
           RETURNING id""",
        tx.store_id,
        item.id,
        item.kind,
        item.key,
        item.digest,
        item.name,
        item.content_type,
        item.bytes,
        item.created_at,
        item.width,
        item.height,
        msgspec.json.encode(item.variants).decode(),
    )
    return added is not None


async def by_digest(tx: Transaction, kind: MediaKind, digest: str) -> MediaItem | None:
    """What is kept of these bytes."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM shop.media WHERE store_id = $1 AND kind = $2 AND digest = $3",
        tx.store_id,
        kind,
        digest,
    )
    return None if row is None else _item(row)


async def by_id(tx: Transaction, media_id: UUID, *, lock: bool = False) -> MediaItem | None:
    """One item; `lock` keeps it from being removed or referred to meanwhile."""
    row = await tx.fetchrow(
        f"""SELECT {_COLUMNS} FROM shop.media WHERE store_id = $1 AND id = $2
            {"FOR UPDATE" if lock else ""}""",
        tx.store_id,
        media_id,
    )
    return None if row is None else _item(row)


async def listed(
    tx: Transaction, kind: MediaKind, before: UUID | None, limit: int
) -> list[MediaItem]:
    """Items of one kind, newest first."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM shop.media
            WHERE store_id = $1 AND kind = $2 AND ($3::uuid IS NULL OR id < $3)
            ORDER BY id DESC LIMIT $4""",
        tx.store_id,
        kind,
        before,
        limit,
    )
    return [_item(row) for row in rows]


async def insert_received(tx: Transaction, item: MediaItem) -> None:
    """Add what came with the message whose id the item has, unless it was added already."""
    await tx.execute(
        """INSERT INTO shop.media (store_id, id, kind, key, digest, name, content_type, bytes,
                                   created_at)
           VALUES ($1, $2, 'received', $3, $4, $5, $6, $7, $8)
           ON CONFLICT (store_id, id) DO NOTHING""",
        tx.store_id,
        item.id,
        item.key,
        item.digest,
        item.name,
        item.content_type,
        item.bytes,
        item.created_at,
    )


async def received_before(tx: Transaction, moment: datetime, most: int) -> list[UUID]:
    """Messages whose files were kept at that moment or earlier, oldest first."""
    rows = await tx.fetch(
        """SELECT id FROM shop.media
           WHERE store_id = $1 AND kind = 'received' AND created_at <= $2
           ORDER BY created_at LIMIT $3""",
        tx.store_id,
        moment,
        most,
    )
    return [row["id"] for row in rows]


async def delete_received(tx: Transaction, message_ids: Sequence[UUID]) -> None:
    """Forget what came with messages."""
    await tx.execute(
        """DELETE FROM shop.media
           WHERE store_id = $1 AND kind = 'received' AND id = ANY ($2)""",
        tx.store_id,
        list(message_ids),
    )


async def delete(tx: Transaction, media_id: UUID) -> None:
    """Forget an item."""
    await tx.execute(
        "DELETE FROM shop.media WHERE store_id = $1 AND id = $2", tx.store_id, media_id
    )


def _item(row: asyncpg.Record) -> MediaItem:
    variants = msgspec.json.decode(row["variants"], type=list[MediaVariant])
    return MediaItem(**{**dict(row), "variants": variants})
