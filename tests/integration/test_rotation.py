"""Secrets under a new key: everything that is encrypted, and nothing lost on the way."""

import asyncio
import itertools
import re
from typing import Any

import asyncpg
import pytest

from tests.support.channels import WirePlugin
from tests.support.engines import engine_with, open_store
from tests.support.waiting import held_up, until_waiting
from tradewind.database import Database, Store, directory
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import Keyring, SecretUnreadable, fingerprint, new_key
from tradewind.settings.rotation import OF_HOST, OF_STORES, rotate_host, rotate_store
from tradewind.settings.service import audit_log, configure

OLD_KEY, KEY = new_key(), new_key()


async def wire(engine: Engine, store: Store, account: str = "15550001") -> None:
    """Enable the wire in a store."""
    values = {"account": account, "token": "hunter2"}
    await configure(engine, store, "wire", actor="ann", enabled=True, settings=values)


async def token_in(engine: Engine, store: Store) -> str:
    """The secret that the wire gets to see."""
    context = await engine.context_anyway(store, "wire")
    assert context is not None
    return str(context.settings.token)


async def ciphers(superuser: "asyncpg.Connection[Any]") -> dict[str, list[bytes]]:
    """Everything in the database that looks encrypted, by table and column."""
    columns = await superuser.fetch(
        """SELECT table_schema || '.' || table_name AS name, column_name, data_type
           FROM information_schema.columns JOIN information_schema.tables t
               USING (table_catalog, table_schema, table_name)
           WHERE t.table_schema IN ('shop', 'control') AND t.table_type = 'BASE TABLE'
             AND data_type IN ('bytea', 'text', 'jsonb')"""
    )
    found: dict[str, list[bytes]] = {}
    for table, column, kind in columns:
        words = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
        rows = await superuser.fetch(f"SELECT {words} FROM {table} WHERE {words} LIKE '%gAAAAA%'")
        if rows:
            found[f"{table}.{column}"] = [row[0].encode() for row in rows]
    return found


PLACES = {f"{place.table}.{place.column}" for place in OF_STORES + OF_HOST}


async def hide_elsewhere(superuser: "asyncpg.Connection[Any]", store: Store, ring: Keyring) -> None:
    """Something encrypted in each place that no other test fills."""
    await superuser.execute(
        """INSERT INTO shop.webhook_endpoints
               (store_id, id, url, event_types, secrets, created_at, updated_at)
           VALUES ($1, $2, 'https://hears.example', '{}', $3, now(), now())""",
        store.id,
        store.id,
        ring.encrypt(b"swordfish"),
    )
    await superuser.execute(
        """INSERT INTO shop.payment_sessions
               (store_id, id, cart_version, payment_id, provider, method, flow, status, currency,
                amount, snapshot, action, data, expires_at, created_at, updated_at)
           VALUES ($1, $1, 1, $1, 'bank', 'card', 'client_secret', 'open', 'KES', 1, '{}', $2, $3,
                   now(), now(), now())""",
        store.id,
        ring.encrypt(b'{"client_secret":"swordfish"}'),
        ring.encrypt(b"{}"),
    )
    await superuser.execute(
        """INSERT INTO control.accounts (id, email, second_factor, created_at)
           VALUES ($1, 'ann@example.com', $2, now())""",
        store.id,
        ring.encrypt(b"swordfish"),
    )


