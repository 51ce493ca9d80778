"""Piccolo tables of the people who buy, and of how each of them is known."""

from piccolo.columns import JSONB, UUID, Boolean, Bytea, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES
from tradewind.database.natural_keys import ManyColumnKey


class Customer(Table, tablename="customers", schema="shop", db=TABLES):
    """A person who buys."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    name = Text(null=True, default=None)
    email = Text(null=True, default=None)
    email_key = Text(null=True, default=None)
    email_verified_at = Timestamptz(null=True, default=None)
    phone = Text(null=True, default=None)
    phone_verified_at = Timestamptz(null=True, default=None)
    locale = Text(null=True, default=None)
    country = Text(null=True, default=None)
    metadata = JSONB(default="{}")
    provider_refs = JSONB(default="{}")
    merged_into = UUID(null=True, default=None)
    erased_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
    note = Text(default="")
    name_key = Text(null=True, default=None)
    surname_key = Text(null=True, default=None)
    phone_key = Text(null=True, default=None)


class CustomerIdentity(
    ManyColumnKey, Table, tablename="customer_identities", schema="shop", db=TABLES
):
    """A name by which a channel knows a customer."""

    store_id = UUID(default=None)
    channel = Text(primary_key=True, default=None)
    identity = Text(primary_key=True, default=None)
    customer_id = UUID(default=None)
    phone = Text(null=True, default=None)
    name = Text(null=True, default=None)
    verified_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)


class Address(Table, tablename="addresses", schema="shop", db=TABLES):
    """An address a customer has used."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    customer_id = UUID(default=None)
    address = JSONB(default=None)
    is_default = Boolean(default=False)
    used_at = Timestamptz(default=None)
    created_at = Timestamptz(default=None)


class OneTimeCode(Table, tablename="one_time_codes", schema="shop", db=TABLES):
    """A sign-in code on its way, as a hash."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    channel = Text(default=None)
    identity = Text(default=None)
    code_hash = Bytea(default=None)
    attempts = Integer(default=0)
    expires_at = Timestamptz(default=None)
    used_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
