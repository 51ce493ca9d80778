"""Events: written with what caused them, relayed once to everybody who wants them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from tests.support.engines import engine_with, open_store
from tests.support.scripted_plugins import LOW, PLACED, Scripted, raising, returning
from tests.support.undone import undone
from tradewind.cases.service import list_cases
from tradewind.contracts.errors import NotFound
from tradewind.contracts.events import EVENT_TYPES, Event, OrderPlaced, StockLow, type_of
from tradewind.contracts.money import Money
from tradewind.database import Database, Store, Transaction
from tradewind.outbox import jobs
from tradewind.outbox.rules import MAX_ATTEMPTS
from tradewind.outbox.service import (
    DELIVER,
    list_deliveries,
    list_events,
    mark_delivery,
    pending_delivery,
    record,
    relay,
    replay_delivery,
    stores_with_pointers,
)
from tradewind.settings.engine import Engine
from tradewind.testing.clock import ManualClock
from tradewind_host.worker import Worker


def placed(tx: Transaction, number: int = 1) -> OrderPlaced:
    return msgspec.structs.replace(
        PLACED, id=tx.new_id(), store_id=tx.store_id, order_id=tx.new_id(), number=str(number)
    )


async def happen(database: Database, store: Store, count: int = 1) -> list[OrderPlaced]:
    """Record events that an order was placed."""
    async with database.transaction(store.id) as tx:
        events = [placed(tx, number) for number in range(count)]
        await record(tx, *events)
    return events


def to(*names: str) -> Any:
    """Subscribers that want every event in every store."""

    def of(_store_id: UUID, _type: str) -> Sequence[str]:
        return names

    return of


async def pointers(database: Database) -> list[str]:
    rows = await database.pool.fetch("SELECT type FROM control.outbox_pointers ORDER BY position")
    return [row["type"] for row in rows]


async def told(database: Database, store: Store) -> list[tuple[UUID, str]]:
    """Who is to be told of which event, in the order of telling."""
    async with database.transaction(store.id) as tx:
        deliveries = {one.id: one for one in await list_deliveries(tx, limit=100_000)}
    taken = await jobs.take(database, database.new_id(), 100_000)
    assert {(job.kind, job.store_id) for job in taken} <= {(DELIVER, store.id)}
    found = [deliveries[UUID(job.payload["delivery_id"])] for job in taken]
    assert len(found) == len(deliveries)
    return [(one.event_id, one.subscriber) for one in found]


# --- recording ---------------------------------------------------------------------------------


async def test_an_event_stands_or_falls_with_what_caused_it(
    database: Database, store: Store
) -> None:
    woken: list[str] = []
    database.wake_relay = lambda: woken.append("woken")
    async with undone(database, store) as tx:
        await record(tx, placed(tx))
    assert (await pointers(database), woken) == ([], [])
    async with database.transaction(store.id) as tx:
        assert await list_events(tx) == []
        await record(tx, placed(tx))
        await record(tx)
        assert woken == []
    assert (await pointers(database), woken) == (["order.placed"], ["woken"])
    async with database.transaction(store.id) as tx:
        assert len(await list_events(tx)) == 1


async def test_only_what_somebody_may_want_waits_for_the_relay(
    database: Database, store: Store
) -> None:
    woken: list[str] = []
    database.wake_relay = lambda: woken.append("woken")
    database.relayed = frozenset({"stock.low"})
    async with database.transaction(store.id) as tx:
        low = msgspec.structs.replace(LOW, id=tx.new_id(), store_id=store.id)
        await record(tx, placed(tx), low, placed(tx))
    assert await pointers(database) == ["stock.low"]
    await happen(database, store)
    assert len(woken) == 1
    async with database.transaction(store.id) as tx:
        assert len(await list_events(tx)) == 4
        assert [one.type for one in await list_events(tx, kind="stock.low")] == ["stock.low"]


def example(kind: Any, tx: Transaction) -> Event:
    """An event of a kind, with a value in every field."""
    known: dict[Any, Any] = {UUID: tx.new_id(), int: 7, str: "é", Money: Money(9, "KES")}
    known |= {UUID | None: tx.new_id(), str | None: "é"}
    given: dict[str, Any] = {"occurred_at": tx.now, "metadata": {"gift": ["yes", {"to": "Ann"}]}}
    fields = msgspec.structs.fields(kind)
    made: Event = kind(**{one.name: given.get(one.name, known.get(one.type)) for one in fields})
    return made


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=type_of)
async def test_every_kind_of_event_is_told_as_it_was_recorded(
    database: Database, store: Store, kind: type[Any]
) -> None:
    async with database.transaction(store.id) as tx:
        event = msgspec.structs.replace(example(kind, tx), store_id=store.id)
        await record(tx, event)
    await relay(database, to("ann"), store.id)
    async with database.transaction(store.id) as tx:
        [delivery] = await list_deliveries(tx)
        assert await pending_delivery(tx, delivery.id) == (event, "ann")
        [recorded] = await list_events(tx)
    assert (recorded.type, recorded.sequence) == (type_of(kind), 7)
    assert delivery.type == recorded.type


async def test_an_event_may_hold_what_postgresql_refuses(database: Database, store: Store) -> None:
    async with database.transaction(store.id) as tx:
        await record(tx, msgspec.structs.replace(placed(tx), metadata={"note": "a\0b"}))
        [event] = await list_events(tx)
    assert event.payload["metadata"] == {"note": "ab"}


async def test_events_are_paged_in_the_order_in_which_they_happened(
    database: Database, store: Store
) -> None:
    events = await happen(database, store, 5)
    async with database.transaction(store.id) as tx:
        page = await list_events(tx, limit=2)
        rest = await list_events(tx, after=page[-1].id)
    assert [one.id for one in (*page, *rest)] == [event.id for event in events]


# --- relaying ----------------------------------------------------------------------------------


async def test_each_subscriber_is_told_of_each_event_once_and_in_order(
    database: Database, store: Store
) -> None:
    events = await happen(database, store, 3)
    assert await relay(database, to("ann", "bob"), store.id) == 3
    assert await relay(database, to("ann", "bob"), store.id) == 0
    expected = [(event.id, name) for event in events for name in ("ann", "bob")]
    assert await told(database, store) == expected


async def test_an_event_that_is_relayed_again_is_not_told_again(
    database: Database, store: Store
) -> None:
    [event] = await happen(database, store)
    await relay(database, to("ann"), store.id)
    await database.pool.execute(
        "INSERT INTO control.outbox_pointers (store_id, event_id, type) VALUES ($1, $2, $3)",
        store.id,
        event.id,
        "order.placed",
    )
    assert await relay(database, to("ann", "bob"), store.id) == 1
    assert await told(database, store) == [(event.id, "ann"), (event.id, "bob")]


async def test_an_event_that_nobody_wants_waits_for_nothing(
    database: Database, store: Store
) -> None:
    await happen(database, store)
    assert await relay(database, to(), store.id) == 1
    assert await told(database, store) == []
    assert await stores_with_pointers(database) == []


async def test_a_relay_that_fails_loses_nothing(database: Database, store: Store) -> None:
    events = await happen(database, store, 2)

    def broken(_store_id: UUID, _type: str) -> Sequence[str]:
        raise LookupError

    with pytest.raises(LookupError):
        await relay(database, broken, store.id)
    assert await relay(database, to("ann"), store.id) == 2
    assert await told(database, store) == [(event.id, "ann") for event in events]


async def test_two_relays_at_once_tell_nobody_twice(database: Database, store: Store) -> None:
    events = await happen(database, store, 150)
    await happen(database, store, 150)
    counts = await asyncio.gather(*(relay(database, to("ann"), store.id) for _ in range(4)))
    assert sum(counts) == 300
    pairs = await told(database, store)
    assert len(set(pairs)) == len(pairs) == 300
    assert {event.id for event in events} <= {event_id for event_id, _ in pairs}


async def test_a_batch_for_many_subscribers_is_one_batch(database: Database, store: Store) -> None:
    await happen(database, store, 201)
    many = to(*(f"plugin-{number}" for number in range(25)))
    assert await relay(database, many, store.id) == 200
    assert await relay(database, many, store.id) == 1
    assert len(await told(database, store)) == 201 * 25


async def test_stores_do_not_see_one_anothers_events(
    database: Database, store: Store, second_store: Store
) -> None:
    [mine] = await happen(database, store)
    await happen(database, second_store)
    assert set(await stores_with_pointers(database)) == {store.id, second_store.id}
    assert await relay(database, to("ann"), store.id) == 1
    assert await stores_with_pointers(database) == [second_store.id]
    async with database.transaction(store.id) as tx:
        [delivery] = await list_deliveries(tx)
        assert delivery.event_id == mine.id
    async with database.transaction(second_store.id) as tx:
        assert mine.id not in [event.id for event in await list_events(tx)]
        assert await list_deliveries(tx) == []
        assert await pending_delivery(tx, delivery.id) is None
        await mark_delivery(tx, delivery.id, "dead", "mine now")
        with pytest.raises(NotFound):
            await replay_delivery(tx, delivery.id)
    async with database.transaction(store.id) as tx:
        assert [one.state for one in await list_deliveries(tx)] == ["pending"]


# --- telling -----------------------------------------------------------------------------------


class House:
    """Two subscribers in one store, and a worker that does what is due when it is told to."""

    def __init__(self, engine: Engine, store: Store, ann: Scripted, bob: Scripted) -> None:
        self.engine, self.store, self.ann, self.bob = engine, store, ann, bob
        self.worker = Worker(engine)

    async def states(self) -> dict[str, tuple[str, int]]:
        """How far the only event got, by subscriber."""
        async with self.engine.database.transaction(self.store.id) as tx:
            return {one.subscriber: (one.state, one.attempts) for one in await list_deliveries(tx)}

    async def replay(self, subscriber: str) -> None:
        async with self.engine.database.transaction(self.store.id) as tx:
            [one] = [one for one in await list_deliveries(tx) if one.subscriber == subscriber]
            await replay_delivery(tx, one.id)

    async def jobs(self) -> int:
        count: int = await self.engine.database.pool.fetchval("SELECT count(*) FROM control.jobs")
        return count


@pytest_asyncio.fixture
async def house(database: Database) -> AsyncIterator[House]:
    ann, bob = Scripted("ann", returning(None)), Scripted("bob", returning(None))
    database.relayed = frozenset({type_of(StockLow)})
    async with engine_with(database, ann, bob) as engine:
        store = await open_store(engine, "shop", "ann", "bob")
        async with database.transaction(store.id) as tx:
            await record(tx, msgspec.structs.replace(LOW, id=tx.new_id(), store_id=store.id))
        yield House(engine, store, ann, bob)


def ids(plugin: Scripted) -> list[UUID]:
    """The events a plugin was told of, in order."""
    return [seen[0].id for seen in plugin.seen]


async def test_every_subscriber_is_told_with_its_own_context(house: House) -> None:
    await house.worker.work_off()
    for plugin in (house.ann, house.bob):
        [(event, context)] = plugin.seen
        assert (event.sku, context.store.id) == (LOW.sku, house.store.id)
    assert await house.states() == {"ann": ("done", 1), "bob": ("done", 1)}
    assert await house.jobs() == 0


async def test_a_subscriber_that_fails_is_told_again_and_is_in_nobodys_way(
    house: House, clock: ManualClock
) -> None:
    house.ann.behaviour = raising(ConnectionError("away"))
    await house.worker.work_off()
    assert await house.states() == {"ann": ("pending", 1), "bob": ("done", 1)}
    house.ann.behaviour = returning(None)
    clock.advance(60)
    await house.worker.work_off()
    assert await house.states() == {"ann": ("done", 2), "bob": ("done", 1)}
    assert ids(house.ann) == [*ids(house.bob), *ids(house.bob)]
    assert house.bob.calls == 1


async def test_what_a_subscriber_never_took_is_a_dead_letter_that_can_be_replayed(
    house: House, clock: ManualClock
) -> None:
    house.ann.behaviour = raising(ConnectionError("away"))
    for _ in range(MAX_ATTEMPTS + 2):
        await house.worker.work_off()
        clock.advance(24 * 3600)
    assert house.ann.calls == MAX_ATTEMPTS
    assert await house.states() == {"ann": ("dead", MAX_ATTEMPTS), "bob": ("done", 1)}
    async with house.engine.database.transaction(house.store.id) as tx:
        [case] = await list_cases(tx)
        [dead] = await list_deliveries(tx, state="dead")
    assert case.kind == "dead_letter"
    assert "away" in dead.error
    house.ann.behaviour = returning(None)
    await house.replay("ann")
    assert (await house.states())["ann"][0] == "pending"
    await house.worker.work_off()
    assert (await house.states())["ann"][0] == "done"
    assert len(set(ids(house.ann))) == 1
    assert await house.jobs() == 0


async def test_a_delivery_that_was_made_is_not_made_again_unless_it_is_replayed(
    house: House,
) -> None:
    await house.worker.work_off()
    async with house.engine.database.transaction(house.store.id) as tx:
        for delivery in await list_deliveries(tx):
            await mark_delivery(tx, delivery.id, "pending", "a late word of a slow worker")
            assert await pending_delivery(tx, delivery.id) is None
    assert await house.states() == {"ann": ("done", 1), "bob": ("done", 1)}
    await house.replay("bob")
    await house.worker.work_off()
    assert (house.ann.calls, house.bob.calls) == (1, 2)
    assert ids(house.bob)[0] == ids(house.bob)[1]


async def test_a_replay_that_is_asked_for_twice_tells_once(house: House) -> None:
    await house.worker.work_off()
    await house.replay("bob")
    await house.replay("bob")
    assert await house.jobs() == 1
    await house.worker.work_off()
    assert house.bob.calls == 2


async def test_a_delivery_says_when_it_was_tried(house: House, clock: ManualClock) -> None:
    before = clock.now()
    house.ann.behaviour = raising(ConnectionError("away"))
    await house.worker.work_off()
    clock.advance(1)
    house.ann.behaviour = returning(None)
    await house.worker.work_off()
    async with house.engine.database.transaction(house.store.id) as tx:
        [one] = [one for one in await list_deliveries(tx) if one.subscriber == "ann"]
    assert (one.created_at, one.updated_at, one.error) == (before, clock.now(), "")
