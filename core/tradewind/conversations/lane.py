"""The lane a drain job holds: asking its plugin, and the ways of letting it go."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.cases.plugins import record_failure
from tradewind.contracts.context import StoreContext
from tradewind.database.engine import Store
from tradewind.database.sql import Writes
from tradewind.plugins import is_programming_error, told, understood
from tradewind.settings.engine import Engine

_SECONDS = 15.0


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One lane of one store's plugin, for as long as its job is leased."""

    store: Store
    plugin: str
    name: str
    job_id: UUID
    leased_by: UUID


class LaneLost(Exception):
    """Somebody else works on this lane: our lease had run out before we wrote anything down."""


async def asked(
    engine: Engine, lane: Lane, context: StoreContext[Any], call: Awaitable[Any], kind: Any
) -> Any:
    """What the lane's plugin makes of an item, checked to be of `kind`, within a time limit.

    A programming error of the plugin counts towards its quarantine. Raises what it raised.
    """
    where = getattr(call, "__name__", "")
    try:
        async with asyncio.timeout(_SECONDS):
            return understood(await call, kind)
    except Exception as error:
        if is_programming_error(error):
            words = told(error, context.settings)
            await record_failure(engine, lane.store, lane.plugin, where, words)
        raise


async def let_go(
    executor: Any, writes: Writes, lane: Lane, now: datetime, again: datetime | None = None
) -> bool:
    """Run `writes`, and with them remove the lane's job, or put it off until `again`.

    True when more came meanwhile and the job is due at once; the caller wakes the worker once this
    is committed. `executor` is a transaction or the pool. A lane that another worker holds by now
    is left alone.
    """
    if again is None:
        gone = writes.add(
            """DELETE FROM control.jobs
               WHERE id = {0} AND leased_by = {4} AND NOT again AND NOT EXISTS (
                   SELECT FROM control.webhook_inbox
                   WHERE store_id = {1} AND plugin = {2} AND lane = {3} AND state = 'pending')
               RETURNING id""",
            lane.job_id,
            lane.store.id,
            lane.plugin,
            lane.name,
            lane.leased_by,
        )
        if await writes.run(executor, f"SELECT id FROM {gone}") is not None:
            return False
        writes = Writes()
    kept = writes.add(
        """UPDATE control.jobs
           SET run_at = CASE WHEN again THEN {1}::timestamptz ELSE {2}::timestamptz END,
               again = false, leased_by = NULL, leased_until = NULL, attempts = attempts - 1,
               payload = payload || {3}
           WHERE id = {0} AND leased_by = {4} RETURNING run_at""",
        lane.job_id,
        now,
        again or now,
        # A job that was put off looks at messages that wait to go out when it comes back.
        "{}" if again is None else '{"outbound": 1}',
        lane.leased_by,
    )
    row = await writes.run(executor, f"SELECT run_at FROM {kept}")
    return row is not None and row["run_at"] <= now
