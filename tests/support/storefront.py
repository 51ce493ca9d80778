"""A shop's own website: what it asks of the store API, as a browser would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import msgspec

from tests.support.banks import SIGNATURE, Books, Note, sign
from tests.support.elements import ElementsPlugin
from tests.support.shop import Shop, open_shop
from tradewind import Fact, Plugin
from tradewind.database import Store
from tradewind.payments.queries import sessions_of_cart
from tradewind.payments.rules import PaymentSession
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

TEA, PRICE = "TEA-PURPLE", 80_000
EMAIL = "amina@example.com"
HOME: dict[str, Any] = {
    "first_name": "Amina",
    "last_name": "Otieno",
    "address_1": "Kenyatta Avenue 12",
    "city": "Nairobi",
    "country_code": "ke",
}


class Storefront:
    """The website of store `demo`; its provider `elements` keeps `books`."""

    def __init__(self, shop: Shop, books: Books, elements: ElementsPlugin) -> None:
        self.shop, self.books, self.elements = shop, books, elements.provider
        self.engine = shop.engine
        self.store: Store = shop.branches["demo"].store
        self._notes = 0
        self._variants: dict[str, str] = {}

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        store: str = "demo",
        **headers: str,
    ) -> httpx.Response:
        """Call the store API; `key` names the request."""
        given = {"X-Publishable-Key": self.shop.branches[store].publishable_key, **headers}
        if key is not None:
            given["Idempotency-Key"] = key
        return await self.shop.client.request(method, f"/store{path}", json=body, headers=given)

    async def get(self, path: str) -> dict[str, Any]:
        """What is there; it must be."""
        return told(await self.ask("GET", path))

    async def post(self, path: str, body: Any = None) -> dict[str, Any]:
        """Do something that must succeed."""
        return told(await self.ask("POST", path, body))

    async def variant(self, sku: str = TEA) -> str:
        """The id of what is sold under a SKU."""
        if sku not in self._variants:
            self._variants[sku] = await self._variant(sku)
        return self._variants[sku]

    async def _variant(self, sku: str) -> str:
        async with self.engine.database.transaction(self.store.id) as tx:
            found = await tx.fetchval(
                "SELECT id FROM shop.variants WHERE store_id = $1 AND sku = $2", tx.store_id, sku
            )
        return str(found)

    async def cart(self, *wanted: tuple[str, int], email: str | None = EMAIL) -> dict[str, Any]:
        """A cart with these SKUs, or one packet of tea."""
        cart: dict[str, Any] = (await self.post("/carts", {"email": email}))["cart"]
        for sku, quantity in wanted or ((TEA, 1),):
            body = {"variant_id": await self.variant(sku), "quantity": quantity}
            cart = (await self.post(f"/carts/{cart['id']}/line-items", body))["cart"]
        return cart

    async def pays(self, cart: dict[str, Any], **wanted: Any) -> dict[str, Any]:
        """Begin to pay for a cart, with a card unless told; the payment session."""
        body = {"provider_id": "elements", **wanted}
        answer = await self.post(f"/carts/{cart['id']}/payment-sessions", body)
        session: dict[str, Any] = answer["payment_session"]
        return session

    async def complete(self, cart: dict[str, Any], **given: Any) -> httpx.Response:
        """Ask for the order."""
        return await self.ask("POST", f"/carts/{cart['id']}/complete", given or None)

    def confirmed(self, session: dict[str, Any]) -> Fact:
        """The shopper's card is charged, in the page; nobody has told the shop."""
        charge = self.books.by_ref(session["data"]["payment_intent_id"])
        return self.books.pays(charge.operation_id)

    async def webhook(self, session: dict[str, Any], *facts: Fact) -> None:
        """The provider tells what has happened to an attempt; nothing is run."""
        self._notes += 1
        charge = self.books.by_ref(session["data"]["payment_intent_id"])
        payment_id = UUID(charge.operation_id)
        note = Note(
            id=f"note-{self._notes}",
            ref=charge.ref,
            payment_id=payment_id,
            facts=facts or charge.facts,
        )
        body = msgspec.json.encode(note)
        answer = await self.shop.client.post(
            "/webhooks/elements/demo", content=body, headers={SIGNATURE: sign(body)}
        )
        assert answer.status_code == 200, answer.text

    async def rows(self, query: str, *args: Any) -> list[Any]:
        """Rows of the store; `$1` is its id."""
        async with self.engine.database.transaction(self.store.id) as tx:
            return [tuple(row) for row in await tx.fetch(query, tx.store_id, *args)]

    async def sessions(self, cart: dict[str, Any]) -> list[PaymentSession]:
        """A cart's attempts to pay, newest first."""
        async with self.engine.database.transaction(self.store.id) as tx:
            return await sessions_of_cart(tx, UUID(cart["id"]))


def told(answer: httpx.Response) -> dict[str, Any]:
    """The body of a success."""
    assert answer.is_success, f"{answer.status_code} {answer.text}"
    found: dict[str, Any] = answer.json()
    return found


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem in an answer; it must be this one."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return body


def fields(problem: dict[str, Any]) -> dict[str, str]:
    """The refused fields of a problem, with their codes."""
    return {one["path"]: one["code"] for one in problem["errors"]}


@asynccontextmanager
async def open_storefront(
    database_urls: DatabaseUrls, clock: ManualClock, *plugins: Plugin
) -> AsyncIterator[Storefront]:
    """The house with both stores, and a provider for cards in each."""
    books = Books()
    elements = ElementsPlugin(books)
    async with open_shop(database_urls, clock=clock, plugins=[elements, *plugins]) as shop:
        for branch in shop.branches.values():
            for plugin in (elements, *plugins):
                await configure(
                    shop.engine, branch.store, plugin.name, actor="t", enabled=True, settings={}
                )
        yield Storefront(shop, books, elements)
