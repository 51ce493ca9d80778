"""Piccolo tables of a store's own settings, its staff, and the requests it has answered."""

from piccolo.columns import JSONB, UUID, Boolean, Bytea, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES
from tradewind.database.natural_keys import ManyColumnKey


class StoreSettings(Table, tablename="store_settings", schema="shop", db=TABLES):
    """What a store has decided for itself."""

    store_id = UUID(primary_key=True, default=None)
    currency = Text(default=None)
    locale = Text(default="en")
    time_zone = Text(default="UTC")
    email = Text(null=True, default=None)
    default_region_id = UUID(null=True, default=None)
    cart_days = Integer(default=7)
    hold_minutes = Integer(default=15)
    holds_per_shopper = Integer(default=20)
    holds_per_address = Integer(default=50)
    risk_on_failure = Text(default="allow")
    draft_first = Boolean(default=False)
    retention = JSONB(default="{}")
    updated_at = Timestamptz(default=None)
    order_minutes = Integer(default=60)
    pricing_version = Integer(default=1)
    abandoned_after_hours = Integer(default=4)
    cart_retention_days = Integer(default=30)
    inbound_media_days = Integer(default=30)
    inbound_media_megabytes = Integer(default=25)
    unpaid_per_shopper = Integer(default=20)
    unpaid_per_address = Integer(default=100)
    agreed_hours = Integer(default=72)


class StoreMember(Table, tablename="store_members", schema="shop", db=TABLES):
    """A person on a store's staff."""

    store_id = UUID(default=None)
    account_id = UUID(primary_key=True, default=None)
    role = Text(default=None)
    created_at = Timestamptz(default=None)


class IdempotencyKey(ManyColumnKey, Table, tablename="idempotency_keys", schema="shop", db=TABLES):
    """A request that came with an Idempotency-Key, and its answer."""

    store_id = UUID(default=None)
    credential = Text(primary_key=True, default=None)
    key = Text(primary_key=True, default=None)
    fingerprint = Bytea(default=None)
    operation_id = UUID(default=None)
    leased_until = Timestamptz(null=True, default=None)
    response_status = Integer(null=True, default=None)
    response_body = Bytea(null=True, default=None)
    created_at = Timestamptz(default=None)
