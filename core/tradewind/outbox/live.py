"""Messages between processes for pages that update themselves, resumable by position."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from tradewind.database.engine import Database, Store
from tradewind.database.sql import storable_json

KEPT = timedelta(hours=1)
_POLL_SECONDS = 0.5


class LiveBoard:
    """What a plugin or page publishes and follows in one store."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store

    async def publish(self, topic: str, data: Mapping[str, Any]) -> None:
        """Tell everyone who listens to `topic` in this store.

        Messages of one topic are written one after another: whoever has read a position will not
        find a lower one later.
        """
        await self._database.pool.execute(
            """WITH turn AS MATERIALIZED (
                   SELECT pg_advisory_xact_lock(hashtextextended($1::text || $2, 0)))
               INSERT INTO control.live_messages (store_id, topic, data, created_at)
               SELECT $1::text::uuid, $2, $3::jsonb, $4::timestamptz FROM turn""",
            str(self._store.id),
            topic,
            storable_json(data),
            self._database.clock.now(),
        )

    async def subscribe(
        self, topic: str, *, after: int | None = None
    ) -> AsyncIterator[tuple[int, Mapping[str, Any]]]:
        """What is published from now on, or since the position `after`."""
        position = after if after is not None else await self._newest(topic)
        while True:
            rows = await self._database.pool.fetch(
                """SELECT position, data FROM control.live_messages
                   WHERE store_id = $1 AND topic = $2 AND position > $3
                   ORDER BY position LIMIT 100""",
                self._store.id,
                topic,
                position,
            )
            for row in rows:
                position = row["position"]
                yield position, msgspec.json.decode(row["data"])
            if not rows:
                await asyncio.sleep(_POLL_SECONDS)

    async def _newest(self, topic: str) -> int:
        newest: int = await self._database.pool.fetchval(
            """SELECT coalesce(max(position), 0) FROM control.live_messages
               WHERE store_id = $1 AND topic = $2""",
            self._store.id,
            topic,
        )
        return newest


async def forget_old(database: Database) -> None:
    """Remove messages that nobody can need any more."""
    await database.pool.execute(
        "DELETE FROM control.live_messages WHERE created_at < $1", database.clock.now() - KEPT
    )
