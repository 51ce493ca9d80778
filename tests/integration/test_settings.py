"""Plugins in a store: their settings, secrets, enablement, quarantine; flags; the audit log."""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
import pytest_asyncio

from tests.support.channels import WirePlugin
from tests.support.engines import engine_with, open_store
from tests.support.scripted_plugins import Scripted, returning
from tests.support.undone import undone
from tests.support.waiting import held_up, until_waiting
from tradewind.cases.plugins import record_failure, release
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound
from tradewind.contracts.settings import MASK
from tradewind.database import Database, Store
from tradewind.settings import queries
from tradewind.settings.engine import FRESH, Engine, PluginDirectory
from tradewind.settings.keyring import Keyring, new_key
from tradewind.settings.rotation import rotate_store
from tradewind.settings.rules import FLAGS, FORGIVEN_AFTER, QUARANTINE_AFTER
from tradewind.settings.service import (
    audit,
    audit_log,
    configure,
    flags_of,
    plugin_of,
    plugins_of,
    set_flag,
)
from tradewind.testing.clock import ManualClock

SETTINGS: dict[str, Any] = {
    "account": "15550001",
    "token": "hunter2",
    "old_tokens": ["swordfish", "xyzzy"],
}
SECRETS = ("hunter2", "swordfish", "xyzzy")
OLD_KEY, KEY = new_key(), new_key()


@pytest_asyncio.fixture
async def engine(database: Database) -> AsyncIterator[Engine]:
    scripted = Scripted("scripted", returning(None))
    async with engine_with(database, WirePlugin(), scripted, keys=[KEY]) as opened:
        yield opened


@pytest_asyncio.fixture
async def shop(engine: Engine) -> Store:
    return await open_store(engine, "shop")


@pytest_asyncio.fixture
async def other(engine: Engine) -> Store:
    return await open_store(engine, "other")


async def wire(engine: Engine, store: Store, **settings: Any) -> None:
    """Enable the wire in a store."""
    values = {**SETTINGS, **settings}
    await configure(engine, store, "wire", actor="ann", enabled=True, settings=values)


async def settings_in(engine: Engine, store: Store) -> Any:
    """What the wire gets to see as its settings, or None where it has none."""
    context = await engine.context_anyway(store, "wire")
    return None if context is None else context.settings


# --- secrets -----------------------------------------------------------------------------------


async def test_secrets_are_encrypted_wherever_they_lie(
    engine: Engine, shop: Store, superuser: "asyncpg.Connection[Any]"
) -> None:
    await wire(engine, shop)
    rows = await superuser.fetch(
        """SELECT 'settings' AS kind, settings FROM shop.plugin_settings WHERE plugin = 'wire'
           UNION ALL SELECT 'door', settings FROM control.business_channel_settings"""
    )
    assert {row["kind"] for row in rows} == {"settings", "door"}
    for row in rows:
        plain = Keyring([KEY]).decrypt(row["settings"])
        for secret in SECRETS:
            assert secret.encode() in plain
            assert secret.encode() not in row["settings"]


async def test_no_table_holds_a_secret_in_plain_words(
    engine: Engine, shop: Store, superuser: "asyncpg.Connection[Any]"
) -> None:
    await wire(engine, shop)
    tables = await superuser.fetch(
        """SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
           WHERE schemaname IN ('shop', 'control')"""
    )
    found = ""
    for table in tables:
        rows = await superuser.fetch(f"SELECT t::text AS row FROM {table['name']} t")
        found += "".join(row["row"] for row in rows)
    assert "plugin.configured" in found
    for secret in SECRETS:
        assert secret not in found
        assert secret.encode().hex() not in found


async def test_no_view_shows_a_secret(engine: Engine, shop: Store) -> None:
    await wire(engine, shop)
    view = await plugin_of(engine, shop, "wire")
    assert view.settings["token"] == MASK
    assert view.settings["old_tokens"] == [MASK, MASK]
    assert view.settings["account"] == "15550001"
    shown = msgspec.json.encode([view, await plugins_of(engine, shop)]).decode()
    async with engine.database.transaction(shop.id) as tx:
        shown += msgspec.json.encode(await audit_log(tx)).decode()
    for secret in SECRETS:
        assert secret not in shown


async def test_a_form_that_is_sent_back_as_it_was_shown_changes_nothing(
    engine: Engine, shop: Store
) -> None:
    await wire(engine, shop)
    before = await settings_in(engine, shop)
    shown = (await plugin_of(engine, shop, "wire")).settings
    await configure(engine, shop, "wire", actor="ann", settings=shown)
    assert await settings_in(engine, shop) == before
    async with engine.database.transaction(shop.id) as tx:
        latest, first = await audit_log(tx)
    assert first.detail == {"enabled": True, "changed": ["account", "old_tokens", "token"]}
    assert latest.detail == {"enabled": None, "changed": []}


