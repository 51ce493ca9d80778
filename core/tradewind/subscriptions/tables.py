"""Piccolo table of orders that repeat."""

from piccolo.columns import JSONB, UUID, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class Subscription(Table, tablename="subscriptions", schema="shop", db=TABLES):
    """An order that repeats."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    customer_id = UUID(default=None)
    payment_method_id = UUID(null=True, default=None)
    status = Text(default=None)
    interval_unit = Text(default=None)
    interval_count = Integer(default=None)
    currency = Text(default=None)
    lines = JSONB(default=None)
    shipping_address = JSONB(null=True, default=None)
    attempts = Integer(default=0)
    next_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
    canceled_at = Timestamptz(null=True, default=None)
