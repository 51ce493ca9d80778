"""The store's own price tables beside other plugins of the price hooks: the same figures."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from tests.support.promoting import enter, make
from tests.support.shops import add_variant
from tests.support.tills import open_till
from tradewind import (
    Adjustment,
    Plugin,
    QuoteRequest,
    ShippingOption,
    StoreContext,
    TaxLine,
    TaxQuote,
    hookimpl,
)
from tradewind.carts.rules import Cart, NewCart
from tradewind.carts.service import add_sku, use_credits
from tradewind.checkout.service import quote, shipping_options
from tradewind.credits.service import give
from tradewind.customers.service import for_email
from tradewind.database import Database
from tradewind.settings.service import configure


class Other(Plugin):
    """Answers every price hook as it is told."""

    name = "other"
    requires = ">=0.1"

    def __init__(
        self,
        adjustments: Sequence[int] = (),
        tax: int | None = None,
        *,
        broken: bool = False,
    ) -> None:
        self.adjustments = adjustments
        self.tax = tax
        self.broken = broken
        self.seen: list[QuoteRequest] = []

    @hookimpl
    async def price_adjustments(
        self, request: QuoteRequest, context: StoreContext[Any]
    ) -> Sequence[Adjustment]:
        self.seen.append(request)
        line = request.lines[0].line_id
        return [
            Adjustment(line_id=line, code="o", title="Other", amount=amount)
            for amount in self.adjustments
        ]

    @hookimpl
    async def quote_tax(self, request: QuoteRequest, context: StoreContext[Any]) -> TaxQuote | None:
        if self.broken:
            raise RuntimeError("no tax today")
        if self.tax is None:
            return None
        line = request.lines[0].line_id
        return TaxQuote(
            lines=[TaxLine(line_id=line, name="T", rate=Decimal("0.1"), amount=self.tax)]
        )

    @hookimpl
    async def shipping_options(
        self, request: QuoteRequest, context: StoreContext[Any]
    ) -> Sequence[ShippingOption]:
        return [ShippingOption(id="drone", name="Drone", price=1)]


async def priced(database: Database, *plugins: Plugin) -> tuple[Cart, list[str]]:
    """Two mugs at 1299.00 with a tenth off, 16 % on top; and the ways to deliver them."""
    async with open_till(database, *plugins, tax="16") as till:
        for plugin in plugins:
            await configure(till.engine, till.store, plugin.name, actor="test", enabled=True)
        async with database.transaction(till.store.id) as tx:
            await add_variant(tx, "MUG", 129_900)
        await make(till)
        cart = await till.cart(("MUG", 2))
        await enter(till, cart, "TENTH")
        cart = await quote(till.engine, till.store, cart.id)
        offered = await shipping_options(till.engine, till.store, cart.id)
        return cart, [one.name for one in offered]


def figures(cart: Cart) -> tuple[int, ...]:
    return (cart.subtotal, cart.discount_total, cart.tax_total, cart.total)


def entries(cart: Cart) -> list[tuple[str, str, int]]:
    return [(one.kind, one.source, one.amount) for one in cart.lines[0].adjustments]


ALONE = (259_800, 25_980, 37_411, 271_231)
"""A tenth of 2598.00 is 259.80; 16 % of the rest, 2338.20, is 374.11."""


async def test_alone_and_beside_a_silent_plugin_the_figures_are_the_same(
    database: Database,
) -> None:
    other = Other()
    cart, offered = await priced(database, other)
    assert figures(cart) == ALONE
    assert entries(cart) == [("promotion", "tradewind", -25_980), ("tax", "tradewind", 37_411)]
    assert offered == ["Courier", "Drone"]
    assert other.seen


async def test_without_any_plugin_they_are_these(database: Database) -> None:
    cart, offered = await priced(database)
    assert figures(cart) == ALONE
    assert entries(cart) == [("promotion", "tradewind", -25_980), ("tax", "tradewind", 37_411)]
    assert offered == ["Courier"]


async def test_promotions_come_first_and_plugins_take_from_what_is_left(
    database: Database,
) -> None:
    cart, _ = await priced(database, Other([-10_000_000]))
    assert entries(cart) == [("promotion", "tradewind", -25_980), ("price", "other", -233_820)]
    assert (cart.discount_total, cart.total) == (259_800, 0)


async def test_a_plugins_tax_comes_before_the_stores_rates(database: Database) -> None:
    cart, _ = await priced(database, Other(tax=7))
    assert entries(cart)[-1] == ("tax", "other", 7)
    assert not cart.quote_flags


async def test_when_it_fails_the_stores_rates_count_and_the_quote_says_so(
    database: Database,
) -> None:
    cart, _ = await priced(database, Other(broken=True))
    assert figures(cart) == ALONE
    assert list(cart.quote_flags) == ["tax_failed:other"]


async def test_a_plugin_sees_products_categories_and_codes(database: Database) -> None:
    other = Other()
    cart, _ = await priced(database, other)
    [line] = other.seen[-1].lines
    assert line.product_id == str(cart.lines[0].product_id)
    assert list(other.seen[-1].codes) == ["TENTH"]


@pytest.mark.parametrize("name", ["price_adjustments", "shipping_options", "quote_tax"])
async def test_the_price_tables_are_loaded_and_nobody_can_set_them(
    database: Database, name: str
) -> None:
    async with open_till(database) as till:
        built_in = till.engine.plugins.built_in["tradewind"]
        assert name in built_in.hooks
        assert "tradewind" not in till.engine.plugins.loaded
        assert till.engine.plugins.door("tradewind") is None


async def test_credits_pay_what_promotions_and_plugins_leave(database: Database) -> None:
    async with open_till(database, Other([500]), tax="16") as till:
        await configure(till.engine, till.store, "other", actor="test", enabled=True)
        await make(till, None)
        async with database.transaction(till.store.id) as tx:
            await add_variant(tx, "VISIT", 10_000, on_hand=None, kind="service")
            owner = await for_email(tx, "amina@example.com")
            await give(tx, owner.id, 3, None, "test", "")
            new = NewCart(source="web", session_id="web:1", customer_id=owner.id)
            cart = await use_credits(tx, await add_sku(tx, new, "VISIT", 1), 3)
        cart = await quote(till.engine, till.store, cart.id)
        assert entries(cart) == [
            ("promotion", "tradewind", -1_000),
            ("price", "other", 500),
            ("credit", "tradewind", -9_500),
        ]
        assert figures(cart) == (10_500, 10_500, 0, 0)
        assert await quote(till.engine, till.store, cart.id) == cart
