"""Jobs: taken by one worker at a time, come back when it dies, wait, die and live again."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.support.jobs import enqueue
from tests.support.undone import undone
from tests.support.waiting import held_up, until_waiting
from tradewind.contracts.webhook import Item
from tradewind.database import Database, Store
from tradewind.outbox import inbox, jobs
from tradewind.outbox.inbox import Arrival
from tradewind.outbox.jobs import Job, TakenJob
from tradewind.outbox.rules import LEASE
from tradewind.testing.clock import ManualClock

ANN = UUID(int=1)
BOB = UUID(int=2)
SECOND = timedelta(seconds=1)


async def put(database: Database, *names: str, **more: Any) -> None:
    """Enqueue one job for each name."""
    made = [Job(kind="test", payload={"name": name}, **more) for name in names]
    await enqueue(database, *made)


async def take(database: Database, worker: UUID = ANN, most: int = 100) -> Sequence[TakenJob]:
    return await jobs.take(database, worker, most)


async def take_one(database: Database, worker: UUID = ANN) -> TakenJob:
    [job] = await take(database, worker)
    return job


def names(taken: Sequence[TakenJob]) -> list[str]:
    return [job.payload["name"] for job in taken]


# --- taking ------------------------------------------------------------------------------------


async def test_each_job_is_taken_by_one_of_many_workers(database: Database) -> None:
    await put(database, *map(str, range(120)))

    async def work(worker: int) -> list[str]:
        mine: list[str] = []
        while taken := await take(database, UUID(int=worker), 7):
            mine += names(taken)
        return mine

    by_worker = await asyncio.gather(*(work(worker) for worker in range(8)))
    assert sorted(chain(*by_worker), key=int) == list(map(str, range(120)))


async def test_no_more_are_taken_than_were_asked_for(database: Database) -> None:
    await put(database, *map(str, range(20)))
    assert names(await take(database, most=3)) == ["0", "1", "2"]
    assert names(await take(database, BOB, most=2)) == ["3", "4"]


async def test_jobs_wait_for_their_time_and_the_earliest_comes_first(
    database: Database, clock: ManualClock
) -> None:
    await put(database, "later", run_at=clock.now() + 5 * SECOND)
    await put(database, "soon", run_at=clock.now() + 3 * SECOND)
    await put(database, "now")
    assert names(await take(database)) == ["now"]
    clock.advance(5)
    assert names(await take(database)) == ["soon", "later"]


async def test_a_taken_job_tells_what_it_is(database: Database, store: Store) -> None:
    made = Job(kind="test", payload={"text": "é\n", "number": 7}, store_id=store.id)
    await enqueue(database, made)
    job = await take_one(database)
    assert (job.kind, job.payload, job.store_id) == (made.kind, made.payload, store.id)
    assert (job.attempts, job.items) == (1, [])


# --- leases ------------------------------------------------------------------------------------


async def test_a_job_comes_back_when_its_lease_runs_out(
    database: Database, clock: ManualClock
) -> None:
    await put(database, "job")
    mine = await take_one(database, ANN)
    clock.advance(LEASE.total_seconds())
    assert await take(database, BOB) == []
    clock.advance(0.001)
    theirs = await take_one(database, BOB)
    assert (theirs.id, theirs.attempts) == (mine.id, 2)


async def test_a_job_that_is_kept_does_not_come_back(
    database: Database, clock: ManualClock
) -> None:
    await put(database, "kept", "left")
    kept, _ = await take(database, ANN)
    clock.advance(15)
    await jobs.keep(database, ANN, [kept.id])
    clock.advance(15)
    assert names(await take(database, BOB)) == ["left"]


async def test_nobody_keeps_a_job_of_somebody_else(database: Database, clock: ManualClock) -> None:
    await put(database, "job")
    job = await take_one(database, ANN)
    clock.advance(15)
    await jobs.keep(database, BOB, [job.id])
    clock.advance(15)
    assert names(await take(database, BOB)) == ["job"]


async def test_a_worker_that_lost_a_job_cannot_put_it_off_or_bury_it(
    database: Database, clock: ManualClock
) -> None:
    await put(database, "job")
    job = await take_one(database, ANN)
    clock.advance(30)
    await take_one(database, BOB)
    await jobs.put_off(database, job.id, clock.now(), worker_id=ANN)
    await jobs.bury(database, job.id, "gone", worker_id=ANN)
    assert await take(database) == []
    clock.advance(30)
    assert (await take_one(database)).attempts == 3
    await jobs.put_off(database, job.id, clock.now(), worker_id=ANN)
    assert (await take_one(database)).id == job.id


# --- the end of a job --------------------------------------------------------------------------


async def test_a_job_that_is_put_off_counts_its_attempts_unless_told_not_to(
    database: Database, clock: ManualClock
) -> None:
    await put(database, "job")
    job = await take_one(database)
    await jobs.put_off(database, job.id, clock.now() + SECOND, error="no answer")
    assert await take(database) == []
    clock.advance(1)
    assert (await take_one(database)).attempts == 2
    await jobs.put_off(database, job.id, clock.now(), counted=False)
    assert (await take_one(database)).attempts == 2


async def test_a_job_finished_in_a_transaction_that_fails_is_not_finished(
    database: Database, store: Store, clock: ManualClock
) -> None:
    await put(database, "job")
    job = await take_one(database)
    async with undone(database, store) as tx:
        await jobs.finish(tx, job.id)
    clock.advance(30)
    assert names(await take(database)) == ["job"]
    await jobs.finish(database.pool, job.id)
    clock.advance(30)
    assert await take(database) == []


async def test_a_buried_job_runs_again_only_when_it_is_replayed(
    database: Database, clock: ManualClock
) -> None:
    await put(database, "job")
    job = await take_one(database)
    assert not await jobs.replay(database, job.id)
    await jobs.bury(database, job.id, "broken")
    clock.advance(3600)
    assert await take(database) == []
    assert await jobs.replay(database, job.id)
    again = await take_one(database)
    assert (again.id, again.payload, again.attempts) == (job.id, job.payload, 1)
    assert not await jobs.replay(database, UUID(int=404))


@pytest.mark.parametrize("error", ["a\0b", "half \ud83d", "long " * 10_000])
async def test_whatever_an_error_says_it_can_be_written_down(
    database: Database, error: str, clock: ManualClock
) -> None:
    await put(database, "job")
    job = await take_one(database)
    await jobs.put_off(database, job.id, clock.now(), error=error)
    await take_one(database)
    await jobs.bury(database, job.id, error)
    assert await jobs.replay(database, job.id)


# --- enqueuing ---------------------------------------------------------------------------------


async def test_a_dedupe_key_keeps_out_others_of_its_kind_until_the_job_is_done(
    database: Database,
) -> None:
    await put(database, "first", "second", dedupe_key="k")
    await put(database, "third", dedupe_key="k")
    await enqueue(database, Job(kind="other", payload={"name": "other"}, dedupe_key="k"))
    taken = {job.kind: job for job in await take(database)}
    assert names(list(taken.values())) == ["first", "other"]
    await put(database, "while it runs", dedupe_key="k")
    assert await take(database) == []
    await jobs.finish(database.pool, taken["test"].id)
    await put(database, "afterwards", dedupe_key="k")
    assert names(await take(database)) == ["afterwards"]


async def test_a_buried_job_keeps_nobody_out(database: Database) -> None:
    await put(database, "dead", dedupe_key="k")
    await jobs.bury(database, (await take_one(database)).id, "broken")
    await put(database, "alive", dedupe_key="k")
    assert names(await take(database)) == ["alive"]


async def test_a_replayed_job_never_runs_beside_one_with_its_key(
    database: Database, clock: ManualClock
) -> None:
    await put(database, "dead", dedupe_key="k")
    dead = await take_one(database)
    await jobs.bury(database, dead.id, "broken")
    await put(database, "alive", dedupe_key="k", run_at=clock.now() + 60 * SECOND)
    assert await jobs.replay(database, dead.id)
    alone = await take_one(database)
    assert alone.id != dead.id
    await jobs.finish(database.pool, alone.id)
    assert await take(database) == []


async def test_a_replayed_job_has_its_dedupe_key_again(database: Database) -> None:
    await put(database, "first", dedupe_key="k")
    job = await take_one(database)
    await jobs.bury(database, job.id, "broken")
    assert await jobs.replay(database, job.id)
    await put(database, "second", dedupe_key="k")
    assert names(await take(database)) == ["first"]


async def test_jobs_of_a_transaction_stand_or_fall_with_it(
    database: Database, store: Store
) -> None:
    woken: list[str] = []
    database.wake = lambda: woken.append("woken")
    async with undone(database, store) as tx:
        await jobs.enqueue_in(tx, Job(kind="test", payload={"name": "gone"}))
    assert (await take(database), woken) == ([], [])
    async with database.transaction(store.id) as tx:
        await jobs.enqueue_in(tx, Job(kind="test", payload={"name": "stays"}))
        assert woken == []
    assert (names(await take(database)), woken) == (["stays"], ["woken"])
    await put(database, "alone")
    assert woken == ["woken", "woken"]


async def test_any_number_of_jobs_is_one_statement(database: Database) -> None:
    await put(database, *map(str, range(10_000)))
    assert len(await take(database, most=20_000)) == 10_000
    await enqueue(database)


# --- schedules ---------------------------------------------------------------------------------


async def test_a_schedule_runs_in_one_of_many_processes(
    database: Database, clock: ManualClock
) -> None:
    async def claims(name: str) -> int:
        asked = (jobs.due(database, name, timedelta(minutes=1)) for _ in range(10))
        return sum(await asyncio.gather(*asked))

    assert await claims("sweep") == 1
    assert await claims("other") == 1
    clock.advance(59)
    assert await claims("sweep") == 0
    clock.advance(1)
    assert await claims("sweep") == 1


# --- lanes -------------------------------------------------------------------------------------


async def arrive(database: Database, store: Store, *keys: str) -> None:
    items = [Item(dedupe_key=key, lane="ann", body=key.encode()) for key in keys]
    arrivals = [Arrival(item=item, store_id=store.id) for item in items]
    await inbox.store_items(database, "p", arrivals)


async def test_a_job_brings_no_item_that_was_done_while_it_was_being_taken(
    database: Database, store: Store, owner: "asyncpg.Connection[Any]", clock: ManualClock
) -> None:
    await arrive(database, store, "done", "waits")
    first, _ = (await take_one(database)).items
    clock.advance(30)
    async with held_up(owner, "control.jobs", "BEFORE UPDATE"):
        taking = asyncio.create_task(take_one(database, BOB))
        await until_waiting(owner)
        await inbox.mark_item(database.pool, first.id, "done", clock.now())
    assert [item.item.dedupe_key for item in (await taking).items] == ["waits"]


async def test_a_buried_lane_is_worked_on_by_one_job_once_it_is_replayed(
    database: Database, store: Store, clock: ManualClock
) -> None:
    await arrive(database, store, "1")
    dead = await take_one(database)
    await jobs.bury(database, dead.id, "broken")
    await arrive(database, store, "2")
    assert await jobs.replay(database, dead.id)
    job = await take_one(database)
    assert [item.item.dedupe_key for item in job.items] == ["1", "2"]
