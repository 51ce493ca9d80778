"""What a till has of a payment: its order, its events, its cases, its ledger."""

from typing import Any

from tests.support.tills import Till
from tradewind.cases.service import list_cases
from tradewind.checkout.rules import StartRequest
from tradewind.contracts.payment import PaymentResult
from tradewind.ledger.service import balances
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order

CASH = StartRequest(provider="manual", method="cash_on_delivery")
PUSH = StartRequest(provider="push", inputs={"phone": "+254700000001"})
PRICE = 129_900


def told(*facts: Any, status: Any = "succeeded", trusted: bool = True) -> PaymentResult:
    return PaymentResult(status=status, facts=facts, trusted=trusted)


async def order_now(till: Till, order: Order) -> Order:
    async with till.database.transaction(till.store.id) as tx:
        return await get_order(tx, order.id)


async def events_of(till: Till) -> list[str]:
    rows = await till.rows("SELECT type FROM shop.events WHERE store_id = $1 ORDER BY id")
    return [row["type"] for row in rows]


async def cases_of(till: Till) -> list[str]:
    async with till.database.transaction(till.store.id) as tx:
        return [case.kind for case in await list_cases(tx)]


async def ledger_of(till: Till) -> dict[str, int]:
    async with till.database.transaction(till.store.id) as tx:
        found = {one.code: one.debit - one.credit for one in await balances(tx)}
    assert sum(found.values()) == 0
    return found
