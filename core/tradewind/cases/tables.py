"""Piccolo table of the cases that wait for a human."""

from piccolo.columns import JSONB, UUID, Array, BigInt, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class Case(Table, tablename="cases", schema="shop", db=TABLES):
    """Something a human must look at, with its evidence."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    kind = Text(default=None)
    state = Text(default="open")
    dedupe_key = Text(default=None)
    title = Text(default=None)
    subject_type = Text(default=None)
    subject_id = Text(default=None)
    currency = Text(null=True, default=None)
    amount = BigInt(null=True, default=None)
    evidence = JSONB(default="{}")
    actions = Array(base_column=Text(), default=list)
    assigned_to = Text(null=True, default=None)
    opened_at = Timestamptz(default=None)
    closed_at = Timestamptz(null=True, default=None)
    closed_by = Text(null=True, default=None)
    resolution = Text(default="")
