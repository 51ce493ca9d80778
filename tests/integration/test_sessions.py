"""Sessions of staff and customers: found by their token alone, and over when they are ended."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from tradewind.database import Database, Store
from tradewind.database.sessions import (
    KEPT,
    LIVES,
    NewSession,
    csrf_of,
    end_session,
    end_sessions_of,
    find_session,
    forget_old,
    open_session,
    sessions_of,
)
from tradewind.testing.clock import ManualClock

SOMEBODY, ANOTHER = UUID(int=1), UUID(int=2)


async def account(database: Database, number: int) -> UUID:
    """A new account."""
    made: UUID = await database.pool.fetchval(
        """INSERT INTO control.accounts (id, email, created_at) VALUES ($1, $2, $3)
           RETURNING id""",
        database.new_id(),
        f"staff-{number}@example.com",
        database.clock.now(),
    )
    return made


def passes(clock: ManualClock, time: timedelta) -> None:
    """Let time pass."""
    clock.advance(time.total_seconds())


def customers(store: Store, customer_id: UUID = SOMEBODY) -> NewSession:
    return NewSession(kind="customer", store_id=store.id, customer_id=customer_id, agent="Firefox")


async def test_a_token_finds_its_session_and_is_not_kept(database: Database, store: Store) -> None:
    opened = await open_session(database, customers(store))
    found = await find_session(database, "customer", opened.token)
    assert found == opened.session
    assert (found.store_id, found.customer_id, found.agent) == (store.id, SOMEBODY, "Firefox")
    assert len(opened.token) >= 43
    row = await database.pool.fetchval("SELECT s::text FROM control.sessions s")
    assert opened.token not in row
    assert csrf_of(opened.token) not in row


async def test_only_the_right_token_of_the_right_kind_finds_it(
    database: Database, store: Store
) -> None:
    opened = await open_session(database, customers(store))
    for token in ("", "x", opened.token[:-1], opened.token + "x", "\0", "x" * 10_000):
        assert await find_session(database, "customer", token) is None
    assert await find_session(database, "staff", opened.token) is None


async def test_a_form_is_believed_with_the_word_of_its_own_session(
    database: Database, store: Store
) -> None:
    one = await open_session(database, customers(store))
    other = await open_session(database, customers(store))
    assert one.session.allows(csrf_of(one.token))
    assert not one.session.allows(csrf_of(other.token))
    assert not one.session.allows("")


async def test_it_ends_when_it_is_not_used_and_at_the_latest_at_its_end(
    database: Database, store: Store, clock: ManualClock
) -> None:
    life = LIVES["customer"]
    idle = await open_session(database, customers(store))
    used = await open_session(database, customers(store))
    passes(clock, life.idle - timedelta(seconds=1))
    assert await find_session(database, "customer", used.token) is not None
    passes(clock, timedelta(seconds=1))
    assert await find_session(database, "customer", idle.token) is None
    while clock.now() + life.idle < used.session.expires_at:
        passes(clock, life.idle / 2)
        assert await find_session(database, "customer", used.token) is not None
    passes(clock, used.session.expires_at - clock.now())
    assert await find_session(database, "customer", used.token) is None


async def test_use_is_written_down_now_and_then_only(
    database: Database, store: Store, clock: ManualClock
) -> None:
    opened = await open_session(database, customers(store))
    version = "SELECT xmin::text || ctid::text FROM control.sessions"
    before = await database.pool.fetchval(version)
    for _ in range(10):
        await find_session(database, "customer", opened.token)
    assert await database.pool.fetchval(version) == before
    passes(clock, LIVES["customer"].noted)
    await find_session(database, "customer", opened.token)
    assert await database.pool.fetchval(version) != before


async def test_one_session_can_be_ended_and_all_of_somebody(
    database: Database, store: Store
) -> None:
    mine = [await open_session(database, customers(store)) for _ in range(3)]
    theirs = await open_session(database, customers(store, ANOTHER))
    assert await end_session(database, mine[0].session.token_hash)
    assert not await end_session(database, mine[0].session.token_hash)
    assert await find_session(database, "customer", mine[0].token) is None
    assert len(await sessions_of(database, store_id=store.id, customer_id=SOMEBODY)) == 2
    keep = mine[1].session.token_hash
    ended = await end_sessions_of(database, store_id=store.id, customer_id=SOMEBODY, keep=keep)
    assert ended == 1
    assert await find_session(database, "customer", mine[1].token) is not None
    assert await end_sessions_of(database, store_id=store.id, customer_id=SOMEBODY) == 1
    assert await find_session(database, "customer", theirs.token) is not None


async def test_naming_nobody_ends_nothing(database: Database, store: Store) -> None:
    opened = await open_session(database, customers(store))
    assert await end_sessions_of(database) == 0
    assert await end_sessions_of(database, store_id=store.id) == 0
    assert await end_sessions_of(database, customer_id=SOMEBODY) == 0
    assert await find_session(database, "customer", opened.token) is not None


async def test_the_sessions_of_an_account_end_with_it(database: Database) -> None:
    one, other = await account(database, 1), await account(database, 2)
    mine = await open_session(database, NewSession(kind="staff", account_id=one))
    theirs = await open_session(database, NewSession(kind="staff", account_id=other))
    assert await find_session(database, "staff", mine.token) is not None
    await database.pool.execute(
        "UPDATE control.accounts SET disabled_at = created_at WHERE id = $1", one
    )
    assert await find_session(database, "staff", mine.token) is None
    assert await end_sessions_of(database, account_id=other) == 1
    assert await find_session(database, "staff", theirs.token) is None


async def test_a_session_is_opened_with_the_transaction_it_belongs_to(
    database: Database, store: Store
) -> None:
    async with database.transaction(store.id) as tx:
        kept = await open_session(tx, customers(store))
    lost = ""
    with pytest.raises(asyncpg.PostgresError):  # noqa: PT012 - the transaction is what fails
        async with database.transaction(store.id) as tx:
            lost = (await open_session(tx, customers(store))).token
            await tx.execute("SELECT 1 / 0")
    assert await find_session(database, "customer", kept.token) is not None
    assert await find_session(database, "customer", lost) is None


async def test_what_is_long_over_is_forgotten(
    database: Database, store: Store, clock: ManualClock
) -> None:
    ended = await open_session(database, customers(store))
    await end_session(database, ended.session.token_hash)
    await open_session(database, customers(store))
    count = "SELECT count(*) FROM control.sessions"
    await forget_old(database)
    assert await database.pool.fetchval(count) == 2
    passes(clock, KEPT + timedelta(seconds=1))
    await forget_old(database)
    assert await database.pool.fetchval(count) == 1
    passes(clock, LIVES["customer"].most)
    await forget_old(database)
    assert await database.pool.fetchval(count) == 0
