"""A line that stands is answered for, also when what the cart costs cannot be found out."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio

from tests.support.storefront import PRICE, TEA, Storefront, open_storefront, told
from tradewind import Adjustment, Plugin, QuoteRequest, StoreContext, hookimpl
from tradewind.database import Database, Transaction
from tradewind.settings.service import configure, count_failure, forgive
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import Postgres

pytestmark = pytest.mark.asyncio(loop_scope="module")
TENTH = PRICE // 10


class Restless(Plugin):
    """Takes a tenth off; as long as it is restless, carts change while it is asked."""

    name = "restless"
    requires = ">=0.1"

    def __init__(self) -> None:
        self.database: Database | None = None

    @hookimpl
    async def price_adjustments(
        self, request: QuoteRequest, context: StoreContext[Any]
    ) -> Sequence[Adjustment]:
        if self.database is not None:
            async with self.database.transaction(context.store.id) as tx:
                await tx.execute(
                    "UPDATE shop.carts SET version = version + 1 WHERE store_id = $1 AND id = $2",
                    tx.store_id,
                    request.cart_id,
                )
        return [
            Adjustment(line_id=line.line_id, code="t", title="A tenth", amount=-line.subtotal // 10)
            for line in request.lines
        ]


class Site:
    """The website of a shop whose prices another plugin has a say in."""

    def __init__(self, front: Storefront, plugin: Restless) -> None:
        self.front, self._plugin = front, plugin

    async def cart(self) -> dict[str, Any]:
        opened: dict[str, Any] = told(await self.front.ask("POST", "/carts", {}))["cart"]
        return opened

    async def adds(
        self, cart: dict[str, Any], way: str, *, restless: bool = True
    ) -> dict[str, Any]:
        """Put a packet in the cart, by the short way, by the ordinary edit or by name."""
        body = {"variant_id": await self.front.variant(TEA), "quantity": 1}
        path = f"/carts/{cart['id']}/line-items" + ("?token=none" if way == "edit" else "")
        self._plugin.database = self.front.engine.database if restless else None
        answer = await self.front.ask(
            "POST", path, body, key=cart["id"] if way == "named" else None
        )
        self._plugin.database = None
        added: dict[str, Any] = told(answer)["cart"]
        return added


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(postgres_server: Postgres) -> AsyncIterator[Site]:
    plugin = Restless()
    with postgres_server.database() as urls:
        async with open_storefront(urls, ManualClock(), plugin) as front:
            yield Site(front, plugin)


@pytest.mark.parametrize("way", ["short", "edit", "named"])
async def test_the_answer_is_the_cart_with_the_line_and_says_that_its_quote_is_missing(
    site: Site, way: str
) -> None:
    cart = await site.cart()
    added = await site.adds(cart, way)
    assert [line["quantity"] for line in added["lines"]] == [1]
    assert [one["code"] for one in added["notes"]] == ["not_quoted"]
    assert (added["discount_total"], added["total"]) == (0, PRICE)

    again = (await site.front.get(f"/carts/{cart['id']}"))["cart"]
    assert [line["quantity"] for line in again["lines"]] == [1]
    assert (again["total"], again["notes"]) == (PRICE - TENTH, [])


async def test_a_named_request_that_is_said_again_adds_nothing(site: Site) -> None:
    cart = await site.cart()
    await site.adds(cart, "named")
    again = await site.adds(cart, "named", restless=False)
    assert [line["quantity"] for line in again["lines"]] == [1]


@pytest.mark.parametrize("way", ["short", "edit", "named"])
async def test_where_it_can_be_found_out_nothing_is_missing(site: Site, way: str) -> None:
    added = await site.adds(await site.cart(), way, restless=False)
    assert (added["total"], added["notes"]) == (PRICE - TENTH, [])


async def test_what_a_plugin_said_is_void_once_it_is_switched(site: Site) -> None:
    cart, front = await site.adds(await site.cart(), "edit", restless=False), site.front
    totals = []
    for enabled in (False, True):
        await configure(
            front.engine, front.store, "restless", actor="test", enabled=enabled, settings=None
        )
        totals.append((await front.get(f"/carts/{cart['id']}"))["cart"]["total"])
    assert (cart["total"], totals) == (PRICE - TENTH, [PRICE, PRICE - TENTH])


async def test_nor_does_it_stand_while_the_plugin_is_in_quarantine(site: Site) -> None:
    cart, front = await site.adds(await site.cart(), "edit", restless=False), site.front
    totals = []
    for step in (fails_for_good, forgive):
        async with front.engine.database.transaction(front.store.id) as tx:
            await step(tx, "restless")
        front.engine.forget(front.store.id)
        totals.append((await front.get(f"/carts/{cart['id']}"))["cart"]["total"])
    assert (cart["total"], totals) == (PRICE - TENTH, [PRICE, PRICE - TENTH])


async def fails_for_good(tx: Transaction, plugin: str) -> None:
    """As often as it takes."""
    counted = None
    while counted is None or not counted.quarantined:
        counted = await count_failure(tx, plugin, "price_adjustments", "ValueError")
