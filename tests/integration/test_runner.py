"""The runner: many jobs at once, none lost, none in the way of another."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.support.jobs import enqueue
from tests.support.waiting import until
from tradewind.contracts.errors import Retry
from tradewind.database import Database, Store
from tradewind.outbox import jobs, runner
from tradewind.outbox.jobs import Job, TakenJob
from tradewind.outbox.rules import LEASE, MAX_ATTEMPTS, wait
from tradewind.outbox.runner import Handler, Runner
from tradewind.testing.clock import ManualClock

NEVER = timedelta(hours=1)
OFTEN = timedelta(milliseconds=5)
BOB = UUID(int=2)


class Buried:
    """Remembers what it was told was given up."""

    def __init__(self) -> None:
        self.told: list[tuple[UUID, str]] = []

    async def __call__(self, job: TakenJob, words: str) -> None:
        self.told.append((job.id, words))


class Work:
    """A handler whose jobs begin, and end when they are let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.most = 0
        self.let_go = asyncio.Event()

    async def __call__(self, job: TakenJob) -> bool:
        self.begun.append(job.payload["name"])
        self.most = max(self.most, len(self.begun) - len(self.done))
        await self.let_go.wait()
        self.done.append(job.payload["name"])
        return False


async def fails(job: TakenJob) -> bool:
    raise ValueError("no luck")


async def put(database: Database, *names: str, kind: str = "test") -> None:
    await enqueue(database, *(Job(kind=kind, payload={"name": name}) for name in names))


def make(database: Database, handlers: Mapping[str, Handler], **more: Any) -> Runner:
    made = Runner(database, handlers, **{"buried": Buried(), "poll": NEVER, **more})
    database.wake = made.wake
    return made


@asynccontextmanager
async def running(made: Runner) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(made.run())
    try:
        yield task
    finally:
        await made.stop()
        await asyncio.wait_for(task, 30)


async def row(database: Database) -> Any:
    """The only job there is, or None."""
    return await database.pool.fetchrow("SELECT * FROM control.jobs")


async def until_gone(database: Database) -> None:
    async def gone() -> bool:
        return await row(database) is None

    await until(gone, "all jobs are done")


async def until_begun(work: Work, count: int) -> None:
    async def begun() -> bool:
        await asyncio.sleep(0)
        return len(work.begun) >= count

    await until(begun, f"{count} jobs have begun")


# --- many at once ------------------------------------------------------------------------------


async def test_no_more_jobs_run_at_once_than_allowed_and_all_are_done(database: Database) -> None:
    work = Work()
    names = list(map(str, range(20)))
    await put(database, *names)
    async with running(make(database, {"test": work}, concurrency=3)):
        await until_begun(work, 3)
        work.let_go.set()
        await until_gone(database)
    assert work.most == 3
    assert sorted(work.done, key=int) == names


async def test_a_job_that_comes_while_the_runner_sleeps_wakes_it(database: Database) -> None:
    work = Work()
    work.let_go.set()
    async with running(make(database, {"test": work}, poll=NEVER)):
        for name in ("first", "second", "third"):
            await put(database, name)
            await until_gone(database)
    assert work.done == ["first", "second", "third"]


async def test_work_of_another_process_is_found_by_looking(database: Database) -> None:
    work = Work()
    work.let_go.set()
    made = make(database, {"test": work}, poll=OFTEN)
    async with running(made):
        database.wake = lambda: None
        await put(database, "job")
        await until_gone(database)


async def test_one_failing_job_is_in_nobodys_way(database: Database) -> None:
    work = Work()
    work.let_go.set()
    await put(database, "bad", kind="bad")
    await put(database, *map(str, range(5)))
    async with running(make(database, {"test": work, "bad": fails}, concurrency=1)):
        await until_begun(work, 5)
    left = await database.pool.fetch("SELECT kind, error FROM control.jobs")
    assert [tuple(job) for job in left] == [("bad", "ValueError: no luck")]


