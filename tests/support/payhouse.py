"""A till with the pages of its orders, the provider with pages of its own, and a visitor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.support.sheets import Sheet, Visitor, site_of
from tests.support.thirdparty.cashier import CashierPlugin, Counter
from tests.support.tills import Till, open_till
from tradewind.carts.rules import CartUpdate
from tradewind.carts.service import update
from tradewind.checkout.links import checkout_url, order_url
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    choose_shipping,
    place,
)
from tradewind.contracts.pricing import Address
from tradewind.database import Database
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order
from tradewind.payments.queries import sessions_of_order
from tradewind.payments.rules import PaymentSession

PRICE = 129_900
CARD = StartRequest(provider="cashier", method="card")
PUSH = StartRequest(provider="push", inputs={"phone": "+254700000001"})
CASH = StartRequest(provider="manual", method="cash_on_delivery")
HOME = Address(
    first_name="Amina",
    last_name="Otieno",
    address_1="1 Moi Avenue",
    city="Nairobi",
    postal_code="00100",
    country_code="ke",
    phone="+254712000000",
)


class House(NamedTuple):
    """A till with its pages, the provider with pages of its own, and a visitor."""

    till: Till
    counter: Counter
    client: httpx.AsyncClient
    visitor: Visitor

    async def order(
        self, request: StartRequest = CARD, *, locale: str = "en", source: str = "web"
    ) -> Order:
        """An order for two mugs; with most methods it waits for its money."""
        cart = await self.till.cart(("MUG", 2))
        async with self.till.database.transaction(self.till.store.id) as tx:
            wanted = CartUpdate(shipping_address=HOME, locale=locale)
            cart = await update(tx, cart, wanted)
        await choose_shipping(
            self.till.engine, self.till.store, cart.id, str(self.till.shop.delivery)
        )
        return await place(
            self.till.engine,
            self.till.store,
            cart.id,
            request.provider,
            request.method,
            request,
        )

    def pay_url(self, order: Order) -> str:
        return checkout_url(self.till.engine, self.till.store, order)

    def order_url(self, order: Order) -> str:
        return order_url(self.till.engine, self.till.store, order.id)

    async def pays(self, order: Order) -> Sheet:
        """The pay page."""
        return await self.visitor.opens(self.pay_url(order))

    async def now(self, order: Order) -> Order:
        async with self.till.database.transaction(self.till.store.id) as tx:
            return await get_order(tx, order.id)

    async def sessions(self, order: Order) -> list[PaymentSession]:
        async with self.till.database.transaction(self.till.store.id) as tx:
            return await sessions_of_order(tx, order.id)

    async def voided(self, order: Order) -> None:
        """No attempt is under way any more."""
        await self.till.rows(
            "UPDATE shop.payment_sessions SET status = 'voided' WHERE store_id = $1 "
            "AND order_id = $2 RETURNING id",
            order.id,
        )


@asynccontextmanager
async def open_payhouse(database: Database, data_dir: Path) -> AsyncIterator[House]:
    """A house for as long as the block lasts."""
    counter = Counter()
    async with open_till(database, CashierPlugin(counter)) as till:
        await till.stock("MUG", PRICE)
        async with site_of(till.engine, data_dir) as client:
            yield House(till, counter, client, Visitor(client))
