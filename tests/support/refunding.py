"""A till with a bank, and what a merchant does at it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from tests.support.banks import BankPlugin, Books
from tests.support.tills import Till, open_till
from tradewind.cases.service import Case, list_cases
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import (
    payment_reported,
    place,
    poll_payment,
    refund_order,
)
from tradewind.contracts.payment import PaymentResult
from tradewind.database import Database
from tradewind.ledger.service import balances
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order, payments_of, timeline
from tradewind.payments.refund_queries import refunds_of
from tradewind.payments.rules import Payment, Refund
from tradewind.testing.clock import ManualClock
from tradewind_host.worker import Worker

PRICE = 10_000
PAGE = StartRequest(provider="bank")
MINUTE, HOUR, DAY = 60, 3600, 86_400


class Desk:
    """A till with a bank, and what a merchant does at it."""

    def __init__(self, till: Till, books: Books) -> None:
        self.till, self.books = till, books
        self.engine, self.store = till.engine, till.store
        self.worker = Worker(till.engine)

    async def paid(self, *amounts: int, quantity: int = 1) -> Order:
        """An order that was paid on the bank's page, in as many parts."""
        cart = await self.till.cart(("MUG", quantity))
        order = await place(self.engine, self.store, cart.id, "bank", request=PAGE)
        session = await self.till.session(cart)
        for amount in amounts or (PRICE * quantity,):
            self.books.pays(str(session.payment_id), amount)
        await poll_payment(self.engine, self.store, session.id)
        return await self.order(order.id)

    async def order(self, order_id: UUID) -> Order:
        async with self.till.database.transaction(self.store.id) as tx:
            return await get_order(tx, order_id)

    async def payments(self, order: Order) -> list[Payment]:
        async with self.till.database.transaction(self.store.id) as tx:
            return await payments_of(tx, order.id)

    async def refunds(self, order: Order) -> list[Refund]:
        async with self.till.database.transaction(self.store.id) as tx:
            known = await payments_of(tx, order.id)
            return await refunds_of(tx, [one.id for one in known])

    async def back(self, order: Order, amount: int | None = None, **more: Any) -> list[Refund]:
        return await refund_order(self.engine, self.store, order.id, "owner", amount, **more)

    async def told(self, payment: Payment, *facts: Any, status: Any = "pending") -> None:
        report = PaymentResult(status=status, facts=facts)
        await payment_reported(self.engine, self.store, payment.id, report, "webhook")

    async def cases(self) -> list[Case]:
        async with self.till.database.transaction(self.store.id) as tx:
            return await list_cases(tx)

    async def ledger(self) -> dict[str, int]:
        async with self.till.database.transaction(self.store.id) as tx:
            found = {one.code: one.debit - one.credit for one in await balances(tx)}
        assert sum(found.values()) == 0
        return found

    async def events(self, kind: str) -> list[Any]:
        query = "SELECT payload FROM shop.events WHERE store_id = $1 AND type = $2 ORDER BY id"
        return await self.till.rows(query, kind)

    async def history(self, order: Order) -> list[str]:
        async with self.till.database.transaction(self.store.id) as tx:
            return [entry.type for entry in await timeline(tx, order.id)]


def parts(refunds: list[Refund]) -> list[tuple[str, int]]:
    return [(one.status, one.amount) for one in refunds]


async def settled(desk: Desk, clock: ManualClock, *, seconds: int = 2 * DAY) -> None:
    """Time passes, and the worker does what is due."""
    for _ in range(seconds // (10 * MINUTE)):
        clock.advance(10 * MINUTE)
        await desk.worker.work_off()


@asynccontextmanager
async def open_desk(database: Database) -> AsyncIterator[Desk]:
    """A desk for as long as the block lasts."""
    books = Books()
    async with open_till(database, BankPlugin(books)) as till:
        await till.stock("MUG", PRICE)
        yield Desk(till, books)
