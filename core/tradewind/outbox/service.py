"""Events: recorded in the transaction that caused them, relayed to subscribers afterwards."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec

from tradewind.contracts.errors import NotFound
from tradewind.contracts.events import Event, EventBase, type_of
from tradewind.database.engine import Database, Transaction
from tradewind.database.sql import Writes, storable_json, storable_text
from tradewind.outbox.jobs import Job, enqueue_in
from tradewind.outbox.rules import aggregate_of

DELIVER = "deliver_event"
_BATCH = 200


class EventRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded event as the admin API lists it."""

    id: UUID
    type: str
    aggregate: str
    sequence: int
    payload: Mapping[str, Any]
    occurred_at: datetime


class DeliveryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How far an event got with one subscriber."""

    id: UUID
    event_id: UUID
    type: str
    subscriber: str
    state: str
    attempts: int
    error: str
    created_at: datetime
    updated_at: datetime


async def record(tx: Transaction, *events: EventBase) -> None:
    """Write events and their pointers; the relay is woken once the transaction is committed."""
    writes = Writes()
    add(tx, writes, *events)
    await writes.run(tx)


def add(tx: Transaction, writes: Writes, *events: EventBase) -> None:
    """The same as part of a larger statement."""
    writes.insert("shop.events", _EVENT_COLUMNS, [_row(tx, event) for event in events])
    pointers = [
        (tx.store_id, event.id, type_of(type(event)))
        for event in events
        if _wanted(tx.database, event)
    ]
    writes.insert("control.outbox_pointers", "store_id, event_id, type", pointers)
    if pointers:
        tx.after_commit(tx.database.wake_relay)


_EVENT_COLUMNS = "store_id, id, type, aggregate, sequence, payload, occurred_at"


def _row(tx: Transaction, event: EventBase) -> tuple[Any, ...]:
    payload = storable_json(event)
    kind = type_of(type(event))
    aggregate = aggregate_of(event)
    return tx.store_id, event.id, kind, aggregate, event.sequence, payload, event.occurred_at


def _wanted(database: Database, event: EventBase) -> bool:
    return database.relayed is None or type_of(type(event)) in database.relayed


async def relay(
    database: Database, subscribers: Callable[[UUID, str], Sequence[str]], store_id: UUID
) -> int:
    """Turn up to a batch of a store's pointers into deliveries and jobs; returns how many."""
    async with database.transaction(store_id) as tx:
        pointers = await tx.fetch(
            """WITH next AS (
                   SELECT position FROM control.outbox_pointers WHERE store_id = $1
                   ORDER BY position LIMIT $2 FOR UPDATE SKIP LOCKED)
               DELETE FROM control.outbox_pointers p USING next
               WHERE p.position = next.position
               RETURNING p.position, p.event_id, p.type""",
            store_id,
            _BATCH,
        )
        in_order = sorted(pointers, key=lambda pointer: pointer["position"])
        await _fan_out(tx, in_order, subscribers)
    return len(pointers)


async def _fan_out(
    tx: Transaction, pointers: Sequence[Any], subscribers: Callable[[UUID, str], Sequence[str]]
) -> None:
    wanted = [
        (tx.new_id(), pointer["event_id"], pointer["type"], name)
        for pointer in pointers
        for name in subscribers(tx.store_id, pointer["type"])
    ]
    if not wanted:
        return
    added = await tx.fetch(
        """INSERT INTO shop.event_deliveries
               (store_id, id, event_id, type, subscriber, state, created_at, updated_at)
           SELECT $1, d.*, 'pending', $2, $2
           FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[]) AS d
           ON CONFLICT (store_id, event_id, subscriber) DO NOTHING RETURNING id""",
        tx.store_id,
        tx.now,
        *(list(column) for column in zip(*wanted, strict=True)),
    )
    await enqueue_in(tx, *(_delivery_job(tx.store_id, row["id"]) for row in added))


def _delivery_job(store_id: UUID, delivery_id: UUID) -> Job:
    payload = {"delivery_id": str(delivery_id)}
    return Job(kind=DELIVER, payload=payload, store_id=store_id, dedupe_key=str(delivery_id))


async def stores_with_pointers(database: Database) -> list[UUID]:
    """Stores that have events to relay."""
    rows = await database.pool.fetch("SELECT DISTINCT store_id FROM control.outbox_pointers")
    return [row["store_id"] for row in rows]


