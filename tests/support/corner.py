"""A shop with a kiosk around the corner, and a subscriber with moods of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from tests.support.shop import Shop, open_shop
from tests.support.thirdparty.broken import Clumsy
from tests.support.thirdparty.kiosk import Kiosk, KioskPlugin, sign
from tests.support.thirdparty.till import Book
from tradewind import Address
from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.checkout import service as checkout
from tradewind.checkout.rules import StartRequest
from tradewind.database import Store
from tradewind.settings import queries
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls

SECRET = "secret-of-the-kiosk"
SETTINGS = {"kiosk": "7", "hook_secret": SECRET}
ADDRESS = Address(
    first_name="Jane", last_name="Doe", address_1="Moi Avenue 12", city="Nairobi", country_code="ke"
)


class Corner:
    """What happens at the corner, and what its merchant sees of it."""

    def __init__(self, shop: Shop, kiosk: Kiosk, clumsy: Clumsy) -> None:
        self.shop = shop
        self.kiosk = kiosk
        self.clumsy = clumsy
        self._carts = 0

    @property
    def store(self) -> Store:
        return self.shop.branches["demo"].store

    async def cart(self) -> Cart:
        """A coffee that a courier brings."""
        engine = self.shop.engine
        async with engine.database.transaction(self.store.id) as tx:
            self._carts += 1
            session = f"s:{self._carts}"
            new = NewCart(source="web", session_id=session, email="jane@example.com")
            cart = await carts.add_sku(tx, new, "COF-250", 1)
            cart = await carts.update(tx, cart, CartUpdate(shipping_address=ADDRESS))
        (option,) = await checkout.shipping_options(engine, self.store, cart.id)
        return await checkout.choose_shipping(engine, self.store, cart.id, option.option_id)

    async def offered(self) -> set[str]:
        """The providers that a new shopper may choose."""
        cart = await self.cart()
        found = await checkout.payment_methods(self.shop.engine, self.store, cart.id)
        return {one.provider for one in found}

    async def begun(self) -> Cart:
        """Somebody is on the way to the kiosk."""
        cart = await self.cart()
        await self.pays(cart)
        return cart

    async def pays(self, cart: Cart, provider: str = "kiosk") -> None:
        request = StartRequest(provider=provider)
        await checkout.start_payment(self.shop.engine, self.store, cart.id, request)

    def paid(self) -> str:
        """The latest request is paid at the kiosk; its number."""
        number = self.kiosk.book.requests[-1].number
        self.kiosk.book.decide(number, "approved", self.shop.clock.now())
        return number

    async def hook(self, number: str, secret: str = SECRET, store: str = "demo") -> int:
        """The provider's webhook; the status it is answered with."""
        signed = {"x-kiosk-signature": sign(number.encode(), secret)}
        answer = await self.shop.client.post(
            f"/webhooks/kiosk/{store}", content=number.encode(), headers=signed
        )
        await self.shop.settle()
        return answer.status_code

    async def passes(self, time: timedelta) -> None:
        self.shop.clock.advance(time.total_seconds())
        await self.shop.settle()

    async def orders(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.shop.admin("GET", "/admin/orders"))["orders"]
        return found

    async def cases(self, state: str = "open", store: str = "demo") -> list[dict[str, Any]]:
        """The money desk."""
        path = f"/admin/cases?state={state}"
        found: list[dict[str, Any]] = (await self.shop.admin("GET", path, store=store))["cases"]
        return found

    async def page(self, plugin: str = "kiosk", store: str = "demo") -> dict[str, Any]:
        return await self.shop.admin("GET", f"/admin/plugins/{plugin}", store=store)

    async def put(self, plugin: str, **change: Any) -> dict[str, Any]:
        return await self.shop.admin("PUT", f"/admin/plugins/{plugin}", change)

    async def heard(self) -> list[tuple[str, int]]:
        """State and attempts of every delivery to the clumsy subscriber, oldest first."""
        found = await self.shop.admin("GET", "/admin/event-deliveries?limit=200")
        return [
            (one["state"], one["attempts"])
            for one in found["event_deliveries"]
            if one["subscriber"] == "clumsy"
        ]

    async def failing_items(self) -> list[dict[str, Any]]:
        """What came in and could not be worked on."""
        found = await self.shop.admin("GET", "/admin/webhook-inbox?state=pending")
        return list(found["webhook_inbox"])

    async def keep(self, plugin: str, cipher: bytes) -> None:
        """Put these bytes in place of a plugin's settings, behind the engine's back."""
        engine = self.shop.engine
        async with engine.database.transaction(self.store.id) as tx:
            await queries.save_settings(tx, plugin, cipher)
        engine.forget(self.store.id)

    async def audited(self) -> list[tuple[str, str]]:
        """Action and subject of the store's audit log, oldest first."""
        log = (await self.shop.admin("GET", "/admin/audit-log?limit=200"))["audit_log"]
        return [(one["action"], one["subject_id"]) for one in reversed(log)]


@asynccontextmanager
async def open_corner(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Corner]:
    """Both plugins are switched on in both stores; failed work is not a failure of the test."""
    plugin, clumsy = KioskPlugin(Book()), Clumsy(lambda: None)
    async with open_shop(database_urls, clock=clock, plugins=[plugin, clumsy]) as shop:

        async def none() -> list[str]:
            return []

        shop.faults = none  # type: ignore[method-assign]
        for slug in ("demo", "second"):
            store = shop.branches[slug].store
            for name, settings in (("kiosk", SETTINGS), ("clumsy", {})):
                await configure(
                    shop.engine, store, name, settings=settings, enabled=True, actor="test"
                )
        yield Corner(shop, plugin.kiosk, clumsy)
