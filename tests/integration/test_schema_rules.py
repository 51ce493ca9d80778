"""Rules that every table of the shop obeys, and proof that a breach of each would be noticed."""

from typing import Any

import asyncpg
import pytest

from tradewind.database import Database

APPEND_ONLY = (
    "audit_log credit_entries events ledger_transfers message_statuses messaging_log order_events "
    "payment_facts stock_movements"
).split()

POLICY = "(store_id = (NULLIF(current_setting('tradewind.store_id'::text, true), ''::text))::uuid)"

# Each rule: a query for what breaks it, and a statement that breaks it.
RULES = {
    "row-level security is on and forced": (
        """SELECT relname FROM pg_class
           WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r', 'p')
             AND NOT (relrowsecurity AND relforcerowsecurity)
             AND relname NOT IN ('product_search', 'search_words')""",
        "CREATE TABLE shop.breach (store_id uuid NOT NULL)",
    ),
    "the search tables have row-level security, which only their owner is free of": (
        """SELECT relname FROM pg_class
           WHERE oid IN ('shop.product_search'::regclass, 'shop.search_words'::regclass)
             AND (NOT relrowsecurity OR relforcerowsecurity)""",
        "ALTER TABLE shop.product_search FORCE ROW LEVEL SECURITY",
    ),
    "one policy, in the prescribed form": (
        f"""SELECT c.relname FROM pg_class c
            LEFT JOIN pg_policies p ON p.schemaname = 'shop' AND p.tablename = c.relname
            WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'p')
            GROUP BY c.relname
            HAVING count(p.policyname) <> 1 OR NOT bool_and(
                p.permissive = 'PERMISSIVE' AND p.cmd = 'ALL' AND p.roles = '{{public}}'
                AND p.with_check IS NULL AND p.qual = $tradewind${POLICY}$tradewind$)""",
        "CREATE POLICY second ON shop.carts USING (true)",
    ),
    "every row belongs to a store": (
        """SELECT c.relname FROM pg_class c
           LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'store_id'
           WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'p')
             AND (a.attnotnull AND a.atttypid = 'uuid'::regtype) IS NOT TRUE""",
        "CREATE TABLE shop.breach (store_id uuid)",
    ),
    "every table has a primary key": (
        """SELECT relname FROM pg_class c
           WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r', 'p') AND NOT EXISTS (
               SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)""",
        "CREATE TABLE shop.breach (store_id uuid NOT NULL)",
    ),
    "the store comes first in every unique index": (
        """SELECT i.indexrelid::regclass::text FROM pg_index i
           JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'shop'::regnamespace
           LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
           WHERE i.indisunique AND a.attname IS DISTINCT FROM 'store_id'""",
        "CREATE UNIQUE INDEX breach ON shop.carts (id)",
    ),
    "the store comes first on both sides of every foreign key within the shop": (
        """SELECT f.conname FROM pg_constraint f
           JOIN pg_class target ON target.oid = f.confrelid
           JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
           JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[1]
           WHERE f.contype = 'f' AND f.connamespace = 'shop'::regnamespace
             AND target.relnamespace = 'shop'::regnamespace
             AND (a.attname <> 'store_id' OR b.attname <> 'store_id')""",
        """CREATE UNIQUE INDEX breach ON shop.customers (id);
           ALTER TABLE shop.carts ADD FOREIGN KEY (customer_id) REFERENCES shop.customers (id)""",
    ),
    "out of the shop, foreign keys lead to stores and accounts alone": (
        """SELECT f.conname FROM pg_constraint f
           JOIN pg_class target ON target.oid = f.confrelid
           WHERE f.contype = 'f' AND f.connamespace = 'shop'::regnamespace
             AND target.relnamespace <> 'shop'::regnamespace
             AND f.confrelid NOT IN ('control.stores'::regclass, 'control.accounts'::regclass)""",
        "ALTER TABLE shop.carts ADD FOREIGN KEY (id) REFERENCES control.jobs (id)",
    ),
    "nothing is checked late, nothing set to null by a delete": (
        """SELECT conname FROM pg_constraint WHERE connamespace = 'shop'::regnamespace
           AND (condeferrable OR confdeltype IN ('n', 'd') OR confupdtype <> 'a' AND contype = 'f')
        """,
        """ALTER TABLE shop.carts ADD UNIQUE (store_id, created_at)
           DEFERRABLE INITIALLY DEFERRED""",
    ),
    "no triggers": (
        """SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
           WHERE c.relnamespace = 'shop'::regnamespace AND NOT t.tgisinternal""",
        """CREATE TRIGGER breach BEFORE UPDATE ON shop.carts
           FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()""",
    ),
    "no rules": (
        "SELECT rulename FROM pg_rules WHERE schemaname = 'shop'",
        "CREATE RULE breach AS ON DELETE TO shop.carts DO INSTEAD NOTHING",
    ),
    "no numbers that the database gives out": (
        """SELECT c.relname || '.' || a.attname FROM pg_attribute a
           JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace = 'shop'::regnamespace
           LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
           WHERE a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval%'""",
        "ALTER TABLE shop.carts ADD breach bigint GENERATED ALWAYS AS IDENTITY",
    ),
    "no default that depends on when or by whom a row is written": (
        """SELECT c.relname || '.' || a.attname FROM pg_attrdef d
           JOIN pg_class c ON c.oid = d.adrelid AND c.relnamespace = 'shop'::regnamespace
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
           WHERE a.attgenerated = '' AND pg_get_expr(d.adbin, d.adrelid) LIKE '%(%)%'""",
        "ALTER TABLE shop.carts ALTER created_at SET DEFAULT now()",
    ),
    "the app owns nothing": (
        """SELECT relname FROM pg_class WHERE relowner = 'tradewind_app'::regrole
           UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner = 'tradewind_app'::regrole
           UNION ALL SELECT proname FROM pg_proc WHERE proowner = 'tradewind_app'::regrole
           UNION ALL SELECT datname FROM pg_database WHERE datdba = 'tradewind_app'::regrole""",
        "ALTER TABLE shop.carts OWNER TO tradewind_app",
    ),
    "the app cannot create anything": (
        """SELECT nspname FROM pg_namespace
           WHERE has_schema_privilege('tradewind_app', oid, 'CREATE') AND nspname !~ '^pg_'
           UNION ALL SELECT datname FROM pg_database
           WHERE datname = current_database()
             AND has_database_privilege('tradewind_app', oid, 'CREATE')""",
        "GRANT CREATE ON SCHEMA shop TO tradewind_app",
    ),
    "the app changes nothing that is append-only": (
        f"""SELECT name FROM unnest('{{{",".join(APPEND_ONLY)}}}'::text[]) AS t (name)
            WHERE has_any_column_privilege('tradewind_app', 'shop.' || name, 'UPDATE')
               OR has_table_privilege('tradewind_app', 'shop.' || name, 'DELETE, TRUNCATE')
               OR NOT has_table_privilege('tradewind_app', 'shop.' || name, 'INSERT')""",
        "GRANT UPDATE (kind) ON shop.messaging_log TO tradewind_app",
    ),
    "the app empties no table and sets no trigger": (
        """SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')
           AND relnamespace IN ('shop'::regnamespace, 'control'::regnamespace)
           AND has_table_privilege('tradewind_app', oid, 'TRUNCATE, TRIGGER, REFERENCES')""",
        "GRANT TRUNCATE ON shop.carts TO tradewind_app",
    ),
    "functions that act as their owner have a fixed search path and callers by name": (
        """SELECT proname FROM pg_proc
           WHERE pronamespace IN ('shop'::regnamespace, 'control'::regnamespace)
             AND prosecdef AND (has_function_privilege('public', oid, 'EXECUTE')
               OR 'search_path=pg_catalog, public, pg_temp'
                  <> ALL (coalesce(proconfig, '{""}')))""",
        "GRANT EXECUTE ON FUNCTION shop.search_products TO public",
    ),
}


