"""Piccolo tables of files that are sold, and of what buyers may fetch."""

from piccolo.columns import UUID, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class ProductFile(Table, tablename="product_files", schema="shop", db=TABLES):
    """A file that a digital product delivers."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    product_id = UUID(default=None)
    variant_id = UUID(null=True, default=None)
    media_id = UUID(default=None)
    title = Text(default=None)
    days = Integer(default=None)
    downloads = Integer(default=None)
    created_at = Timestamptz(default=None)
    archived_at = Timestamptz(null=True, default=None)


class Download(Table, tablename="downloads", schema="shop", db=TABLES):
    """A file that a buyer may fetch, so often and until then."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    order_id = UUID(default=None)
    line_id = UUID(default=None)
    file_id = UUID(default=None)
    allowed = Integer(default=None)
    used = Integer(default=0)
    granted_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    counted_at = Timestamptz(null=True, default=None)
