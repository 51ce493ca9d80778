"""Piccolo tables of what happened in a store, and of who has been told."""

from piccolo.columns import JSONB, UUID, Array, BigInt, Boolean, Bytea, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES
from tradewind.database.natural_keys import ManyColumnKey


class Event(Table, tablename="events", schema="shop", db=TABLES):
    """Something that happened, as subscribers are told. Append-only."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    type = Text(default=None)
    aggregate = Text(default=None)
    sequence = BigInt(default=None)
    payload = JSONB(default=None)
    occurred_at = Timestamptz(default=None)


class EventDelivery(Table, tablename="event_deliveries", schema="shop", db=TABLES):
    """Whether a subscriber has been told of an event."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    event_id = UUID(default=None)
    type = Text(default=None)
    subscriber = Text(default=None)
    state = Text(default=None)
    attempts = Integer(default=0)
    error = Text(default="")
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)


class EventMark(ManyColumnKey, Table, tablename="event_marks", schema="shop", db=TABLES):
    """What a subscriber has done already, in its own words."""

    store_id = UUID(default=None)
    subscriber = Text(primary_key=True, default=None)
    mark = Text(primary_key=True, default=None)
    created_at = Timestamptz(default=None)


class WebhookEndpoint(Table, tablename="webhook_endpoints", schema="shop", db=TABLES):
    """An address in the outside world that is told of events."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    url = Text(default=None)
    event_types = Array(base_column=Text(), default=None)
    secrets = Bytea(default=None)
    enabled = Boolean(default=True)
    failures = Integer(default=0)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