# --- failures ----------------------------------------------------------------------------------


async def test_each_failure_is_waited_for_longer(database: Database, clock: ManualClock) -> None:
    made = make(database, {"test": fails})
    await put(database, "job")
    for attempt in range(1, 6):
        assert await made.work_off() == 1
        job = await row(database)
        assert (job["attempts"], job["run_at"]) == (attempt, clock.now() + wait(attempt))
        assert job["leased_until"] is None
        clock.advance(wait(attempt).total_seconds())


@pytest.mark.parametrize(
    ("after", "seconds"),
    [(42.0, 42), (-5.0, 0), (1e300, 24 * 3600), (float("inf"), 1), (float("nan"), 1)],
)
async def test_a_job_that_asks_for_a_time_gets_it_within_reason(
    database: Database, clock: ManualClock, after: float, seconds: int
) -> None:
    attempts = 0

    async def once(job: TakenJob) -> bool:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise Retry(after)
        return False

    made = make(database, {"test": once})
    await put(database, "job")
    [job] = await jobs.take(database, made._id, 1)
    await made._do(job)
    assert (await row(database))["run_at"] == clock.now() + timedelta(seconds=seconds)


async def exhaust(made: Runner, clock: ManualClock) -> None:
    """Fail until nothing is tried any more."""
    clock.advance(24 * 3600)
    while await made.work_off():
        clock.advance(24 * 3600)


async def test_a_job_is_given_up_after_its_last_attempt_and_somebody_is_told(
    database: Database, clock: ManualClock
) -> None:
    buried, attempts = Buried(), []

    async def count(job: TakenJob) -> bool:
        attempts.append(job.attempts)
        raise ValueError("no luck")

    await put(database, "job")
    await exhaust(make(database, {"test": count}, buried=buried), clock)
    assert attempts == list(range(1, MAX_ATTEMPTS + 1))
    job = await row(database)
    assert buried.told == [(job["id"], "ValueError: no luck")]
    assert (job["state"], job["error"]) == ("dead", "ValueError: no luck")


async def test_a_kind_that_nobody_knows_is_tried_again_and_then_given_up_aloud(
    database: Database, clock: ManualClock
) -> None:
    buried = Buried()
    made = make(database, {}, buried=buried)
    await put(database, "job", kind="newer")
    assert await made.work_off() == 1
    assert (await row(database))["state"] == "ready"
    await exhaust(made, clock)
    [(_, words)] = buried.told
    assert "newer" in words
    assert (await row(database))["state"] == "dead"


async def test_a_job_that_ends_its_worker_each_time_is_given_up_without_being_run(
    database: Database, clock: ManualClock
) -> None:
    buried, work = Buried(), Work()
    await put(database, "poison")
    for _ in range(MAX_ATTEMPTS):
        assert await jobs.take(database, BOB, 1)
        clock.advance(LEASE.total_seconds() + 1)
    await make(database, {"test": work}, buried=buried).work_off()
    assert work.begun == []
    assert len(buried.told) == 1
    assert (await row(database))["state"] == "dead"


async def test_a_job_is_not_given_up_while_nobody_could_be_told(
    database: Database, clock: ManualClock
) -> None:
    heard: list[UUID] = []

    async def deaf_at_first(job: TakenJob, words: str) -> None:
        heard.append(job.id)
        if len(heard) == 1:
            raise ConnectionError

    await put(database, "job")
    made = make(database, {"test": fails}, buried=deaf_at_first)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        await made.work_off()
        assert (await row(database))["state"] == "ready"
        clock.advance(wait(attempt).total_seconds() + LEASE.total_seconds())
    await made.work_off()
    assert len(heard) == 2
    assert (await row(database))["state"] == "dead"