async def test_settings_that_no_key_opens_stop_one_plugin_in_one_store_and_can_be_entered_anew(
    database: Database,
) -> None:
    async with engine_with(database, WirePlugin(), keys=[OLD_KEY]) as engine:
        lost = await open_store(engine, "lost")
        await wire(engine, lost)
    scripted = Scripted("scripted", returning(None))
    async with engine_with(database, WirePlugin(), scripted, keys=[KEY]) as engine:
        fine = await open_store(engine, "fine", "scripted")
        await wire(engine, fine, account="15550002")
        await configure(engine, lost, "scripted", actor="ann", enabled=True)
        assert await engine.enabled(lost) == {"scripted"}
        assert await engine.enabled(fine) == {"scripted", "wire"}
        assert [account.store_slug for account in await engine.accounts("wire")] == ["fine"]
        rotated = await rotate_store(engine, lost, "op")
        assert (rotated.count, set(rotated.unreadable)) == (
            2,
            {"wire (shop.plugin_settings)", "wire (control.business_channel_settings)"},
        )
        view = await plugin_of(engine, lost, "wire")
        assert (view.enabled, view.configured, view.settings) == (False, True, {})
        assert view.problem
        assert (await plugin_of(engine, fine, "wire")).problem == ""
        with pytest.raises(InvalidInput):
            await configure(engine, lost, "wire", actor="ann", settings={"account": "15550001"})
        await wire(engine, lost)
        assert (await plugin_of(engine, lost, "wire")).problem == ""
        assert await engine.enabled(lost) == {"scripted", "wire"}


@pytest.mark.parametrize("keys", [[], ["short"], [KEY, ""]])
def test_a_keyring_without_good_keys_is_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Keyring(keys)


def test_links_are_signed_with_keys_of_their_own() -> None:
    newest, older = Keyring([KEY, OLD_KEY]).signing_keys
    assert newest == Keyring([KEY]).signing_keys[0]
    assert len({newest, older, KEY.encode(), OLD_KEY.encode(), urlsafe_b64decode(KEY)}) == 5


# --- what is refused ---------------------------------------------------------------------------


async def test_settings_that_are_refused_change_nothing(engine: Engine, shop: Store) -> None:
    await wire(engine, shop)
    before = await settings_in(engine, shop)
    with pytest.raises(InvalidInput) as refused:
        await configure(
            engine, shop, "wire", actor="ann", settings={"account": "x", "colour": "red"}
        )
    assert {error.path for error in refused.value.errors} == {"settings.account", "settings.colour"}
    assert await settings_in(engine, shop) == before
    async with engine.database.transaction(shop.id) as tx:
        assert len(await audit_log(tx)) == 1


