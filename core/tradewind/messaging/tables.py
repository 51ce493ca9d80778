"""Piccolo tables of messages: the log, what was said, what became of it, and who may be told."""

from piccolo.columns import JSONB, UUID, BigInt, Boolean, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES
from tradewind.database.natural_keys import ManyColumnKey


class Message(Table, tablename="messaging_log", schema="shop", db=TABLES):
    """A message, in or out; what was said is kept apart. Append-only."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    conversation_id = UUID(null=True, default=None)
    channel = Text(default=None)
    direction = Text(default=None)
    kind = Text(default=None)
    category = Text(default="service")
    identity = Text(default=None)
    sequence = BigInt(default=0)
    cause = Text(default="")
    reply_to = Text(null=True, default=None)
    author = Text(default="")
    created_at = Timestamptz(default=None)
    order_id = UUID(null=True, default=None)


class MessageBody(Table, tablename="message_bodies", schema="shop", db=TABLES):
    """What a message said."""

    store_id = UUID(default=None)
    message_id = UUID(primary_key=True, default=None)
    body = JSONB(default=None)


class MessageRef(ManyColumnKey, Table, tablename="message_refs", schema="shop", db=TABLES):
    """The provider's id of a message."""

    store_id = UUID(default=None)
    channel = Text(primary_key=True, default=None)
    reference = Text(primary_key=True, default=None, db_column_name="ref")
    message_id = UUID(default=None)
    created_at = Timestamptz(default=None)


class MessageStatus(ManyColumnKey, Table, tablename="message_statuses", schema="shop", db=TABLES):
    """What became of a message. Append-only."""

    store_id = UUID(default=None)
    message_id = UUID(primary_key=True, default=None)
    status = Text(primary_key=True, default=None)
    attempt = Integer(primary_key=True, default=0)
    provider_ref = Text(null=True, default=None)
    error_code = Text(default="")
    error = Text(default="")
    pricing = JSONB(null=True, default=None)
    occurred_at = Timestamptz(default=None)
    created_at = Timestamptz(default=None)


class OutboundMessage(Table, tablename="outbound_messages", schema="shop", db=TABLES):
    """A message on its way out."""

    store_id = UUID(default=None)
    message_id = UUID(primary_key=True, default=None)
    conversation_id = UUID(null=True, default=None)
    channel = Text(default=None)
    identity = Text(default=None)
    phone = Text(null=True, default=None)
    sequence = BigInt(default=None)
    category = Text(default=None)
    reply_to = Text(null=True, default=None)
    dedupe_key = Text(null=True, default=None)
    state = Text(default="ready")
    attempts = Integer(default=0)
    run_at = Timestamptz(default=None)
    marked_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)


class MessageKey(Table, tablename="message_keys", schema="shop", db=TABLES):
    """The cause of a message that was queued already."""

    store_id = UUID(default=None)
    dedupe_key = Text(primary_key=True, default=None)
    message_id = UUID(default=None)
    created_at = Timestamptz(default=None)


class OptIn(ManyColumnKey, Table, tablename="customer_channel_opt_in", schema="shop", db=TABLES):
    """Whether a person wants messages of a category."""

    store_id = UUID(default=None)
    channel = Text(primary_key=True, default=None)
    identity = Text(primary_key=True, default=None)
    category = Text(primary_key=True, default=None)
    allowed = Boolean(default=None)
    source = Text(default=None)
    changed_at = Timestamptz(default=None)


class MessageTemplate(Table, tablename="message_templates", schema="shop", db=TABLES):
    """A message the channel has to approve before it may be sent."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    channel = Text(default=None)
    name = Text(default=None)
    language = Text(default=None)
    category = Text(default=None)
    purpose = Text(default="")
    status = Text(default=None)
    body = Text(default=None)
    components = JSONB(default="[]")
    provider_ref = Text(null=True, default=None)
    reason = Text(default="")
    updated_at = Timestamptz(default=None)
