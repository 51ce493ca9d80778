"""How far imports are, the files they are about, and what was refused in them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from tradewind.bulk.rules.runs import Import, Kind, Outcome, RowError, State
from tradewind.database import Transaction

_COLUMNS = """id, kind, state, file_name, fingerprint, size, rows, dry_run, actor, position,
    created, changed, unchanged, refused, error, created_at, finished_at"""


async def plan_afresh(tx: Transaction) -> None:
    """Have every statement of the transaction planned for what it is given.

    A plan that is kept compares each row with hundreds of names one by one where the planner has no
    statistics of the store yet, as during its first import.
    """
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")


async def insert_import(tx: Transaction, new: Import, via: str) -> None:
    """Store an import that begins."""
    await tx.execute(
        """INSERT INTO shop.imports (store_id, id, kind, state, via, file_name, fingerprint, size,
                                     rows, dry_run, actor, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        tx.store_id,
        new.id,
        new.kind,
        new.state,
        via,
        new.file_name,
        new.fingerprint,
        new.size,
        new.rows,
        new.dry_run,
        new.actor,
        new.created_at,
    )


async def import_by_id(tx: Transaction, import_id: UUID, *, lock: bool = False) -> Import | None:
    """An import; with `lock` nobody else works on it until the end of the transaction."""
    row = await tx.fetchrow(
        f"""SELECT {_COLUMNS} FROM shop.imports WHERE store_id = $1 AND id = $2
            {"FOR NO KEY UPDATE" if lock else ""}""",
        tx.store_id,
        import_id,
    )
    return None if row is None else _import(row)


async def imports(tx: Transaction, before: UUID | None, limit: int) -> list[Import]:
    """Imports, newest first."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM shop.imports
            WHERE store_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3""",
        tx.store_id,
        before,
        limit,
    )
    return [_import(row) for row in rows]


async def unfinished(tx: Transaction, kind: Kind, fingerprint: bytes) -> Import | None:
    """The newest import of a file from the command line that was not finished."""
    row = await tx.fetchrow(
        f"""SELECT {_COLUMNS} FROM shop.imports
            WHERE store_id = $1 AND kind = $2 AND fingerprint = $3 AND via = 'command'
              AND state IN ('waiting', 'running')
            ORDER BY id DESC LIMIT 1""",
        tx.store_id,
        kind,
        fingerprint,
    )
    return None if row is None else _import(row)


async def other_unfinished(tx: Transaction, kind: Kind) -> str | None:
    """The name of the file whose import from the command line was left unfinished last."""
    name: str | None = await tx.fetchval(
        """SELECT file_name FROM shop.imports
           WHERE store_id = $1 AND kind = $2 AND via = 'command' AND state IN ('waiting', 'running')
           ORDER BY id DESC LIMIT 1""",
        tx.store_id,
        kind,
    )
    return name


async def advance(tx: Transaction, run: Import, position: int, outcome: Outcome) -> Import:
    """Move on to a byte of the file, with what became of the rows before it."""
    total = run.counts + outcome.counts
    await _add_errors(tx, run.id, run.refused, outcome.errors)
    row = await tx.fetchrow(
        f"""UPDATE shop.imports
            SET state = 'running', position = $3, created = $4, changed = $5, unchanged = $6,
                refused = $7
            WHERE store_id = $1 AND id = $2 RETURNING {_COLUMNS}""",
        tx.store_id,
        run.id,
        position,
        total.created,
        total.changed,
        total.unchanged,
        total.refused,
    )
    if row is None:
        raise LookupError("the import is gone")
    return _import(row)


async def _add_errors(
    tx: Transaction, import_id: UUID, refused: int, errors: Sequence[RowError]
) -> None:
    if not errors:
        return
    await tx.execute(
        """INSERT INTO shop.import_errors
               (store_id, import_id, number, row, place, code, message)
           SELECT $1, $2, coalesce((SELECT max(number) FROM shop.import_errors
                                    WHERE store_id = $1 AND import_id = $2), 0) + e.number,
                  e.row, e.col, e.code, e.message
           FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[])
               WITH ORDINALITY AS e (row, col, code, message, number)""",
        tx.store_id,
        import_id,
        [one.row for one in errors],
        [one.column for one in errors],
        [one.code for one in errors],
        [one.message for one in errors],
    )


