"""One-time codes in SQL, one statement for each question."""

from datetime import datetime
from uuid import UUID

from tradewind.customers.codes.rules import Code
from tradewind.database import Transaction


async def count_since(tx: Transaction, channel: str, identity: str, since: datetime) -> int:
    """How many codes were made for an identity from a moment on."""
    found: int = await tx.fetchval(
        """SELECT count(*) FROM shop.one_time_codes
           WHERE store_id = $1 AND channel = $2 AND identity = $3 AND created_at > $4""",
        tx.store_id,
        channel,
        identity,
        since,
    )
    return found


async def add(
    tx: Transaction,
    code_id: UUID,
    channel: str,
    identity: str,
    code_hash: bytes,
    expires_at: datetime,
) -> None:
    """Keep a code."""
    await tx.execute(
        """INSERT INTO shop.one_time_codes
               (store_id, id, channel, identity, code_hash, expires_at, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        tx.store_id,
        code_id,
        channel,
        identity,
        code_hash,
        expires_at,
        tx.now,
    )


async def lock_newest(tx: Transaction, channel: str, identity: str) -> Code | None:
    """The newest code of an identity, which nobody else tries until the transaction ends."""
    row = await tx.fetchrow(
        """SELECT id, code_hash, attempts, expires_at, used_at FROM shop.one_time_codes
           WHERE store_id = $1 AND channel = $2 AND identity = $3
           ORDER BY created_at DESC, id DESC LIMIT 1 FOR UPDATE""",
        tx.store_id,
        channel,
        identity,
    )
    return None if row is None else Code(**dict(row))


async def tried(tx: Transaction, code_id: UUID, used_at: datetime | None) -> None:
    """Count a try, and note whether it was the right one."""
    await tx.execute(
        """UPDATE shop.one_time_codes SET attempts = attempts + 1, used_at = $3
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        code_id,
        used_at,
    )


async def forget(tx: Transaction, before: datetime) -> None:
    """Remove codes made before a moment."""
    await tx.execute(
        "DELETE FROM shop.one_time_codes WHERE store_id = $1 AND created_at < $2",
        tx.store_id,
        before,
    )
