"""Settings of plugins in a store: their secrets, what is refused, whose an account is."""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from tests.support.channels import WirePlugin
from tests.support.engines import engine_with, open_store
from tests.support.scripted_plugins import Scripted, returning
from tests.support.waiting import held_up, until_waiting
from tests.support.wired import KEY, OLD_KEY, SECRETS, SETTINGS, open_engine, settings_in, wire
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound
from tradewind.contracts.settings import MASK
from tradewind.database import Database, Store
from tradewind.settings import queries
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import Keyring
from tradewind.settings.rotation import rotate_store
from tradewind.settings.service import (
    audit_log,
    configure,
    plugin_of,
    plugins_of,
)


@pytest_asyncio.fixture
async def engine(database: Database) -> AsyncIterator[Engine]:
    async with open_engine(database) as opened:
        yield opened


@pytest_asyncio.fixture
async def shop(engine: Engine) -> Store:
    return await open_store(engine, "shop")


@pytest_asyncio.fixture
async def other(engine: Engine) -> Store:
    return await open_store(engine, "other")


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
