"""Piccolo tables of what was sent to the buyer, and of what came back."""

from piccolo.columns import JSONB, UUID, Boolean, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class Shipment(Table, tablename="shipments", schema="shop", db=TABLES):
    """A parcel, or goods handed over."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    order_id = UUID(default=None)
    status = Text(default=None)
    carrier = Text(default="")
    tracking_number = Text(default="")
    tracking_url = Text(default="")
    lines = JSONB(default=None)
    estimated_at = Timestamptz(null=True, default=None)
    shipped_at = Timestamptz(null=True, default=None)
    delivered_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)


class Return(Table, tablename="returns", schema="shop", db=TABLES):
    """Goods on their way back, or back already."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    order_id = UUID(default=None)
    status = Text(default=None)
    lines = JSONB(default=None)
    restock = Boolean(default=True)
    exchange_order_id = UUID(null=True, default=None)
    refund_id = UUID(null=True, default=None)
    reason = Text(default="")
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
