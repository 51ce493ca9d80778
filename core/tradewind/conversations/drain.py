"""Work one lane off: what came in, in order, then what goes out, in order, by one job at a time.

A lane is one person on one channel, or one payment at a provider. The job holds the lane's lease;
a job that finds it taken comes back a moment later.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from tradewind.cases.service import NewCase, open_case
from tradewind.checkout import service as checkout
from tradewind.contracts.context import StoreContext
from tradewind.contracts.payment import PaymentProvider
from tradewind.conversations.lane import Lane, leave, put_off
from tradewind.conversations.turns import ChannelLane
from tradewind.database.engine import Store
from tradewind.outbox import inbox, jobs
from tradewind.outbox.inbox import InboxItem
from tradewind.outbox.jobs import TakenJob
from tradewind.outbox.rules import MAX_ATTEMPTS, wait
from tradewind.plugins import is_programming_error
from tradewind.settings.engine import Engine
from tradewind.settings.service import record_failure

_LOG = logging.getLogger(__name__)
_BUSY = timedelta(milliseconds=250)


async def drain(engine: Engine, store: Store, job: TakenJob) -> None:
    """Work the lane of a drain job off, and finish the job or put it off."""
    lane = Lane(store=store, plugin=job.payload["plugin"], name=job.payload["lane"], holder=job.id)
    items = await inbox.claim_lane(engine.database, store.id, lane.plugin, lane.name, job.id)
    if items is None:
        again = engine.clock.now() + _BUSY
        await jobs.put_off(engine.database, job.id, again, counted=False)
        return
    door = engine.plugins.door(lane.plugin)
    context = await engine.context_anyway(store, lane.plugin)
    if door is None or context is None:
        await put_off(engine, lane, engine.clock.now() + wait(job.attempts))
    elif isinstance(door, PaymentProvider):
        await _payments(engine, lane, door, context, items)
    else:
        work = ChannelLane(
            engine, lane, door, context, outbound="outbound" in job.payload or not items
        )
        await _messages(engine, lane, work, items)


async def _messages(
    engine: Engine,
    lane: Lane,
    work: ChannelLane,
    items: list[InboxItem],
) -> None:
    held_until: datetime | None = None
    for position, item in enumerate(items):
        held_until = await _attempt(engine, lane, item, work.take)
        if held_until is not None:
            break
        if position < len(items) - 1:
            await work.settle()
    await work.finish(held_until)


async def _payments(
    engine: Engine,
    lane: Lane,
    provider: PaymentProvider[Any],
    context: StoreContext[Any],
    items: list[InboxItem],
) -> None:
    async def take(item: InboxItem) -> None:
        for report in await provider.parse_webhook(item.item, context):
            await checkout.webhook_reported(engine, lane.store, provider.name, report)
        await inbox.mark_item(engine.database.pool, item.id, "done", engine.clock.now())

    for item in items:
        held_until = await _attempt(engine, lane, item, take)
        if held_until is not None:
            await put_off(engine, lane, held_until)
            return
    await leave(engine, lane)


async def _attempt(
    engine: Engine, lane: Lane, item: InboxItem, take: Callable[[InboxItem], Awaitable[None]]
) -> datetime | None:
    """Handle one item; returns when to try again, or None when it is dealt with for good."""
    try:
        await take(item)
    except Exception as error:  # noqa: BLE001 - whatever it was, the item is kept and tried again
        _LOG.exception("an item of %s failed", lane.plugin)
        if is_programming_error(error):
            await record_failure(engine, lane.store, lane.plugin, type(error).__name__)
        return await _after_failure(engine, lane, item, f"{type(error).__name__}: {error}")
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
