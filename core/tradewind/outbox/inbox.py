"""The webhook inbox: every item is kept before anybody is told "ok", and worked on in its lane.

A lane has one job at most, whose lease is the lane's.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tradewind.contracts.errors import NotFound
from tradewind.contracts.webhook import Item
from tradewind.database.engine import Database, Transaction
from tradewind.database.listen import CHANNEL
from tradewind.database.sql import storable_text

DRAIN = "drain"
KEYS_KEPT = timedelta(days=30)
ITEMS_KEPT = timedelta(days=30)


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """An item whose owner is known (`store_id`), or that belongs to nobody (None)."""

    item: Item
    store_id: UUID | None


class InboxRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored item as the admin API lists it."""

    id: UUID
    plugin: str
    lane: str
    dedupe_key: str
    state: str
    attempts: int
    error: str
    body: str
    received_at: datetime
    processed_at: datetime | None


_SAME_LANE = """
    ON CONFLICT (kind, dedupe_key) WHERE dedupe_key IS NOT NULL DO UPDATE
    SET run_at = least(j.run_at, excluded.run_at), payload = j.payload || excluded.payload,
        again = j.again OR j.leased_until IS NOT NULL
"""

# Keys are inserted in order, so that two requests with the same ones cannot block each other.
_STORE = f"""
    WITH arrived AS (
        SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::uuid[], $7::text[],
                             $8::text[], $9::text[], $10::bytea[])
            AS a (id, job_id, scope, store_id, address, lane, dedupe_key, body)),
    fresh AS (
        INSERT INTO control.webhook_keys (plugin, scope, dedupe_key, received_at)
        SELECT DISTINCT $1, scope, dedupe_key, $2::timestamptz FROM arrived
        ORDER BY scope, dedupe_key
        ON CONFLICT DO NOTHING RETURNING scope, dedupe_key),
    kept AS (
        INSERT INTO control.webhook_inbox
            (id, plugin, store_id, address, lane, dedupe_key, body, state, received_at, run_at)
        SELECT DISTINCT ON (scope, dedupe_key)
            id, $1, store_id, address, lane, dedupe_key, body,
            CASE WHEN store_id IS NULL THEN 'dropped' ELSE 'pending' END, $2, $2
        FROM arrived JOIN fresh USING (scope, dedupe_key)
        ORDER BY scope, dedupe_key, id
        RETURNING id, store_id, lane, state)
    INSERT INTO control.jobs AS j (id, kind, store_id, dedupe_key, payload, run_at, created_at)
    SELECT DISTINCT ON (k.store_id, k.lane) a.job_id, $11, k.store_id,
        concat_ws(':', k.store_id, $1, k.lane),
        jsonb_build_object('plugin', $1, 'lane', k.lane), $2, $2
    FROM kept k JOIN arrived a ON a.id = k.id
    WHERE k.state = 'pending'
    ORDER BY k.store_id, k.lane, k.id
    {_SAME_LANE}
    RETURNING pg_notify('{CHANNEL}', $12)
"""


async def store_items(database: Database, plugin: str, arrivals: Sequence[Arrival]) -> None:
    """Keep items and enqueue their work in one statement; known dedupe keys are skipped.

    Items that belong to nobody are kept as `dropped`.
    """
    if not arrivals:
        return
    owners = [arrival.store_id for arrival in arrivals]
    items = [arrival.item for arrival in arrivals]
    await database.pool.execute(
        _STORE,
        plugin,
        database.clock.now(),
        [database.new_id() for _ in items],
        [database.new_id() for _ in items],
        [_scope(arrival) for arrival in arrivals],
        owners,
        [item.address for item in items],
        [item.lane for item in items],
        [item.dedupe_key for item in items],
        [item.body for item in items],
        DRAIN,
        database.name,
    )
    database.wake()


def _scope(arrival: Arrival) -> str:
    owner = arrival.store_id
    return str(owner) if owner else f"?{arrival.item.address}"


async def mark_item(
    executor: Any, item_id: UUID, state: str, now: datetime, *, error: str = ""
) -> None:
    """Set an item's state (`done`, `dead`); pass a transaction or the pool."""
    await executor.execute(
        """UPDATE control.webhook_inbox
           SET state = $2, error = $3, processed_at = $4, attempts = attempts + 1
           WHERE id = $1""",
        item_id,
        state,
        storable_text(error),
        now,
    )


async def put_off_item(database: Database, item_id: UUID, run_at: datetime, error: str) -> None:
    """Try the item again at `run_at`."""
    await database.pool.execute(
        """UPDATE control.webhook_inbox SET run_at = $2, error = $3, attempts = attempts + 1
           WHERE id = $1""",
        item_id,
        run_at,
        storable_text(error),
    )


_ROUSE = f"""
    INSERT INTO control.jobs AS j (id, kind, store_id, dedupe_key, payload, run_at, created_at)
    VALUES ($1, $2, $3, $4, jsonb_build_object('plugin', $5::text, 'lane', $6::text, 'outbound', 1),
            $7, $7)
    {_SAME_LANE}
"""


async def rouse(tx: Transaction, plugin: str, lane: str) -> None:
    """Have a lane worked off, messages that wait to go out included, once this is committed."""
    key = f"{tx.store_id}:{plugin}:{lane}"
    await tx.execute(_ROUSE, tx.new_id(), DRAIN, tx.store_id, key, plugin, lane, tx.now)
    tx.after_commit(tx.database.wake)


async def replay_item(tx: Transaction, item_id: UUID) -> None:
    """Work an item off again, as if it had just come. Raises NotFound."""
    row = await tx.fetchrow(
        "SELECT plugin, lane FROM control.webhook_inbox WHERE store_id = $1 AND id = $2",
        tx.store_id,
        item_id,
    )
    if row is None:
        raise NotFound("There is no such item in the inbox.")
    # The job before the item, as a worker that takes the lane locks them.
    await rouse(tx, row["plugin"], row["lane"])
    await tx.execute(
        """UPDATE control.webhook_inbox
           SET state = 'pending', attempts = 0, error = '', run_at = $3, processed_at = NULL
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        item_id,
        tx.now,
    )


async def list_items(
    tx: Transaction, *, state: str | None = None, before: UUID | None = None, limit: int = 50
) -> list[InboxRecord]:
    """Items of the store, newest first, from before the cursor. Bodies as text."""
    rows = await tx.fetch(
        """SELECT id, plugin, lane, dedupe_key, state, attempts, error, body, received_at,
                  processed_at
           FROM control.webhook_inbox
           WHERE store_id = $1 AND ($2::text IS NULL OR state = $2)
             AND ($3::uuid IS NULL OR id < $3)
           ORDER BY id DESC LIMIT $4""",
        tx.store_id,
        state,
        before,
        limit,
    )
    return [
        InboxRecord(**{**dict(row), "body": row["body"].decode("utf-8", "replace")}) for row in rows
    ]


async def forget_old(database: Database) -> None:
    """Remove what can come no more: senders repeat for days, not for weeks."""
    now = database.clock.now()
    await database.pool.execute(
        "DELETE FROM control.webhook_keys WHERE received_at < $1", now - KEYS_KEPT
    )
    await database.pool.execute(
        """DELETE FROM control.webhook_inbox
           WHERE received_at < $1 AND state IN ('done', 'dropped')""",
        now - ITEMS_KEPT,
    )
