"""Work one lane off: what came in, in order, then what goes out, in order, by one job at a time.

A lane is one person on one channel, or one payment at a provider.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tradewind.cases.service import NewCase, open_case
from tradewind.checkout import service as checkout
from tradewind.contracts.context import StoreContext
from tradewind.contracts.payment import PaymentProvider, PaymentReport
from tradewind.conversations.lane import Lane, LaneLost, asked, let_go
from tradewind.conversations.turns import ChannelLane
from tradewind.database.engine import Store
from tradewind.database.sql import Writes
from tradewind.outbox import inbox
from tradewind.outbox.jobs import TakenJob
from tradewind.outbox.rules import MAX_ATTEMPTS, InboxItem, due, wait
from tradewind.plugins import told
from tradewind.settings.engine import Engine

_LOG = logging.getLogger(__name__)
_AWAY = timedelta(minutes=1)


async def drain(engine: Engine, store: Store, job: TakenJob) -> None:
    """Work the lane of a drain job off, and finish the job or put it off."""
    lane = Lane(
        store=store,
        plugin=job.payload["plugin"],
        name=job.payload["lane"],
        job_id=job.id,
        leased_by=job.leased_by,
    )
    items, held_until = due(job.items, engine.clock.now())
    door = engine.plugins.door(lane.plugin)
    context = await engine.context_anyway(store, lane.plugin)
    if door is None or context is None:
        await _leave(engine, lane, engine.clock.now() + _AWAY)
    elif isinstance(door, PaymentProvider):
        await _leave(
            engine, lane, await _payments(engine, lane, door, context, items) or held_until
        )
    else:
        # A job that was left half-done may have left messages on their way out.
        outbound = "outbound" in job.payload or not items or job.attempts > 1
        work = ChannelLane(engine, lane, door, context, outbound=outbound)
        try:
            await _messages(engine, lane, work, items, held_until)
        except LaneLost:
            _LOG.warning("a lane of %s was worked on by somebody else", lane.plugin)


async def _messages(
    engine: Engine,
    lane: Lane,
    work: ChannelLane,
    items: Sequence[InboxItem],
    held_until: datetime | None,
) -> None:
    for position, item in enumerate(items):
        again = await _attempt(engine, lane, item, work.take, work.context)
        if again is not None:
            held_until = again
            break
        if position < len(items) - 1:
            await work.settle()
    await work.finish(held_until)


async def _payments(
    engine: Engine,
    lane: Lane,
    provider: PaymentProvider[Any],
    context: StoreContext[Any],
    items: Sequence[InboxItem],
) -> datetime | None:
    """Take in what a provider reports, in order; returns when to go on after a failure."""

    async def take(item: InboxItem) -> None:
        call = provider.parse_webhook(item.item, context)
        reports: Sequence[PaymentReport] = await asked(
            engine, lane, context, call, Sequence[PaymentReport]
        )
        for report in reports:
            await checkout.webhook_reported(engine, lane.store, provider.name, report)
        await inbox.mark_item(engine.database.pool, item.id, "done", engine.clock.now())

    for item in items:
        again = await _attempt(engine, lane, item, take, context)
        if again is not None:
            return again
    return None


async def _leave(engine: Engine, lane: Lane, again: datetime | None) -> None:
    database = engine.database
    if await let_go(database.pool, Writes(), lane, engine.clock.now(), again):
        database.wake()


async def _attempt(
    engine: Engine,
    lane: Lane,
    item: InboxItem,
    take: Callable[[InboxItem], Awaitable[None]],
    context: StoreContext[Any],
) -> datetime | None:
    """Handle one item; returns when to try again, or None when it is dealt with for good."""
    try:
        await take(item)
    except LaneLost:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, the item is kept and tried again
        _LOG.exception("an item of %s failed", lane.plugin)
        return await _after_failure(engine, lane, item, told(error, context.settings))
    return None


async def _after_failure(
    engine: Engine, lane: Lane, item: InboxItem, error: str
) -> datetime | None:
    attempts = item.attempts + 1
    if attempts < MAX_ATTEMPTS:
        again = engine.clock.now() + wait(attempts)
        await inbox.put_off_item(engine.database, item.id, again, error)
        return again
    async with engine.database.transaction(lane.store.id) as tx:
        await inbox.mark_item(tx, item.id, "dead", tx.now, error=error)
        await open_case(
            tx,
            NewCase(
                kind="dead_letter",
                dedupe_key=f"inbox:{item.id}",
                title=f"A message of {lane.plugin} could not be handled",
                subject_type="webhook_inbox",
                subject_id=str(item.id),
                evidence={"error": error, "attempts": attempts},
                actions=("replay", "close"),
            ),
        )
    return None
