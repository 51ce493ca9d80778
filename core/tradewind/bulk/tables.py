"""Piccolo tables of imports: how far each is, its file until it is done, what was refused."""

from piccolo.columns import UUID, BigInt, Boolean, Bytea, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES
from tradewind.database.natural_keys import ManyColumnKey


class Import(Table, tablename="imports", schema="shop", db=TABLES):
    """The import of one file."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    kind = Text(default=None)
    state = Text(default=None)
    via = Text(default=None)
    file_name = Text(default=None)
    fingerprint = Bytea(default=None)
    size = BigInt(default=None)
    rows = BigInt(default=None)
    dry_run = Boolean(default=None)
    actor = Text(default=None)
    position = BigInt(default=0)
    created = BigInt(default=0)
    changed = BigInt(default=0)
    unchanged = BigInt(default=0)
    refused = BigInt(default=0)
    error = Text(default="")
    created_at = Timestamptz(default=None)
    finished_at = Timestamptz(null=True, default=None)


class ImportChunk(ManyColumnKey, Table, tablename="import_chunks", schema="shop", db=TABLES):
    """A piece of an uploaded file."""

    store_id = UUID(default=None)
    import_id = UUID(primary_key=True, default=None)
    number = Integer(primary_key=True, default=None)
    data = Bytea(default=None)


class RefusedRow(ManyColumnKey, Table, tablename="import_errors", schema="shop", db=TABLES):
    """What is wrong with a row of a file."""

    store_id = UUID(default=None)
    import_id = UUID(primary_key=True, default=None)
    number = BigInt(primary_key=True, default=None)
    row = BigInt(default=None)
    place = Text(default=None)
    code = Text(default=None)
    message = Text(default=None)
