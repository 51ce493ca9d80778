"""SQL of the message log, consent and the messages on their way out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.contracts.channel import OutboundBody, StatusChange
from tradewind.database.engine import Transaction
from tradewind.database.sql import Writes, storable_json, storable_text
from tradewind.messaging.rules import STATUS_RANK

LOG_COLUMNS = """store_id, id, conversation_id, channel, direction, kind, identity, sequence,
    reply_to, created_at, cause, category, author, order_id"""
BODY_COLUMNS = "store_id, message_id, body"
REF_COLUMNS = "store_id, channel, ref, message_id, created_at"
KEY_COLUMNS = "store_id, dedupe_key, message_id, created_at"
STATUS_COLUMNS = """store_id, message_id, status, attempt, provider_ref, error_code, error,
    pricing, occurred_at, created_at"""
OUTBOUND_COLUMNS = """store_id, message_id, conversation_id, channel, identity, phone, sequence,
    category, reply_to, dedupe_key, state, attempts, run_at, marked_at, created_at"""


SECRET = "authentication"  # noqa: S105 - a category, as providers call it
"""The category of messages that hold a secret: what they say is shown to nobody and is erased
once they are sent."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A message on its way out. `marked_at` is set once a send was begun."""

    message_id: UUID
    identity: str
    phone: str | None
    category: str
    reply_to: str | None
    state: str
    attempts: int
    run_at: datetime
    marked_at: datetime | None
    body: OutboundBody
    reported: bool


class ReceivedMedia(msgspec.Struct, frozen=True, kw_only=True):
    """What came with a message and is kept; its type is that of its bytes."""

    content_type: str
    bytes: int
    name: str


class MessageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the inbox shows it; `status` is the furthest it got.

    Of an incoming one it is None, or failed when what came with it could not be kept.

    `repeated` counts the sends that may have reached the person once more than they should.
    """

    id: UUID
    channel: str
    identity: str
    direction: str
    kind: str
    category: str
    body: Any
    status: str | None
    error_code: str
    error: str
    repeated: int
    author: str
    created_at: datetime
    media: ReceivedMedia | None = None


async def waiting(tx: Transaction, channel: str, identity: str, most: int) -> list[Waiting]:
    """Messages that wait to go to one person, in order.

    `reported` is true when the provider has told us of a message already.
    """
    rows = await tx.fetch(
        """SELECT o.message_id, o.identity, o.phone, o.category, o.reply_to, o.state, o.attempts,
                  o.run_at, o.marked_at, b.body,
                  EXISTS (SELECT FROM shop.message_statuses s
                          WHERE s.store_id = o.store_id AND s.message_id = o.message_id
                            AND s.status IN ('sent', 'delivered', 'read', 'failed')) AS reported
           FROM shop.outbound_messages o
           JOIN shop.message_bodies b ON b.store_id = o.store_id AND b.message_id = o.message_id
           WHERE o.store_id = $1 AND o.channel = $2 AND o.identity = $3
           ORDER BY o.sequence, o.message_id LIMIT $4""",
        tx.store_id,
        channel,
        identity,
        most,
    )
    return [
        Waiting(**{**dict(row), "body": msgspec.json.decode(row["body"], type=OutboundBody)})
        for row in rows
    ]


async def mark_sending(tx: Transaction, message_id: UUID, attempts: int, *, repeated: bool) -> None:
    """Write down that a send begins; a `repeated` one may reach the person twice and is counted."""
    await tx.execute(
        """UPDATE shop.outbound_messages SET state = 'sending', marked_at = $3, attempts = $4
           WHERE store_id = $1 AND message_id = $2""",
        tx.store_id,
        message_id,
        tx.now,
        attempts,
    )
    if repeated:
        await tx.execute(
            f"""INSERT INTO shop.message_statuses ({STATUS_COLUMNS})
                VALUES ($1, $2, 'sending', $3, NULL, 'repeated', '', NULL, $4, $4)
                ON CONFLICT DO NOTHING""",
            tx.store_id,
            message_id,
            attempts,
            tx.now,
        )


async def message_by_ref(tx: Transaction, channel: str, ref: str) -> UUID | None:
    """Our message behind a provider's id."""
    found: UUID | None = await tx.fetchval(
        """SELECT message_id FROM shop.message_refs
           WHERE store_id = $1 AND channel = $2 AND ref = $3""",
        tx.store_id,
        channel,
        ref,
    )
    return found


class LoggedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a status report needs to know of a message."""

    id: UUID
    conversation_id: UUID | None
    identity: str
    category: str
    status: str


async def body_of(tx: Transaction, message_id: UUID) -> OutboundBody | None:
    """What an outgoing message said; None once it was erased."""
    body = await tx.fetchval(
        "SELECT body FROM shop.message_bodies WHERE store_id = $1 AND message_id = $2",
        tx.store_id,
        message_id,
    )
    return None if body is None else msgspec.json.decode(body, type=OutboundBody)


async def logged(
    tx: Transaction, channel: str, message_id: UUID | None, ref: str
) -> LoggedMessage | None:
    """An outgoing message, by its id or else by the provider's, and the furthest it got."""
    row = await tx.fetchrow(
        """SELECT m.id, m.conversation_id, m.identity, m.category,
                  array(SELECT s.status FROM shop.message_statuses s
                        WHERE s.store_id = m.store_id AND s.message_id = m.id) AS statuses
           FROM shop.messaging_log m
           WHERE m.store_id = $1 AND m.channel = $2 AND m.direction = 'out'
             AND m.id = coalesce($3, (SELECT r.message_id FROM shop.message_refs r
                                      WHERE r.store_id = $1 AND r.channel = $2 AND r.ref = $4))""",
        tx.store_id,
        channel,
        message_id,
        ref,
    )
    if row is None:
        return None
    status = max(row["statuses"], key=lambda name: STATUS_RANK[name], default="sending")
    return LoggedMessage(
        id=row["id"],
        conversation_id=row["conversation_id"],
        identity=row["identity"],
        category=row["category"],
        status=status,
    )


def add_status(
    tx: Transaction, writes: Writes, message_id: UUID, change: StatusChange, code: str
) -> None:
    """Append a status that was reported, unless it is known already."""
    error = f"{change.error.code}: {change.error.detail}" if change.error else ""
    pricing = storable_json(change.pricing) if change.pricing else None
    error = storable_text(error, 1000)
    row = (tx.store_id, message_id, change.status, 0, change.ref, code, error, pricing)
    writes.insert(
        "shop.message_statuses",
        STATUS_COLUMNS,
        [(*row, change.at, tx.now)],
        "ON CONFLICT DO NOTHING",
    )


async def drop_outbound(tx: Transaction, message_id: UUID) -> None:
    """The message needs no more sending."""
    await tx.execute(
        f"""WITH dropped AS (
                DELETE FROM shop.outbound_messages WHERE store_id = $1 AND message_id = $2
                RETURNING message_id, category)
            {_ERASE}""",
        tx.store_id,
        message_id,
        SECRET,
    )


_ERASE = """DELETE FROM shop.message_bodies b USING dropped
    WHERE b.store_id = $1 AND b.message_id = dropped.message_id AND dropped.category = $3"""


async def consent(tx: Transaction, channel: str, identity: str) -> list[tuple[str, bool]]:
    """What a person has said, category by category, on being written to."""
    rows = await tx.fetch(
        """SELECT category, allowed FROM shop.customer_channel_opt_in
           WHERE store_id = $1 AND channel = $2 AND identity = $3""",
        tx.store_id,
        channel,
        identity,
    )
    return [(row["category"], row["allowed"]) for row in rows]


async def set_consent(
    tx: Transaction,
    channel: str,
    identity: str,
    category: str,
    *,
    allowed: bool,
    source: str,
    at: datetime,
) -> bool:
    """Write a person's latest word on a category of messages.

    An older word changes nothing; false then.
    """
    latest = await tx.fetchval(
        """INSERT INTO shop.customer_channel_opt_in AS o
               (store_id, channel, identity, category, allowed, source, changed_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (store_id, channel, identity, category) DO UPDATE
           SET allowed = excluded.allowed, source = excluded.source,
               changed_at = excluded.changed_at
           WHERE o.changed_at <= excluded.changed_at RETURNING true""",
        tx.store_id,
        channel,
        identity,
        category,
        allowed,
        source,
        at,
    )
    return bool(latest)


async def withhold(tx: Transaction, channel: str, identity: str, category: str | None) -> None:
    """Keep back what still waits to go to a person who wants no more of it (None: of anything)."""
    await tx.execute(
        f"""WITH kept AS (
                DELETE FROM shop.outbound_messages
                WHERE store_id = $1 AND channel = $2 AND identity = $3
                  AND ($5::text IS NULL OR category = $5)
                RETURNING message_id, category),
            erased AS (
                DELETE FROM shop.message_bodies b USING kept
                WHERE b.store_id = $1 AND b.message_id = kept.message_id AND kept.category = $6)
            INSERT INTO shop.message_statuses ({STATUS_COLUMNS})
            SELECT $1, message_id, 'withheld', 0, NULL, 'opted_out', '', NULL, $4, $4 FROM kept
            ON CONFLICT DO NOTHING""",
        tx.store_id,
        channel,
        identity,
        tx.now,
        category,
        SECRET,
    )


