"""A conversation as the drain loads and saves it: one question to load, one statement to save."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tradewind.contracts.channel import Capabilities, Content, Echo, InboundMessage, Sender
from tradewind.contracts.context import StoreInfo
from tradewind.contracts.events import EventBase, MessageReceived
from tradewind.conversations.lane import LaneLost
from tradewind.conversations.rules import State, Talk, dump_state, load_state
from tradewind.customers import service as customers
from tradewind.database.engine import Transaction
from tradewind.database.sql import Writes
from tradewind.messaging import queries as messages
from tradewind.messaging import service as messaging
from tradewind.messaging.rules import kind_of
from tradewind.messaging.service import Line
from tradewind.outbox import service as outbox


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation, locked until the transaction ends."""

    line: Line
    conversation_id: UUID
    customer_id: UUID
    name: str | None
    email: str | None
    locale: str
    state: State
    state_version: int
    mode: str
    last_inbound_at: datetime | None
    first_contact: bool
    backlog: bool


_LOAD = """
    SELECT c.id, c.customer_id, c.locale, c.state, c.state_version, c.mode, c.outbound_sequence,
           c.last_inbound_at, c.window_expires_at, u.name, u.email, i.phone,
           coalesce(NOT o.allowed, false) AS opted_out,
           EXISTS (SELECT FROM shop.outbound_messages w
                   WHERE w.store_id = c.store_id AND w.channel = c.channel
                     AND w.identity = c.identity) AS backlog
    FROM shop.conversations c
    JOIN shop.customers u ON u.store_id = c.store_id AND u.id = c.customer_id
    LEFT JOIN shop.customer_identities i
        ON i.store_id = c.store_id AND i.channel = c.channel AND i.identity = c.identity
    LEFT JOIN shop.customer_channel_opt_in o
        ON o.store_id = c.store_id AND o.channel = c.channel AND o.identity = c.identity
       AND o.category = 'all'
    WHERE c.store_id = $1 AND c.channel = $2 AND c.identity = $3
    FOR UPDATE OF c
"""


async def load(
    tx: Transaction, channel: str, identity: str, capabilities: Capabilities
) -> Thread | None:
    """The conversation with one person, or None when there was none yet."""
    row = await tx.fetchrow(_LOAD, tx.store_id, channel, identity)
    if row is None:
        return None
    line = Line(
        conversation_id=row["id"],
        channel=channel,
        identity=identity,
        phone=row["phone"],
        sequence=row["outbound_sequence"],
        opted_out=row["opted_out"],
        window_expires_at=row["window_expires_at"],
        capabilities=capabilities,
    )
    return Thread(
        line=line,
        conversation_id=row["id"],
        customer_id=row["customer_id"],
        name=row["name"],
        email=row["email"],
        locale=row["locale"],
        state=load_state(row["state"]),
        state_version=row["state_version"],
        mode=row["mode"],
        last_inbound_at=row["last_inbound_at"],
        first_contact=False,
        backlog=row["backlog"],
    )


async def begin(
    tx: Transaction, channel: str, sender: Sender, locale: str, capabilities: Capabilities
) -> Thread:
    """A new conversation: the person becomes a customer, and their writing first is an opt-in."""
    customer = await customers.for_identity(tx, channel, sender)
    conversation_id = tx.new_id()
    await tx.execute(
        """INSERT INTO shop.conversations
               (store_id, id, channel, identity, customer_id, locale, last_message_at, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $7)""",
        tx.store_id,
        conversation_id,
        channel,
        sender.identity,
        customer.id,
        locale,
        tx.now,
    )
    await messaging.set_consent(tx, channel, sender.identity, allowed=True, source="first_message")
    line = Line(
        conversation_id=conversation_id,
        channel=channel,
        identity=sender.identity,
        phone=sender.phone,
        sequence=0,
        opted_out=False,
        window_expires_at=None,
        capabilities=capabilities,
    )
    return Thread(
        line=line,
        conversation_id=conversation_id,
        customer_id=customer.id,
        name=customer.name,
        email=customer.email,
        locale=locale,
        state=State(),
        state_version=0,
        mode="bot",
        last_inbound_at=None,
        first_contact=True,
        backlog=False,
    )


def heard(thread: Thread, message: InboundMessage) -> Thread:
    """The thread once a message has come: the reply window counts from the provider's own time."""
    latest = max(message.sent_at, thread.last_inbound_at or message.sent_at)
    reply_window = thread.line.capabilities.reply_window
    expires = latest + reply_window if reply_window is not None else None
    line = msgspec.structs.replace(thread.line, window_expires_at=expires)
    return msgspec.structs.replace(thread, line=line, last_inbound_at=latest)


