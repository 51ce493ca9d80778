"""Queue messages, take in what the channel reports of them, and keep people's consent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from tradewind.contracts.channel import Capabilities, OutboundBody, StatusChange
from tradewind.contracts.errors import NotFound
from tradewind.contracts.events import MessageStatusChanged
from tradewind.database.engine import Transaction
from tradewind.database.sql import Writes, storable_json
from tradewind.messaging import queries
from tradewind.messaging.queries import MessageRecord, Waiting
from tradewind.messaging.rules import (
    STATUS_RANK,
    advertises,
    fit,
    has_media,
    kind_of,
    refusal,
    without_media,
)
from tradewind.outbox import service as outbox
from tradewind.outbox.inbox import rouse


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message goes and what may go there: one person on one channel.

    Without a conversation it is an address that letters go to and nothing comes from.
    `marketing`: the person has agreed to be written to and has not refused advertising.
    """

    conversation_id: UUID | None
    channel: str
    identity: str
    phone: str | None
    sequence: int
    opted_out: bool
    window_expires_at: datetime | None
    capabilities: Capabilities
    marketing: bool = False


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message is sent: the message or event that caused it, its category, who wrote it.

    `order_id` is the order it is about, if any.
    """

    cause: str
    category: str = "service"
    author: str = ""
    order_id: UUID | None = None


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """What `compose` added: messages to send, in order, and the ids typed numbers stand for."""

    waiting: Sequence[Waiting]
    offered: Sequence[str]
    sequence: int


def compose(
    tx: Transaction,
    writes: Writes,
    line: Line,
    bodies: Sequence[OutboundBody],
    origin: Origin,
    *,
    always: bool = False,
    sending: bool = False,
    first: int = 1,
) -> Composed:
    """Fit messages to the channel and add their rows to `writes`.

    Options that can only be typed are numbered from `first`.

    What consent or the reply window forbids is logged as `withheld` and not sent. `sending` marks
    the messages as begun, for a caller that sends them right after the commit.
    """
    offered: list[str] = []
    fitted: list[OutboundBody] = []
    for body in bodies:
        shown = fit(body, line.capabilities, first=first + len(offered))
        fitted += shown.bodies
        offered += shown.offered
    sequence = line.sequence
    waiting: list[Waiting] = []
    logs, texts, outbound, withheld = [], [], [], []
    for body in fitted:
        sequence += 1
        message_id = tx.new_id()
        category = "marketing" if advertises(body, origin.category) else origin.category
        why = _why_not(tx, line, body, category, always=always)
        row = _log_row(tx, line, message_id, body, sequence)
        logs.append([*row, origin.cause, category, origin.author, origin.order_id])
        if not (why and category == queries.SECRET):
            texts.append((tx.store_id, message_id, storable_json(body)))
        if why:
            withheld.append(
                (tx.store_id, message_id, "withheld", 0, None, why, "", None, tx.now, tx.now)
            )
            continue
        message = _waiting(tx, line, message_id, body, category, sending=sending)
        waiting.append(message)
        outbound.append(_outbound_row(tx, line, message, sequence))
    writes.insert("shop.messaging_log", queries.LOG_COLUMNS, logs)
    writes.insert("shop.message_bodies", queries.BODY_COLUMNS, texts)
    writes.insert("shop.message_statuses", queries.STATUS_COLUMNS, withheld)
    writes.insert("shop.outbound_messages", queries.OUTBOUND_COLUMNS, outbound)
    return Composed(waiting=waiting, offered=offered, sequence=sequence)


def _why_not(
    tx: Transaction, line: Line, body: OutboundBody, category: str, *, always: bool
) -> str:
    return refusal(
        body,
        opted_out=line.opted_out or (category == "marketing" and not line.marketing),
        always=always,
        window_expires_at=line.window_expires_at,
        can=line.capabilities,
        now=tx.now,
    )


def _log_row(
    tx: Transaction, line: Line, message_id: UUID, body: OutboundBody, sequence: int
) -> list[object]:
    thread, channel = line.conversation_id, line.channel
    row = [tx.store_id, message_id, thread, channel, "out", kind_of(body)]
    return [*row, line.identity, sequence, None, tx.now]


def _waiting(
    tx: Transaction,
    line: Line,
    message_id: UUID,
    body: OutboundBody,
    category: str,
    *,
    sending: bool,
) -> Waiting:
    return Waiting(
        message_id=message_id,
        identity=line.identity,
        phone=line.phone,
        category=category,
        reply_to=None,
        state="sending" if sending else "ready",
        attempts=1 if sending else 0,
        run_at=tx.now,
        marked_at=tx.now if sending else None,
        body=body,
        reported=False,
    )


def _outbound_row(
    tx: Transaction, line: Line, message: Waiting, sequence: int
) -> tuple[object, ...]:
    return (
        tx.store_id,
        message.message_id,
        line.conversation_id,
        line.channel,
        line.identity,
        line.phone,
        sequence,
        message.category,
        message.reply_to,
        None,
        message.state,
        message.attempts,
        message.run_at,
        message.marked_at,
        tx.now,
    )


async def channel_of(tx: Transaction, conversation_id: UUID) -> str:
    """The channel of a conversation. Raises NotFound."""
    name = await tx.fetchval(
        "SELECT channel FROM shop.conversations WHERE store_id = $1 AND id = $2",
        tx.store_id,
        conversation_id,
    )
    if name is None:
        raise NotFound("There is no such conversation.")
    return str(name)


async def line_of(tx: Transaction, conversation_id: UUID, capabilities: Capabilities) -> Line:
    """The line of a conversation, locked until the transaction ends. Raises NotFound."""
    row = await tx.fetchrow(
        """SELECT c.channel, c.identity, c.outbound_sequence, c.window_expires_at, i.phone,
                  coalesce(NOT o.allowed, false) AS opted_out,
                  coalesce(m.allowed, o.allowed, false) AS marketing
           FROM shop.conversations c
           LEFT JOIN shop.customer_identities i
               ON i.store_id = c.store_id AND i.channel = c.channel AND i.identity = c.identity
           LEFT JOIN shop.customer_channel_opt_in o
               ON o.store_id = c.store_id AND o.channel = c.channel AND o.identity = c.identity
              AND o.category = 'all'
           LEFT JOIN shop.customer_channel_opt_in m
               ON m.store_id = c.store_id AND m.channel = c.channel AND m.identity = c.identity
              AND m.category = 'marketing'
           WHERE c.store_id = $1 AND c.id = $2 FOR UPDATE OF c""",
        tx.store_id,
        conversation_id,
    )
    if row is None:
        raise NotFound("There is no such conversation.")
    return Line(
        conversation_id=conversation_id,
        channel=row["channel"],
        identity=row["identity"],
        phone=row["phone"],
        sequence=row["outbound_sequence"],
        opted_out=row["opted_out"],
        window_expires_at=row["window_expires_at"],
        capabilities=capabilities,
        marketing=row["marketing"],
    )


async def line_to(tx: Transaction, channel: str, identity: str, capabilities: Capabilities) -> Line:
    """The line to somebody who cannot write back: no conversation, no customer, only an address.

    Messages to one address go out in the order of their ids.
    """
    said = dict(await queries.consent(tx, channel, identity))
    return Line(
        conversation_id=None,
        channel=channel,
        identity=identity,
        phone=None,
        sequence=0,
        opted_out=not said.get("all", True),
        window_expires_at=None,
        capabilities=capabilities,
        marketing=said.get("marketing", said.get("all", False)),
    )


async def queue(
    tx: Transaction,
    line: Line,
    plugin: str,
    bodies: Sequence[OutboundBody],
    origin: Origin,
    *,
    dedupe_key: str,
    first: int = 1,
) -> list[UUID]:
    """Put messages on their way to one person; the same `dedupe_key` puts nothing twice.

    Options that can only be typed are numbered from `first`. Returns the ids of those
    that go out, in order.
    """
    writes = Writes()
    composed = compose(tx, writes, line, bodies, origin, first=first)
    ids = [message.message_id for message in composed.waiting]
    if not await claim(tx, dedupe_key, ids[0] if ids else None):
        return []
    if line.conversation_id is not None:
        writes.add(
            """UPDATE shop.conversations SET outbound_sequence = {0}, last_message_at = {1}
               WHERE store_id = {2} AND id = {3}""",
            composed.sequence,
            tx.now,
            tx.store_id,
            line.conversation_id,
        )
    await writes.run(tx)
    if ids:
        await rouse(tx, plugin, line.identity)
    return ids


async def claim(tx: Transaction, dedupe_key: str, message_id: UUID | None = None) -> bool:
    """Whether nothing was said under this key before; from now on it was.

    `message_id` is the message that says it; an answer to somebody needs none.
    """
    first = await tx.fetchval(
        f"""INSERT INTO shop.message_keys ({queries.KEY_COLUMNS}) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING RETURNING true""",
        tx.store_id,
        dedupe_key,
        message_id or tx.new_id(),
        tx.now,
    )
    return bool(first)


async def status_reported(
    tx: Transaction, writes: Writes, channel: str, change: StatusChange
) -> bool:
    """Add to `writes` what the provider says of a message; false when it is not one of ours.

    Statuses only move forward: a late `delivered` after `read` is kept as a row and changes
    nothing that is shown.
    """
    message = await queries.logged(tx, channel, change.message_id, change.ref)
    if message is None:
        return False
    code = change.error.meaning if change.error else ""
    queries.add_status(tx, writes, message.id, change, code)
    writes.add(
        "DELETE FROM shop.outbound_messages WHERE store_id = {0} AND message_id = {1}",
        tx.store_id,
        message.id,
    )
    if message.category == queries.SECRET:
        writes.add(
            "DELETE FROM shop.message_bodies WHERE store_id = {0} AND message_id = {1}",
            tx.store_id,
            message.id,
        )
    if code == "opted_out":
        await set_consent(
            tx,
            channel,
            message.identity,
            allowed=False,
            source="channel",
            category="marketing",
            at=change.at,
        )
    if STATUS_RANK[change.status] > STATUS_RANK[message.status]:
        outbox.add(tx, writes, _status_event(tx, channel, message, change.status, code))
    return True


async def say_in_words(
    tx: Transaction, plugin: str, can: Capabilities, channel: str, change: StatusChange
) -> None:
    """Send a message again without its picture or file, which the provider refused; once."""
    message = await queries.logged(tx, channel, change.message_id, change.ref)
    if message is None or message.conversation_id is None:
        return
    body = await queries.body_of(tx, message.id)
    if body is None or not has_media(body):
        return
    line = await line_of(tx, message.conversation_id, can)
    origin = Origin(cause=str(message.id))
    again = without_media(body)
    await queue(tx, line, plugin, [again], origin, dedupe_key=f"words:{message.id}")


def _status_event(
    tx: Transaction, channel: str, message: queries.LoggedMessage, status: str, code: str
) -> MessageStatusChanged:
    return MessageStatusChanged(
        id=tx.new_id(),
        store_id=tx.store_id,
        occurred_at=tx.now,
        sequence=STATUS_RANK[status],
        message_id=message.id,
        conversation_id=message.conversation_id,
        channel=channel,
        status=status,
        error_code=code,
    )


async def set_consent(
    tx: Transaction,
    channel: str,
    identity: str,
    *,
    allowed: bool,
    source: str,
    category: Literal["all", "marketing"] = "all",
    at: datetime | None = None,
) -> None:
    """Keep a person's word on being written to, with its source and time.

    After a no, what still waits to go out is kept back, too.
    """
    latest = await queries.set_consent(
        tx, channel, identity, category, allowed=allowed, source=source, at=at or tx.now
    )
    if latest and not allowed:
        only = "marketing" if category == "marketing" else None
        await queries.withhold(tx, channel, identity, only)


async def messages_of(
    tx: Transaction, conversation_id: UUID, *, before: UUID | None = None, limit: int = 50
) -> list[MessageRecord]:
    """A conversation's messages, newest first, with the furthest each got."""
    return await queries.messages(tx, conversation_id, before=before, limit=limit)


async def messages_about(
    tx: Transaction, order_id: UUID, *, before: UUID | None = None, limit: int = 50
) -> list[MessageRecord]:
    """What was written about an order, on any channel, newest first."""
    return await queries.messages_about(tx, order_id, before=before, limit=limit)