@pytest.mark.parametrize("text", ["a\0b", None])
async def test_an_error_that_cannot_be_written_down_as_it_is_still_counts(
    database: Database, clock: ManualClock, text: str | None
) -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            if text is None:
                raise RuntimeError
            return text

    async def odd(job: TakenJob) -> bool:
        raise Odd

    await put(database, "job")
    await make(database, {"test": odd}).work_off()
    job = await row(database)
    assert (job["run_at"], job["attempts"]) == (clock.now() + wait(1), 1)
    assert "Odd" in job["error"]


async def test_a_job_finishes_itself_where_it_says_so(
    database: Database, store: Store, clock: ManualClock
) -> None:
    async def finishes(job: TakenJob) -> bool:
        async with database.transaction(store.id) as tx:
            await jobs.finish(tx, job.id)
        return True

    async def puts_itself_off(job: TakenJob) -> bool:
        await jobs.put_off(database, job.id, clock.now() + timedelta(days=1), counted=False)
        return True

    made = make(database, {"finishes": finishes, "later": puts_itself_off})
    await put(database, "job", kind="finishes")
    await put(database, "job", kind="later")
    assert await made.work_off() == 2
    job = await row(database)
    assert (job["kind"], job["attempts"], job["error"]) == ("later", 0, "")


async def test_an_outcome_that_could_not_be_written_down_brings_the_job_back(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work()
    work.let_go.set()
    made = make(database, {"test": work})

    async def away(*_: object) -> None:
        raise ConnectionError

    await put(database, "job")
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "finish", away)
        await made.work_off()
    clock.advance(LEASE.total_seconds() + 1)
    await made.work_off()
    assert work.done == ["job", "job"]
    assert await row(database) is None


# --- leases, ends, and a database that is away -------------------------------------------------


async def until_kept(database: Database, before: datetime) -> None:
    async def kept() -> bool:
        leased: datetime = (await row(database))["leased_until"]
        return leased > before

    await until(kept, "the lease is extended")


async def test_a_long_job_is_kept_from_other_workers(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "KEEP_EVERY", OFTEN)
    work = Work()
    await put(database, "long")
    async with running(make(database, {"test": work})):
        await until_begun(work, 1)
        for _ in range(3):
            before = (await row(database))["leased_until"]
            clock.advance(15)
            await until_kept(database, before)
        assert await jobs.take(database, BOB, 1) == []
        work.let_go.set()
        await until_gone(database)
    assert work.done == ["long"]


async def test_stopping_waits_for_what_is_under_way_keeps_it_and_takes_nothing_new(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "KEEP_EVERY", OFTEN)
    work = Work()
    made = make(database, {"test": work})
    await put(database, "under way")
    async with running(made) as task:
        await until_begun(work, 1)
        await made.stop()
        await put(database, "new")
        before = await database.pool.fetchval("SELECT max(leased_until) FROM control.jobs")
        clock.advance(15)

        async def kept() -> bool:
            leased = await database.pool.fetchval("SELECT max(leased_until) FROM control.jobs")
            return bool(leased > before)

        await until(kept, "the lease is extended while the runner stops")
        assert not task.done()
        work.let_go.set()
        await asyncio.wait_for(task, 30)
    assert work.begun == work.done == ["under way"]
    left = await database.pool.fetch("SELECT payload ->> 'name' FROM control.jobs")
    assert [job[0] for job in left] == ["new"]


async def test_jobs_are_done_after_the_database_closed_every_connection(
    database: Database, superuser: "asyncpg.Connection[Any]"
) -> None:
    work = Work()
    work.let_go.set()
    async with running(make(database, {"test": work}, poll=OFTEN)) as task:
        await put(database, "before")
        await until_gone(database)
        closed = await superuser.fetchval(
            """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()"""
        )
        assert closed > 0

        async def enqueued() -> bool:
            try:
                await put(database, "after")
            except (asyncpg.PostgresError, asyncpg.InternalClientError, OSError):
                return False
            return True

        await until(enqueued, "the database is back")
        await until_begun(work, 2)
        assert not task.done()
        await until_gone(database)
    assert work.done == ["before", "after"]
