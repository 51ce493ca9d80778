"""What is answered before the framework is answered as the routes would have."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar

from tests.integration.host.conftest import Shop
from tests.support.roundtrips import count_round_trips
from tradewind.settings.engine import Engine
from tradewind.settings.service import set_flag
from tradewind_host.app import create_app
from tradewind_host.config import Config
from tradewind_host.store_api.express import Express, _asked

ORIGIN = "https://first.example"


class Doors:
    """One host as it is, and the same host without its express."""

    def __init__(self, engine: Engine, config: Config, patch: pytest.MonkeyPatch) -> None:
        self.answered: list[bool] = []
        self.engine = engine
        real = Express.answer
        slow = create_app(engine, config)

        async def noted(express: Express, scope: Any, receive: Any) -> Any:
            if express is slow.asgi_handler._express:  # type: ignore[attr-defined]
                return None, receive
            found = await real(express, scope, receive)
            self.answered.append(found[0] is not None)
            return found

        patch.setattr(Express, "answer", noted)
        self.express = _client(create_app(engine, config))
        self.routes = _client(slow)

    async def same(self, path: str, **headers: str) -> httpx.Response:
        """Ask both; the answers must be one."""
        one = await self.express.get(path, headers=headers)
        other = await self.routes.get(path, headers=headers)
        assert (one.status_code, one.content) == (other.status_code, other.content)
        assert sorted(one.headers.raw) == sorted(other.headers.raw)
        return one

    async def add(self, shop: Shop, cart: str, body: bytes, **headers: str) -> httpx.Response:
        """Add to a cart at the first door."""
        path = f"/store/carts/{cart}/line-items"
        given = {"Content-Type": "application/json", **shop.publishable, **headers}
        return await self.express.post(path, content=body, headers=given)


def _client(app: Litestar) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="https://shop.example")


@pytest_asyncio.fixture
async def doors(
    engine: Engine, config: Config, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Doors]:
    found = Doors(engine, config, monkeypatch)
    # A key that was never seen is looked up by the routes.
    await found.same("/store/products", **shop.publishable)
    assert found.answered == [False]
    found.answered.clear()
    yield found


def ordinary(shop: Shop) -> list[str]:
    return [
        "/store/products",
        "/store/products?limit=1&sort=newest",
        "/store/products?limit=200&sort=oldest&currency_code=KES",
        f"/store/products?region_id={shop.region_id}",
        f"/store/products/{shop.product_id}",
        "/store/products/black-tea",
        f"/store/products/black-tea?region_id={shop.region_id}&currency_code=KES",
    ]


def unusual(shop: Shop) -> list[str]:
    return [
        "/store/products/",
        "/store/products?q=tea",
        "/store/products?sort=price",
        "/store/products?limit=0",
        "/store/products?limit=201",
        "/store/products?limit=+5",
        "/store/products?limit=1&limit=2",
        "/store/products?cursor=%20",
        "/store/products?currency_code=kes",
        "/store/products?region_id=1",
        "/store/products?other=1",
        "/store/products?&",
        f"/store/products?category_id={shop.category_id}",
        "/store/products/Black-Tea",
        "/store/products/black-tea/",
        "/store/products/black-tea?limit=3",
        f"/store/products/{shop.product_id.upper()}",
        "/store/products/-",
    ]


def wrong(shop: Shop) -> list[str]:
    return [
        "/store/products/nothing",
        f"/store/products/{shop.region_id}",
        "/store/products?cursor=nonsense",
        f"/store/products?region_id={shop.product_id}",
        f"/store/products?region_id={shop.region_id}&currency_code=USD",
        f"/store/products/black-tea?region_id={shop.product_id}",
    ]


async def test_ordinary_questions_are_answered_at_once_as_the_routes_do(
    doors: Doors, shop: Shop
) -> None:
    for path in ordinary(shop):
        answer = await doors.same(path, **shop.publishable)
        assert answer.status_code == HTTPStatus.OK, path
    assert all(doors.answered)


async def test_everything_else_is_left_to_the_routes(doors: Doors, shop: Shop) -> None:
    for path in (*unusual(shop), *wrong(shop)):
        await doors.same(path, **shop.publishable)
    assert not any(doors.answered)


async def test_who_is_not_known_or_brings_more_than_a_key_is_left_to_the_routes(
    doors: Doors, shop: Shop
) -> None:
    path = "/store/products"
    for headers in (
        {},
        {"X-Publishable-Key": "pk_nobody"},
        {"X-Publishable-Key": shop.secret["Authorization"].removeprefix("Bearer ")},
        {**shop.publishable, "Authorization": "Bearer nobody"},
        {**shop.publishable, "Idempotency-Key": "one"},
    ):
        await doors.same(path, **headers)
    assert not any(doors.answered)


async def test_a_browser_of_a_listed_origin_may_read_the_answer_and_no_other(
    doors: Doors, shop: Shop
) -> None:
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://elsewhere.example", None)):
        answer = await doors.same("/store/products", **shop.publishable, Origin=origin)
        assert answer.headers.get("access-control-allow-origin") == allowed
        assert answer.headers["vary"] == "Origin"
    assert all(doors.answered)


async def test_a_list_and_a_product_cost_one_round_trip_each(doors: Doors, shop: Shop) -> None:
    for path in ("/store/products", f"/store/products/{shop.product_id}"):
        await doors.express.get(path, headers=shop.publishable)
        with count_round_trips(doors.engine.database) as counted:
            await doors.express.get(path, headers=shop.publishable)
        assert counted.warm == 1, path


async def test_a_limit_counts_each_question_once(
    engine: Engine, config: Config, shop: Shop
) -> None:
    narrow = msgspec.structs.replace(config, store_rate_per_address=2, store_rate_per_key=0)
    client = _client(create_app(engine, narrow))
    paths = ["/store/products", "/store/products/nothing"] * 15
    statuses = [(await client.get(one, headers=shop.publishable)).status_code for one in paths]
    assert statuses[:20] == [HTTPStatus.OK, HTTPStatus.NOT_FOUND] * 10
    assert set(statuses[20:]) == {HTTPStatus.TOO_MANY_REQUESTS}


async def test_a_failure_of_the_database_is_told_by_the_routes(
    doors: Doors, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise OSError

    monkeypatch.setattr(doors.engine.database, "call", broken)
    answer = await doors.same("/store/products", **shop.publishable)
    assert answer.is_server_error
    assert answer.headers["content-type"] == "application/problem+json"
    assert not any(doors.answered)


async def test_what_is_asked_at_great_length_is_remembered_by_nobody(
    doors: Doors, shop: Shop
) -> None:
    known = _asked.cache_info().currsize
    for path in (f"/store/products/{'a' * 600}", f"/store/products?q={'a' * 600}"):
        await doors.same(path, **shop.publishable)
    assert not any(doors.answered)
    assert _asked.cache_info().currsize == known


WORDS = st.sampled_from(
    ["limit", "sort", "cursor", "region_id", "currency_code", "q", "kind", "", "x"]
)
VALUES = st.one_of(
    st.sampled_from(["1", "20", "200", "oldest", "newest", "price", "KES", "USD", "a", "", "%31"]),
    st.text("0123456789abcdef-", max_size=36),
)
QUERY = st.lists(st.tuples(WORDS, VALUES), max_size=3).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)
PATH = st.sampled_from(["/store/products", "/store/products/black-tea", "/store/products/x"])


@given(PATH, QUERY)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_whatever_is_asked_both_answer_the_same(
    doors: Doors, shop: Shop, path: str, query: str
) -> None:
    await doors.same(f"{path}?{query}" if query else path, **shop.publishable)


def test_a_question_is_read_only_where_every_part_of_it_is_plain() -> None:
    assert _asked("/store/products", b"limit=5") is not None
    for query in (
        b"limit=5&",
        b"limit",
        b"limit=5&limit=5",
        b"LIMIT=5",
        b"limit=05",
        b"sort=title",
    ):
        assert _asked("/store/products", query) is None
    assert _asked("/store/products/a-b", b"") is not None
    for path in (
        "/store/products/a_b",
        "/store/products/a b",
        "/store/productsx",
        "/store/product",
    ):
        assert _asked(path, b"") is None


# --- adding to a cart --------------------------------------------------------------------------


async def opened(doors: Doors, shop: Shop) -> str:
    answer = await doors.routes.post("/store/carts", json={}, headers=shop.publishable)
    assert answer.is_success, answer.text
    return str(answer.json()["cart"]["id"])


def units(shop: Shop, quantity: int = 1) -> bytes:
    return msgspec.json.encode({"variant_id": shop.variant_id, "quantity": quantity})


def less(answer: httpx.Response) -> Any:
    """An answer without what is no other cart's: ids and times."""
    cart = answer.json()["cart"]
    gone = {"id", "expires_at"}
    lines = [{k: v for k, v in one.items() if k != "id"} for one in cart["lines"]]
    return {k: v for k, v in cart.items() if k not in gone} | {"lines": lines}


