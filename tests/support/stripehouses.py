"""The whole house with Stripe: its stand-in behind the plugin, webhooks through the real door."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx

from tests.support.bankhouses import SKU
from tests.support.shop import Shop, open_shop
from tests.support.stripe_peer import Peer, Wire
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.carts.service import add_sku, update
from tradewind.checkout import service as checkout
from tradewind.checkout.rules import StartRequest
from tradewind.database import Store
from tradewind.payments.rules import Payment, PaymentSession
from tradewind.payments.service import get_payment
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_stripe import StripePlugin
from tradewind_stripe.client import Clients

SECRET = "whsec_of-the-house"
SETTINGS: Mapping[str, Any] = {
    "secret_key": "sk_test_house",
    "publishable_key": "pk_test_house",
    "webhook_secrets": [SECRET],
}


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """A header as Stripe sends it now."""
    now = int(time.time())
    made = hmac.new(secret.encode(), b"%d.%b" % (now, body), hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={now},v1={made}"}


class Stripehouse:
    """Store `demo`, whose shoppers pay with Stripe; `second` has the same account."""

    def __init__(self, shop: Shop, peer: Peer) -> None:
        self.shop, self.peer, self.engine = shop, peer, shop.engine
        self.store: Store = shop.branches["demo"].store
        self._events = 0

    async def cart(self) -> Cart:
        """A cart with one thing."""
        self._events += 1
        async with self.engine.database.transaction(self.store.id) as tx:
            new = NewCart(source="web", session_id=f"web:{self._events}")
            cart = await add_sku(tx, new, SKU, 1)
            return await update(tx, cart, CartUpdate(email="amina@example.com"))

    async def starts(self, cart: Cart, method: str | None = None, **more: Any) -> PaymentSession:
        """Choose Stripe."""
        request = StartRequest(provider="stripe", method=method, **more)
        return await checkout.start_payment(self.engine, self.store, cart.id, request)

    async def payment(self, session: PaymentSession) -> Payment:
        """A payment as it is known now."""
        async with self.engine.database.transaction(self.store.id) as tx:
            return await get_payment(tx, session.payment_id)

    def event(self, kind: str, subject: Mapping[str, Any]) -> bytes:
        """An event about an object, with an id of its own."""
        self._events += 1
        body = {
            "id": f"evt_{self._events}",
            "object": "event",
            "type": kind,
            "livemode": False,
            "data": {"object": subject},
        }
        return json.dumps(body).encode()

    async def delivers(self, body: bytes, *, slug: str = "demo") -> httpx.Response:
        """Bring a webhook to the door; nothing is run."""
        url = f"/webhooks/stripe/{slug}"
        return await self.shop.client.post(url, content=body, headers=signed(body))

    async def tells(self, kind: str, payment_id: UUID) -> None:
        """Deliver an event about a payment's PaymentIntent, and do what follows."""
        intent = self.peer.intent_of(str(payment_id))
        answer = await self.delivers(self.event(kind, intent))
        assert answer.status_code == 200, answer.text
        await self.shop.settle()

    async def listed(self, things: str) -> list[dict[str, Any]]:
        """A list of the admin API."""
        path = "cases?state=open" if things == "cases" else things
        found: list[dict[str, Any]] = (await self.shop.admin("GET", f"/admin/{path}"))[things]
        return found


@asynccontextmanager
async def open_stripehouse(
    database_urls: DatabaseUrls, clock: ManualClock, clients: Clients | None = None, **settings: Any
) -> AsyncIterator[Stripehouse]:
    """The house, with Stripe in both of its stores; `clients` are those of another stand-in."""
    peer = Peer()
    plugin = StripePlugin(clients or Clients(lambda: Wire(peer)))
    async with open_shop(database_urls, clock=clock, plugins=[plugin]) as shop:
        for branch in shop.branches.values():
            await configure(
                shop.engine,
                branch.store,
                "stripe",
                actor="t",
                enabled=True,
                operator=True,
                settings={**SETTINGS, **settings},
            )
        yield Stripehouse(shop, peer)
