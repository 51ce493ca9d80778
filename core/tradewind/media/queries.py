"""Pictures and files in SQL, one statement for each question."""

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
           ON CONFLICT (store_id, kind, digest) DO NOTHING RETURNING id""",
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


async def delete(tx: Transaction, media_id: UUID) -> None:
    """Forget an item."""
    await tx.execute(
        "DELETE FROM shop.media WHERE store_id = $1 AND id = $2", tx.store_id, media_id
    )


def _item(row: asyncpg.Record) -> MediaItem:
    variants = msgspec.json.decode(row["variants"], type=list[MediaVariant])
    return MediaItem(**{**dict(row), "variants": variants})
