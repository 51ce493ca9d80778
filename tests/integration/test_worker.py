"""The worker's loops: what goes wrong in one store holds no other store up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tests.support.jobs import enqueue
from tests.support.shop import AMINA, Shop, open_shop
from tradewind.checkout import service as checkout
from tradewind.database import Store
from tradewind.outbox.jobs import Job
from tradewind.settings.engine import Engine
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.idempotency import KEPT
from tradewind_host.worker import Worker


@pytest_asyncio.fixture
async def shop(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Shop]:
    async with open_shop(database_urls, clock=clock) as opened:
        yield opened


async def test_events_of_a_store_that_cannot_be_read_hold_no_other_store_up(
    shop: Shop, superuser: "asyncpg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = shop.branches["demo"].store, shop.branches["second"].store
    switched_on = Engine.switched_on

    async def of(engine: Engine, store: Store) -> frozenset[str]:
        if store.id == broken.id:
            raise LookupError
        return await switched_on(engine, store)

    await superuser.executemany(
        """INSERT INTO control.outbox_pointers (store_id, event_id, type)
           VALUES ($1, gen_random_uuid(), 'stock.low')""",
        [(broken.id,), (whole.id,)],
    )
    monkeypatch.setattr(Engine, "switched_on", of)
    assert await shop.worker.relay_once() == 1
    left = await superuser.fetch("SELECT store_id FROM control.outbox_pointers")
    assert [row["store_id"] for row in left] == [broken.id]


async def test_a_schedule_that_fails_in_one_store_runs_in_the_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def expire(_engine: Engine, store: Store) -> None:
        seen.append(store.slug)
        raise LookupError

    monkeypatch.setattr(checkout, "expire_carts", expire)
    _, action = Worker(shop.engine)._schedules()["expire_carts"]
    await action()
    assert seen == ["demo", "second"]


async def test_answers_to_named_requests_are_forgotten_after_a_day(
    shop: Shop, clock: ManualClock, superuser: "asyncpg.Connection[Any]"
) -> None:
    await _named(shop, "first")
    clock.advance(KEPT.total_seconds() + 1)
    await _named(shop, "second")
    _, action = Worker(shop.engine)._schedules()["forget_answers"]
    await action()
    rows = await superuser.fetch("SELECT key FROM shop.idempotency_keys")
    assert [row["key"] for row in rows] == ["second"]


class Noted:
    """Stands in for work that a store has done for it, and tells when it was."""

    def __init__(self) -> None:
        self.done = asyncio.Event()

    async def __call__(self, _engine: Engine, _store: Store, _subject: UUID | None = None) -> None:
        self.done.set()

    async def again(self) -> None:
        """Wait until it is done once more; fails when that takes longer than any wait but ours."""
        async with asyncio.timeout(8):
            await self.done.wait()
        self.done.clear()


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    work = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        await worker.stop()
        await work


async def test_a_schedule_runs_at_once_when_the_clock_was_moved_to_its_time(
    shop: Shop, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = Noted()
    monkeypatch.setattr(checkout, "release_expired_holds", released)
    worker = Worker(shop.engine, poll=timedelta(hours=1))
    async with running(worker):
        await released.again()
        clock.advance(61)
        worker.wake()
        await released.again()


async def test_a_job_runs_at_once_when_the_clock_was_moved_to_its_time(
    shop: Shop, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    polled = Noted()
    monkeypatch.setattr(checkout, "poll_payment", polled)
    worker = Worker(shop.engine, poll=timedelta(hours=1))
    session_id, in_an_hour = shop.engine.database.new_id(), clock.now() + timedelta(hours=1)
    async with running(worker):
        await enqueue(
            shop.engine.database,
            Job(
                kind=checkout.POLL,
                payload={"session_id": str(session_id)},
                store_id=shop.branches["demo"].store.id,
                run_at=in_an_hour,
            ),
        )
        worker.wake()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(polled.done.wait(), 0.2)
        clock.advance(3600)
        worker.wake()
        await polled.again()


async def _named(shop: Shop, key: str) -> None:
    headers = {
        "Authorization": f"Bearer {shop.branches['demo'].secret_key}",
        "Idempotency-Key": key,
    }
    answer = await shop.client.post("/admin/categories", json={"name": key}, headers=headers)
    assert answer.is_success, answer.text


@pytest.mark.parametrize("cipher", [b"lost", None], ids=["unreadable", "unfit"])
async def test_settings_that_cannot_be_read_stop_that_plugin_in_that_store_alone(
    shop: Shop, superuser: "asyncpg.Connection[Any]", cipher: bytes | None
) -> None:
    engine, broken = shop.engine, shop.branches["demo"].store
    cipher = cipher or engine.keyring.encrypt(b'{"since": "removed"}')
    for table in ("shop.plugin_settings", "control.business_channel_settings"):
        await superuser.execute(
            f"UPDATE {table} SET settings = $1 WHERE store_id = $2 AND plugin = 'whatsapp'",
            cipher,
            broken.id,
        )
    engine.forget(broken.id)
    assert await engine.enabled(broken) == {"manual"}
    assert "Welcome" in await shop.talks(AMINA, "hi", store="second")


async def test_an_account_that_another_store_has_is_refused(shop: Shop) -> None:
    second = shop.branches["second"]
    taken = {"settings": {"phone_number_id": shop.branches["demo"].number}}
    headers = {"Authorization": f"Bearer {second.secret_key}"}
    answer = await shop.client.put("/admin/plugins/whatsapp", json=taken, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "address_taken")
    accounts = await shop.engine.accounts("whatsapp")
    assert {one.address for one in accounts} == {one.number for one in shop.branches.values()}
