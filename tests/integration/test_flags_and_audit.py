"""Flags of a store, and the log of who did what."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from tests.support.engines import engine_with, open_store
from tests.support.undone import undone
from tests.support.wired import open_engine, wire
from tradewind.contracts.errors import NotFound
from tradewind.database import Database, Store
from tradewind.settings.engine import FRESH, Engine
from tradewind.settings.rules import FLAGS
from tradewind.settings.service import (
    audit,
    audit_log,
    flags_of,
    set_flag,
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
