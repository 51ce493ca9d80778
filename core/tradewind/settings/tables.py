"""Piccolo tables of a store's plugins: their settings, its flags, and who changed what."""

from piccolo.columns import JSONB, UUID, Boolean, Bytea, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES


class PluginSettings(Table, tablename="plugin_settings", schema="shop", db=TABLES):
    """A plugin in a store: whether it is offered, its encrypted settings, its health."""

    store_id = UUID(default=None)
    plugin = Text(primary_key=True, default=None)
    enabled = Boolean(default=False)
    settings = Bytea(null=True, default=None)
    failures = Integer(default=0)
    last_failed_at = Timestamptz(null=True, default=None)
    quarantined_at = Timestamptz(null=True, default=None)
    quarantine_reason = Text(default="")
    version = Integer(default=1)
    updated_at = Timestamptz(default=None)
    failure_log = JSONB(default="[]")


class FeatureFlag(Table, tablename="feature_flags", schema="shop", db=TABLES):
    """A flag a store has set."""

    store_id = UUID(default=None)
    name = Text(primary_key=True, default=None)
    enabled = Boolean(default=None)
    updated_at = Timestamptz(default=None)


class AuditEntry(Table, tablename="audit_log", schema="shop", db=TABLES):
    """Who did what. Append-only."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    actor = Text(default=None)
    action = Text(default=None)
    subject_type = Text(default=None)
    subject_id = Text(default=None)
    detail = JSONB(default="{}")
    network_address = Text(default="")
    created_at = Timestamptz(default=None)
