"""Piccolo tables of taxes, delivery prices and promotions, and of what they did to a line."""

from piccolo.columns import JSONB, UUID, BigInt, Boolean, Integer, Numeric, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES
from tradewind.database.natural_keys import ManyColumnKey


class TaxRate(Table, tablename="tax_rates", schema="shop", db=TABLES):
    """A built-in tax rate, in percent."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    region_id = UUID(default=None)
    name = Text(default="Tax")
    rate = Numeric(digits=(9, 6), default=None)
    tax_class = Text(default="standard")
    tax_shipping = Boolean(default=False)
    province = Text(null=True, default=None)
    created_at = Timestamptz(default=None)
    country_code = Text(null=True, default=None)
    postal_prefix = Text(null=True, default=None)


class ShippingOption(Table, tablename="shipping_options", schema="shop", db=TABLES):
    """A built-in way of delivery."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    region_id = UUID(default=None)
    name = Text(default=None)
    price = BigInt(default=None)
    estimate = Text(default="")
    rules = JSONB(default="{}")
    position = Integer(default=0)
    created_at = Timestamptz(default=None)
    archived_at = Timestamptz(null=True, default=None)


class Promotion(Table, tablename="promotions", schema="shop", db=TABLES):
    """A discount, with or without a code."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    code = Text(null=True, default=None)
    code_key = Text(null=True, default=None)
    title = Text(default=None)
    kind = Text(default=None)
    value = Numeric(digits=(18, 6), default=None)
    currency = Text(null=True, default=None)
    rules = JSONB(default="{}")
    minimum = BigInt(null=True, default=None)
    usage_limit = Integer(null=True, default=None)
    limit_per_customer = Integer(null=True, default=None)
    used = Integer(default=0)
    stackable = Boolean(default=False)
    priority = Integer(default=0)
    starts_at = Timestamptz(null=True, default=None)
    ends_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
    archived_at = Timestamptz(null=True, default=None)


class PromotionUse(ManyColumnKey, Table, tablename="promotion_uses", schema="shop", db=TABLES):
    """A promotion used in an order."""

    store_id = UUID(default=None)
    promotion_id = UUID(primary_key=True, default=None)
    order_id = UUID(primary_key=True, default=None)
    created_at = Timestamptz(default=None)


class PromotionShopper(
    ManyColumnKey, Table, tablename="promotion_shoppers", schema="shop", db=TABLES
):
    """Somebody's use of a promotion, under one of the names that they go by."""

    store_id = UUID(default=None)
    promotion_id = UUID(primary_key=True, default=None)
    order_id = UUID(primary_key=True, default=None)
    shopper = Text(primary_key=True, default=None)
    number = Integer(null=True, default=None)


class LineAdjustment(Table, tablename="line_adjustments", schema="shop", db=TABLES):
    """A tax, discount or surcharge on a line; on the delivery where the line is null."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    cart_id = UUID(null=True, default=None)
    order_id = UUID(null=True, default=None)
    line_id = UUID(null=True, default=None)
    kind = Text(default=None)
    source = Text(default=None)
    code = Text(default="")
    title = Text(default=None)
    rate = Numeric(digits=(9, 6), null=True, default=None)
    amount = BigInt(default=None)
    reference = Text(default="")
