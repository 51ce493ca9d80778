"""The whole house with a bank: webhooks through the real door, the merchant at the admin API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import msgspec

from tests.support.banks import SIGNATURE, BankPlugin, Books, Note, sign
from tests.support.shop import Shop, open_shop
from tradewind import Fact
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.carts.service import add_sku, update
from tradewind.checkout import service as checkout
from tradewind.checkout.rules import StartRequest
from tradewind.database import Store
from tradewind.orders.rules import Order
from tradewind.payments.queries import sessions_of_cart
from tradewind.payments.rules import PaymentSession
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

SKU, TOTAL = "TEA-PURPLE", 80_000
PAGE = StartRequest(provider="bank")


class Bankhouse:
    """Store `demo`, whose shoppers pay at the bank; `other` is another bank in the same store."""

    def __init__(self, shop: Shop, books: Books, other: Books) -> None:
        self.shop, self.books, self.other = shop, books, other
        self.engine = shop.engine
        self.store: Store = shop.branches["demo"].store
        self._notes = 0

    async def cart(self) -> Cart:
        """A cart with one thing."""
        self._notes += 1
        async with self.engine.database.transaction(self.store.id) as tx:
            new = NewCart(source="web", session_id=f"web:{self._notes}")
            cart = await add_sku(tx, new, SKU, 1)
            return await update(tx, cart, CartUpdate(email="amina@example.com"))

    async def starts(self, cart: Cart) -> PaymentSession:
        """Choose the bank."""
        return await checkout.start_payment(self.engine, self.store, cart.id, PAGE)

    async def orders(self, cart: Cart) -> Order:
        """Order in one go, to be paid at the bank."""
        return await checkout.place(self.engine, self.store, cart.id, "bank", request=PAGE)

    async def session(self, cart: Cart) -> PaymentSession:
        """The newest payment session of a cart."""
        async with self.engine.database.transaction(self.store.id) as tx:
            return (await sessions_of_cart(tx, cart.id))[0]

    def note(self, about: UUID, *facts: Fact, **fields: Any) -> Note:
        """What the bank has to say of a payment, named by our id and by its own."""
        self._notes += 1
        charge = self.books.charges.get(str(about))
        known: dict[str, Any] = {
            "id": f"note-{self._notes}",
            "ref": charge.ref if charge else "",
            "payment_id": about,
            "facts": facts,
        }
        return Note(**(known | fields))

    async def delivers(
        self, note: Note, *, door: str = "bank/demo", secret: str | None = None
    ) -> httpx.Response:
        """Bring a note to the webhook door; nothing is run."""
        body = msgspec.json.encode(note)
        signed = sign(body) if secret is None else sign(body, secret)
        return await self.shop.client.post(
            f"/webhooks/{door}", content=body, headers={SIGNATURE: signed}
        )

    async def tells(self, payment_id: UUID, *facts: Fact, **fields: Any) -> None:
        """Deliver a note, and let everything happen that follows."""
        answer = await self.delivers(self.note(payment_id, *facts, **fields))
        assert answer.status_code == 200, answer.text
        await self.shop.settle()

    async def listed(self, things: str) -> list[dict[str, Any]]:
        """A list of the admin API."""
        path = "cases?state=open" if things == "cases" else things
        found: list[dict[str, Any]] = (await self.shop.admin("GET", f"/admin/{path}"))[things]
        return found

    async def detail(self, order_id: Any) -> dict[str, Any]:
        """An order as its merchant sees it."""
        answer = await self.shop.admin("GET", f"/admin/orders/{order_id}")
        order: dict[str, Any] = answer["order"]
        return order

    async def asks(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """Post something to the admin API, which may refuse."""
        headers = {"Authorization": f"Bearer {self.shop.branches['demo'].secret_key}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.shop.client.post(f"/admin/{path}", json=body, headers=headers)

    async def event_types(self) -> list[str]:
        """What was recorded, oldest first."""
        async with self.engine.database.transaction(self.store.id) as tx:
            rows = await tx.fetch(
                "SELECT type FROM shop.events WHERE store_id = $1 ORDER BY id", self.store.id
            )
        return [row["type"] for row in rows]


@asynccontextmanager
async def open_bankhouse(
    database_urls: DatabaseUrls, clock: ManualClock, **capabilities: Any
) -> AsyncIterator[Bankhouse]:
    """The house, with two banks in both of its stores."""
    books, other = Books(), Books()
    plugins = [BankPlugin(books, **capabilities), BankPlugin(other, "otherbank")]
    async with open_shop(database_urls, clock=clock, plugins=plugins) as shop:
        for branch in shop.branches.values():
            for plugin in plugins:
                await configure(
                    shop.engine, branch.store, plugin.name, actor="t", enabled=True, settings={}
                )
        yield Bankhouse(shop, books, other)
