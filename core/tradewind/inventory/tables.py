"""Piccolo tables of stock: what is there, what is spoken for, and every movement."""

from piccolo.columns import UUID, BigInt, Boolean, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES
from tradewind.database.natural_keys import ManyColumnKey


class StockLocation(Table, tablename="stock_locations", schema="shop", db=TABLES):
    """A place where goods lie."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    name = Text(default=None)
    priority = Integer(default=0)
    created_at = Timestamptz(default=None)


class InventoryLevel(ManyColumnKey, Table, tablename="inventory_levels", schema="shop", db=TABLES):
    """How much of a variant lies in one place, and how much of it is spoken for."""

    store_id = UUID(default=None)
    variant_id = UUID(primary_key=True, default=None)
    location_id = UUID(primary_key=True, default=None)
    sku = Text(default=None)
    on_hand = BigInt(default=0)
    reserved = BigInt(default=0)
    held = BigInt(default=0)
    backorder = Boolean(default=False)
    low_at = BigInt(null=True, default=None)
    updated_at = Timestamptz(default=None)


class StockReservation(Table, tablename="stock_reservations", schema="shop", db=TABLES):
    """A soft hold of a cart, until it expires."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    variant_id = UUID(default=None)
    location_id = UUID(default=None)
    cart_id = UUID(default=None)
    shopper_key = Text(default=None)
    network_address = Text(default="")
    quantity = BigInt(default=None)
    expires_at = Timestamptz(default=None)
    created_at = Timestamptz(default=None)


class StockMovement(Table, tablename="stock_movements", schema="shop", db=TABLES):
    """A change of a stock level. Append-only."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    variant_id = UUID(default=None)
    location_id = UUID(default=None)
    kind = Text(default=None)
    on_hand = BigInt(default=0)
    reserved = BigInt(default=0)
    held = BigInt(default=0)
    order_id = UUID(null=True, default=None)
    cart_id = UUID(null=True, default=None)
    reason = Text(default="")
    actor = Text(default="")
    created_at = Timestamptz(default=None)
