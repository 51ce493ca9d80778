"""The money desk: one queue of things a human must look at, each with evidence and safe actions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.contracts.errors import NotFound
from tradewind.contracts.money import Money
from tradewind.database.engine import Transaction
from tradewind.database.sql import storable_json, storable_text


class NewCase(msgspec.Struct, frozen=True, kw_only=True):
    """Something a human must decide. While one is open, the same `dedupe_key` opens no second."""

    kind: str
    dedupe_key: str
    title: str
    subject_type: str
    subject_id: str
    amount: Money | None = None
    evidence: Mapping[str, Any] = {}
    actions: Sequence[str] = ()


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the money desk shows it."""

    id: UUID
    kind: str
    state: str
    title: str
    subject_type: str
    subject_id: str
    currency: str | None
    amount: int | None
    evidence: Mapping[str, Any]
    actions: Sequence[str]
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    resolution: str


_COLUMNS = """id, kind, state, title, subject_type, subject_id, currency, amount, evidence,
    actions, opened_at, closed_at, closed_by, resolution"""


async def open_case(tx: Transaction, case: NewCase) -> UUID:
    """Put a case on the desk; an open one of the same key is brought up to date instead."""
    row = await tx.fetchrow(
        """INSERT INTO shop.cases AS c
               (store_id, id, kind, dedupe_key, title, subject_type, subject_id, currency,
                amount, evidence, actions, opened_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
           ON CONFLICT (store_id, dedupe_key) WHERE state = 'open'
           DO UPDATE SET title = excluded.title, subject_type = excluded.subject_type,
               subject_id = excluded.subject_id, currency = excluded.currency,
               amount = excluded.amount, evidence = excluded.evidence, actions = excluded.actions
           RETURNING c.id""",
        tx.store_id,
        tx.new_id(),
        case.kind,
        case.dedupe_key,
        storable_text(case.title),
        case.subject_type,
        case.subject_id,
        case.amount.currency if case.amount else None,
        case.amount.amount if case.amount else None,
        storable_json(case.evidence),
        list(case.actions),
        tx.now,
    )
    if row is None:
        raise RuntimeError("an upsert returned no row")
    found: UUID = row["id"]
    return found


async def list_cases(
    tx: Transaction, *, state: str | None = "open", before: UUID | None = None, limit: int = 50
) -> list[Case]:
    """Cases, newest first, from before the cursor."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM shop.cases
            WHERE store_id = $1 AND ($2::text IS NULL OR state = $2)
              AND ($3::uuid IS NULL OR id < $3)
            ORDER BY id DESC LIMIT $4""",
        tx.store_id,
        state,
        before,
        limit,
    )
    return [_case(dict(row)) for row in rows]


async def get_case(tx: Transaction, case_id: UUID) -> Case:
    """One case. Raises NotFound."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM shop.cases WHERE store_id = $1 AND id = $2", tx.store_id, case_id
    )
    if row is None:
        raise NotFound("There is no such case.")
    return _case(dict(row))


async def close_case(tx: Transaction, case_id: UUID, actor: str, resolution: str) -> Case:
    """Take a case off the desk; closing a closed one changes nothing. Raises NotFound."""
    await tx.execute(
        """UPDATE shop.cases SET state = 'closed', closed_at = $3, closed_by = $4, resolution = $5
           WHERE store_id = $1 AND id = $2 AND state = 'open'""",
        tx.store_id,
        case_id,
        tx.now,
        actor,
        resolution,
    )
    return await get_case(tx, case_id)


async def close_by_key(tx: Transaction, dedupe_key: str, actor: str, resolution: str) -> None:
    """Take the case of a matter off the desk, if there is one that is open."""
    found = await tx.fetchval(
        "SELECT id FROM shop.cases WHERE store_id = $1 AND dedupe_key = $2 AND state = 'open'",
        tx.store_id,
        dedupe_key,
    )
    if found is not None:
        await close_case(tx, found, actor, resolution)


async def decided(tx: Transaction, dedupe_key: str) -> Case | None:
    """The case in which somebody has decided a matter, if it was not brought up again."""
    row = await tx.fetchrow(
        f"""SELECT {_COLUMNS} FROM shop.cases WHERE store_id = $1 AND dedupe_key = $2
            ORDER BY id DESC LIMIT 1""",
        tx.store_id,
        dedupe_key,
    )
    found = None if row is None else _case(dict(row))
    return found if found is not None and found.state == "closed" else None


def _case(row: dict[str, Any]) -> Case:
    return Case(**{**row, "evidence": msgspec.json.decode(row["evidence"])})
