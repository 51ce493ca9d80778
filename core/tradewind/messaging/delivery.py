"""Hand waiting messages to the channel, in order, one person at a time.

A send is marked before the call. When its answer is lost (the process died, the network broke),
the message is sent again only if no status report has come for it after `PATIENCE`; what may have
reached the person twice is counted in the log as a repeated send.
"""

import asyncio
import logging
import math
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tradewind.contracts.channel import Channel, Outbound, Recipient, Sent
from tradewind.contracts.context import StoreContext
from tradewind.contracts.errors import (
    ChannelDown,
    ChannelError,
    MediaRefused,
    PluginProblem,
    Retry,
)
from tradewind.database.engine import Transaction
from tradewind.database.sql import Writes, storable_text
from tradewind.messaging import queries
from tradewind.messaging.queries import Waiting
from tradewind.messaging.rules import fit, has_media, without_media
from tradewind.plugins import hush, is_programming_error, told, understood

_LOG = logging.getLogger(__name__)
PATIENCE = timedelta(seconds=15)
SEND_SECONDS = 15.0
"""How long a channel may take for one message; what became of it is then unknown."""
MAX_ATTEMPTS = 8
_LONGEST_SECONDS = 600.0
_MOST_AT_ONCE = 50


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message: taken (`sent`), refused for good (`error`), or to be repeated.

    `untried`: it waits behind one that is to be repeated. `defect`: what the channel itself got
    wrong, which counts towards its quarantine.
    """

    message: Waiting
    sent: Sent | None = None
    error: ChannelError | None = None
    retry_at: datetime | None = None
    unknown: bool = False
    untried: bool = False
    defect: str = ""


async def send_all(
    channel: Channel[Any], context: StoreContext[Any], messages: Sequence[Waiting]
) -> list[Outcome]:
    """Send messages in order; the first that must be repeated holds back those behind it."""
    outcomes: list[Outcome] = []
    for position, message in enumerate(messages, start=1):
        outcome = await send(channel, context, message)
        outcomes.append(outcome)
        if outcome.retry_at is not None:
            behind = messages[position:]
            return [*outcomes, *(Outcome(message=one, untried=True) for one in behind)]
    return outcomes


async def send(channel: Channel[Any], context: StoreContext[Any], message: Waiting) -> Outcome:
    """Send one message; a refused picture falls back to words and a link."""
    try:
        async with asyncio.timeout(SEND_SECONDS):
            answer = await _hand_over(channel, context, message)
    except ChannelError as error:
        hush(error, context.settings)
        return _refused(message, error, context.clock.now())
    except TimeoutError:
        late = Retry(PATIENCE.total_seconds(), "No answer came in time.", unknown=True)
        return _refused(message, late, context.clock.now())
    except Exception as error:  # noqa: BLE001 - a defect of a channel must not lose the message
        # What the error says may hold what was sent, or a secret of the account.
        frames = "".join(traceback.format_tb(error.__traceback__))
        _LOG.error("channel %s failed to send: %s\n%s", channel.name, type(error).__name__, frames)
        broken = ChannelError(f"{type(error).__name__} in the channel")
        outcome = _again(message, broken, context.clock.now(), 5.0, unknown=True)
        defect = told(error, context.settings) if is_programming_error(error) else ""
        return msgspec.structs.replace(outcome, defect=defect)
    return _taken(channel, message, answer)


def _taken(channel: Channel[Any], message: Waiting, answer: object) -> Outcome:
    try:
        return Outcome(message=message, sent=understood(answer, Sent))
    except PluginProblem as problem:
        # It did not refuse the message: sending it again could reach the person twice.
        _LOG.error("channel %s gave no Sent: %s", channel.name, problem.detail)
        return Outcome(message=message, sent=Sent(ref=""), defect="`send` gave no Sent")


async def _hand_over(channel: Channel[Any], context: StoreContext[Any], message: Waiting) -> object:
    try:
        return await channel.send(_outbound(message), context)
    except MediaRefused:
        words = without_media(message.body)
        bodies = fit(words, channel.capabilities).bodies if has_media(message.body) else ()
        if not bodies:
            raise
    *ahead, last = (_outbound(msgspec.structs.replace(message, body=body)) for body in bodies)
    for outbound in ahead:
        await channel.send(outbound, context)
    return await channel.send(last, context)


def _refused(message: Waiting, error: ChannelError, now: datetime) -> Outcome:
    match error:
        case Retry():
            return _again(message, error, now, error.after, unknown=error.unknown)
        case ChannelDown():
            return _again(message, error, now, 60.0, unknown=False)
        case _:
            return Outcome(message=message, error=error)


def _outbound(message: Waiting) -> Outbound:
    return Outbound(
        id=message.message_id,
        recipient=Recipient(identity=message.identity, phone=message.phone),
        body=message.body,
        reply_to=message.reply_to,
    )


def _again(
    message: Waiting, error: ChannelError, now: datetime, after: float, *, unknown: bool
) -> Outcome:
    if message.attempts >= MAX_ATTEMPTS:
        return Outcome(message=message, error=error)
    seconds = max(after, 0.0) if math.isfinite(after) else 1.0
    wait = timedelta(seconds=min(seconds * 4 ** (message.attempts - 1), _LONGEST_SECONDS))
    return Outcome(message=message, error=error, retry_at=now + wait, unknown=unknown)


def settle(tx: Transaction, writes: Writes, channel: str, outcomes: Sequence[Outcome]) -> None:
    """Add to `writes` what became of messages."""
    finished = [o for o in outcomes if o.retry_at is None and not o.untried]
    statuses = [_status_row(tx, outcome) for outcome in finished]
    refs = [
        (tx.store_id, channel, o.sent.ref, o.message.message_id, tx.now)
        for o in finished
        if o.sent is not None and o.sent.ref
    ]
    nothing = "ON CONFLICT DO NOTHING"
    writes.insert("shop.message_statuses", queries.STATUS_COLUMNS, statuses, nothing)
    writes.insert("shop.message_refs", queries.REF_COLUMNS, refs, nothing)
    if finished:
        writes.add(
            "DELETE FROM shop.outbound_messages WHERE store_id = {0} AND message_id = ANY ({1})",
            tx.store_id,
            [outcome.message.message_id for outcome in finished],
        )
    told = [o.message.message_id for o in finished if o.message.category == queries.SECRET]
    if told:
        writes.add(
            "DELETE FROM shop.message_bodies WHERE store_id = {0} AND message_id = ANY ({1})",
            tx.store_id,
            told,
        )
    for outcome in outcomes:
        if outcome.retry_at is not None:
            _put_off(tx, writes, outcome, outcome.retry_at)
    untried = [outcome.message.message_id for outcome in outcomes if outcome.untried]
    if untried:
        writes.add(
            """UPDATE shop.outbound_messages
               SET state = 'ready', marked_at = NULL, attempts = attempts - 1
               WHERE store_id = {0} AND message_id = ANY ({1})""",
            tx.store_id,
            untried,
        )


def _status_row(tx: Transaction, outcome: Outcome) -> tuple[object, ...]:
    error = outcome.error
    return (
        tx.store_id,
        outcome.message.message_id,
        "sent" if outcome.sent is not None else "failed",
        0,
        outcome.sent.ref if outcome.sent is not None else None,
        error.code if error is not None else "",
        storable_text(f"{error.provider_code} {error.detail}".strip(), 1000) if error else "",
        None,
        tx.now,
        tx.now,
    )


def _put_off(tx: Transaction, writes: Writes, outcome: Outcome, run_at: datetime) -> None:
    writes.add(
        """UPDATE shop.outbound_messages SET run_at = {0}, state = {1}
           WHERE store_id = {2} AND message_id = {3}""",
        run_at,
        "sending" if outcome.unknown else "ready",
        tx.store_id,
        outcome.message.message_id,
    )


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that may be sent now, and when to look again at those that may not yet."""

    messages: Sequence[Waiting]
    look_again: datetime | None = None


async def ready(tx: Transaction, channel: str, identity: str) -> Ready:
    """Mark what may be sent to one person now, in order, up to the first that must wait."""
    messages: list[Waiting] = []
    found = await queries.waiting(tx, channel, identity, _MOST_AT_ONCE)
    for waiting in found:
        if waiting.reported:
            await queries.drop_outbound(tx, waiting.message_id)
            continue
        due = _due(waiting)
        if due > tx.now:
            return Ready(messages=messages, look_again=due)
        repeated, attempts = waiting.state == "sending", waiting.attempts + 1
        await queries.mark_sending(tx, waiting.message_id, attempts, repeated=repeated)
        messages.append(msgspec.structs.replace(waiting, attempts=attempts))
    more = len(found) == _MOST_AT_ONCE
    return Ready(messages=messages, look_again=tx.now if more else None)


def _due(waiting: Waiting) -> datetime:
    if waiting.state == "sending" and waiting.marked_at is not None:
        return max(waiting.run_at, waiting.marked_at + PATIENCE)
    return waiting.run_at
