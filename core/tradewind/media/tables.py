"""Piccolo table of what a store keeps of pictures and files."""

from piccolo.columns import JSONB, UUID, BigInt, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class Media(Table, tablename="media", schema="shop", db=TABLES):
    """A picture, a file that is sold, or what a shopper sent."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    kind = Text(default=None)
    key = Text(default=None)
    digest = Text(default=None)
    name = Text(default=None)
    content_type = Text(default=None)
    bytes = BigInt(default=None)
    width = Integer(null=True, default=None)
    height = Integer(null=True, default=None)
    variants = JSONB(default="[]")
    created_at = Timestamptz(default=None)
