"""Two stores whose letters go to a mail server in the test, and short ways to what arrives."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from tests.support.post import Office, parsed
from tests.support.shop import Shop, open_shop
from tests.support.tills import PushPlugin, PushProvider
from tradewind import Plugin
from tradewind.carts.rules import CartUpdate, NewCart
from tradewind.carts.service import add_sku, update
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import payment_reported, place
from tradewind.contracts.money import Money
from tradewind.contracts.payment import Fact, FactKind, FactStatus, PaymentResult
from tradewind.database import Store
from tradewind.orders.rules import Order
from tradewind.orders.service import get_order, payments_of
from tradewind.outbox.service import list_deliveries, replay_delivery
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_email import plugin as email

JANE = "jane@example.com"
SKUS = {"demo": "TEA-PURPLE", "second": "CAP"}
PUSH = StartRequest(provider="push", inputs={"phone": "+254700000001"})


class Letterbox:
    """The house with its mail server. `demo` has an account there from the beginning."""

    def __init__(self, shop: Shop, office: Office) -> None:
        self.shop, self.office = shop, office
        self.engine = shop.engine

    def store(self, slug: str = "demo") -> Store:
        return self.shop.branches[slug].store

    async def account(self, slug: str, *, enabled: bool = True, **settings: Any) -> None:
        """Give a store an account, or change it."""
        told = {
            "host": "127.0.0.1",
            "port": self.office.port,
            "security": "none",
            "sender": f"orders@{slug}.example",
            "allow_private_hosts": True,
            **settings,
        }
        await configure(
            self.engine,
            self.store(slug),
            "email",
            actor="test",
            enabled=enabled,
            settings=told,
            operator=True,
        )

    # --- orders --------------------------------------------------------------------------------

    async def order(
        self,
        slug: str = "demo",
        *,
        to: str | None = JANE,
        online: bool = False,
        locale: str = "en",
    ) -> Order:
        """An order from the web, on delivery or waiting for an approval on the phone."""
        store = self.store(slug)
        async with self.engine.database.transaction(store.id) as tx:
            new = NewCart(source="web", session_id=f"web:{tx.new_id()}", locale=locale)
            cart = await add_sku(tx, new, SKUS[slug], 2)
            told = CartUpdate(email=to) if to else CartUpdate(phone="+254700000009")
            cart = await update(tx, cart, told)
        if online:
            return await place(self.engine, store, cart.id, "push", request=PUSH)
        return await place(self.engine, store, cart.id, "manual", "cash_on_delivery")

    async def now(self, order: Order, slug: str = "demo") -> Order:
        """The order as it stands."""
        async with self.engine.database.transaction(self.store(slug).id) as tx:
            return await get_order(tx, order.id)

    async def says(
        self,
        order: Order,
        status: FactStatus,
        *,
        amount: int | None = None,
        kind: FactKind = "capture",
        name: str = "charge-1",
    ) -> None:
        """The provider says something of one of its objects, and all follows that follows."""
        store = self.store()
        async with self.engine.database.transaction(store.id) as tx:
            payment = (await payments_of(tx, order.id))[0]
        fact = Fact(
            kind=kind,
            object_id=name,
            status=status,
            amount=Money(order.total if amount is None else amount, order.currency),
            at=self.engine.clock.now(),
        )
        result = PaymentResult(status="pending", facts=[fact])
        await payment_reported(self.engine, store, payment.id, result, "webhook")
        await self.settle()

    async def settle(self) -> None:
        """Let everything happen that is due."""
        await self.shop.settle()

    async def replay(self, slug: str = "demo") -> int:
        """Deliver every event to the letters once more; returns how many there were."""
        store = self.store(slug)
        async with self.engine.database.transaction(store.id) as tx:
            found = [d for d in await list_deliveries(tx, limit=200) if d.subscriber == "letters"]
            for delivery in found:
                await replay_delivery(tx, delivery.id)
        await self.settle()
        return len(found)

    # --- letters -------------------------------------------------------------------------------

    @property
    def letters(self) -> list[EmailMessage]:
        """What arrived, in order, read as a mail program would."""
        return [parsed(envelope) for envelope in self.office.envelopes]

    @property
    def subjects(self) -> list[str]:
        """What the letters that arrived are called."""
        return [str(letter["Subject"]) for letter in self.letters]

    async def log(self, order: Order, slug: str = "demo") -> list[dict[str, Any]]:
        """What the merchant sees of the messages about an order, oldest first."""
        answer = await self.shop.admin("GET", f"/admin/orders/{order.id}/messages", store=slug)
        found: list[dict[str, Any]] = answer["messages"]
        return found[::-1]

    async def value(self, query: str, *args: Any, slug: str = "demo") -> Any:
        """One value of a store; `$1` is its id."""
        store_id: UUID = self.store(slug).id
        async with self.engine.database.transaction(store_id) as tx:
            return await tx.fetchval(query, store_id, *args)


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    """The words of a letter, or its page."""
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@asynccontextmanager
async def open_letterbox(
    database_urls: DatabaseUrls, clock: ManualClock, *, plugins: Sequence[Plugin] = ()
) -> AsyncIterator[Letterbox]:
    """Open the house; the mail server is closed with it."""
    office = Office()
    await office.open()
    brought = [email, PushPlugin(PushProvider()), *plugins]
    try:
        async with open_shop(database_urls, clock=clock, plugins=brought) as shop:
            box = Letterbox(shop, office)
            for slug in shop.branches:
                await configure(
                    shop.engine, box.store(slug), "push", actor="test", enabled=True, settings={}
                )
            await box.account("demo")
            yield box
    finally:
        await office.close()