async def pending_delivery(tx: Transaction, delivery_id: UUID) -> tuple[Event, str] | None:
    """The event and subscriber of a delivery, or None when it was made already."""
    row = await tx.fetchrow(
        """SELECT e.payload, d.subscriber FROM shop.event_deliveries d
           JOIN shop.events e ON e.store_id = d.store_id AND e.id = d.event_id
           WHERE d.store_id = $1 AND d.id = $2 AND d.state <> 'done'""",
        tx.store_id,
        delivery_id,
    )
    if row is None:
        return None
    event = cast("Event", msgspec.json.decode(row["payload"], type=Event))
    return event, str(row["subscriber"])


async def mark_delivery(tx: Transaction, delivery_id: UUID, state: str, error: str = "") -> None:
    """Write down how an attempt went (`pending` again, `done` or `dead`); `done` is for good."""
    await tx.execute(
        """UPDATE shop.event_deliveries
           SET state = $3, error = $4, attempts = attempts + 1, updated_at = $5
           WHERE store_id = $1 AND id = $2 AND state <> 'done'""",
        tx.store_id,
        delivery_id,
        state,
        storable_text(error),
        tx.now,
    )


async def hold_delivery(tx: Transaction, delivery_id: UUID, reason: str) -> None:
    """Keep a delivery until `release_held`; no attempt is counted."""
    await tx.execute(
        """UPDATE shop.event_deliveries SET state = 'held', error = $3, updated_at = $4
           WHERE store_id = $1 AND id = $2 AND state <> 'done'""",
        tx.store_id,
        delivery_id,
        storable_text(reason),
        tx.now,
    )


async def held_subscribers(tx: Transaction) -> list[str]:
    """Who has deliveries that are held."""
    rows = await tx.fetch(
        """SELECT DISTINCT subscriber FROM shop.event_deliveries
           WHERE store_id = $1 AND state = 'held' ORDER BY subscriber""",
        tx.store_id,
    )
    return [row["subscriber"] for row in rows]


async def release_held(tx: Transaction, subscribers: Sequence[str]) -> int:
    """Make the deliveries that were held for subscribers; returns how many."""
    rows = await tx.fetch(
        """UPDATE shop.event_deliveries SET state = 'pending', error = '', updated_at = $3
           WHERE store_id = $1 AND state = 'held' AND subscriber = ANY ($2) RETURNING id""",
        tx.store_id,
        list(subscribers),
        tx.now,
    )
    ids = sorted(row["id"] for row in rows)
    await enqueue_in(tx, *(_delivery_job(tx.store_id, one) for one in ids))
    return len(ids)


async def replay_delivery(tx: Transaction, delivery_id: UUID) -> None:
    """Deliver again, whatever became of it before. Raises NotFound."""
    row = await tx.fetchval(
        """UPDATE shop.event_deliveries SET state = 'pending', error = '', updated_at = $3
           WHERE store_id = $1 AND id = $2 RETURNING id""",
        tx.store_id,
        delivery_id,
        tx.now,
    )
    if row is None:
        raise NotFound("There is no such delivery.")
    await tx.execute(
        """DELETE FROM control.jobs
           WHERE store_id = $1 AND kind = $2 AND payload ->> 'delivery_id' = $3""",
        tx.store_id,
        DELIVER,
        str(delivery_id),
    )
    await enqueue_in(tx, _delivery_job(tx.store_id, delivery_id))


async def list_events(
    tx: Transaction, *, kind: str | None = None, after: UUID | None = None, limit: int = 50
) -> list[EventRecord]:
    """Recorded events in the order they happened, from after the cursor."""
    rows = await tx.fetch(
        """SELECT id, type, aggregate, sequence, payload, occurred_at FROM shop.events
           WHERE store_id = $1 AND ($2::text IS NULL OR type = $2)
             AND ($3::uuid IS NULL OR id > $3)
           ORDER BY id LIMIT $4""",
        tx.store_id,
        kind,
        after,
        limit,
    )
    return [
        EventRecord(**{**dict(row), "payload": msgspec.json.decode(row["payload"])}) for row in rows
    ]


async def list_deliveries(
    tx: Transaction, *, state: str | None = None, after: UUID | None = None, limit: int = 50
) -> list[DeliveryRecord]:
    """Deliveries, oldest first, from after the cursor."""
    rows = await tx.fetch(
        """SELECT id, event_id, type, subscriber, state, attempts, error, created_at, updated_at
           FROM shop.event_deliveries
           WHERE store_id = $1 AND ($2::text IS NULL OR state = $2)
             AND ($3::uuid IS NULL OR id > $3)
           ORDER BY id LIMIT $4""",
        tx.store_id,
        state,
        after,
        limit,
    )
    return [DeliveryRecord(**dict(row)) for row in rows]
