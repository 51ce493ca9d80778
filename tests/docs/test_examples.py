"""The plugins that the documentation shows, at work in the whole shop."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from litestar import Litestar, post
from litestar.exceptions import InternalServerException
from litestar.params import JSONBody
from typer.testing import CliRunner

from docs.examples import bell, caution, concierge, points, quotes, visitors
from tests.docs.pages import ROOT
from tests.support.shop import AMINA, Shop, open_shop, titles, words
from tradewind import OrderPlaced, Plugin
from tradewind.database.migrate import migrate
from tradewind.plugins import load
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.cli import app as command_line

EXAMPLES: list[Plugin] = [
    bell.plugin,
    caution.plugin,
    concierge.plugin,
    points.plugin,
    quotes.plugin,
    visitors.plugin,
]
SETTINGS: dict[str, dict[str, Any]] = {
    "bell": {"url": "http://bell.test/ring"},
    "caution": {"review_from": 450_000, "veto_from": 900_000},
}
TO_DELIVERY = ("CHECKOUT", "Amina Otieno", "amina@example.com", "Moi Avenue 12", "Nairobi")


class Tower:
    """Where the bell hangs; does not answer rightly for the first `deaf` times."""

    def __init__(self) -> None:
        self.heard: list[dict[str, str]] = []
        self.deaf = 0

    def app(self) -> Litestar:
        """Its door."""

        @post("/ring", status_code=200)
        async def ring(data: JSONBody[dict[str, str]]) -> None:
            self.heard.append(data)
            if len(self.heard) <= self.deaf:
                raise InternalServerException

        return Litestar([ring], logging_config=None, openapi_config=None)


@pytest.fixture
def tower() -> Tower:
    return Tower()


@pytest_asyncio.fixture
async def shop(
    database_urls: DatabaseUrls, clock: ManualClock, tower: Tower
) -> AsyncIterator[Shop]:
    """A shop with every example installed, and enabled in one of its two stores."""
    await migrate(database_urls.owner, ["docs.examples.points.piccolo_app"])
    async with open_shop(database_urls, clock=clock, plugins=EXAMPLES) as opened:
        opened.network.hosts["bell.test"] = tower.app()
        store = opened.branches["demo"].store
        for plugin in EXAMPLES:
            await configure(
                opened.engine,
                store,
                plugin.name,
                settings=SETTINGS.get(plugin.name, {}),
                enabled=True,
                actor="test",
                operator=True,
            )
        yield opened


async def order(shop: Shop, quantity: int = 2) -> dict[str, Any]:
    """Order tea by typing, delivered by the plugin's courier; the order."""
    await shop.talks(AMINA, f"ADD TEA-250 {quantity}", *TO_DELIVERY)
    await shop.says(AMINA, "2")
    await shop.hears(AMINA)
    await shop.talks(AMINA, "Confirm order")
    found: list[dict[str, Any]] = (await shop.admin("GET", "/admin/orders"))["orders"]
    return found[0]


def test_every_example_is_run_and_fits_this_version() -> None:
    names = {path.stem for path in (ROOT / "docs/examples").glob("[!_]*.py")}
    names |= {path.parent.name for path in (ROOT / "docs/examples").glob("*/__init__.py")}
    assert {plugin.name for plugin in EXAMPLES} == names
    assert set(load(extra=EXAMPLES, strict=True).loaded) == names


async def test_the_bell_rings_once_for_an_order(shop: Shop, tower: Tower) -> None:
    placed = await order(shop)
    (line,) = tower.heard
    assert line["text"] == f"Order {placed['number']}: KES {placed['total'] / 100:,.2f}"


async def test_a_bell_that_was_deaf_is_rung_again_with_the_same_id(
    shop: Shop, tower: Tower
) -> None:
    tower.deaf = 1
    await shop.talks(AMINA, "ADD TEA-250 2", *TO_DELIVERY)
    await shop.says(AMINA, "2")
    with pytest.raises(AssertionError, match="HTTPStatusError"):
        await shop.says(AMINA, "Confirm order")
    answer = await shop.client.get("/admin/event-deliveries?state=pending", headers=key(shop))
    (waiting,) = answer.json()["event_deliveries"]
    assert (waiting["subscriber"], waiting["attempts"]) == ("bell", 1)
    shop.clock.advance(60)
    await shop.worker.work_off()
    assert len(tower.heard) == 2
    assert tower.heard[0] == tower.heard[1]


def key(shop: Shop) -> dict[str, str]:
    return {"Authorization": f"Bearer {shop.branches['demo'].secret_key}"}


