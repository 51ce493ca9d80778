"""Work to be done soon, kept in PostgreSQL: enqueue, take with a lease, finish, put off, give up.

Finishing a job in the transaction of its effect makes the two one. A lease that runs out (the
worker died) lets another worker take the job; every job can therefore run twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Protocol
from uuid import UUID

import msgspec

from tradewind.contracts.webhook import Item
from tradewind.database.engine import Database, Transaction
from tradewind.database.sql import storable_json, storable_text
from tradewind.outbox.rules import LEASE, InboxItem

Payload = Mapping[str, str | int]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work. `run_at` is the earliest moment (None: at once).

    Until it is finished or buried, a job with a `dedupe_key` keeps out others of its kind with the
    same key, also while it runs.
    """

    kind: str
    payload: Payload
    store_id: UUID | None = None
    dedupe_key: str | None = None
    run_at: datetime | None = None


class TakenJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job with a lease; `attempts` counts this one. A lane's job brings what waits there."""

    id: UUID
    leased_by: UUID
    kind: str
    store_id: UUID | None
    payload: dict[str, Any]
    attempts: int
    items: Sequence[InboxItem] = ()


class _Executor(Protocol):
    async def execute(self, query: str, *args: Any) -> str: ...


async def enqueue_in(tx: Transaction, *jobs: Job) -> None:
    """Add jobs in the open transaction and wake the worker once it is committed."""
    if jobs:
        await _insert(tx, tx.database, jobs)
        tx.after_commit(tx.database.wake)


async def _insert(executor: _Executor, database: Database, jobs: Sequence[Job]) -> None:
    now = database.clock.now()
    await executor.execute(
        """INSERT INTO control.jobs (id, kind, store_id, dedupe_key, payload, run_at, created_at)
           SELECT id, kind, store_id, dedupe_key, payload, run_at, $7
           FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::jsonb[],
                       $6::timestamptz[])
               AS j (id, kind, store_id, dedupe_key, payload, run_at)
           ORDER BY kind, dedupe_key, id
           ON CONFLICT (kind, dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING""",
        [database.new_id() for _ in jobs],
        [job.kind for job in jobs],
        [job.store_id for job in jobs],
        [job.dedupe_key for job in jobs],
        [storable_json(job.payload) for job in jobs],
        [job.run_at or now for job in jobs],
        now,
    )


# Jobs are chosen in a part of their own, so that they are chosen once and `LIMIT` holds.
# `FOR SHARE` reads items as they are once the job is ours: who held it before may have been writing
# when the statement began.
_TAKE = """
    WITH next AS (
        SELECT id FROM control.jobs
        WHERE state = 'ready' AND run_at <= $3
          AND (leased_until IS NULL OR leased_until < $3)
        ORDER BY run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED),
    taken AS (
        UPDATE control.jobs j
        SET leased_by = $1, leased_until = $2, attempts = j.attempts + 1, again = false
        FROM next WHERE j.id = next.id
        RETURNING j.id, j.kind, j.store_id, j.payload, j.attempts, j.run_at)
    SELECT t.id, t.kind, t.store_id, t.payload, t.attempts,
           i.id AS item_id, i.attempts AS item_attempts, i.run_at AS item_run_at,
           i.dedupe_key, i.lane, i.address, i.body
    FROM taken t
    LEFT JOIN LATERAL (
        SELECT * FROM control.webhook_inbox
        WHERE store_id = t.store_id AND plugin = t.payload ->> 'plugin'
          AND lane = t.payload ->> 'lane' AND state = 'pending'
        ORDER BY id LIMIT $5 FOR SHARE) i ON true
    ORDER BY t.run_at, t.id, i.id
"""
_MOST_ITEMS = 50


async def take(
    database: Database, worker_id: UUID, most: int, *, lease: timedelta = LEASE
) -> list[TakenJob]:
    """Take up to `most` due jobs, oldest first, and hold them for `lease`."""
    now = database.clock.now()
    rows = await database.pool.fetch(_TAKE, worker_id, now + lease, now, most, _MOST_ITEMS)
    groups = groupby(rows, key=lambda row: row["id"])
    return [_taken(worker_id, list(group)) for _, group in groups]