async def test_everything_encrypted_can_be_put_under_a_new_key_and_the_old_one_dropped(
    database: Database, superuser: "asyncpg.Connection[Any]"
) -> None:
    async with engine_with(database, WirePlugin(), keys=[OLD_KEY]) as engine:
        shop, closed = await open_store(engine, "shop"), await open_store(engine, "closed")
        await wire(engine, shop)
        await wire(engine, closed, account="15550002")
        await hide_elsewhere(superuser, shop, engine.keyring)
    await superuser.execute("UPDATE control.stores SET closed_at = now() WHERE slug = 'closed'")
    before = await ciphers(superuser)
    assert set(before) == PLACES
    async with engine_with(database, WirePlugin(), keys=[KEY, OLD_KEY]) as engine:
        assert await token_in(engine, shop) == "hunter2"
        for cipher in itertools.chain(*before.values()):
            with pytest.raises(SecretUnreadable):
                Keyring([KEY]).decrypt(cipher)
        rotated = await rotate_host(engine)
        for store in await directory.stores_ever(database):
            rotated += await rotate_store(engine, store, "op")
        assert (rotated.count, list(rotated.unreadable)) == (8, [])
        async with database.transaction(shop.id) as tx:
            assert (await audit_log(tx))[0].action == "secrets.rotated"
    after = await ciphers(superuser)
    assert {name: len(found) for name, found in after.items()} == {
        name: len(found) for name, found in before.items()
    }
    for cipher in itertools.chain(*after.values()):
        assert Keyring([KEY]).decrypt(cipher)
    async with engine_with(database, WirePlugin(), keys=[KEY]) as engine:
        assert await token_in(engine, shop) == "hunter2"
        assert len(await engine.accounts("wire")) == 1


async def test_every_column_of_bytes_is_known_to_be_encrypted_or_not(
    superuser: "asyncpg.Connection[Any]",
) -> None:
    rows = await superuser.fetch(
        """SELECT table_schema || '.' || table_name || '.' || column_name
           FROM information_schema.columns
           WHERE table_schema IN ('shop', 'control') AND data_type = 'bytea'"""
    )
    hashes = {row[0] for row in rows if re.search("hash$|fingerprint$", row[0])}
    digests = {
        "shop.unpaid_orders.shopper",
        "shop.unpaid_orders.address",
        "shop.foreign_pictures.url_key",
    }
    plain = {"control.webhook_inbox.body", "shop.import_chunks.data"}
    gone_tomorrow = {"shop.idempotency_keys.response_body"}
    assert {row[0] for row in rows} - hashes - digests - plain - gone_tomorrow == PLACES


async def test_what_is_written_while_secrets_are_encrypted_anew_is_kept(
    database: Database, owner: "asyncpg.Connection[Any]"
) -> None:
    async with engine_with(database, WirePlugin(), keys=[OLD_KEY]) as engine:
        shop = await open_store(engine, "shop")
        await wire(engine, shop)
    async with engine_with(database, WirePlugin(), keys=[KEY, OLD_KEY]) as engine:
        async with held_up(owner, "shop.plugin_settings", "BEFORE UPDATE"):
            change = {"token": "tr0ub4dor"}
            changing = asyncio.create_task(
                configure(engine, shop, "wire", actor="ann", settings=change)
            )
            await until_waiting(owner)
            rotating = asyncio.create_task(rotate_store(engine, shop, "op"))
            await until_waiting(owner, 2)
        await changing
        assert not (await rotating).unreadable
    async with engine_with(database, WirePlugin(), keys=[KEY]) as engine:
        assert await token_in(engine, shop) == "tr0ub4dor"
        assert len(await engine.accounts("wire")) == 1


def test_a_keyring_opens_what_any_of_its_keys_closed_and_nothing_else() -> None:
    cipher = Keyring([OLD_KEY]).encrypt(b"hunter2")
    both = Keyring([KEY, OLD_KEY])
    assert both.decrypt(cipher) == b"hunter2"
    rotated = both.rotate(cipher)
    assert Keyring([KEY]).decrypt(rotated) == b"hunter2"
    for call in (Keyring([KEY]).decrypt, Keyring([KEY]).rotate):
        with pytest.raises(SecretUnreadable):
            call(cipher)
    with pytest.raises(SecretUnreadable):
        both.decrypt(rotated[:-8])
    assert fingerprint(KEY) != fingerprint(OLD_KEY)
    assert fingerprint(KEY) not in KEY
