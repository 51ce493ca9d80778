"""What shoppers and the merchant do with a payment, and what must have become of it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import uuid4

from tests.support.place import Place
from tests.support.shoppers import Shopper

ONLINE, PUSH = "Pay online", "M-Pesa"
_LOOK_SECONDS = 0.3
_REST_SECONDS = 2.0
"""After another try: who taps at every answer is soon past the messages a shopper may be sent."""

_PATIENCE_SECONDS = 180.0


class Due(NamedTuple):
    """An order that waits for its money, in minor units."""

    order_id: str
    amount: int


class Till:
    """The payer's and the merchant's side of one order."""

    def __init__(self, place: Place, shopper: Shopper, lot: random.Random) -> None:
        self.place = place
        self.shopper = shopper
        self.lot = lot

    async def order(self) -> Due:
        """Order in the chat."""
        order_id = await self.shopper.order()
        return Due(order_id, (await self.read(order_id))["total"])

    async def read(self, order_id: str) -> dict[str, Any]:
        """An order as the merchant sees it."""
        found: dict[str, Any] = (await self.place.admin("GET", f"/admin/orders/{order_id}"))[
            "order"
        ]
        return found

    async def settle(self, due: Due, status: str, **more: Any) -> str:
        """The payer finishes at the provider, as soon as it knows of the payment; its reference.

        Where the provider could not be reached, the shopper is told, and tries again; for an order
        that was called off meanwhile there is nothing to pay then.
        """
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                order = await self.read(due.order_id)
                reference: str = order["payments"][-1]["id"]
                body = {"tx_ref": reference, "status": status, **more}
                answer = await self.place.sandbox.post("/flutterwave/settle", json=body)
                if answer.status_code != HTTPStatus.NOT_FOUND:
                    answer.raise_for_status()
                    return reference
                if order["status"] == "canceled":
                    return reference
                tapped = await self.shopper.tries_again()
                await asyncio.sleep(_REST_SECONDS if tapped else _LOOK_SECONDS)

    async def until(self, order_id: str, holds: Callable[[Mapping[str, Any]], bool]) -> None:
        """Wait until the merchant sees that something holds of an order."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not holds(await self.read(order_id)):  # noqa: ASYNC110 - others make it true
                await asyncio.sleep(_LOOK_SECONDS * 3)


Plan = Callable[[Till], Awaitable[None]]


async def pays(till: Till) -> None:
    """Pays at once."""
    await till.settle(await till.order(), "successful")


async def fails_then_pays(till: Till) -> None:
    """A first try fails, the next one under the same reference succeeds."""
    due = await till.order()
    await till.settle(due, "failed")
    await till.settle(due, "successful")


async def pays_twice(till: Till) -> None:
    """Two transactions under one reference: the second is too much."""
    due = await till.order()
    await till.settle(due, "successful")
    till.place.paid_twice.add(await till.settle(due, "successful", again=True))


async def pays_too_little(till: Till) -> None:
    """Half of what is due comes."""
    due = await till.order()
    await till.settle(due, "successful", amount=due.amount // 200)


async def fails(till: Till) -> None:
    """Does not come through, and gives up."""
    await till.settle(await till.order(), "failed")


async def ignores(till: Till) -> None:
    """Never pays."""
    await till.order()


async def gets_it_back(till: Till) -> None:
    """Pays; the merchant gives it back in two parts, asking twice for each."""
    due = await till.order()
    await till.settle(due, "successful")
    await till.until(due.order_id, lambda order: order["payment_status"] == "paid")
    part = due.amount // 300 * 100
    for amount in (part, due.amount - part):
        key = str(uuid4())
        for _ in range(2):
            path = f"/admin/orders/{due.order_id}/refund"
            await till.place.admin("POST", path, {"amount": amount}, key=key)


async def pays_after_the_merchant_canceled(till: Till) -> None:
    """The merchant calls the order off; the money comes all the same."""
    due = await till.order()
    await till.place.admin("POST", f"/admin/orders/{due.order_id}/cancel", {"reason": "gone"})
    await till.settle(due, "successful")


PLANS: Mapping[Plan, int] = {
    pays: 10,
    fails_then_pays: 3,
    pays_twice: 2,
    pays_too_little: 1,
    fails: 2,
    ignores: 1,
    gets_it_back: 4,
    pays_after_the_merchant_canceled: 2,
}
"""What may happen to a payment, and how often."""
