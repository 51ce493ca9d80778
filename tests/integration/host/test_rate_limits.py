"""Who asks too often is told when to come back, and nobody else is."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import msgspec
import pytest
import pytest_asyncio

from tests.integration.host.conftest import Shop
from tradewind.settings.engine import Engine
from tradewind.testing.clock import ManualClock
from tradewind_host.app import create_app
from tradewind_host.config import Config
from tradewind_host.demo.run import ROOMY

PATH = "/store/categories"


class House:
    """A host with narrow limits: 20 requests from an address at once, 50 with a key."""

    def __init__(self, engine: Engine, config: Config, **changes: object) -> None:
        narrow = {"store_rate_per_address": 2, "store_rate_per_key": 5, **changes}
        self.app = create_app(engine, msgspec.structs.replace(config, **narrow))

    def at(self, address: str) -> httpx.AsyncClient:
        """Somebody with this network address."""
        transport = httpx.ASGITransport(self.app, client=(address, 1))  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="https://shop.example")


@pytest_asyncio.fixture
async def house(engine: Engine, config: Config) -> AsyncIterator[House]:
    yield House(engine, config)


async def passed(client: httpx.AsyncClient, shop: Shop, times: int) -> int:
    """How many of so many requests are answered."""
    answers = [await client.get(PATH, headers=shop.publishable) for _ in range(times)]
    assert {one.status_code for one in answers} <= {HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS}
    return sum(one.is_success for one in answers)


async def test_an_address_that_asks_too_often_is_told_when_to_come_back(
    house: House, shop: Shop, clock: ManualClock
) -> None:
    client = house.at("203.0.113.1")
    assert await passed(client, shop, 25) == 20
    headers = {**shop.publishable, "Origin": "https://first.example"}
    refused = await client.get(PATH, headers=headers)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "too_many_requests"
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["access-control-allow-origin"] == "https://first.example"
    clock.advance(1)
    assert await passed(client, shop, 5) == 2


async def test_other_addresses_go_on_until_the_key_is_used_too_often(
    house: House, shop: Shop, other_shop: Shop
) -> None:
    people = [house.at(f"203.0.113.{number}") for number in range(4)]
    assert [await passed(one, shop, 20) for one in people] == [20, 20, 10, 0]
    assert await passed(house.at("203.0.113.9"), other_shop, 5) == 5


async def test_guessing_keys_is_counted_as_well(house: House, shop: Shop) -> None:
    client = house.at("203.0.113.1")
    answers = [await client.get(PATH, headers={"X-Publishable-Key": f"pk_{n}"}) for n in range(21)]
    assert [one.status_code for one in answers] == [401] * 20 + [429]


async def test_forms_of_the_pages_are_counted_by_address_and_a_page_says_so_in_words(
    engine: Engine, config: Config, shop: Shop, clock: ManualClock
) -> None:
    house = House(engine, config, forms_per_address=2)
    page, site = f"/store/{shop.store.slug}/cart", {"Accept-Language": "fr"}
    client, neighbor = house.at("203.0.113.1"), house.at("203.0.113.2")
    answers = [await client.post(page, data={}, headers=site) for _ in range(21)]
    assert [one.status_code for one in answers] == [303] * 20 + [429]
    assert "Merci d’attendre un instant" in answers[-1].text
    assert answers[-1].headers["retry-after"] == "1"
    assert (await client.get(page)).is_success
    assert (await neighbor.post(page, data={})).status_code == HTTPStatus.SEE_OTHER
    clock.advance(1)
    assert (await client.post(page, data={})).status_code == HTTPStatus.SEE_OTHER


@pytest.mark.parametrize(("header", "counted"), [(None, 20), ("X-Forwarded-For", 25)])
async def test_shoppers_behind_a_proxy_are_told_apart_only_where_its_header_is_named(
    engine: Engine, config: Config, shop: Shop, header: str | None, counted: int
) -> None:
    proxy = House(engine, config, client_address_header=header).at("127.0.0.1")
    answers = [
        await proxy.get(PATH, headers={**shop.publishable, "X-Forwarded-For": f"203.0.113.{n}"})
        for n in range(25)
    ]
    assert sum(one.is_success for one in answers) == counted


async def test_a_page_may_read_that_its_session_is_over(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    headers = {**shop.publishable, "Authorization": "Bearer gone"}
    for origin, told in (("https://first.example", True), ("https://evil.example", False)):
        answer = await client.get(PATH, headers={**headers, "Origin": origin})
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert ("access-control-allow-origin" in answer.headers) == told


def test_the_demo_leaves_room_for_whoever_measures_it() -> None:
    rules = msgspec.structs.replace(Config(), **ROOMY).rules
    for name in ("store_address", "store_key", "form_address", "sign_in_address"):
        assert rules[name].count >= 10 * 1000


async def test_a_preflight_allows_what_storefronts_send(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Origin": "https://first.example"}
    answer = await client.options(PATH, headers=asked)
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "idempotency-key", "content-type", "x-publishable-key"} <= set(allowed)
