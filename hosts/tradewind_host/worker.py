"""The one table that wires events and kinds of jobs to services and plugins, and its loops."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tradewind.bulk.service import runs as imports
from tradewind.cases.service import NewCase, open_case
from tradewind.catalog.pictures import service as pictures
from tradewind.catalog.search import service as search
from tradewind.catalog.service import shelves
from tradewind.checkout import service as checkout
from tradewind.contracts.context import StoreContext
from tradewind.contracts.errors import Retry
from tradewind.contracts.events import Event
from tradewind.conversations.drain import drain
from tradewind.conversations.telling import ASK_AFTER, CHAT, TOLD, ask_after, tell
from tradewind.database import directory, sessions
from tradewind.database.engine import Store
from tradewind.database.listen import listening
from tradewind.messaging import codes
from tradewind.messaging.letters import service as letters
from tradewind.messaging.letters.service import LETTERS
from tradewind.messaging.received import service as received
from tradewind.outbox import inbox, live
from tradewind.outbox import jobs as queue
from tradewind.outbox import service as outbox
from tradewind.outbox.jobs import TakenJob
from tradewind.outbox.rules import MAX_ATTEMPTS
from tradewind.outbox.runner import Handler, Runner
from tradewind.plugins import told
from tradewind.settings.engine import Engine
from tradewind_host import idempotency
from tradewind_host.media import foreign

_LOG = logging.getLogger(__name__)
_TICK = timedelta(seconds=1)
_FETCHES = 4
"""The most files of shoppers that are fetched at the same time: chats must go on beside them."""


class Undelivered(Exception):
    """A subscriber did not take an event; says why, without its secrets."""


_HELD = "The plugin is switched on but cannot run just now."
_OFF = "The plugin is disabled."


class Worker:
    """Relays events, runs jobs and keeps the schedules of one process."""

    def __init__(self, engine: Engine, *, concurrency: int = 16, poll: timedelta = _TICK) -> None:
        """`poll`: how often to look for work that other processes have left."""
        self._engine = engine
        self._poll = poll
        self._runner = Runner(
            engine.database,
            self._handlers(),
            buried=self._buried,
            concurrency=concurrency,
            poll=poll,
        )
        self._relay_awake = asyncio.Event()
        self._schedules_awake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._fetches = 0

    def _handlers(self) -> Mapping[str, Handler]:
        """Kind of job → what does it."""
        return {
            inbox.DRAIN: self._drain,
            outbox.DELIVER: self._deliver,
            checkout.POLL: self._for_id(checkout.poll_payment, "session_id"),
            checkout.CALL_OFF: self._for_id(checkout.call_off_payment, "payment_id"),
            checkout.LATE: self._look_up_late,
            ASK_AFTER: self._for_id(ask_after, "session_id"),
            checkout.REFUND: self._follow_refund,
            checkout.CAPTURE: self._follow_capture,
            codes.SEND_CODE: self._send_code,
            imports.IMPORT: self._import,
            pictures.FETCH: self._fetch_pictures,
            shelves.TOUCH_SHELF: self._touch_shelf,
            shelves.EMPTY_SHELF: self._empty_shelf,
            received.KEEP: self._keep_received,
        }

    def _schedules(self) -> Mapping[str, tuple[timedelta, Callable[[], Awaitable[None]]]]:
        """Name → how often over all processes, and what is done."""
        return {
            "expire_carts": (timedelta(minutes=10), self._each_store(checkout.expire_carts)),
            "abandoned_carts": (
                timedelta(minutes=5),
                self._each_store(checkout.note_abandoned_carts),
            ),
            "forget_carts": (timedelta(hours=1), self._each_store(checkout.forget_carts)),
            "expire_orders": (timedelta(minutes=1), self._each_store(checkout.expire_orders)),
            "release_holds": (
                timedelta(minutes=1),
                self._each_store(checkout.release_expired_holds),
            ),
            "release_held": (timedelta(minutes=1), self._each_store(_release_held)),
            "catch_up_search": (timedelta(minutes=10), self._each_store(search.catch_up)),
            "fetch_pictures": (timedelta(minutes=1), self._each_store(foreign.catch_up)),
            "count_words": (timedelta(days=1), self._each_store(search.count_words)),
            "forget": (timedelta(minutes=10), self._forget),
            "forget_imports": (timedelta(hours=1), self._each_store(_forget_imports)),
            "forget_received": (timedelta(hours=1), self._each_store(received.forget_old)),
            "forget_codes": (timedelta(hours=1), self._each_store(codes.forget_codes)),
            "forget_answers": (timedelta(minutes=10), self._each_store(idempotency.forget_old)),
        }

    # --- loops -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until `stop`."""
        self._engine.database.wake = self._runner.wake
        self._engine.database.wake_relay = self._relay_awake.set
        async with asyncio.TaskGroup() as group:
            group.create_task(self._runner.run())
            group.create_task(self._relay_loop())
            group.create_task(self._schedule_loop())
            group.create_task(self._listen_loop())

    def wake(self) -> None:
        """Look at everything now: work may have come, or the clock may have been moved."""
        self._runner.wake()
        self._relay_awake.set()
        self._schedules_awake.set()

    async def stop(self) -> None:
        """Take on nothing new; `run` returns when what is under way is done."""
        self._stopping.set()
        self.wake()
        await self._runner.stop()

    async def work_off(self) -> None:
        """Relay and do all that is due now and what follows from it, instead of `run`."""
        while await self.relay_once() + await self._runner.work_off():
            pass

    async def _listen_loop(self) -> None:
        """Be woken by other processes' work; while the line is down the poll has to do."""
        while not self._stopping.is_set():
            try:
                async with listening(self._engine.database, self._runner.wake) as lost:
                    ended = [asyncio.create_task(one.wait()) for one in (lost, self._stopping)]
                    await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
                    for task in ended:
                        task.cancel()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _LOG.warning("nobody can be heard: %s", error)
                await _wait(self._stopping, _TICK)

    async def _relay_loop(self) -> None:
        while not self._stopping.is_set():
            self._relay_awake.clear()
            try:
                if not await self.relay_once():
                    await _wait(self._relay_awake, self._poll)
            except Exception:  # noqa: BLE001 - the pointers stay for the next round
                _LOG.exception("events could not be relayed")
                await _wait(self._stopping, _TICK)

    async def relay_once(self) -> int:
        """Fan out what waits; returns how many events there were."""
        stores = await outbox.stores_with_pointers(self._engine.database)
        return sum([await self._relay(store_id) for store_id in stores])

    async def _relay(self, store_id: UUID) -> int:
        """One store's events; what goes wrong there holds nobody else up."""
        engine = self._engine
        try:
            store = await engine.store(store_id)
            own = {CHAT: TOLD, LETTERS: await letters.written_by(engine, store)}
            subscribers = self._subscribers(await engine.switched_on(store), own)
            return await outbox.relay(engine.database, subscribers, store_id)
        except Exception:  # noqa: BLE001 - the pointers stay for the next round
            _LOG.exception("events of store %s could not be relayed", store_id)
            return 0

    def _subscribers(
        self, listening: frozenset[str], own: Mapping[str, frozenset[str]]
    ) -> Callable[[UUID, str], list[str]]:
        """`own` are core's subscribers, each with the types of events that it wants."""

        def of(_store_id: UUID, event_type: str) -> list[str]:
            wanted = [n for n in self._engine.plugins.subscribers(event_type) if n in listening]
            return [*wanted, *(name for name, types in own.items() if event_type in types)]

        return of

    async def _schedule_loop(self) -> None:
        while not self._stopping.is_set():
            self._schedules_awake.clear()
            for name, (every, action) in self._schedules().items():
                try:
                    if await queue.due(self._engine.database, name, every):
                        await action()
                except Exception:  # noqa: BLE001 - one schedule must not end the others
                    _LOG.exception("schedule %s failed", name)
            await _wait(self._schedules_awake, timedelta(seconds=10))

    # --- jobs --------------------------------------------------------------------------------

    async def _drain(self, job: TakenJob) -> bool:
        await drain(self._engine, await self._store(job), job)
        return True

    async def _deliver(self, job: TakenJob) -> bool:
        """One event to one subscriber; its job is finished with the mark."""
        store = await self._store(job)
        delivery_id = UUID(job.payload["delivery_id"])
        database = self._engine.database
        async with database.transaction(store.id) as tx:
            found = await outbox.pending_delivery(tx, delivery_id)
        if found is None:
            return False
        event, subscriber = found
        context = await self._context(store, subscriber)
        try:
            if context is not None:
                await self._engine.plugins.deliver(subscriber, event, context)
            elif subscriber in _OWN:
                await _OWN[subscriber](self._engine, store, event)
        except Exception as error:  # noqa: BLE001 - a subscriber may raise anything
            words = told(error, context.settings if context is not None else None)
            await self._not_delivered(job, store, delivery_id, words)
            raise _retold(error, words) from None
        async with database.transaction(store.id) as tx:
            if context is not None or subscriber in _OWN:
                await outbox.mark_delivery(tx, delivery_id, "done")
            elif subscriber in await self._engine.switched_on(store):
                await outbox.hold_delivery(tx, delivery_id, _HELD)
            else:
                await outbox.mark_delivery(tx, delivery_id, "dead", _OFF)
            await queue.finish(tx, job.id)
        return True

    async def _context(self, store: Store, subscriber: str) -> StoreContext[Any] | None:
        """A plugin's context, or None when it cannot run even by what is stored right now."""
        if subscriber in _OWN:
            return None
        context = await self._engine.context(store, subscriber)
        if context is None:
            self._engine.forget(store.id)
            context = await self._engine.context(store, subscriber)
        return context

    async def _not_delivered(
        self, job: TakenJob, store: Store, delivery_id: UUID, words: str
    ) -> None:
        state = "dead" if job.attempts >= MAX_ATTEMPTS else "pending"
        async with self._engine.database.transaction(store.id) as tx:
            await outbox.mark_delivery(tx, delivery_id, state, words)

    async def _buried(self, job: TakenJob, error: str) -> None:
        """Nobody loses a job silently: it becomes a case of its store."""
        if job.store_id is None:
            return
        async with self._engine.database.transaction(job.store_id) as tx:
            if job.kind == imports.IMPORT:
                await imports.give_up(tx, UUID(job.payload["import_id"]), error)
            await open_case(
                tx,
                NewCase(
                    kind="dead_letter",
                    dedupe_key=f"job:{job.id}",
                    title=f"A job ({job.kind}) was given up",
                    subject_type="job",
                    subject_id=str(job.id),
                    evidence={"error": error, "payload": job.payload},
                    actions=("replay", "close"),
                ),
            )

    def _for_id(
        self, action: Callable[[Engine, Store, UUID], Awaitable[object]], name: str
    ) -> Handler:
        async def handle(job: TakenJob) -> bool:
            await action(self._engine, await self._store(job), UUID(job.payload[name]))
            return False

        return handle

    async def _look_up_late(self, job: TakenJob) -> bool:
        payment_id, number = UUID(job.payload["payment_id"]), int(job.payload["number"])
        await checkout.look_up_late(self._engine, await self._store(job), payment_id, number)
        return False

    async def _follow_refund(self, job: TakenJob) -> bool:
        refund_id, attempt = UUID(job.payload["refund_id"]), int(job.payload["attempt"])
        await checkout.follow_refund(self._engine, await self._store(job), refund_id, attempt)
        return False

    async def _follow_capture(self, job: TakenJob) -> bool:
        capture_id, attempt = UUID(job.payload["capture_id"]), int(job.payload["attempt"])
        await checkout.follow_capture(self._engine, await self._store(job), capture_id, attempt)
        return False

    async def _send_code(self, job: TakenJob) -> bool:
        claimed, locale = codes.claim_of(job.payload), str(job.payload["locale"])
        await codes.send(self._engine, await self._store(job), claimed, locale)
        return False

    async def _keep_received(self, job: TakenJob) -> bool:
        plugin, message_id = str(job.payload["plugin"]), UUID(job.payload["message_id"])
        store, database = await self._store(job), self._engine.database
        if self._fetches >= _FETCHES:
            again = database.clock.now() + _TICK
            await queue.put_off(database, job.id, again, counted=False)
            return True
        self._fetches += 1
        try:
            await received.keep(self._engine, store, plugin, message_id, job.attempts)
        finally:
            self._fetches -= 1
        return False

    async def _import(self, job: TakenJob) -> bool:
        """A file for a while; the others have their turn before it goes on."""
        store, import_id = await self._store(job), UUID(job.payload["import_id"])
        database = self._engine.database
        if not await imports.work_on(database, store, import_id):
            return False
        await queue.put_off(database, job.id, database.clock.now(), counted=False)
        self._runner.wake()
        return True

    async def _fetch_pictures(self, job: TakenJob) -> bool:
        """Pictures of one store for a while; the others have their turn before it goes on."""
        database = self._engine.database
        if not await foreign.fetch_due(self._engine, await self._store(job)):
            return False
        await queue.put_off(database, job.id, database.clock.now(), counted=False)
        self._runner.wake()
        return True

    async def _touch_shelf(self, job: TakenJob) -> bool:
        """The next products of a shelf; the job behind it is written with them."""
        store, database = await self._store(job), self._engine.database
        category_id, after = UUID(job.payload["category_id"]), UUID(job.payload["after"])
        async with database.transaction(store.id) as tx:
            await shelves.touch_shelf(tx, category_id, after)
            await queue.finish(tx, job.id)
        return True

    async def _empty_shelf(self, job: TakenJob) -> bool:
        """Some products of a shelf that goes; the other jobs have their turn before the next."""
        store, category_id = await self._store(job), UUID(job.payload["category_id"])
        database = self._engine.database
        if not await shelves.empty_shelf(database, store.id, category_id):
            return False
        await queue.put_off(database, job.id, database.clock.now(), counted=False)
        self._runner.wake()
        return True

    # --- schedules ---------------------------------------------------------------------------

    def _each_store(
        self, action: Callable[[Engine, Store], Awaitable[object]]
    ) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            for store in await directory.all_stores(self._engine.database):
                try:
                    await action(self._engine, store)
                except Exception:  # noqa: BLE001 - one store must not stop the others
                    _LOG.exception("a schedule failed for store %s", store.slug)

        return run

    async def _forget(self) -> None:
        await live.forget_old(self._engine.database)
        await inbox.forget_old(self._engine.database)
        await sessions.forget_old(self._engine.database)

    async def _store(self, job: TakenJob) -> Store:
        if job.store_id is None:
            raise TypeError(f"a job of kind {job.kind} has no store")
        return await self._engine.store(job.store_id)


_OWN: Mapping[str, Callable[[Engine, Store, Event], Awaitable[None]]] = {
    CHAT: tell,
    LETTERS: letters.write,
}
"""Core's own subscribers."""


async def _forget_imports(engine: Engine, store: Store) -> None:
    await imports.forget_old(engine.database, store)


async def _release_held(engine: Engine, store: Store) -> None:
    """Deliver what was held for plugins that run again, or that were switched off meanwhile."""
    waiting = await engine.switched_on(store) - await engine.enabled(store)
    async with engine.database.transaction(store.id) as tx:
        held = await outbox.held_subscribers(tx)
        await outbox.release_held(tx, [name for name in held if name not in waiting])


def _retold(error: Exception, words: str) -> Exception:
    """The same failure without secrets; what asked for a time to come back still does."""
    kind = Retry(error.after, words) if isinstance(error, Retry) else Undelivered(words)
    return kind.with_traceback(error.__traceback__)


async def _wait(event: asyncio.Event, longest: timedelta) -> None:
    try:
        async with asyncio.timeout(longest.total_seconds()):
            await event.wait()
    except TimeoutError:
        return