async def breaches(connection: "asyncpg.Connection[Any]", query: str) -> list[str]:
    return [row[0] for row in await connection.fetch(query)]


@pytest.mark.parametrize("rule", RULES)
async def test_the_schema_obeys_and_a_breach_would_be_noticed(
    rule: str, superuser: "asyncpg.Connection[Any]"
) -> None:
    query, breach = RULES[rule]
    assert await breaches(superuser, query) == []
    await superuser.execute(breach)
    assert await breaches(superuser, query) != []


async def test_neither_role_is_above_row_level_security(
    superuser: "asyncpg.Connection[Any]",
) -> None:
    for row in await superuser.fetch("SELECT * FROM pg_roles WHERE rolname LIKE 'tradewind_%'"):
        powers = "rolsuper rolbypassrls rolcreatedb rolcreaterole rolreplication".split()
        assert not [power for power in powers if row[power]], row["rolname"]
    assert not await superuser.fetchval(
        "SELECT pg_has_role('tradewind_app', 'tradewind_owner', 'MEMBER')"
    )


async def test_the_app_is_refused_when_it_changes_history(database: Database) -> None:
    for table in APPEND_ONLY:
        for change in ("UPDATE shop.{} SET store_id = store_id", "DELETE FROM shop.{}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await database.pool.execute(change.format(table))


async def test_the_app_is_refused_when_it_makes_a_table(database: Database) -> None:
    for schema in ("shop", "control", "public"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.pool.execute(f"CREATE TABLE {schema}.extra (id uuid)")
