"""Plugins in a store: offered or not, seen by every process, quarantined."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.channels import WirePlugin
from tests.support.engines import engine_with, open_store
from tests.support.wired import KEY, open_engine, settings_in, wire
from tradewind.cases.plugins import record_failure, release
from tradewind.database import Database, Store
from tradewind.settings import queries
from tradewind.settings.engine import FRESH, Engine, PluginDirectory
from tradewind.settings.rules import FORGIVEN_AFTER, QUARANTINE_AFTER
from tradewind.settings.service import (
    configure,
    plugin_of,
    plugins_of,
)
from tradewind.testing.clock import ManualClock


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


async def test_a_plugin_sees_the_store_through_the_engines_own_tools(
    engine: Engine, shop: Store
) -> None:
    await wire(engine, shop)
    context = await engine.context(shop, "wire")
    assert context is not None
    assert isinstance(context.http, httpx.AsyncClient)
    assert context.clock.now() == engine.clock.now()
    assert [await context.first_time("k") for _ in range(2)] == [True, False]