_MESSAGES = """
    SELECT m.id, m.channel, m.identity, m.direction, m.kind, m.category, m.author, m.created_at,
           b.body, s.statuses, s.error_codes, s.errors,
           f.content_type, f.bytes, f.name
    FROM shop.messaging_log m
    LEFT JOIN shop.message_bodies b ON b.store_id = m.store_id AND b.message_id = m.id
    LEFT JOIN LATERAL (
        SELECT array_agg(status) AS statuses, array_agg(error_code) AS error_codes,
               array_agg(error) AS errors
        FROM shop.message_statuses
        WHERE store_id = m.store_id AND message_id = m.id) s ON true
    LEFT JOIN shop.media f ON f.store_id = m.store_id AND f.id = m.id AND f.kind = 'received'
    WHERE m.store_id = $1 AND ($3::uuid IS NULL OR m.id < $3) AND """


async def messages(
    tx: Transaction, conversation_id: UUID, *, before: UUID | None, limit: int
) -> list[MessageRecord]:
    """A conversation's messages, newest first."""
    rows = await tx.fetch(
        _MESSAGES + "m.conversation_id = $2 ORDER BY m.id DESC LIMIT $4",
        tx.store_id,
        conversation_id,
        before,
        limit,
    )
    return [_record(row) for row in rows]


async def messages_about(
    tx: Transaction, order_id: UUID, *, before: UUID | None, limit: int
) -> list[MessageRecord]:
    """What was written about an order on any channel, newest first."""
    rows = await tx.fetch(
        _MESSAGES + "m.order_id = $2 ORDER BY m.id DESC LIMIT $4",
        tx.store_id,
        order_id,
        before,
        limit,
    )
    return [_record(row) for row in rows]


def _record(row: Any) -> MessageRecord:
    statuses: Sequence[str] = row["statuses"] or ()
    secret = row["category"] == SECRET and row["direction"] == "out"
    best = max(range(len(statuses)), key=lambda i: STATUS_RANK[statuses[i]], default=None)
    status = statuses[best] if best is not None else None
    return MessageRecord(
        id=row["id"],
        channel=row["channel"],
        identity=row["identity"],
        direction=row["direction"],
        kind=row["kind"],
        category=row["category"],
        body=msgspec.json.decode(row["body"]) if row["body"] and not secret else None,
        status=status if row["direction"] == "in" or status else "queued",
        error_code=row["error_codes"][best] if best is not None else "",
        error=row["errors"][best] if best is not None else "",
        repeated=statuses.count("sending"),
        author=row["author"],
        created_at=row["created_at"],
        media=_media(row),
    )


def _media(row: Any) -> ReceivedMedia | None:
    if row["content_type"] is None:
        return None
    return ReceivedMedia(content_type=row["content_type"], bytes=row["bytes"], name=row["name"])


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with somebody whose phone number is known."""

    conversation_id: UUID
    channel: str
    identity: str
    customer_id: UUID
    locale: str


async def chat_of_phone(tx: Transaction, phone: str) -> Chat | None:
    """The conversation with whoever a channel knows by this number (E.164), the latest of them."""
    row = await tx.fetchrow(
        """SELECT c.id AS conversation_id, c.channel, c.identity, i.customer_id, c.locale
           FROM shop.customer_identities i
           JOIN shop.conversations c
               ON c.store_id = $1 AND c.channel = i.channel AND c.identity = i.identity
           WHERE i.store_id = $1 AND i.phone = $2
           ORDER BY c.last_inbound_at DESC NULLS LAST, c.id DESC LIMIT 1""",
        tx.store_id,
        phone,
    )
    return None if row is None else Chat(**dict(row))


async def approved_template(
    tx: Transaction, channel: str, purpose: str, language: str
) -> str | None:
    """The name of the store's approved template for a purpose, in one language."""
    found: str | None = await tx.fetchval(
        """SELECT name FROM shop.message_templates
           WHERE store_id = $1 AND channel = $2 AND purpose = $3 AND language = $4
             AND status = 'approved' ORDER BY name LIMIT 1""",
        tx.store_id,
        channel,
        purpose,
        language,
    )
    return found


async def template_changed(tx: Transaction, channel: str, news: Mapping[str, Any]) -> None:
    """Keep what the provider says of a template of ours."""
    await tx.execute(
        """UPDATE shop.message_templates SET status = lower($5), updated_at = $6
           WHERE store_id = $1 AND channel = $2 AND name = $3 AND language = $4""",
        tx.store_id,
        channel,
        str(news.get("name", "")),
        str(news.get("language", "")),
        str(news.get("status", "")),
        tx.now,
    )
