"""One-time codes as a machine of states: whatever is asked, typed and waited for, in any order."""

import asyncio
import hashlib
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradewind.customers.codes import service as codes
from tradewind.customers.codes.rules import EMAIL, LIFE, MOST, TRIES, WITHIN
from tradewind.customers.codes.service import Fresh
from tradewind.database import Database, Store
from tradewind.settings.keyring import Keyring, new_key
from tradewind.testing.clock import ManualClock

Step = Literal["ask", "right", "wrong", "older", "twice at once", "wait", "wait long"]
STEPS: tuple[Step, ...] = ("ask", "right", "wrong", "older", "twice at once", "wait", "wait long")


class Model:
    """What must be so: the newest code alone is good, once, for ten minutes and five tries."""

    def __init__(self, database: Database, store: Store, clock: ManualClock, identity: str) -> None:
        self.database, self.store, self.clock = database, store, clock
        self.identity = identity
        self.keyring = Keyring([new_key()])
        self.made: list[tuple[float, Fresh]] = []
        self.tries = 0
        self.used = False

    @property
    def now(self) -> float:
        return self.clock.now().timestamp()

    def good(self) -> bool:
        """Whether the newest code would be taken."""
        fresh = bool(self.made) and self.now < self.made[-1][0] + LIFE.total_seconds()
        return fresh and not self.used and self.tries < TRIES

    async def takes(self, code: str) -> bool:
        async with self.database.transaction(self.store.id) as tx:
            return await codes.redeem(tx, self.keyring, EMAIL, self.identity, code)

    async def step(self, step: Step) -> None:
        match step:
            case "ask":
                await self.ask()
            case "wait":
                self.clock.advance(LIFE.total_seconds() / 3)
            case "wait long":
                self.clock.advance(WITHIN.total_seconds() / 2)
            case _:
                await self.types(step)

    async def ask(self) -> None:
        lately = [at for at, _ in self.made if at > self.now - WITHIN.total_seconds()]
        async with self.database.transaction(self.store.id) as tx:
            fresh = await codes.make(tx, self.keyring, EMAIL, self.identity)
        assert (fresh is None) == (len(lately) >= MOST)
        if fresh is not None:
            assert len(fresh.code) == 6
            assert fresh.code.isdecimal()
            self.made.append((self.now, fresh))
            self.tries, self.used = 0, False

    async def types(self, step: Step) -> None:
        newest = self.made[-1][1].code if self.made else "000000"
        code = newest
        if step == "wrong":
            code = f"{(int(newest) + 1) % 1_000_000:06}"
        elif step == "older":
            code = next((one.code for _, one in self.made if one.code != newest), "x")
        right = self.good() and code == newest
        counted = self.good()
        if step == "twice at once":
            taken = await asyncio.gather(*(self.takes(code) for _ in range(2)))
            assert sum(taken) == (1 if right else 0)
        else:
            assert await self.takes(code) == right
        self.tries += 1 if counted else 0
        self.used = self.used or right


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=3, max_size=25))
async def test_whatever_is_done_the_newest_code_alone_is_good_once(
    database: Database, store: Store, clock: ManualClock, steps: list[Step]
) -> None:
    model = Model(database, store, clock, f"{database.new_id()}@example.com")
    await model.step("ask")
    for step in steps:
        await model.step(step)


async def test_a_code_is_known_by_the_key_that_made_it_while_that_is_on_the_ring(
    database: Database, store: Store
) -> None:
    old, new = new_key(), new_key()
    async with database.transaction(store.id) as tx:
        fresh = await codes.make(tx, Keyring([old]), EMAIL, "jane@example.com")
        assert fresh is not None
        assert not await codes.redeem(tx, Keyring([new]), EMAIL, "jane@example.com", fresh.code)
        both = Keyring([new, old])
        assert await codes.redeem(tx, both, EMAIL, "jane@example.com", fresh.code)


async def test_the_hash_of_a_code_is_not_to_be_guessed_without_the_key(
    database: Database, store: Store
) -> None:
    async with database.transaction(store.id) as tx:
        fresh = await codes.make(tx, Keyring([new_key()]), EMAIL, "jane@example.com")
        kept = await tx.fetchval("SELECT code_hash FROM shop.one_time_codes")
    assert fresh is not None
    for plain in (fresh.code, f"{fresh.id}{fresh.code}"):
        assert hashlib.sha256(plain.encode()).digest() != kept
    assert hashlib.sha256(fresh.id.bytes + fresh.code.encode()).digest() != kept


async def test_old_codes_are_forgotten(
    database: Database, store: Store, clock: ManualClock
) -> None:
    keyring = Keyring([new_key()])
    async with database.transaction(store.id) as tx:
        await codes.make(tx, keyring, EMAIL, "jane@example.com")
    clock.advance(25 * 60 * 60)
    async with database.transaction(store.id) as tx:
        await codes.make(tx, keyring, EMAIL, "jane@example.com")
        await codes.forget_old(tx)
        assert await tx.fetchval("SELECT count(*) FROM shop.one_time_codes") == 1


async def test_an_identity_is_made_few_codes_whatever_process_makes_them(
    database: Database, store: Store, clock: ManualClock
) -> None:
    model = Model(database, store, clock, "jane@example.com")
    for _ in range(MOST + 2):
        await model.step("ask")
    assert len(model.made) == MOST
    clock.advance(WITHIN.total_seconds())
    await model.step("ask")
    assert len(model.made) == MOST + 1