async def test_a_merchant_cannot_hang_the_bell_elsewhere(shop: Shop) -> None:
    body = {"settings": {"url": "http://elsewhere.test"}}
    answer = await shop.client.put("/admin/plugins/bell", json=body, headers=key(shop))
    assert (answer.status_code, answer.json()["code"]) == (422, "operator_only")


async def test_tax_delivery_and_price_come_from_the_plugin(shop: Shop) -> None:
    placed = await order(shop, 10)
    (line,) = placed["lines"]
    assert placed["shipping_method"]["plugin"] == "quotes"
    assert (placed["discount_total"], placed["tax_total"]) == (22_500, 21_375)
    assert placed["total"] == 450_000 - 22_500 + 21_375 + 30_000
    assert {one["source"] for one in line["adjustments"]} == {"quotes"}


async def test_a_large_order_is_looked_at_and_a_larger_one_refused(shop: Shop) -> None:
    await order(shop, 10)
    (case,) = (await shop.admin("GET", "/admin/cases?state=open"))["cases"]
    assert (case["kind"], case["evidence"]["plugin"]) == ("risk_review", "caution")
    await shop.talks(AMINA, "ADD TEA-250 20", "CHECKOUT", "1", "2")
    assert "This payment cannot be accepted" in await shop.talks(AMINA, "Confirm order")
    assert len((await shop.admin("GET", "/admin/orders"))["orders"]) == 1


async def test_the_concierge_answers_and_leaves_the_rest_to_the_search(shop: Shop) -> None:
    await shop.talks(AMINA, "hi")
    assert "from 8 to 18" in await shop.talks(AMINA, "what are your opening hours?")
    assert "no order" in (await shop.talks(AMINA, "where is my parcel")).casefold()
    assert "Nyeri coffee" in await shop.talks(AMINA, "coffee")


async def test_points_are_credited_once_and_only_in_the_own_store(shop: Shop) -> None:
    placed = await order(shop)
    store = shop.branches["demo"].store
    context = await shop.engine.context(store, "points")
    assert context is not None
    events = (await shop.admin("GET", "/admin/events?type=order.placed"))["events"]
    again = await _event(shop, events[0]["id"])
    await shop.engine.plugins.deliver("points", again, context)
    async with shop.engine.database.transaction(store.id) as tx:
        rows = await tx.fetch("SELECT points FROM shop.points WHERE store_id = $1", store.id)
    assert [row["points"] for row in rows] == [placed["total"] // 100]
    async with shop.engine.database.transaction(shop.branches["second"].store.id) as tx:
        assert await tx.fetchval("SELECT count(*) FROM shop.points") == 0


async def test_the_points_of_somebody_erased_are_gone(shop: Shop) -> None:
    placed = await order(shop)
    store, points_of = shop.branches["demo"].store, "SELECT count(*) FROM shop.points"
    async with shop.engine.database.transaction(store.id) as tx:
        assert await tx.fetchval(points_of) == 1
    await shop.admin("POST", f"/admin/orders/{placed['id']}/cancel", {})
    (customer,) = (await shop.admin("GET", "/admin/customers"))["customers"]
    await shop.admin("DELETE", f"/admin/customers/{customer['id']}")
    async with shop.engine.database.transaction(store.id) as tx:
        assert await tx.fetchval(points_of) == 0


async def _event(shop: Shop, event_id: str) -> OrderPlaced:
    store = shop.branches["demo"].store
    async with shop.engine.database.transaction(store.id) as tx:
        payload = await tx.fetchval(
            "SELECT payload FROM shop.events WHERE store_id = $1 AND id = $2", store.id, event_id
        )
    return msgspec.json.decode(payload, type=OrderPlaced)


async def test_the_route_of_a_plugin_answers_under_its_name(shop: Shop) -> None:
    answer = await shop.client.get("/plugins/visitors/hello")
    assert answer.json() == {"seen": 1}
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_the_commands_of_a_plugin_stand_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewind.plugins.load", lambda: load(extra=[visitors.plugin]))
    ran = CliRunner().invoke(command_line, ["visitors", "count"])
    assert (ran.exit_code, ran.stdout) == (0, f"{visitors.plugin.seen}\n")
    assert CliRunner().invoke(command_line, ["bell", "ring"]).exit_code == 2


async def test_an_example_that_a_store_has_not_enabled_is_not_asked(
    shop: Shop, tower: Tower
) -> None:
    await shop.says(AMINA, "opening hours", "second")
    (greeting,) = await shop.hears(AMINA, "second")
    assert "from 8 to 18" not in words(greeting)
    assert titles(greeting)
    assert not tower.heard
