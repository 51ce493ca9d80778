"""A request with a name takes effect once, whatever is repeated, and however fast."""

import asyncio
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from litestar import Litestar, Response, Router, post

from tests.integration.host.conftest import Shop, stock_of
from tradewind.contracts.errors import Conflict
from tradewind.settings.engine import Engine
from tradewind.testing.clock import ManualClock
from tradewind_host import idempotency
from tradewind_host.app import create_app
from tradewind_host.auth import AdminDoor
from tradewind_host.config import Config
from tradewind_host.idempotency import KEPT, LEASE, Claim, Idempotency


@pytest.fixture
def app(engine: Engine, config: Config) -> Litestar:
    """A host of its own, which is given more routes."""
    return create_app(engine, config)


PATH = "/admin/inventory/TEA-1"
FIVE_MORE = {"adjust": 5}


def named(shop: Shop, key: str = "order-17") -> dict[str, str]:
    return {**shop.secret, "Idempotency-Key": key}


async def test_a_repetition_gets_the_stored_answer_and_changes_nothing(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    first = await client.post(PATH, json=FIVE_MORE, headers=named(shop))
    again = await client.post(PATH, json=FIVE_MORE, headers=named(shop))
    assert first.json()["on_hand"] == 15
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await stock_of(engine.database, shop, "TEA-1") == 15


async def test_without_a_name_each_request_counts(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    for _ in range(2):
        await client.post(PATH, json=FIVE_MORE, headers=shop.secret)
    assert await stock_of(engine.database, shop, "TEA-1") == 20


@pytest.mark.parametrize(
    ("path", "body"),
    [(PATH, {"adjust": 6}), ("/admin/inventory/TEA-2", FIVE_MORE), (f"{PATH}?x=1", FIVE_MORE)],
)
async def test_another_request_under_the_same_name_is_refused(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, path: str, body: dict[str, int]
) -> None:
    await client.post(PATH, json=FIVE_MORE, headers=named(shop))
    answer = await client.post(path, json=body, headers=named(shop))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer.json()["code"] == "idempotency_key_reused"
    assert await stock_of(engine.database, shop, "TEA-1") == 15


async def test_thirty_at_once_take_effect_once_and_the_others_are_told_to_come_back(
    client: httpx.AsyncClient, shop: Shop, engine: Engine
) -> None:
    answers = await asyncio.gather(
        *(client.post(PATH, json=FIVE_MORE, headers=named(shop)) for _ in range(30))
    )
    assert await stock_of(engine.database, shop, "TEA-1") == 15
    done = [one for one in answers if one.status_code == HTTPStatus.OK]
    early = [one for one in answers if one.status_code == HTTPStatus.CONFLICT]
    assert done
    assert len(done) + len(early) == 30
    for answer in early:
        assert answer.json()["code"] == "in_progress"
        assert int(answer.headers["retry-after"]) >= 1


async def test_a_name_belongs_to_one_key_of_one_store(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop, engine: Engine
) -> None:
    for one in (shop, other_shop):
        await client.post(PATH, json=FIVE_MORE, headers=named(one))
        assert await stock_of(engine.database, one, "TEA-1") == 15


async def test_a_refusal_is_kept_as_well(client: httpx.AsyncClient, shop: Shop) -> None:
    first = await client.post(PATH, json={"on_hand": -1}, headers=named(shop))
    again = await client.post(PATH, json={"on_hand": -1}, headers=named(shop))
    assert first.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert again.content == first.content
    assert again.headers["content-type"] == "application/problem+json"


async def test_a_name_may_be_used_again_after_a_day(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, clock: ManualClock
) -> None:
    await client.post(PATH, json=FIVE_MORE, headers=named(shop))
    clock.advance(KEPT.total_seconds() + 1)
    answer = await client.post(PATH, json={"adjust": 1}, headers=named(shop))
    assert answer.status_code == HTTPStatus.OK
    assert await stock_of(engine.database, shop, "TEA-1") == 16


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_name_that_is_none_is_refused(
    client: httpx.AsyncClient, shop: Shop, engine: Engine, key: str
) -> None:
    answer = await client.post(PATH, json=FIVE_MORE, headers=named(shop, key))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert await stock_of(engine.database, shop, "TEA-1") == 10


async def test_a_new_key_is_shown_once_and_not_kept(client: httpx.AsyncClient, shop: Shop) -> None:
    body = {"kind": "secret", "title": "Till"}
    first = await client.post("/admin/api-keys", json=body, headers=named(shop))
    again = await client.post("/admin/api-keys", json=body, headers=named(shop))
    assert first.status_code == HTTPStatus.CREATED
    assert (again.status_code, again.json()["code"]) == (HTTPStatus.CONFLICT, "answer_not_kept")
    listed = (await client.get("/admin/api-keys", headers=shop.secret)).json()["api_keys"]
    assert [one["title"] for one in listed].count("Till") == 1


async def test_a_fault_of_ours_is_not_kept_and_the_operation_keeps_its_id(
    engine: Engine, shop: Shop
) -> None:
    mine = await take(engine, shop)
    assert isinstance(mine, Claim)
    with pytest.raises(Conflict):
        await take(engine, shop)
    await idempotency.let_go(engine.database, mine)
    again = await take(engine, shop)
    assert isinstance(again, Claim)
    assert again.operation_id == mine.operation_id


async def test_a_lease_that_ran_out_is_taken_over(
    engine: Engine, shop: Shop, clock: ManualClock
) -> None:
    mine = await take(engine, shop)
    clock.advance(LEASE.total_seconds() + 1)
    again = await take(engine, shop)
    assert isinstance(mine, Claim)
    assert isinstance(again, Claim)
    assert again.operation_id == mine.operation_id


async def test_the_answer_is_kept_in_the_transaction_of_the_effect(
    engine: Engine, shop: Shop
) -> None:
    mine = await take(engine, shop)
    assert isinstance(mine, Claim)
    with pytest.raises(RuntimeError, match="crash"):
        await keep_and_crash(engine, shop, mine)
    assert not mine.kept
    with pytest.raises(Conflict):
        await take(engine, shop)


async def keep_and_crash(engine: Engine, shop: Shop, mine: Claim) -> None:
    async with engine.database.transaction(shop.store.id) as tx:
        await idempotency.keep_answer(tx, mine, 200, b"{}")
        raise RuntimeError("crash")


async def take(engine: Engine, shop: Shop) -> Any:
    return await idempotency.claim(engine.database, shop.store.id, "key:1", "name", b"same")


async def test_an_answer_that_says_come_back_later_is_not_kept(
    app: Litestar, client: httpx.AsyncClient, shop: Shop
) -> None:
    calls: list[int] = []

    @post("/busy", status_code=200)
    async def busy() -> Response[dict[str, int]]:
        calls.append(1)
        headers = {"Retry-After": "1"} if len(calls) == 1 else None
        return Response(
            {"calls": len(calls)}, status_code=409 if len(calls) == 1 else 200, headers=headers
        )

    app.register(Router("/admin", route_handlers=[busy], middleware=[AdminDoor, Idempotency]))
    first = await client.post("/admin/busy", headers=named(shop))
    again = await client.post("/admin/busy", headers=named(shop))
    assert (first.status_code, again.status_code) == (409, 200)
    assert len(calls) == 2
