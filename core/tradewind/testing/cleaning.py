"""A database used by one test made as new for the next one, in a tenth of the time a copy takes.

Only rows are taken back. A database whose schema, rights or settings were changed is not cleaned
but given up, and so is one in which much was written.
"""

from typing import Any

import asyncpg

MOST_BYTES = 32 * 1024 * 1024
LEAVING_MILLISECONDS = 10_000

SEND_AWAY = """
SELECT pg_terminate_backend(pid, $1)
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
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

WRITTEN = """
SELECT format('%I.%I', n.nspname, c.relname)
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


async def clean(dsn: str, as_new: str) -> bool:
    """Take back all that a test wrote; False if more than rows was changed.

    Args:
        dsn: The database, as its superuser. Whoever else is connected is sent away.
        as_new: What `look` said when it was made.
    """
    connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    try:
        await connection.fetch(SEND_AWAY, LEAVING_MILLISECONDS)
        size = await connection.fetchval("SELECT pg_database_size(current_database())")
        if size > MOST_BYTES or await connection.fetchval(LOOK) != as_new:
            return False
        await _empty(connection)
        return True
    finally:
        await connection.close()


async def _empty(connection: "asyncpg.Connection[Any]") -> None:
    written = [row[0] for row in await connection.fetch(WRITTEN)]
    if written:
        deletions = "".join(f"DELETE FROM {table};" for table in written)
        await connection.execute(f"SET session_replication_role = replica; {deletions}")
        # An empty file is how the next cleaning knows that nothing was written.
        await connection.execute(f"VACUUM {', '.join(written)}")
    await connection.fetch(REWIND)
