"""SQL for plugin settings, flags and the audit log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tradewind.database.engine import Transaction
from tradewind.database.sql import storable_json, storable_text
from tradewind.settings.rules import Defect


class PluginRow(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin in one store; `settings` are encrypted, `defects` those that still count."""

    plugin: str
    enabled: bool
    settings: bytes | None
    quarantined_at: datetime | None
    quarantine_reason: str
    version: int
    defects: Sequence[Defect]


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a defect put the plugin into quarantine, and all that count."""

    quarantined: bool
    defects: Sequence[Defect]


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what."""

    id: UUID
    actor: str
    action: str
    subject_type: str
    subject_id: str
    detail: Mapping[str, Any]
    created_at: datetime


async def plugin_rows(tx: Transaction) -> dict[str, PluginRow]:
    """Every plugin the store ever configured, by name."""
    rows = await tx.fetch(
        """SELECT plugin, enabled, settings, quarantined_at, quarantine_reason, version,
                  failure_log AS defects
           FROM shop.plugin_settings WHERE store_id = $1""",
        tx.store_id,
    )
    return {
        row["plugin"]: PluginRow(**{**dict(row), "defects": _defects(row["defects"])})
        for row in rows
    }


async def lock_plugin(tx: Transaction, plugin: str) -> None:
    """Wait until nobody else changes this plugin in this store; also before its first row."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"plugin {tx.store_id} {plugin}"
    )


async def save_settings(tx: Transaction, plugin: str, settings: bytes) -> None:
    """Write a plugin's settings; one that was not there before is switched off."""
    await tx.execute(
        """INSERT INTO shop.plugin_settings AS p (store_id, plugin, settings, updated_at)
           VALUES ($1, $2, $3, $4)
           ON CONFLICT (store_id, plugin) DO UPDATE
           SET settings = excluded.settings, version = p.version + 1,
               updated_at = excluded.updated_at""",
        tx.store_id,
        plugin,
        settings,
        tx.now,
    )


async def switch_plugin(tx: Transaction, plugin: str, *, enabled: bool) -> None:
    """Offer a plugin to new shoppers, or not."""
    await tx.execute(
        """UPDATE shop.plugin_settings SET enabled = $3, updated_at = $4
           WHERE store_id = $1 AND plugin = $2""",
        tx.store_id,
        plugin,
        enabled,
        tx.now,
    )


async def pricing_changed(tx: Transaction) -> None:
    """Void every quote: what carts cost is asked anew, from this commit on."""
    await tx.execute(
        """UPDATE shop.store_settings SET pricing_version = pricing_version + 1
           WHERE store_id = $1""",
        tx.store_id,
    )


async def count_failure(
    tx: Transaction, plugin: str, limit: int, since: datetime, defect: Defect
) -> Counted | None:
    """Count a programming error; None when the store never set the plugin up.

    The count begins anew when the last one was before `since`. In quarantine nothing is added.
    """
    row = await tx.fetchrow(
        """WITH known AS (
               SELECT quarantined_at IS NULL AS free, coalesce(last_failed_at < $5, false) AS stale,
                      failures, failure_log
               FROM shop.plugin_settings WHERE store_id = $1 AND plugin = $2 FOR UPDATE),
           counted AS (
               SELECT free, 1 + CASE WHEN stale THEN 0 ELSE failures END AS failures,
                      CASE WHEN stale THEN '[]'::jsonb ELSE failure_log END || $6::jsonb AS log
               FROM known)
           UPDATE shop.plugin_settings p
           SET failures = c.failures, last_failed_at = $4::timestamptz,
               failure_log = CASE WHEN c.free THEN c.log ELSE p.failure_log END,
               quarantined_at = CASE WHEN c.free AND c.failures >= $3
                                     THEN $4::timestamptz ELSE p.quarantined_at END,
               quarantine_reason = CASE WHEN c.free AND c.failures >= $3
                                        THEN $7 ELSE p.quarantine_reason END
           FROM counted c WHERE p.store_id = $1 AND p.plugin = $2
           RETURNING c.free AND c.failures >= $3 AS quarantined, p.failure_log""",
        tx.store_id,
        plugin,
        limit,
        tx.now,
        since,
        storable_json([defect]),
        storable_text(defect.error, 500),
    )
    if row is None:
        return None
    return Counted(quarantined=row["quarantined"], defects=_defects(row["failure_log"]))


