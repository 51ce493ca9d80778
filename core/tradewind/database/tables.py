"""Piccolo tables of `control`: what is asked before the store is known, and the queues."""

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Integer,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from tradewind.database.engine import TABLES
from tradewind.database.natural_keys import ManyColumnKey


class Store(Table, tablename="stores", schema="control", db=TABLES):
    """A store, and the slug in its addresses."""

    id = UUID(primary_key=True, default=None)
    slug = Text(default=None)
    name = Text(default=None)
    created_at = Timestamptz(default=None)
    closed_at = Timestamptz(null=True, default=None)


class Account(Table, tablename="accounts", schema="control", db=TABLES):
    """Somebody who may sign in to the dashboard."""

    id = UUID(primary_key=True, default=None)
    email = Text(default=None)
    name = Text(default="")
    password_hash = Text(null=True, default=None)
    second_factor = Bytea(null=True, default=None)
    operator = Boolean(default=False)
    created_at = Timestamptz(default=None)
    disabled_at = Timestamptz(null=True, default=None)


class AccountStore(ManyColumnKey, Table, tablename="account_stores", schema="control", db=TABLES):
    """A store that an account may ask for; its role there is the store's business."""

    account_id = UUID(primary_key=True, default=None)
    store_id = UUID(primary_key=True, default=None)


class Session(Table, tablename="sessions", schema="control", db=TABLES):
    """A sign-in of staff or of a customer; its token is kept as a hash."""

    token_hash = Bytea(primary_key=True, default=None)
    kind = Text(default=None)
    account_id = UUID(null=True, default=None)
    store_id = UUID(null=True, default=None)
    customer_id = UUID(null=True, default=None)
    csrf_hash = Bytea(default=None)
    agent = Text(default="")
    created_at = Timestamptz(default=None)
    seen_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    ended_at = Timestamptz(null=True, default=None)


class ApiKey(Table, tablename="api_keys", schema="control", db=TABLES):
    """A credential of a program, as a hash."""

    id = UUID(primary_key=True, default=None)
    store_id = UUID(default=None)
    kind = Text(default=None)
    key_hash = Bytea(default=None)
    hint = Text(default=None)
    title = Text(default=None)
    role = Text(default="owner")
    origins = Array(base_column=Text(), default=list)
    created_at = Timestamptz(default=None)
    revoked_at = Timestamptz(null=True, default=None)


class ChannelAccount(
    ManyColumnKey, Table, tablename="business_channel_settings", schema="control", db=TABLES
):
    """Which account in the outside world is whose, with encrypted settings."""

    plugin = Text(primary_key=True, default=None)
    store_id = UUID(primary_key=True, default=None)
    address = Text(default="")
    settings = Bytea(default=None)
    updated_at = Timestamptz(default=None)


class WebhookKey(ManyColumnKey, Table, tablename="webhook_keys", schema="control", db=TABLES):
    """The key of an item that was taken in already."""

    plugin = Text(primary_key=True, default=None)
    scope = Text(primary_key=True, default=None)
    dedupe_key = Text(primary_key=True, default=None)
    received_at = Timestamptz(default=None)


class WebhookItem(Table, tablename="webhook_inbox", schema="control", db=TABLES):
    """An item of a webhook, as it came, until it is handled."""

    id = UUID(primary_key=True, default=None)
    plugin = Text(default=None)
    store_id = UUID(null=True, default=None)
    address = Text(default="")
    lane = Text(default=None)
    dedupe_key = Text(default=None)
    body = Bytea(default=None)
    state = Text(default=None)
    attempts = Integer(default=0)
    error = Text(default="")
    received_at = Timestamptz(default=None)
    run_at = Timestamptz(default=None)
    processed_at = Timestamptz(null=True, default=None)


class OutboxPointer(Table, tablename="outbox_pointers", schema="control", db=TABLES):
    """Points the relay to an event it has not fanned out yet."""

    position = BigSerial(primary_key=True)
    store_id = UUID(default=None)
    event_id = UUID(default=None)
    type = Text(default=None)


class Job(Table, tablename="jobs", schema="control", db=TABLES):
    """Work to be done later."""

    id = UUID(primary_key=True, default=None)
    kind = Text(default=None)
    store_id = UUID(null=True, default=None)
    dedupe_key = Text(null=True, default=None)
    payload = JSONB(default=None)
    state = Text(default="ready")
    run_at = Timestamptz(default=None)
    attempts = Integer(default=0)
    leased_by = UUID(null=True, default=None)
    leased_until = Timestamptz(null=True, default=None)
    again = Boolean(default=False)
    error = Text(default="")
    created_at = Timestamptz(default=None)


class Schedule(Table, tablename="schedules", schema="control", db=TABLES):
    """When a repeated job is due next."""

    name = Text(primary_key=True, default=None)
    next_at = Timestamptz(default=None)


class OrderNumber(Table, tablename="order_numbers", schema="control", db=TABLES):
    """The first order number that no process has taken yet."""

    store_id = UUID(primary_key=True, default=None)
    next_number = BigInt(default=None)


class LiveMessage(Table, tablename="live_messages", schema="control", db=TABLES):
    """What live pages are told, in order."""

    position = BigSerial(primary_key=True)
    store_id = UUID(default=None)
    topic = Text(default=None)
    data = JSONB(default=None)
    created_at = Timestamptz(default=None)
