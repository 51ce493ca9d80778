"""A shopper who pays in the chat, with a provider behind it that does as it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.support.shop import AMINA, Shop, open_shop, options, titles, words
from tests.support.thirdparty.gate import PLAN, Desk, GatePlugin
from tests.support.thirdparty.listener import Listener
from tradewind.checkout import service as checkout
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

TO_PAYMENT = ("ADD TEA-250", "CHECKOUT", "Amina Otieno", "amina@example.com", "Moi Avenue 12, Town")


class Payer:
    """A shopper, the provider's side of the payments, and the merchant's books."""

    def __init__(self, shop: Shop, desk: Desk, listener: Listener, phone: str = AMINA) -> None:
        self.shop = shop
        self.desk = desk
        self.listener = listener
        self.phone = phone

    async def says(self, *texts: str) -> str:
        """Type these; the words of what comes back to the last."""
        for text in texts:
            await self.hears()
            await self.shop.says(self.phone, text)
        return await self.hears_words()

    async def taps(self, *path: str) -> str:
        """Tap these; the words of what comes back to the last."""
        for title in path:
            await self.hears()
            await self.shop.taps(self.phone, title)
        return await self.hears_words()

    async def hears(self) -> list[dict[str, Any]]:
        """What came since the last time."""
        self.heard = await self.shop.hears(self.phone, "demo")
        return self.heard

    async def hears_words(self) -> str:
        """The words of what came since the last time."""
        return "\n".join(words(one) for one in await self.hears())

    @property
    def titles(self) -> list[str]:
        """What can be tapped below the last messages."""
        return [title for one in self.heard for title in titles(one)]

    async def orders_by_link(self) -> str:
        """Order with the method that has a page; the words of the answer."""
        await self.says(*TO_PAYMENT)
        return await self.taps("Online", "Confirm order")

    async def orders_by_wallet(self) -> str:
        """Order with the method that is approved on the phone; the words of the answer."""
        await self.says(*TO_PAYMENT)
        return await self.taps("Wallet", "Blue", f"+{self.phone}", "Confirm order")

    async def decides(self, state: Any, code: str = "", visit: int = -1) -> str:
        """Pay, or not; what the shopper hears once the provider was asked."""
        self.desk.decide(self.shop.clock.now(), state, code, visit)
        return await self.passes(PLAN[0])

    async def passes(self, time: timedelta) -> str:
        """Time passes and what is due is done; what the shopper hears."""
        await self.hears()
        self.shop.clock.advance(time.total_seconds())
        await self.shop.settle()
        return await self.hears_words()

    async def order(self) -> dict[str, Any]:
        """The one order, as the merchant sees it."""
        (found,) = await self.orders()
        return found

    async def orders(self) -> list[dict[str, Any]]:
        """All orders, as the merchant sees them."""
        found: list[dict[str, Any]] = (await self.shop.admin("GET", "/admin/orders"))["orders"]
        return found

    def link(self) -> str:
        """The address behind the last link."""
        found = [
            one["interactive"]["action"]["parameters"]
            for one in self.heard
            if one.get("interactive", {}).get("type") == "cta_url"
        ]
        assert [one["display_text"] for one in found] == ["Pay online"]
        return str(found[0]["url"])

    def id_of(self, title: str) -> str:
        """The id of something that can be tapped now, to be tapped later."""
        return next(
            option.id
            for message in reversed(self.shop.thread(self.phone))
            for option in ([] if message.from_shopper else options(message))
            if option.title == title
        )

    async def taps_id(self, id_: str) -> str:
        """Tap something old, or something that was never shown to this person."""
        await self.hears()
        reply = {"id": id_, "title": "x"}
        body = {
            "type": "interactive",
            "interactive": {"type": "button_reply", "button_reply": reply},
        }
        await self.shop.sends(self.phone, body)
        return await self.hears_words()


async def looked_up(payer: Payer, visit: int) -> None:
    """The provider is asked about a payment that nobody asks about any more."""
    engine, store = payer.shop.engine, payer.shop.branches["demo"].store
    payment_id = UUID(payer.desk.visits[visit].operation_id)
    context = await engine.context_anyway(store, "gate")
    assert context is not None
    result = await engine.plugins.provider("gate").fetch(context, str(payment_id), None)
    await checkout.payment_reported(engine, store, payment_id, result, "webhook")
    await payer.shop.settle()


@asynccontextmanager
async def open_payer(urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Payer]:
    """Both stores take cash, the gate's page and its wallets."""
    desk, listener = Desk(), Listener()
    plugins = [GatePlugin(desk), listener]
    async with open_shop(urls, clock=clock, plugins=plugins) as shop:
        for branch in shop.branches.values():
            for plugin in ("gate", "listener"):
                await configure(
                    shop.engine, branch.store, plugin, settings={}, enabled=True, actor="test"
                )
        yield Payer(shop, desk, listener)
