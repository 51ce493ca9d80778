"""One person's messages are worked on one after another, whoever works, and none is left lying."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from tests.support.deliveries import change, post, status, text
from tests.support.shop import AMINA, BRIAN, NUMBERS, Shop, open_shop, text_message
from tradewind.conversations.drain import drain
from tradewind.conversations.lane import Lane, let_go
from tradewind.database.sql import Writes
from tradewind.messaging import delivery
from tradewind.outbox import inbox, jobs
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.worker import Worker

DEMO = NUMBERS["demo"]
NEVER = timedelta(hours=1)
ALL_THE_TIME = timedelta(milliseconds=1)
LONGEST_SECONDS = 60


@pytest_asyncio.fixture
async def shop(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Shop]:
    async with open_shop(database_urls, clock=clock, messages_per_second=10_000) as opened:
        yield opened


@asynccontextmanager
async def working(shop: Shop, *, workers: int) -> AsyncIterator[None]:
    """One worker that is woken and never looks by itself, and others that look all the time."""
    others = [Worker(shop.engine, poll=ALL_THE_TIME) for _ in range(workers - 1)]
    hands = [*others, Worker(shop.engine, poll=NEVER)]
    running = [asyncio.create_task(hand.run()) for hand in hands]
    try:
        yield
    finally:
        for hand in hands:
            await hand.stop()
        await asyncio.gather(*running)


async def finished(owner: "asyncpg.Connection[Any]") -> None:
    """Wait until no job is left."""
    async with asyncio.timeout(LONGEST_SECONDS):
        while await owner.fetchval("SELECT count(*) FROM control.jobs"):
            pass


@pytest.mark.parametrize("workers", [1, 3])
async def test_messages_that_come_while_their_lane_is_worked_on_are_answered_in_order(
    shop: Shop, owner: "asyncpg.Connection[Any]", workers: int
) -> None:
    async def write(phone: str) -> None:
        for number in range(20):
            await shop.deliver(post(change(DEMO, messages=[text(phone, f"TRACK {number}")])))

    await shop.talks(AMINA, "hi")
    await shop.talks(BRIAN, "hi")
    async with working(shop, workers=workers):
        await asyncio.gather(write(AMINA), write(BRIAN))
        await finished(owner)
        await shop.carrier.deliveries.settle()
        await finished(owner)
    for phone in (AMINA, BRIAN):
        asked = [
            int(body["interactive"]["body"]["text"].split("order ")[1].split()[0])
            for body in await shop.hears(phone)
        ]
        assert asked == list(range(20))
    assert await shop.faults() == []


async def test_a_lane_has_one_job_however_much_waits(
    shop: Shop, owner: "asyncpg.Connection[Any]"
) -> None:
    for number in range(3):
        await shop.deliver(post(change(DEMO, messages=[text(AMINA, f"TRACK {number}")])))
    await shop.deliver(post(change(DEMO, messages=[text(BRIAN, "hi")])))
    lanes = await owner.fetch("SELECT payload ->> 'lane' AS lane FROM control.jobs ORDER BY 1")
    assert [row["lane"] for row in lanes] == [AMINA, BRIAN]


async def test_what_comes_while_a_job_is_leased_is_noticed_at_its_end(
    shop: Shop, clock: ManualClock
) -> None:
    database = shop.engine.database
    await shop.deliver(post(change(DEMO, messages=[text(AMINA, "hi")])))
    (taken,) = await jobs.take(database, database.new_id(), 5)
    assert len(taken.items) == 1
    await shop.deliver(post(change(DEMO, messages=[text(AMINA, "CART")])))
    assert await jobs.take(database, database.new_id(), 5) == []
    clock.advance(60)
    (again,) = await jobs.take(database, database.new_id(), 5)
    assert (again.id, len(again.items)) == (taken.id, 2)


async def test_a_worker_whose_lease_ran_out_says_nothing_twice(
    shop: Shop, clock: ManualClock
) -> None:
    engine, store = shop.engine, shop.branches["demo"].store
    await shop.deliver(post(change(DEMO, messages=[text(AMINA, "ADD TEA-250 1")])))
    (slow,) = await jobs.take(engine.database, engine.database.new_id(), 5)
    clock.advance(60)
    (quick,) = await jobs.take(engine.database, engine.database.new_id(), 5)
    await drain(engine, store, quick)
    await drain(engine, store, slow)
    await shop.settle()
    assert "1 × Kericho" in await shop.hears_text(AMINA)
    assert "Your cart, 1 item" in await shop.talks(AMINA, "CART")


async def test_an_answer_cut_off_by_a_crash_goes_out_even_if_only_news_come_after_it(
    shop: Shop, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, store = shop.engine, shop.branches["demo"].store
    await shop.talks(AMINA, "hi")
    (earlier,) = [m["id"] for m in await shop.messages(AMINA) if m["direction"] == "out"]
    await shop.arrives(AMINA, text_message("CART"))
    (job,) = await jobs.take(engine.database, engine.database.new_id(), 5)
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "send_all", crash)
        with pytest.raises(Crash):
            await drain(engine, store, job)
    clock.advance(60)
    news = {**status("wamid.any", "read", AMINA), "biz_opaque_callback_data": earlier}
    await shop.deliver(post(change(DEMO, statuses=[news])))
    await shop.settle()
    assert "empty" in await shop.hears_text(AMINA)


class Crash(BaseException):
    """The process ends here."""


async def crash(*_: Any) -> None:
    raise Crash


async def test_more_than_one_batch_is_worked_off(shop: Shop) -> None:
    messages = [text(AMINA, f"TRACK {number}") for number in range(60)]
    await shop.deliver(post(change(DEMO, messages=messages)))
    await shop.settle()
    assert len(await shop.hears(AMINA)) == 60


async def test_a_replayed_item_is_worked_on_again(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    async with shop.engine.database.transaction(shop.branches["demo"].store.id) as tx:
        (item, *_) = await inbox.list_items(tx, state="done")
        await inbox.replay_item(tx, item.id)
    await shop.settle()
    async with shop.engine.database.transaction(shop.branches["demo"].store.id) as tx:
        again = next(one for one in await inbox.list_items(tx) if one.id == item.id)
    assert (again.state, again.attempts) == ("done", 1)


async def test_a_worker_whose_lease_ran_out_frees_no_lane_that_another_holds(
    shop: Shop, owner: "asyncpg.Connection[Any]"
) -> None:
    await shop.deliver(post(change(DEMO, messages=[text(AMINA, "hi")])))
    database, store = shop.engine.database, shop.branches["demo"].store
    (slow,) = await jobs.take(database, database.new_id(), 1)
    shop.clock.advance(3600)
    (quick,) = await jobs.take(database, database.new_id(), 1)
    assert quick.id == slow.id
    late = Lane(
        store=store, plugin="whatsapp", name=AMINA, job_id=slow.id, leased_by=slow.leased_by
    )
    await owner.execute("UPDATE control.webhook_inbox SET state = 'done'")
    await let_go(database.pool, Writes(), late, shop.clock.now())
    await let_go(database.pool, Writes(), late, shop.clock.now(), shop.clock.now())
    assert await owner.fetchval("SELECT leased_by FROM control.jobs") == quick.leased_by
    mine = msgspec.structs.replace(late, leased_by=quick.leased_by)
    await let_go(database.pool, Writes(), mine, shop.clock.now())
    assert await owner.fetchval("SELECT count(*) FROM control.jobs") == 0


async def test_a_worker_hears_of_work_that_another_process_took_in(
    shop: Shop, owner: "asyncpg.Connection[Any]", superuser: "asyncpg.Connection[Any]"
) -> None:
    """Neither woken in its own process nor looking by itself, the worker still answers."""
    database = shop.engine.database
    worker = Worker(shop.engine, poll=NEVER)
    running = asyncio.create_task(worker.run())
    here = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = $1"
    name = await owner.fetchval("SELECT current_database()")
    async with asyncio.timeout(LONGEST_SECONDS):
        while not await superuser.fetchval(here, name):
            pass
        database.wake = lambda: None
        await shop.deliver(post(change(DEMO, messages=[text(AMINA, "hi")])))
        assert await owner.fetchval("SELECT count(*) FROM control.jobs") == 1
        database.name = "another process"
        await shop.deliver(post(change(DEMO, messages=[text(BRIAN, "hi")])))
        unheard = """SELECT count(*) FROM control.webhook_inbox
            WHERE state = 'pending' AND dedupe_key LIKE 'm:%'"""
        while await owner.fetchval(unheard):
            pass
    await worker.stop()
    await running
    assert len(await shop.hears(BRIAN)) == 1
