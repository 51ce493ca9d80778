"""Piccolo table of conversations: one person on one channel."""

from piccolo.columns import JSONB, UUID, Array, BigInt, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class Conversation(Table, tablename="conversations", schema="shop", db=TABLES):
    """One person on one channel, and where the talk stands."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    channel = Text(default=None)
    identity = Text(default=None)
    customer_id = UUID(default=None)
    locale = Text(default=None)
    state = JSONB(default="{}")
    state_version = Integer(default=0)
    mode = Text(default="bot")
    assigned_to = UUID(null=True, default=None)
    labels = Array(base_column=Text(), default=list)
    unread = Integer(default=0)
    outbound_sequence = BigInt(default=0)
    last_inbound_at = Timestamptz(null=True, default=None)
    last_message_at = Timestamptz(default=None)
    window_expires_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