def _taken(worker_id: UUID, rows: Sequence[Any]) -> TakenJob:
    first = rows[0]
    return TakenJob(
        id=first["id"],
        leased_by=worker_id,
        kind=first["kind"],
        store_id=first["store_id"],
        payload=msgspec.json.decode(first["payload"]),
        attempts=first["attempts"],
        items=[_item(row) for row in rows if row["item_id"] is not None],
    )


def _item(row: Any) -> InboxItem:
    item = Item(
        dedupe_key=row["dedupe_key"],
        lane=row["lane"],
        body=row["body"],
        address=row["address"],
        store_id=row["store_id"],
    )
    return InboxItem(
        id=row["item_id"], attempts=row["item_attempts"], run_at=row["item_run_at"], item=item
    )


async def keep(
    database: Database, worker_id: UUID, job_ids: Sequence[UUID], *, lease: timedelta = LEASE
) -> None:
    """Extend the leases of jobs that are still being worked on."""
    await database.pool.execute(
        "UPDATE control.jobs SET leased_until = $3 WHERE leased_by = $1 AND id = ANY ($2)",
        worker_id,
        list(job_ids),
        database.clock.now() + lease,
    )


async def finish(executor: _Executor, job_id: UUID) -> None:
    """The job is done; pass the transaction of its effect, or the pool."""
    await executor.execute("DELETE FROM control.jobs WHERE id = $1", job_id)


async def put_off(
    database: Database,
    job_id: UUID,
    run_at: datetime,
    *,
    error: str = "",
    counted: bool = True,
    worker_id: UUID | None = None,
) -> None:
    """Try again at `run_at`. `counted` is false when it was nobody's fault.

    With `worker_id`, nothing changes when another worker has taken the job meanwhile.
    """
    await database.pool.execute(
        """UPDATE control.jobs
           SET run_at = $2, leased_by = NULL, leased_until = NULL, error = $3,
               attempts = attempts - $4
           WHERE id = $1 AND ($5::uuid IS NULL OR leased_by = $5)""",
        job_id,
        run_at,
        storable_text(error),
        0 if counted else 1,
        worker_id,
    )


async def bury(
    database: Database, job_id: UUID, error: str, *, worker_id: UUID | None = None
) -> None:
    """Give up: the job stays, dead, until it is replayed or removed. `worker_id` as above.

    It keeps its dedupe key in a form that keeps nobody out.
    """
    await database.pool.execute(
        """UPDATE control.jobs
           SET state = 'dead', leased_by = NULL, leased_until = NULL, again = false, error = $2,
               dedupe_key = 'dead:' || id || ':' || dedupe_key
           WHERE id = $1 AND state = 'ready' AND ($3::uuid IS NULL OR leased_by = $3)""",
        job_id,
        storable_text(error),
        worker_id,
    )


# The key of a dead job begins after `dead:`, its id and a colon.
_REPLAY = """
    WITH dead AS (
        DELETE FROM control.jobs WHERE id = $1 AND state = 'dead'
        RETURNING id, kind, store_id, dedupe_key, payload, error, created_at)
    INSERT INTO control.jobs AS j
        (id, kind, store_id, dedupe_key, payload, error, created_at, run_at)
    SELECT id, kind, store_id, substr(dedupe_key, 43), payload, error, created_at, $2 FROM dead
    ON CONFLICT (kind, dedupe_key) WHERE dedupe_key IS NOT NULL DO UPDATE
    SET run_at = least(j.run_at, excluded.run_at), payload = j.payload || excluded.payload,
        again = j.again OR j.leased_until IS NOT NULL
    RETURNING id
"""


async def replay(database: Database, job_id: UUID) -> bool:
    """Let a dead job run again; false when there is no such dead job.

    Where a job with its dedupe key waits already, that one does the work of both.
    """
    replayed = await database.pool.fetchval(_REPLAY, job_id, database.clock.now())
    database.wake()
    return replayed is not None


async def due(database: Database, name: str, every: timedelta) -> bool:
    """Whether this process is the one to run a schedule now; claims the next turn."""
    now = database.clock.now()
    row = await database.pool.fetchval(
        """INSERT INTO control.schedules AS s (name, next_at) VALUES ($1, $2)
           ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at WHERE s.next_at <= $3
           RETURNING name""",
        name,
        now + every,
        now,
    )
    return row is not None