async def test_what_is_the_operators_is_changed_by_the_operator_alone(
    engine: Engine, shop: Store
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await wire(engine, shop, api_base="http://10.0.0.1")
    assert refused.value.reason == "operator_only"
    assert await settings_in(engine, shop) is None
    await wire(engine, shop)
    change = {"api_base": "http://10.0.0.1"}
    view = await configure(engine, shop, "wire", actor="op", settings=change, operator=True)
    assert view.settings["api_base"] == "http://10.0.0.1"
    await configure(engine, shop, "wire", actor="ann", settings={**view.settings, "retries": 4})
    assert (await settings_in(engine, shop)).api_base == "http://10.0.0.1"
    with pytest.raises(InvalidInput):
        await wire(engine, shop, api_base="https://wire.example")


async def test_a_plugin_that_is_not_loaded_is_not_found(engine: Engine, shop: Store) -> None:
    with pytest.raises(NotFound):
        await configure(engine, shop, "none", actor="ann", enabled=True)
    with pytest.raises(NotFound):
        await plugin_of(engine, shop, "none")


async def test_an_account_belongs_to_one_store(engine: Engine, shop: Store, other: Store) -> None:
    await wire(engine, shop)
    with pytest.raises(Conflict) as refused:
        await wire(engine, other)
    assert refused.value.reason == "address_taken"
    assert await settings_in(engine, other) is None
    await wire(engine, other, account="15550002")
    with pytest.raises(Conflict):
        await configure(engine, other, "wire", actor="bob", settings={"account": "15550001"})
    await configure(engine, shop, "wire", actor="ann", settings={"account": "15550003"})
    await configure(engine, other, "wire", actor="bob", settings={"account": "15550001"})
    accounts = {one.store_slug: one.address for one in await engine.accounts("wire")}
    assert accounts == {"shop": "15550003", "other": "15550001"}


async def test_of_two_stores_that_claim_an_account_at_once_one_is_refused(
    engine: Engine, shop: Store, other: Store, owner: "asyncpg.Connection[Any]"
) -> None:
    async with held_up(owner, "control.business_channel_settings", "AFTER INSERT"):
        claims = [asyncio.create_task(wire(engine, store)) for store in (shop, other)]
        await until_waiting(owner, 2)
    answers = await asyncio.gather(*claims, return_exceptions=True)
    [refused] = [answer for answer in answers if answer is not None]
    assert isinstance(refused, Conflict)
    assert refused.reason == "address_taken"
    assert len(await engine.accounts("wire")) == 1


async def test_stores_without_an_address_do_not_meet(engine: Engine) -> None:
    stores = [await open_store(engine, slug, "scripted") for slug in ("a", "b", "c")]
    assert [await engine.enabled(store) for store in stores] == [{"scripted"}] * 3


async def test_two_changes_at_once_are_both_kept(
    engine: Engine, shop: Store, owner: "asyncpg.Connection[Any]"
) -> None:
    await wire(engine, shop)

    async def change(**settings: Any) -> None:
        await configure(engine, shop, "wire", actor="ann", settings=settings)

    async with held_up(owner, "shop.plugin_settings", "BEFORE UPDATE"):
        changing = [
            asyncio.create_task(change(token="new")),
            asyncio.create_task(change(retries=9)),
        ]
        await until_waiting(owner, 2)
    await asyncio.gather(*changing)
    settings = await settings_in(engine, shop)
    assert (settings.token, settings.retries) == ("new", 9)


async def test_what_a_newer_version_of_a_plugin_no_longer_has_is_forgotten(
    engine: Engine, shop: Store
) -> None:
    await wire(engine, shop)
    older = {**SETTINGS, "colour": "red"}
    async with engine.database.transaction(shop.id) as tx:
        cipher = engine.keyring.encrypt(msgspec.json.encode(older))
        await queries.save_settings(tx, "wire", cipher)
        assert await queries.save_account(tx, "wire", "15550001", cipher)
    engine.forget(shop.id)
    assert (await settings_in(engine, shop)).token == "hunter2"
    assert len(await engine.accounts("wire")) == 1
    view = await configure(engine, shop, "wire", actor="ann", settings={"retries": 1})
    assert "colour" not in view.settings


# --- enablement --------------------------------------------------------------------------------


async def test_a_plugin_is_offered_or_not_from_one_moment_to_the_next(
    engine: Engine, shop: Store, other: Store
) -> None:
    assert await engine.context(shop, "wire") is None
    assert await engine.context_anyway(shop, "wire") is None
    await wire(engine, shop)
    context = await engine.context(shop, "wire")
    assert context is not None
    assert (context.settings.account, context.store.slug) == ("15550001", "shop")
    assert context.public_url == "https://shop.example"
    await configure(engine, shop, "wire", actor="ann", enabled=False)
    assert await engine.context(shop, "wire") is None
    assert await engine.contexts(shop)("wire") is None
    assert (await settings_in(engine, shop)).token == "hunter2"
    assert len(await engine.accounts("wire")) == 1
    await configure(engine, shop, "wire", actor="ann", enabled=True)
    assert await engine.contexts(shop)("wire") is not None
    assert await engine.enabled(other) == frozenset()


async def test_a_plugin_that_was_never_set_up_is_shown_as_such(engine: Engine, shop: Store) -> None:
    [scripted, unset] = await plugins_of(engine, shop)
    assert (scripted.name, unset.name) == ("scripted", "wire")
    assert (unset.enabled, unset.configured, unset.settings) == (False, False, {})
    assert unset.settings_schema["properties"]["token"]["writeOnly"] is True
    assert unset.settings_schema["properties"]["api_base"]["x-operator-only"] is True


async def test_what_another_process_changed_is_seen_after_a_few_seconds(
    engine: Engine, database: Database, shop: Store, clock: ManualClock
) -> None:
    await wire(engine, shop)
    assert "wire" in await engine.enabled(shop)
    async with engine_with(database, WirePlugin(), keys=[KEY]) as elsewhere:
        await configure(elsewhere, shop, "wire", actor="ann", enabled=False)
    clock.advance(FRESH.total_seconds())
    assert "wire" not in await engine.enabled(shop)


async def test_a_change_is_seen_at_once_although_the_old_state_was_being_read(
    engine: Engine, shop: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wire(engine, shop)
    reading, changed = asyncio.Event(), asyncio.Event()
    flag_rows = queries.flag_rows

    async def slow(tx: Any) -> dict[str, bool]:
        reading.set()
        await changed.wait()
        return await flag_rows(tx)

    engine.forget(shop.id)
    with monkeypatch.context() as patched:
        patched.setattr(queries, "flag_rows", slow)
        early = asyncio.create_task(engine.enabled(shop))
        await reading.wait()
        patched.setattr(queries, "flag_rows", flag_rows)
        await configure(engine, shop, "wire", actor="ann", enabled=False)
        changed.set()
        assert await early == {"wire"}
    assert await engine.enabled(shop) == frozenset()


async def test_the_state_is_read_in_the_open_transaction_where_there_is_one(
    engine: Engine, shop: Store, other: Store, clock: ManualClock
) -> None:
    await wire(engine, shop)
    clock.advance(FRESH.total_seconds())
    async with engine.database.transaction(shop.id) as tx:
        assert await engine.enabled(shop) == {"wire"}
        assert await tx.fetchval("SELECT count(*) FROM shop.plugin_settings") == 1
        with pytest.raises(RuntimeError, match="already open"):
            await engine.enabled(other)


# --- the webhook door's directory --------------------------------------------------------------


async def test_an_account_made_in_another_process_a_moment_ago_is_found(
    engine: Engine, database: Database, shop: Store
) -> None:
    door = PluginDirectory(engine, "wire")
    assert await door.everyone() == []
    async with engine_with(database, WirePlugin(), keys=[KEY]) as elsewhere:
        await wire(elsewhere, shop)
    assert await door.everyone() == []
    by_address = await door.by_address("15550001")
    assert by_address is not None
    assert (by_address.store_slug, by_address.settings.token) == ("shop", "hunter2")
    assert await door.by_slug("shop") == by_address
    assert await door.by_address("15559999") is None
    assert await door.by_address("") is None
    assert await door.by_slug("nobody") is None
    assert await PluginDirectory(engine, "scripted").by_slug("shop") is None


async def test_the_account_of_a_closed_store_is_nobodys(
    engine: Engine, database: Database, shop: Store
) -> None:
    await wire(engine, shop)
    door = PluginDirectory(engine, "wire")
    assert await door.by_slug("shop")
    await database.pool.execute("UPDATE control.stores SET closed_at = now()")
    engine.forget(shop.id)
    assert await door.by_slug("shop") is None
    assert await door.by_address("15550001") is None


# --- quarantine --------------------------------------------------------------------------------


async def test_repeated_programming_errors_put_a_plugin_into_quarantine_in_that_store(
    engine: Engine, shop: Store, other: Store
) -> None:
    await wire(engine, shop)
    await wire(engine, other, account="15550002")
    told = [await record_failure(engine, shop, "wire", "send", f"KeyError {n}") for n in range(7)]
    assert told == [n == QUARANTINE_AFTER - 1 for n in range(7)]
    assert await engine.context(shop, "wire") is None
    assert await engine.switched_on(shop) == {"wire"}
    assert (await settings_in(engine, shop)).token == "hunter2"
    assert await engine.enabled(other) == {"wire"}
    view = await plugin_of(engine, shop, "wire")
    assert (view.enabled, view.quarantine_reason) == (False, "KeyError 4")
    assert view.quarantined_at == engine.clock.now()
    assert [(one.where, one.error) for one in view.defects] == [
        ("send", f"KeyError {n}") for n in range(QUARANTINE_AFTER)
    ]
    await configure(engine, shop, "wire", actor="ann", enabled=True, settings={"retries": 5})
    assert await engine.enabled(shop) == frozenset()
    assert await release(engine, shop, "wire", actor="ann")
    assert await engine.enabled(shop) == {"wire"}
    view = await plugin_of(engine, shop, "wire")
    assert (view.enabled, view.quarantined_at, view.quarantine_reason) == (True, None, "")
    assert not view.defects
    assert not await release(engine, shop, "wire", actor="ann")
    assert not await record_failure(engine, shop, "wire", "send", "KeyError")


async def test_a_plugin_that_a_store_never_set_up_is_not_counted_there(
    engine: Engine, shop: Store
) -> None:
    for _ in range(QUARANTINE_AFTER):
        assert not await record_failure(engine, shop, "wire", "send", "KeyError")
    assert (await plugin_of(engine, shop, "wire")).quarantined_at is None


async def test_errors_far_apart_do_not_add_up(
    engine: Engine, shop: Store, clock: ManualClock
) -> None:
    await wire(engine, shop)
    for _ in range(QUARANTINE_AFTER - 1):
        assert not await record_failure(engine, shop, "wire", "send", "KeyError")
    clock.advance((FORGIVEN_AFTER + timedelta(seconds=1)).total_seconds())
    assert not await record_failure(engine, shop, "wire", "send", "KeyError")
    assert await engine.enabled(shop) == {"wire"}


async def test_errors_at_the_same_moment_are_all_counted(engine: Engine, shop: Store) -> None:
    await wire(engine, shop)
    told = await asyncio.gather(
        *(record_failure(engine, shop, "wire", "send", "Key\0Error") for _ in range(8))
    )
    assert sorted(told) == [False] * 7 + [True]


# --- flags and the audit log -------------------------------------------------------------------


async def test_flags_are_on_until_the_store_switches_them_off_and_seen_at_once(
    engine: Engine, shop: Store, other: Store
) -> None:
    name = FLAGS[0]
    assert await flags_of(engine, shop) == dict.fromkeys(FLAGS, True)
    assert (await set_flag(engine, shop, name, enabled=False, actor="ann"))[name] is False
    assert await engine.flag(shop, name) is False
    assert await engine.flag(other, name) is True
    await set_flag(engine, shop, name, enabled=True, actor="ann")
    assert await engine.flag(shop, name) is True
    assert await engine.flag(shop, "NO_SUCH_FLAG") is False
    with pytest.raises(NotFound):
        await set_flag(engine, shop, "NO_SUCH_FLAG", enabled=True, actor="ann")


NAME = FLAGS[0]


@pytest.mark.parametrize(
    ("environment", "counted"), [({NAME: False}, False), ({NAME: True}, True), ({}, True)]
)
async def test_off_in_the_environment_wins_over_on_in_the_store(
    database: Database, environment: dict[str, bool], *, counted: bool
) -> None:
    async with engine_with(database, flags=environment) as engine:
        shop = await open_store(engine, "shop")
        assert await engine.flag(shop, NAME) is counted
        assert (await set_flag(engine, shop, NAME, enabled=True, actor="ann"))[NAME] is counted
        assert (await set_flag(engine, shop, NAME, enabled=False, actor="ann"))[NAME] is False


async def test_another_process_sees_a_flag_within_seconds(
    database: Database, engine: Engine, shop: Store, clock: ManualClock
) -> None:
    async with engine_with(database) as elsewhere:
        assert await elsewhere.flag(shop, NAME) is True
        await set_flag(engine, shop, NAME, enabled=False, actor="ann")
        assert await elsewhere.flag(shop, NAME) is True
        clock.advance(FRESH.total_seconds())
        assert await elsewhere.flag(shop, NAME) is False


async def test_the_audit_log_tells_who_did_what_newest_first(
    engine: Engine, shop: Store, other: Store, clock: ManualClock
) -> None:
    await wire(engine, shop)
    clock.advance(1)
    await set_flag(engine, shop, FLAGS[0], enabled=True, actor="bob")
    async with engine.database.transaction(shop.id) as tx:
        await audit(tx, "cleo", "order.noted", "order", "7", {"note": "a\0b"})
        entries = await audit_log(tx)
        assert await audit_log(tx, before=entries[0].id, limit=1) == entries[1:2]
    assert [(e.actor, e.action, e.subject_id, e.detail) for e in entries] == [
        ("cleo", "order.noted", "7", {"note": "ab"}),
        ("bob", "flag.set", FLAGS[0], {"enabled": True}),
        (
            "ann",
            "plugin.configured",
            "wire",
            {"enabled": True, "changed": ["account", "old_tokens", "token"]},
        ),
    ]
    async with engine.database.transaction(other.id) as tx:
        assert await audit_log(tx) == []


async def test_an_entry_stands_or_falls_with_the_deed_and_is_never_changed(
    engine: Engine, shop: Store
) -> None:
    async with undone(engine.database, shop) as tx:
        await audit(tx, "ann", "order.noted", "order", "7")
    async with engine.database.transaction(shop.id) as tx:
        assert await audit_log(tx) == []
        await audit(tx, "ann", "order.noted", "order", "7")
    for statement in ("UPDATE shop.audit_log SET actor = 'bob'", "DELETE FROM shop.audit_log"):
        async with undone(engine.database, shop) as tx:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await tx.execute(statement)


async def test_a_plugin_sees_the_store_through_the_engines_own_tools(
    engine: Engine, shop: Store
) -> None:
    await wire(engine, shop)
    context = await engine.context(shop, "wire")
    assert context is not None
    assert isinstance(context.http, httpx.AsyncClient)
    assert context.clock.now() == engine.clock.now()
    assert [await context.first_time("k") for _ in range(2)] == [True, False]
