"""Customers for the merchant in SQL: newest first, from where the last page ended."""

from uuid import UUID

import asyncpg
import msgspec

from tradewind.customers.desk.rules import Record
from tradewind.database import Transaction
from tradewind.database.patterns import beginning

_RECORD = """
SELECT c.id, c.name, c.email, c.phone, c.locale, c.country, c.email_verified_at,
       c.phone_verified_at, c.metadata, c.note, c.created_at, c.updated_at
FROM shop.customers c WHERE c.store_id = $1 AND c.erased_at IS NULL """

# Each key has an index, and each index is asked for one range.
_BEGINS = """AND c.id IN (
    SELECT id FROM shop.customers
    WHERE store_id = $1 AND email_key COLLATE "C" >= $4 AND email_key COLLATE "C" < $5
    UNION ALL
    SELECT id FROM shop.customers WHERE store_id = $1 AND name_key >= $4 AND name_key < $5
    UNION ALL
    SELECT id FROM shop.customers WHERE store_id = $1 AND surname_key >= $4 AND surname_key < $5
    UNION ALL
    SELECT id FROM shop.customers WHERE store_id = $1 AND phone_key >= $6 AND phone_key < $7)"""


async def records(
    tx: Transaction, words: str | None, before: UUID | None, limit: int
) -> list[Record]:
    """Customers whose address, name, surname or number begins so."""
    parts = [_RECORD, "AND ($2::uuid IS NULL OR c.id < $2)"]
    args: list[object] = [tx.store_id, before, limit]
    if words:
        parts.append(_BEGINS)
        digits = "".join(filter(str.isdecimal, words))
        args += [*beginning(words.lower()), *(beginning(digits) if digits else ("", ""))]
    rows = await tx.fetch(" ".join([*parts, "ORDER BY c.id DESC LIMIT $3"]), *args)
    return [_record(row) for row in rows]


async def record(tx: Transaction, customer_id: UUID, *, lock: bool = False) -> Record | None:
    """One customer."""
    ending = "FOR UPDATE" if lock else ""
    row = await tx.fetchrow(f"{_RECORD} AND c.id = $2 {ending}", tx.store_id, customer_id)
    return None if row is None else _record(row)


async def insert(tx: Transaction, new: Record) -> None:
    """Store a customer."""
    await tx.execute(
        """INSERT INTO shop.customers
               (store_id, id, name, email, phone, locale, metadata, note, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)""",
        tx.store_id,
        new.id,
        new.name,
        new.email,
        new.phone,
        new.locale,
        msgspec.json.encode(new.metadata).decode(),
        new.note,
        tx.now,
    )


async def write(tx: Transaction, new: Record) -> None:
    """Overwrite what is known of a customer."""
    await tx.execute(
        """UPDATE shop.customers
           SET name = $3, email = $4, phone = $5, locale = $6, metadata = $7, note = $8,
               email_verified_at = $9, phone_verified_at = $10, updated_at = $11
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        new.id,
        new.name,
        new.email,
        new.phone,
        new.locale,
        msgspec.json.encode(new.metadata).decode(),
        new.note,
        new.email_verified_at,
        new.phone_verified_at,
        tx.now,
    )


def _record(row: asyncpg.Record) -> Record:
    return Record(**{**dict(row), "metadata": msgspec.json.decode(row["metadata"])})
