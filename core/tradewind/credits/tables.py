"""Piccolo tables of packs, of the credits they grant, and of why credits came and went."""

from piccolo.columns import UUID, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class PackTerms(Table, tablename="pack_terms", schema="shop", db=TABLES):
    """What a unit of a variant grants."""

    store_id = UUID(default=None)
    variant_id = UUID(primary_key=True, default=None)
    credits = Integer(default=None)
    days = Integer(null=True, default=None)
    updated_at = Timestamptz(default=None)


class CreditGrant(Table, tablename="credit_grants", schema="shop", db=TABLES):
    """Credits that came at one time and end together."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    customer_id = UUID(null=True, default=None)
    order_id = UUID(null=True, default=None)
    line_id = UUID(null=True, default=None)
    credits = Integer(default=None)
    remaining = Integer(default=None)
    expires_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
    forfeited = Integer(default=0)
    withdrawn = Integer(default=0)


class CreditEntry(Table, tablename="credit_entries", schema="shop", db=TABLES):
    """Credits that came or went."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    grant_id = UUID(default=None)
    amount = Integer(default=None)
    reason = Text(default=None)
    actor = Text(default=None)
    note = Text(default="")
    created_at = Timestamptz(default=None)
    order_id = UUID(null=True, default=None)