async def test_a_line_is_added_at_once_as_the_routes_add_it(doors: Doors, shop: Shop) -> None:
    one, other = await opened(doors, shop), await opened(doors, shop)
    for _ in range(2):
        quick = await doors.add(shop, one, units(shop, 2), Origin=ORIGIN)
        slow = await doors.routes.post(
            f"/store/carts/{other}/line-items",
            content=units(shop, 2),
            headers={"Content-Type": "application/json", **shop.publishable, "Origin": ORIGIN},
        )
        assert (quick.status_code, less(quick)) == (slow.status_code, less(slow))
        assert quick.headers.keys() == slow.headers.keys()
        assert quick.headers["access-control-allow-origin"] == ORIGIN
    assert less(quick)["lines"][0]["quantity"] == 4
    assert all(doors.answered)


async def test_a_line_that_cannot_be_added_plainly_is_left_to_the_routes(
    doors: Doors, shop: Shop
) -> None:
    cart = await opened(doors, shop)
    for body, headers, status in (
        (b"{", {}, 400),
        (b'{"variant_id": 1}', {}, 422),
        (b'{"variant_id": "\xff"}', {}, 400),
        (units(shop)[:-1] + b', "more": 1}', {}, 422),
        (units(shop, 0), {}, 422),
        (units(shop, 11), {}, 409),
        (msgspec.json.encode({"variant_id": shop.region_id}), {}, 404),
        (units(shop) + b" " * 2_000, {}, 200),
        (units(shop), {"Content-Type": "application/json; charset=utf-8"}, 200),
        (units(shop), {"Idempotency-Key": "one"}, 200),
        (units(shop), {"Idempotency-Key": "one"}, 200),
    ):
        answer = await doors.add(shop, cart, body, **headers)
        assert answer.status_code == status, (body, headers, answer.text)
    missing = await doors.add(shop, shop.region_id, units(shop))
    assert missing.status_code == HTTPStatus.NOT_FOUND
    assert less(answer)["lines"][0]["quantity"] == 3
    assert not any(doors.answered)


async def test_what_is_switched_off_takes_no_lines(
    doors: Doors, shop: Shop, engine: Engine
) -> None:
    cart = await opened(doors, shop)
    assert (await doors.add(shop, cart, units(shop))).is_success
    await set_flag(engine, shop.store, "USE_NEW_CHECKOUT", enabled=False, actor="test")
    refused = await doors.add(shop, cart, units(shop))
    assert (refused.status_code, refused.json()["code"]) == (403, "channel_disabled")
    assert doors.answered == [True, False]


async def test_a_line_that_failed_half_way_is_not_added_twice(
    doors: Doors, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart = await opened(doors, shop)

    async def broken(*_: Any) -> Any:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr("tradewind.checkout.service.adding.price_at_once", broken)
        answer = await doors.add(shop, cart, units(shop))
    assert answer.is_server_error
    assert answer.headers["content-type"] == "application/problem+json"
    after = await doors.routes.get(f"/store/carts/{cart}", headers=shop.publishable)
    assert [one["quantity"] for one in after.json()["cart"]["lines"]] == [1]