async def forgive(tx: Transaction, plugin: str) -> bool:
    """Forget what a plugin got wrong; true when that ended a quarantine."""
    ended = await tx.fetchval(
        """WITH known AS (
               SELECT quarantined_at IS NOT NULL AS quarantined
               FROM shop.plugin_settings WHERE store_id = $1 AND plugin = $2 FOR UPDATE)
           UPDATE shop.plugin_settings p
           SET failures = 0, last_failed_at = NULL, failure_log = '[]', quarantined_at = NULL,
               quarantine_reason = ''
           FROM known k WHERE p.store_id = $1 AND p.plugin = $2 RETURNING k.quarantined""",
        tx.store_id,
        plugin,
    )
    return bool(ended)


def _defects(log: str) -> Sequence[Defect]:
    return msgspec.json.decode(log, type=list[Defect])


async def save_account(tx: Transaction, plugin: str, address: str, settings: bytes) -> bool:
    """Mirror the account for the webhook door.

    False when another store has that address; the transaction must then roll back.
    """
    try:
        await tx.execute(
            """INSERT INTO control.business_channel_settings
                   (plugin, store_id, address, settings, updated_at)
               VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (plugin, store_id) DO UPDATE
               SET address = excluded.address, settings = excluded.settings,
                   updated_at = excluded.updated_at""",
            plugin,
            tx.store_id,
            address,
            settings,
            tx.now,
        )
    except asyncpg.UniqueViolationError:
        return False
    return True


async def flag_rows(tx: Transaction) -> dict[str, bool]:
    """The store's flags, by name."""
    rows = await tx.fetch(
        "SELECT name, enabled FROM shop.feature_flags WHERE store_id = $1", tx.store_id
    )
    return {row["name"]: row["enabled"] for row in rows}


async def save_flag(tx: Transaction, name: str, *, enabled: bool) -> None:
    """Switch a flag."""
    await tx.execute(
        """INSERT INTO shop.feature_flags (store_id, name, enabled, updated_at)
           VALUES ($1, $2, $3, $4)
           ON CONFLICT (store_id, name) DO UPDATE
           SET enabled = excluded.enabled, updated_at = excluded.updated_at""",
        tx.store_id,
        name,
        enabled,
        tx.now,
    )


async def add_audit(
    tx: Transaction,
    actor: str,
    action: str,
    subject_type: str,
    subject_id: str,
    detail: Mapping[str, Any],
) -> None:
    """Append to the audit log."""
    await tx.execute(
        """INSERT INTO shop.audit_log
               (store_id, id, actor, action, subject_type, subject_id, detail, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        tx.store_id,
        tx.new_id(),
        actor,
        action,
        subject_type,
        subject_id,
        storable_json(detail),
        tx.now,
    )


async def audit_records(tx: Transaction, *, before: UUID | None, limit: int) -> list[AuditRecord]:
    """The audit log, newest first, from before the cursor."""
    rows = await tx.fetch(
        """SELECT id, actor, action, subject_type, subject_id, detail, created_at
           FROM shop.audit_log WHERE store_id = $1 AND ($2::uuid IS NULL OR id < $2)
           ORDER BY id DESC LIMIT $3""",
        tx.store_id,
        before,
        limit,
    )
    return [
        AuditRecord(**{**dict(row), "detail": msgspec.json.decode(row["detail"])}) for row in rows
    ]