def talk(thread: Thread, session_prefix: str, store: StoreInfo) -> Talk:
    """The thread as the script sees it."""
    line = thread.line
    return Talk(
        conversation_id=thread.conversation_id,
        channel=line.channel,
        session_id=f"{session_prefix}:{line.identity}",
        identity=line.identity,
        phone=line.phone,
        name=thread.name,
        email=thread.email,
        customer_id=thread.customer_id,
        locale=thread.locale,
        state=thread.state,
        opted_out=line.opted_out,
        first_contact=thread.first_contact,
        capabilities=line.capabilities,
        currency=store.currency,
        store=store,
    )


def log_inbound(tx: Transaction, writes: Writes, thread: Thread, message: InboundMessage) -> UUID:
    """Add an incoming message to the log; returns its id."""
    message_id = tx.new_id()
    line = thread.line
    row: list[object] = [tx.store_id, message_id, thread.conversation_id, line.channel, "in"]
    row += [kind_of(message.content), line.identity, thread.state_version + 1, message.reply_to]
    writes.insert(
        "shop.messaging_log",
        messages.LOG_COLUMNS,
        [[*row, tx.now, message.ref, "service", "", None]],
    )
    body = msgspec.json.encode(_kept(message)).decode()
    writes.insert("shop.message_bodies", messages.BODY_COLUMNS, [(tx.store_id, message_id, body)])
    ref = (tx.store_id, line.channel, message.ref, message_id, tx.now)
    writes.insert("shop.message_refs", messages.REF_COLUMNS, [ref], "ON CONFLICT DO NOTHING")
    return message_id


class _Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    content: Content
    sent_at: datetime
    reply_to: str | None = None
    referral: object = None


def _kept(message: InboundMessage) -> _Kept:
    return _Kept(
        content=message.content,
        sent_at=message.sent_at,
        reply_to=message.reply_to,
        referral=message.referral,
    )


def received(
    tx: Transaction, thread: Thread, message_id: UUID, message: InboundMessage
) -> MessageReceived:
    """The event that somebody wrote."""
    return MessageReceived(
        id=tx.new_id(),
        store_id=tx.store_id,
        occurred_at=tx.now,
        sequence=thread.state_version + 1,
        message_id=message_id,
        conversation_id=thread.conversation_id,
        channel=thread.line.channel,
        kind=kind_of(message.content),
    )


async def save(
    tx: Transaction,
    writes: Writes,
    thread: Thread,
    *,
    state: State,
    sequence: int,
    events: Sequence[EventBase],
    taken: str | None = None,
) -> None:
    """Write a turn as one statement.

    `taken` names the part of `writes` that marks the item as done. Raises LaneLost when somebody
    else has done it already.
    """
    outbox.add(tx, writes, *events)
    updated = writes.add(
        """UPDATE shop.conversations
           SET state = {0}, state_version = state_version + 1, outbound_sequence = {1},
               last_inbound_at = {2}, window_expires_at = {3}, last_message_at = {4},
               unread = unread + 1
           WHERE store_id = {5} AND id = {6} AND state_version = {7} RETURNING id""",
        dump_state(state),
        sequence,
        thread.last_inbound_at,
        thread.line.window_expires_at,
        tx.now,
        tx.store_id,
        thread.conversation_id,
        thread.state_version,
    )
    both = f"SELECT FROM {updated}" + (f", {taken}" if taken else "")
    if await writes.run(tx, both) is None:
        raise LaneLost


async def log_echo(tx: Transaction, thread: Thread, echo: Echo) -> None:
    """Log what staff wrote in the channel's own app as an outgoing message, once."""
    line = thread.line
    if await messages.message_by_ref(tx, line.channel, echo.ref) is not None:
        return
    writes = Writes()
    message_id = tx.new_id()
    row: list[object] = [tx.store_id, message_id, thread.conversation_id, line.channel, "out"]
    row += [kind_of(echo.content), line.identity, line.sequence, None, tx.now]
    row += [echo.ref, "service", "app", None]
    writes.insert("shop.messaging_log", messages.LOG_COLUMNS, [row])
    body = msgspec.json.encode(echo.content).decode()
    writes.insert("shop.message_bodies", messages.BODY_COLUMNS, [(tx.store_id, message_id, body)])
    ref = (tx.store_id, line.channel, echo.ref, message_id, tx.now)
    writes.insert("shop.message_refs", messages.REF_COLUMNS, [ref], "ON CONFLICT DO NOTHING")
    status = (tx.store_id, message_id, "sent", 0, echo.ref, "", "", None, echo.sent_at, tx.now)
    writes.insert("shop.message_statuses", messages.STATUS_COLUMNS, [status])
    await writes.run(tx)
