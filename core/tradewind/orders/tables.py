"""Piccolo tables of orders, their lines, and their history."""

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Integer,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from tradewind.database.engine import TABLES
from tradewind.database.natural_keys import ManyColumnKey


class Order(Table, tablename="orders", schema="shop", db=TABLES):
    """What was bought, with totals that no longer change."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    number = BigInt(default=None)
    cart_id = UUID(null=True, default=None)
    customer_id = UUID(null=True, default=None)
    region_id = UUID(default=None)
    source = Text(default=None)
    session_id = Text(null=True, default=None)
    status = Text(default=None)
    payment_status = Text(default=None)
    fulfillment_status = Text(default=None)
    disputed = Boolean(default=False)
    currency = Text(default=None)
    locale = Text(default="en")
    name = Text(null=True, default=None)
    email = Text(null=True, default=None)
    email_key = Text(null=True, default=None)
    phone = Text(null=True, default=None)
    shipping_address = JSONB(null=True, default=None)
    billing_address = JSONB(null=True, default=None)
    shipping_method = JSONB(null=True, default=None)
    codes = Array(base_column=Text(), default=list)
    tax_inclusive = Boolean(default=False)
    quote_flags = Array(base_column=Text(), default=list)
    subtotal = BigInt(default=None)
    discount_total = BigInt(default=None)
    shipping_total = BigInt(default=None)
    tax_total = BigInt(default=None)
    total = BigInt(default=None)
    paid_total = BigInt(default=0)
    refunded_total = BigInt(default=0)
    metadata = JSONB(default="{}")
    version = Integer(default=1)
    placed_at = Timestamptz(null=True, default=None)
    canceled_at = Timestamptz(null=True, default=None)
    completed_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
    end_failed_at = Timestamptz(null=True, default=None)


class OrderLine(Table, tablename="order_lines", schema="shop", db=TABLES):
    """One variant in an order, as it was sold."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    order_id = UUID(default=None)
    position = Integer(default=None)
    variant_id = UUID(default=None)
    product_id = UUID(default=None)
    sku = Text(default=None)
    title = Text(default=None)
    kind = Text(default=None)
    options = JSONB(default="{}")
    tax_class = Text(default=None)
    tracked = Boolean(default=None)
    quantity = BigInt(default=None)
    unit_price = BigInt(default=None)
    subtotal = BigInt(default=None)
    discount = BigInt(default=0)
    tax = BigInt(default=0)
    total = BigInt(default=None)
    fulfilled = BigInt(default=0)
    returned = BigInt(default=0)
    metadata = JSONB(default="{}")


class OrderEvent(ManyColumnKey, Table, tablename="order_events", schema="shop", db=TABLES):
    """A step in an order's history. Append-only."""

    store_id = UUID(default=None)
    id = UUID(default=None)
    order_id = UUID(primary_key=True, default=None)
    sequence = Integer(primary_key=True, default=None)
    type = Text(default=None)
    detail = JSONB(default="{}")
    actor = Text(default=None)
    note = Text(default="")
    created_at = Timestamptz(default=None)


class UnpaidOrder(Table, tablename="unpaid_orders", schema="shop", db=TABLES):
    """An order that took its stock before any money came; whose it is stands there as digests."""

    store_id = UUID(default=None)
    order_id = UUID(primary_key=True, default=None)
    shopper = Bytea(default=None)
    address = Bytea(null=True, default=None)
    expires_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
