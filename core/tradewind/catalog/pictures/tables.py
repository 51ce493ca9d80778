"""Piccolo table of pictures of other hosts."""

from piccolo.columns import UUID, Bytea, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class ForeignPicture(Table, tablename="foreign_pictures", schema="shop", db=TABLES):
    """A picture of another host that a product names."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    product_id = UUID(default=None)
    url = Text(default=None)
    url_key = Bytea(default=None)
    state = Text(default="waiting")
    address = Text(null=True, default=None)
    error = Text(default="")
    attempts = Integer(default=0)
    due_at = Timestamptz(default=None)
    created_at = Timestamptz(default=None)
