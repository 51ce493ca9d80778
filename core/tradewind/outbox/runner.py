"""The loop that takes jobs and hands them to their handlers, many at a time, until told to stop.

Woken in this process after a commit that left work, and by a short poll for other processes' work.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from uuid import UUID

from tradewind.database.engine import Database
from tradewind.outbox import jobs
from tradewind.outbox.jobs import TakenJob
from tradewind.outbox.rules import KEEP_EVERY, MAX_ATTEMPTS, wait_after
from tradewind.plugins.outcomes import in_words

_LOG = logging.getLogger(__name__)

Handler = Callable[[TakenJob], Awaitable[bool]]
"""Does a job; true when it finished or put off the job itself, in its own transaction."""

Buried = Callable[[TakenJob, str], Awaitable[None]]
"""Is told of a job that was given up."""


class Runner:
    """Runs jobs of the kinds in `handlers`, at most `concurrency` at once.

    A job of another kind fails like any other: a newer process may know it before it is given up.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        buried: Buried,
        concurrency: int = 16,
        poll: timedelta = timedelta(seconds=1),
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._buried = buried
        self._slots = concurrency
        self._poll = poll.total_seconds()
        self._id: UUID = database.new_id()
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._awake = asyncio.Event()
        self._stopping = False
        self._more = False

    def wake(self) -> None:
        """There may be work."""
        self._awake.set()

    async def run(self) -> None:
        """Work until `stop`; a database that is away for a while is waited for."""
        keeper = asyncio.create_task(self._keep())
        try:
            while not self._stopping:
                self._awake.clear()
                if not await self._take_safely():
                    await self._sleep()
        finally:
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def stop(self) -> None:
        """Take no more jobs; `run` returns when those under way are done."""
        self._stopping = True
        self.wake()

    async def work_off(self) -> int:
        """Do what is due now and what becomes due by it, instead of `run`; how many jobs."""
        done = 0
        while taken := await jobs.take(self._database, self._id, self._slots):
            await asyncio.gather(*map(self._do, taken))
            done += len(taken)
        return done

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(self._poll):
                await self._awake.wait()
        except TimeoutError:
            return

    async def _take_safely(self) -> bool:
        try:
            return await self._take()
        except Exception:  # noqa: BLE001 - the database may be away for a while
            _LOG.exception("jobs could not be taken")
            await asyncio.sleep(self._poll)
            return False

    async def _take(self) -> bool:
        free = self._slots - len(self._running)
        self._more = free <= 0
        if self._more:
            return False
        taken = await jobs.take(self._database, self._id, free)
        for job in taken:
            task = asyncio.create_task(self._do(job))
            self._running[job.id] = task
        self._more = len(taken) == free
        return self._more

    async def _do(self, job: TakenJob) -> None:
        try:
            await self._handle(job)
        except Exception:  # noqa: BLE001 - the lease brings the job back
            _LOG.exception("the outcome of a job (%s) could not be written down", job.kind)
        finally:
            self._running.pop(job.id, None)
            if self._more:
                self.wake()

    async def _handle(self, job: TakenJob) -> None:
        if job.attempts > MAX_ATTEMPTS:
            await self._give_up(job, "The workers that ran it ended before it did.")
            return
        try:
            itself = await self._handlers.get(job.kind, _nobody)(job)
        except Exception as error:  # noqa: BLE001 - any failure of a job is its own affair
            _LOG.exception("job %s failed, attempt %s", job.kind, job.attempts)
            await self._failed(job, error)
            return
        if not itself:
            await jobs.finish(self._database.pool, job.id)

    async def _failed(self, job: TakenJob, error: Exception) -> None:
        words = in_words(error)
        if job.attempts >= MAX_ATTEMPTS:
            await self._give_up(job, words)
            return
        again = self._database.clock.now() + wait_after(error, job.attempts)
        await jobs.put_off(self._database, job.id, again, error=words, worker_id=self._id)

    async def _give_up(self, job: TakenJob, words: str) -> None:
        await self._buried(job, words)
        await jobs.bury(self._database, job.id, words, worker_id=self._id)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY.total_seconds())
            held = list(self._running)
            if not held:
                continue
            try:
                await jobs.keep(self._database, self._id, held)
            except Exception:  # noqa: BLE001 - the next round extends them
                _LOG.exception("leases could not be extended")


async def _nobody(job: TakenJob) -> bool:
    raise LookupError(f"nobody here handles {job.kind}")
