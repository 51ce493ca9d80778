"""The webhook inbox: everything is kept once, in order, for its own store."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.support.waiting import held_up, until_waiting
from tradewind.contracts.errors import NotFound
from tradewind.contracts.webhook import Item
from tradewind.database import Database, Store
from tradewind.outbox import inbox, jobs
from tradewind.outbox.inbox import Arrival
from tradewind.outbox.jobs import TakenJob
from tradewind.outbox.rules import LEASE
from tradewind.testing.clock import ManualClock


def arrival(
    store: Store | None, key: str, lane: str = "ann", *, address: str = "", body: bytes = b"{}"
) -> Arrival:
    item = Item(dedupe_key=key, lane=lane, body=body, address=address)
    return Arrival(item=item, store_id=store.id if store else None)


async def arrive(database: Database, store: Store | None, keys: Iterable[str], **more: Any) -> None:
    await inbox.store_items(database, "p", [arrival(store, key, **more) for key in keys])


async def take(database: Database) -> Sequence[TakenJob]:
    return await jobs.take(database, database.new_id(), 100)


def keys(job: TakenJob) -> list[str]:
    return [one.item.dedupe_key for one in job.items]


async def kept(database: Database) -> list[tuple[str, str]]:
    """The key and state of everything in the inbox, whosever it is."""
    rows = await database.pool.fetch(
        "SELECT dedupe_key, state FROM control.webhook_inbox ORDER BY id"
    )
    return [(row["dedupe_key"], row["state"]) for row in rows]


async def test_fifty_copies_at_once_are_one_item_and_one_job(
    database: Database, store: Store
) -> None:
    await asyncio.gather(*(arrive(database, store, ["same"]) for _ in range(50)))
    assert await kept(database) == [("same", "pending")]
    [job] = await take(database)
    assert keys(job) == ["same"]


async def test_a_copy_in_the_same_request_and_one_after_it_was_done_are_skipped(
    database: Database, store: Store, clock: ManualClock
) -> None:
    await arrive(database, store, ["same", "same", "other"])
    [job] = await take(database)
    assert keys(job) == ["same", "other"]
    for one in job.items:
        await inbox.mark_item(database.pool, one.id, "done", clock.now())
    await jobs.finish(database.pool, job.id)
    await arrive(database, store, ["same", "other"])
    assert await take(database) == []


async def test_requests_with_the_same_items_in_another_order_do_not_block_each_other(
    database: Database, store: Store, owner: "asyncpg.Connection[Any]"
) -> None:
    names = [f"{number:03}" for number in range(40)]
    async with held_up(owner, "control.webhook_keys", "AFTER INSERT", "new.dedupe_key = '020'"):
        first = asyncio.create_task(arrive(database, store, names))
        second = asyncio.create_task(arrive(database, store, reversed(names)))
        await until_waiting(owner, 2)
    await asyncio.gather(first, second)
    assert sorted(await kept(database)) == [(name, "pending") for name in names]


async def test_one_key_in_two_stores_is_two_items(
    database: Database, store: Store, second_store: Store
) -> None:
    arrivals = [arrival(store, "same"), arrival(second_store, "same")]
    await inbox.store_items(database, "p", arrivals)
    await inbox.store_items(database, "p", arrivals)
    await inbox.store_items(database, "other_plugin", arrivals[:1])
    taken = await take(database)
    assert [(job.store_id, keys(job)) for job in taken] == [
        (store.id, ["same"]),
        (second_store.id, ["same"]),
        (store.id, ["same"]),
    ]


async def test_what_belongs_to_nobody_is_kept_once_and_dropped(
    database: Database, store: Store
) -> None:
    woken: list[str] = []
    database.wake = lambda: woken.append("woken")
    for _ in range(2):
        await arrive(database, None, ["lost"], address="15550000000000")
    await arrive(database, None, ["lost"], address="15551111111111")
    assert await kept(database) == [("lost", "dropped")] * 2
    assert await take(database) == []
    async with database.transaction(store.id) as tx:
        assert await inbox.list_items(tx) == []


async def test_each_lane_of_a_request_has_one_job_with_its_items_in_order(
    database: Database, store: Store
) -> None:
    mixed = [arrival(store, f"{lane}{n}", lane) for n in range(3) for lane in ("ann", "bob")]
    await inbox.store_items(database, "p", mixed)
    by_lane = {job.payload["lane"]: job for job in await take(database)}
    assert {lane: keys(job) for lane, job in by_lane.items()} == {
        "ann": ["ann0", "ann1", "ann2"],
        "bob": ["bob0", "bob1", "bob2"],
    }
    assert all(job.payload["plugin"] == "p" for job in by_lane.values())


async def test_items_come_in_the_order_in_which_they_were_stored(
    database: Database, store: Store
) -> None:
    for names in ("bca", "fed"):
        await arrive(database, store, names)
    [job] = await take(database)
    assert keys(job) == list("bcafed")


async def test_an_item_is_brought_as_it_came(database: Database, store: Store) -> None:
    body = bytes(range(256))
    await arrive(database, store, ["k"], address="1555", body=body)
    [job] = await take(database)
    [one] = job.items
    assert (one.item.body, one.item.address, one.item.lane) == (body, "1555", "ann")
    assert (one.item.store_id, one.attempts) == (store.id, 0)


async def test_the_lane_of_one_store_brings_nothing_of_anothers(
    database: Database, store: Store, second_store: Store
) -> None:
    await arrive(database, store, ["mine"])
    await arrive(database, second_store, ["theirs"])
    assert [keys(job) for job in await take(database)] == [["mine"], ["theirs"]]


async def test_a_lane_that_is_worked_on_is_taken_by_nobody_else(
    database: Database, store: Store, clock: ManualClock
) -> None:
    await arrive(database, store, ["1"])
    [mine] = await take(database)
    await arrive(database, store, ["2"])
    assert await take(database) == []
    clock.advance(LEASE.total_seconds() + 1)
    [again] = await take(database)
    assert (again.id, keys(again)) == (mine.id, ["1", "2"])


async def test_an_item_that_failed_comes_back_with_its_time_and_its_count(
    database: Database, store: Store, clock: ManualClock
) -> None:
    await arrive(database, store, ["1", "2"])
    [job] = await take(database)
    later = clock.now() + timedelta(seconds=30)
    await inbox.put_off_item(database, job.items[0].id, later, "no \0 luck")
    await jobs.put_off(database, job.id, later)
    clock.advance(30)
    [job] = await take(database)
    assert [(one.item.dedupe_key, one.attempts, one.run_at) for one in job.items] == [
        ("1", 1, later),
        ("2", 0, later - timedelta(seconds=30)),
    ]


async def test_rousing_a_lane_gives_it_one_job_that_looks_at_what_goes_out(
    database: Database, store: Store
) -> None:
    woken: list[str] = []
    database.wake = lambda: woken.append("woken")
    for _ in range(3):
        async with database.transaction(store.id) as tx:
            await inbox.rouse(tx, "p", "ann")
    assert len(woken) == 3
    await arrive(database, store, ["1"])
    [job] = await take(database)
    assert (keys(job), job.payload) == (["1"], {"plugin": "p", "lane": "ann", "outbound": 1})


async def test_a_lane_that_waits_for_later_is_due_at_once_when_something_comes(
    database: Database, store: Store, clock: ManualClock
) -> None:
    await arrive(database, store, ["1"])
    [job] = await take(database)
    await jobs.put_off(database, job.id, clock.now() + timedelta(hours=1))
    assert await take(database) == []
    await arrive(database, store, ["2"])
    [job] = await take(database)
    assert keys(job) == ["1", "2"]


# --- looking at it, and working it off again ---------------------------------------------------


async def test_a_dead_item_is_shown_with_its_error_and_can_be_replayed(
    database: Database, store: Store, clock: ManualClock
) -> None:
    await arrive(database, store, ["1"], body=b'{"hello": "\xff"}')
    [job] = await take(database)
    await inbox.mark_item(database.pool, job.items[0].id, "dead", clock.now(), error="no \0 luck")
    await jobs.finish(database.pool, job.id)
    async with database.transaction(store.id) as tx:
        [shown] = await inbox.list_items(tx, state="dead")
        assert (shown.error, shown.attempts, shown.lane) == ("no  luck", 1, "ann")
        assert shown.body == '{"hello": "�"}'
        await inbox.replay_item(tx, shown.id)
    async with database.transaction(store.id) as tx:
        assert await inbox.list_items(tx, state="dead") == []
        [shown] = await inbox.list_items(tx, state="pending")
    assert (shown.error, shown.attempts, shown.processed_at) == ("", 0, None)
    [job] = await take(database)
    assert keys(job) == ["1"]


async def test_items_of_another_store_can_be_neither_seen_nor_replayed(
    database: Database, store: Store, second_store: Store
) -> None:
    await arrive(database, store, ["1"])
    async with database.transaction(store.id) as tx:
        [own] = await inbox.list_items(tx)
    async with database.transaction(second_store.id) as tx:
        assert await inbox.list_items(tx) == []
        with pytest.raises(NotFound):
            await inbox.replay_item(tx, own.id)
    [job] = await take(database)
    assert job.store_id == store.id


async def test_items_are_paged_newest_first(database: Database, store: Store) -> None:
    await arrive(database, store, "abcde")
    async with database.transaction(store.id) as tx:
        page = await inbox.list_items(tx, limit=2)
        rest = await inbox.list_items(tx, before=page[-1].id)
    assert [one.dedupe_key for one in (*page, *rest)] == list("edcba")


async def test_what_is_over_is_forgotten_after_a_month_and_what_is_not_stays(
    database: Database, store: Store, clock: ManualClock
) -> None:
    await arrive(database, store, ["done", "dead", "waits"])
    await arrive(database, None, ["lost"])
    [job] = await take(database)
    for one, state in zip(job.items, ("done", "dead"), strict=False):
        await inbox.mark_item(database.pool, one.id, state, clock.now())
    clock.advance(timedelta(days=29).total_seconds())
    await inbox.forget_old(database)
    assert len(await kept(database)) == 4
    clock.advance(timedelta(days=2).total_seconds())
    await inbox.forget_old(database)
    assert await kept(database) == [("dead", "dead"), ("waits", "pending")]
    await arrive(database, store, ["done"])
    assert ("done", "pending") in await kept(database)