async def end(tx: Transaction, import_id: UUID, state: State, error: str = "") -> Import | None:
    """End an import that is not over; its file is not needed any more."""
    row = await tx.fetchrow(
        f"""UPDATE shop.imports SET state = $3, error = $4, finished_at = $5
            WHERE store_id = $1 AND id = $2 AND state IN ('waiting', 'running')
            RETURNING {_COLUMNS}""",
        tx.store_id,
        import_id,
        state,
        error,
        tx.now,
    )
    await tx.execute(
        "DELETE FROM shop.import_chunks WHERE store_id = $1 AND import_id = $2",
        tx.store_id,
        import_id,
    )
    return None if row is None else _import(row)


async def fail(tx: Transaction, import_id: UUID, error: str) -> Import | None:
    """End an import that is not over and keep its file, so that it can be taken up again."""
    row = await tx.fetchrow(
        f"""UPDATE shop.imports SET state = 'failed', error = $3, finished_at = $4
            WHERE store_id = $1 AND id = $2 AND state IN ('waiting', 'running')
            RETURNING {_COLUMNS}""",
        tx.store_id,
        import_id,
        error,
        tx.now,
    )
    return None if row is None else _import(row)


async def reopen(tx: Transaction, import_id: UUID) -> Import | None:
    """Take up a failed import whose file is still here; None for any other."""
    row = await tx.fetchrow(
        f"""UPDATE shop.imports i
            SET state = CASE WHEN i.position = 0 THEN 'waiting' ELSE 'running' END, error = '',
                finished_at = NULL
            WHERE i.store_id = $1 AND i.id = $2 AND i.state = 'failed' AND EXISTS (
                SELECT FROM shop.import_chunks c WHERE c.store_id = $1 AND c.import_id = $2)
            RETURNING {_COLUMNS}""",
        tx.store_id,
        import_id,
    )
    return None if row is None else _import(row)


async def add_chunk(tx: Transaction, import_id: UUID, number: int, data: bytes) -> None:
    """Keep a piece of a file."""
    await tx.execute(
        """INSERT INTO shop.import_chunks (store_id, import_id, number, data)
           VALUES ($1, $2, $3, $4)""",
        tx.store_id,
        import_id,
        number,
        data,
    )


async def chunks(tx: Transaction, import_id: UUID) -> AsyncIterator[bytes]:
    """The pieces of a file, one after another."""
    number = 0
    while True:
        data: bytes | None = await tx.fetchval(
            """SELECT data FROM shop.import_chunks
               WHERE store_id = $1 AND import_id = $2 AND number = $3""",
            tx.store_id,
            import_id,
            number,
        )
        if data is None:
            return
        yield data
        number += 1


class NumberedError(RowError, frozen=True, kw_only=True):
    """What is wrong with a row, and the place of that in the list."""

    number: int


async def errors(tx: Transaction, import_id: UUID, after: int, limit: int) -> list[NumberedError]:
    """What was refused, in the order of the file."""
    rows = await tx.fetch(
        """SELECT number, row, place AS column, code, message FROM shop.import_errors
           WHERE store_id = $1 AND import_id = $2 AND number > $3 ORDER BY number LIMIT $4""",
        tx.store_id,
        import_id,
        after,
        limit,
    )
    return [NumberedError(**dict(row)) for row in rows]


async def forget(tx: Transaction, before: datetime, most: int) -> int:
    """Remove imports that ended before then; returns how many."""
    rows = await tx.fetch(
        """SELECT id FROM shop.imports WHERE store_id = $1 AND finished_at < $2
           ORDER BY id LIMIT $3""",
        tx.store_id,
        before,
        most,
    )
    ids = [row["id"] for row in rows]
    parts = ("import_errors", "import_chunks")
    for table, column in (*((part, "import_id") for part in parts), ("imports", "id")):
        await tx.execute(
            f"DELETE FROM shop.{table} WHERE store_id = $1 AND {column} = ANY ($2::uuid[])",
            tx.store_id,
            ids,
        )
    return len(ids)


def _import(row: asyncpg.Record) -> Import:
    return msgspec.convert(dict(row), Import)
