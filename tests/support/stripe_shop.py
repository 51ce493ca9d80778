"""The whole house with the Stripe plugin and the sandbox behind it; payers on Stripe's page."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.integration.sandbox.merchant import InMemory
from tests.support.shop import AMINA, GRAPH, SHOP, Shop, open_shop, words
from tradewind.checkout.service import expire_orders
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_sandbox import StripeAccount
from tradewind_stripe import StripePlugin
from tradewind_stripe.client import Clients

ACCOUNT = StripeAccount(
    secret_key="sk_test_demo",
    publishable_key="pk_test_demo",
    webhook_secret="whsec_demo",
    webhook_url=f"http://{SHOP}/webhooks/stripe/demo",
    store_name="Demo",
    country="KE",
    currency="kes",
)
TO_PAYMENT = ("ADD TEA-250", "CHECKOUT", "Amina Otieno", "amina@example.com", "Moi Avenue 12, Town")
_PAGE = re.compile(rf"http://{GRAPH}/stripe/c/pay/\w+")


class StripeShop:
    """A shopper who orders in the chat, pays on Stripe's page, and the merchant's desk."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    async def orders(self) -> None:
        """Order one thing in the chat, to be paid by card."""
        for text in TO_PAYMENT:
            await self.shop.says(AMINA, text)
        for title in ("Card (Stripe's page)", "Confirm order"):
            await self.shop.taps(AMINA, title)

    async def page(self) -> str:
        """Follow the chat's link and press the button there; the address of Stripe's page."""
        links = [
            body["interactive"]["action"]["parameters"]["url"]
            for body in await self.shop.hears(AMINA, "demo")
            if body.get("interactive", {}).get("type") == "cta_url"
        ]
        query = {name: values[0] for name, values in parse_qs(urlsplit(links[-1]).query).items()}
        form = {"order": query["order"], "token": query["token"]}
        answer = await self.shop.client.post(
            "/store/demo/pay", data={**form, "provider": "stripe", "method": "checkout"}
        )
        found = _PAGE.search(answer.text)
        assert found, answer.text
        return found[0]

    async def types(self, page: str, number: str) -> httpx.Response:
        """Type a card on Stripe's page; let everything happen that follows."""
        answer = await self.shop.sandbox.post(page, data={"number": number})
        await self.shop.settle()
        return answer

    async def tells_bank(self, page: str, outcome: str) -> httpx.Response:
        """Answer the bank; let everything happen that follows."""
        secret = httpx.URL(page).params["client_secret"]
        data = {"outcome": outcome, "client_secret": secret}
        answer = await self.shop.sandbox.post(page, data=data)
        await self.shop.settle()
        return answer

    async def passes(self, time: timedelta) -> None:
        """Time passes, and what is due is done."""
        await self.shop.sandbox.post("/clock", json={"advance_seconds": time.total_seconds()})
        await self.shop.settle()
        await expire_orders(self.shop.engine, self.shop.branches["demo"].store)
        await self.shop.settle()

    async def heard(self) -> str:
        """The words that came to the shopper since the last time."""
        return "\n".join(words(one) for one in await self.shop.hears(AMINA, "demo"))

    async def order(self) -> dict[str, Any]:
        """The one order, as its merchant sees it."""
        ((order,),) = [(await self.shop.admin("GET", "/admin/orders"))["orders"]]
        found = await self.shop.admin("GET", f"/admin/orders/{order['id']}")
        return dict(found["order"])

    async def cases(self) -> list[dict[str, Any]]:
        """What waits at the money desk."""
        found: list[dict[str, Any]] = (await self.shop.admin("GET", "/admin/cases?state=open"))[
            "cases"
        ]
        return found

    async def available(self) -> int:
        """How many of the thing can still be bought."""
        return int((await self.shop.admin("GET", "/admin/inventory/TEA-250"))["available"])

    async def books(self) -> list[dict[str, Any]]:
        """What Stripe knows."""
        found = (await self.shop.sandbox.get("/stripe/books")).json()
        return list(found[ACCOUNT.store_name])


@asynccontextmanager
async def open_stripe_shop(
    database_urls: DatabaseUrls, clock: ManualClock
) -> AsyncIterator[StripeShop]:
    """The house, with Stripe in store `demo`."""
    lines: list[InMemory] = []
    plugin = StripePlugin(Clients(lambda: lines[0]))
    settings = {
        "secret_key": ACCOUNT.secret_key,
        "publishable_key": ACCOUNT.publishable_key,
        "webhook_secrets": [ACCOUNT.webhook_secret],
        "api_base": f"http://{GRAPH}/stripe",
    }
    async with open_shop(database_urls, clock=clock, plugins=[plugin], stripe=[ACCOUNT]) as shop:
        lines.append(InMemory(shop.sandbox))
        await configure(
            shop.engine,
            shop.branches["demo"].store,
            "stripe",
            actor="test",
            enabled=True,
            settings=settings,
            operator=True,
        )
        yield StripeShop(shop)
