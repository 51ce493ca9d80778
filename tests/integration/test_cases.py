"""The money desk: one open case for each matter, with its evidence."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from tradewind.cases.service import (
    NewCase,
    close_case,
    get_case,
    list_cases,
    open_case,
)
from tradewind.contracts.errors import NotFound
from tradewind.contracts.money import Money
from tradewind.database import Database, Store
from tradewind.testing.clock import ManualClock

SHORTFALL = NewCase(
    kind="shortfall",
    dedupe_key="shortfall:1",
    title="10.00 KES are missing",
    subject_type="order",
    subject_id="1",
    amount=Money(1000, "KES"),
    evidence={"expected": 5000, "received": 4000},
    actions=("refund", "close"),
)


async def put(database: Database, store: Store, case: NewCase = SHORTFALL) -> UUID:
    async with database.transaction(store.id) as tx:
        return await open_case(tx, case)


async def test_a_case_is_shown_with_all_that_was_said_of_it(
    database: Database, store: Store
) -> None:
    case_id = await put(database, store)
    async with database.transaction(store.id) as tx:
        [case] = await list_cases(tx)
    assert case.id == case_id
    assert (case.kind, case.state, case.title) == ("shortfall", "open", SHORTFALL.title)
    assert (case.amount, case.currency) == (1000, "KES")
    assert case.evidence == {"expected": 5000, "received": 4000}
    assert case.actions == ["refund", "close"]
    assert (case.opened_at, case.closed_at) == (database.clock.now(), None)


async def test_one_matter_is_one_open_case_that_tells_the_latest(
    database: Database, store: Store
) -> None:
    first = await put(database, store)
    worse = msgspec.structs.replace(
        SHORTFALL, title="20.00 KES are missing", amount=Money(2000, "KES"), evidence={"at": 2}
    )
    assert await put(database, store, worse) == first
    async with database.transaction(store.id) as tx:
        [case] = await list_cases(tx)
    assert (case.title, case.amount, case.evidence) == (worse.title, 2000, {"at": 2})


async def test_the_same_matter_told_from_everywhere_at_once_is_one_case(
    database: Database, store: Store
) -> None:
    ids = await asyncio.gather(*(put(database, store) for _ in range(10)))
    assert len(set(ids)) == 1


async def test_a_matter_that_comes_up_again_after_it_was_closed_is_a_new_case(
    database: Database, store: Store
) -> None:
    first = await put(database, store)
    async with database.transaction(store.id) as tx:
        await close_case(tx, first, "ann", "refunded")
    second = await put(database, store)
    assert second != first
    async with database.transaction(store.id) as tx:
        assert [case.id for case in await list_cases(tx)] == [second]
        assert [case.id for case in await list_cases(tx, state="closed")] == [first]
        assert [case.id for case in await list_cases(tx, state=None)] == [second, first]


async def test_closing_tells_who_and_when_and_the_first_word_stands(
    database: Database, store: Store, clock: ManualClock
) -> None:
    case_id = await put(database, store)
    clock.advance(60)
    closed_at = clock.now()
    async with database.transaction(store.id) as tx:
        await close_case(tx, case_id, "ann", "refunded")
    clock.advance(60)
    async with database.transaction(store.id) as tx:
        case = await close_case(tx, case_id, "bob", "written off")
    assert (case.closed_by, case.resolution, case.closed_at) == ("ann", "refunded", closed_at)


async def test_cases_are_paged_newest_first(database: Database, store: Store) -> None:
    ids = [
        await put(database, store, msgspec.structs.replace(SHORTFALL, dedupe_key=str(number)))
        for number in range(5)
    ]
    async with database.transaction(store.id) as tx:
        page = await list_cases(tx, limit=2)
        rest = await list_cases(tx, before=page[-1].id)
    assert [case.id for case in (*page, *rest)] == ids[::-1]


async def test_a_case_belongs_to_its_store(
    database: Database, store: Store, second_store: Store
) -> None:
    case_id = await put(database, store)
    assert await put(database, second_store) != case_id
    async with database.transaction(second_store.id) as tx:
        assert case_id not in [case.id for case in await list_cases(tx)]
        with pytest.raises(NotFound):
            await get_case(tx, case_id)
        with pytest.raises(NotFound):
            await close_case(tx, case_id, "mallory", "mine")
    async with database.transaction(store.id) as tx:
        assert (await get_case(tx, case_id)).state == "open"


async def test_evidence_may_hold_what_postgresql_refuses(database: Database, store: Store) -> None:
    odd = msgspec.structs.replace(
        SHORTFALL, title="a\0b", evidence={"error": "a\0b", "typed": r"\u0000"}
    )
    case_id = await put(database, store, odd)
    async with database.transaction(store.id) as tx:
        case = await get_case(tx, case_id)
    assert (case.title, case.evidence) == ("ab", {"error": "ab", "typed": r"\u0000"})
