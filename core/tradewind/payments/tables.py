"""Piccolo tables of payments, from the session a shopper opens to the facts providers tell."""

from piccolo.columns import JSONB, UUID, BigInt, Bytea, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class PaymentSession(Table, tablename="payment_sessions", schema="shop", db=TABLES):
    """A shopper's attempt to pay, with the frozen cart it pays for."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    cart_id = UUID(null=True, default=None)
    cart_version = Integer(default=None)
    order_id = UUID(null=True, default=None)
    payment_id = UUID(default=None)
    provider = Text(default=None)
    method = Text(default=None)
    flow = Text(default=None)
    intent = Text(default="pay")
    status = Text(default=None)
    currency = Text(default=None)
    amount = BigInt(default=None)
    snapshot = JSONB(default=None)
    inputs = JSONB(default="{}")
    action = Bytea(null=True, default=None)
    data = Bytea(null=True, default=None)
    polls = Integer(default=0)
    next_poll_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(default=None)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
    lost_at = Timestamptz(null=True, default=None)


class Payment(Table, tablename="payments", schema="shop", db=TABLES):
    """Money for an order, as its facts add up."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    order_id = UUID(null=True, default=None)
    cart_id = UUID(null=True, default=None)
    session_id = UUID(null=True, default=None)
    provider = Text(default=None)
    method = Text(default=None)
    intent = Text(default="pay")
    status = Text(default=None)
    currency = Text(default=None)
    amount = BigInt(default=None)
    authorized = BigInt(default=0)
    captured = BigInt(default=0)
    refunded = BigInt(default=0)
    disputed = BigInt(default=0)
    operation_id = Text(default=None)
    provider_ref = Text(null=True, default=None)
    saved_method = Text(null=True, default=None)
    error_code = Text(default="")
    version = Integer(default=1)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)


class PaymentFact(Table, tablename="payment_facts", schema="shop", db=TABLES):
    """What a provider said of one of its objects. Append-only."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    payment_id = UUID(default=None)
    kind = Text(default=None)
    object_id = Text(default=None)
    status = Text(default=None)
    currency = Text(default=None)
    amount = BigInt(default=None)
    fee = BigInt(null=True, default=None)
    code = Text(default="")
    source = Text(default=None)
    occurred_at = Timestamptz(default=None)
    received_at = Timestamptz(default=None)


class Refund(Table, tablename="refunds", schema="shop", db=TABLES):
    """Money on its way back."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    payment_id = UUID(default=None)
    order_id = UUID(null=True, default=None)
    operation_id = Text(default=None)
    provider_ref = Text(null=True, default=None)
    status = Text(default=None)
    currency = Text(default=None)
    amount = BigInt(default=None)
    reason = Text(default="")
    lines = JSONB(default="[]")
    actor = Text(default=None)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
    request_id = Text(default="")
    object_id = Text(default="")
    code = Text(default="")
    attempts = Integer(default=0)
    leased_until = Timestamptz(null=True, default=None)


class Capture(Table, tablename="captures", schema="shop", db=TABLES):
    """Held money that the shop takes."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    payment_id = UUID(default=None)
    order_id = UUID(default=None)
    request_id = Text(default=None)
    operation_id = Text(default=None)
    status = Text(default=None)
    currency = Text(default=None)
    amount = BigInt(default=None)
    held = BigInt(default=None)
    captured = BigInt(default=None)
    code = Text(default="")
    actor = Text(default=None)
    attempts = Integer(default=0)
    leased_until = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)


class Dispute(Table, tablename="disputes", schema="shop", db=TABLES):
    """A payment that the payer contests."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    payment_id = UUID(default=None)
    provider_ref = Text(default=None)
    status = Text(default=None)
    reason = Text(default="")
    currency = Text(default=None)
    amount = BigInt(default=None)
    due_at = Timestamptz(null=True, default=None)
    evidence = JSONB(default="{}")
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)


class PaymentMethod(Table, tablename="payment_methods", schema="shop", db=TABLES):
    """A saved way to pay, by the provider's reference."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    customer_id = UUID(default=None)
    provider = Text(default=None)
    reference = Text(default=None, db_column_name="ref")
    title = Text(default=None)
    expires_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
    removed_at = Timestamptz(null=True, default=None)
