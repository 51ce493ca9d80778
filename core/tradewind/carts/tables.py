"""Piccolo tables of carts and their lines."""

from piccolo.columns import JSONB, UUID, Array, BigInt, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class Cart(Table, tablename="carts", schema="shop", db=TABLES):
    """A basket that is being filled, with the totals of its last quote."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    session_id = Text(null=True, default=None)
    customer_id = UUID(null=True, default=None)
    region_id = UUID(default=None)
    currency = Text(default=None)
    source = Text(default=None)
    locale = Text(default="en")
    email = Text(null=True, default=None)
    phone = Text(null=True, default=None)
    shipping_address = JSONB(null=True, default=None)
    billing_address = JSONB(null=True, default=None)
    shipping_method = JSONB(null=True, default=None)
    codes = Array(base_column=Text(), default=list)
    metadata = JSONB(default="{}")
    status = Text(default="open")
    version = Integer(default=1)
    quoted_version = Integer(default=0)
    quote_flags = Array(base_column=Text(), default=list)
    subtotal = BigInt(default=0)
    discount_total = BigInt(default=0)
    shipping_total = BigInt(default=0)
    tax_total = BigInt(default=0)
    total = BigInt(default=0)
    reminded_at = Timestamptz(null=True, default=None)
    abandoned_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(default=None)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
    quoted_pricing_version = Integer(default=0)
    quote_expires_at = Timestamptz(null=True, default=None)
    merged_into = UUID(null=True, default=None)
    notes = JSONB(default="[]")
    erased_at = Timestamptz(null=True, default=None)
    email_key = Text(null=True, default=None)
    phone_key = Text(null=True, default=None)
    credits = Integer(default=0)


class CartLine(Table, tablename="cart_lines", schema="shop", db=TABLES):
    """One variant in a cart."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    cart_id = UUID(default=None)
    variant_id = UUID(default=None)
    quantity = BigInt(default=None)
    unit_price = BigInt(default=None)
    subtotal = BigInt(default=0)
    discount = BigInt(default=0)
    tax = BigInt(default=0)
    total = BigInt(default=0)
    metadata = JSONB(default="{}")
    created_at = Timestamptz(default=None)
