"""A database used by one test made as new for the next one, in a tenth of the time a copy takes.

Only rows are taken back. A database whose schema, rights or settings were changed is not cleaned
but given up, and so is one in which much was written.
"""

import asyncio
from typing import Any

import asyncpg

MOST_BYTES = 16 * 1024 * 1024
LOOKS = 5_000
LOOKING_SECONDS = 0.002

# Who is gone from here has rolled back and reported what it counted.
SEND_AWAY = """
SELECT pg_terminate_backend(pid)
FROM pg_stat_get_activity(NULL), pg_database
WHERE datname = current_database() AND datid = oid AND pid <> pg_backend_pid()
"""

# How often rows of the catalogs in LOOK were written. It costs a twentieth of LOOK.
WRITES = """
SELECT sum(
    pg_stat_get_tuples_inserted(id)
    + pg_stat_get_tuples_updated(id)
    + pg_stat_get_tuples_deleted(id)
)::bigint + (SELECT count(*) FROM pg_db_role_setting, pg_database
    WHERE datname = current_database() AND setdatabase = pg_database.oid)
FROM unnest(ARRAY[
    'pg_attribute', 'pg_attrdef', 'pg_class', 'pg_constraint', 'pg_default_acl',
    'pg_event_trigger', 'pg_extension', 'pg_namespace', 'pg_policy', 'pg_proc', 'pg_rewrite',
    'pg_sequence', 'pg_trigger', 'pg_type', 'public.migration'
]::regclass[]) AS id
"""

# Every catalog that DDL writes, by how many rows it has and the transaction that wrote last.
# Emptying a table moves its file, so pg_class is compared by what it says apart from files.
LOOK = """
SELECT
    (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_attribute)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_attrdef)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_constraint)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_default_acl)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_event_trigger)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_extension)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_namespace)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_policy)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_proc)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_rewrite)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_sequence)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_trigger)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM pg_type)::text
    || (SELECT row(count(*), max(xmin::text::bigint)) FROM migration)::text
    || (SELECT count(*) FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))::text
    || (SELECT md5(string_agg(
            format('%s %s %s %s %s %s %s %s %s', oid, relname, relnamespace, relowner, relkind,
                relacl, reloptions, relrowsecurity, relforcerowsecurity),
            ',' ORDER BY oid))
        FROM pg_class)
"""

# Toast tables are named apart, so that those without a row are not vacuumed.
WRITTEN = """
SELECT format('%I.%I', n.nspname, c.relname) AS name, pg_total_relation_size(c.oid) AS bytes,
    CASE WHEN c.reltoastrelid <> 0 AND pg_relation_size(c.reltoastrelid) > 0
        THEN c.reltoastrelid::regclass::text END AS toast
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname IN ('control', 'shop', 'public') AND c.relname <> 'migration'
    AND pg_relation_size(c.oid) > 0
"""

REWIND = """
SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false)
FROM pg_sequences WHERE schemaname <> 'public' AND last_value IS NOT NULL
"""


async def look(dsn: str) -> str:
    """What a database with no rows of a test in it says of itself, as its superuser."""
    connection = await asyncpg.connect(dsn)
    try:
        return str(await connection.fetchval(LOOK))
    finally:
        await connection.close()


class Cleaner:
    """Takes back what tests write to one database; stays connected to it from test to test.

    Args:
        dsn: The database, as its superuser.
        as_new: What `look` said when it was made.
    """

    def __init__(self, dsn: str, as_new: str) -> None:
        self._dsn = dsn
        self._as_new = as_new
        self._connection: asyncpg.Connection[Any] | None = None
        self._writes: int | None = None

    async def clean(self) -> bool:
        """Take back all that a test wrote; False if more than rows was changed.

        Whoever else is connected is sent away.
        """
        if self._connection is None:
            self._connection = await asyncpg.connect(self._dsn)
            await self._connection.execute("SET session_replication_role = replica")
        return (
            await _alone(self._connection)
            and await self._has_its_schema(self._connection)
            and await _empty(self._connection)
        )

    async def close(self) -> None:
        """Disconnect, whatever became of the connection."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _has_its_schema(self, connection: "asyncpg.Connection[Any]") -> bool:
        writes = await connection.fetchval(WRITES)
        if writes != self._writes:
            if await connection.fetchval(LOOK) != self._as_new:
                return False
            self._writes = writes
        return True


async def _alone(connection: "asyncpg.Connection[Any]") -> bool:
    for _ in range(LOOKS):
        if not await connection.fetch(SEND_AWAY):
            return True
        await asyncio.sleep(LOOKING_SECONDS)
    return False


async def _empty(connection: "asyncpg.Connection[Any]") -> bool:
    written = await connection.fetch(WRITTEN)
    if sum(row["bytes"] for row in written) > MOST_BYTES:
        return False
    if written:
        tables = [row["name"] for row in written]
        toasts = [row["toast"] for row in written if row["toast"]]
        await connection.execute("".join(f"DELETE FROM {table};" for table in tables))
        # An empty file is how the next cleaning knows that nothing was written.
        await connection.execute(f"VACUUM (PROCESS_TOAST off) {', '.join(tables + toasts)}")
    await connection.fetch(REWIND)
    return True
