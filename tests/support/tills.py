"""A till: an engine over a test database with a payment provider that does as it is told."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from tests.support.shops import Shop, add_variant, make_shop
from tests.support.trust import TRUST
from tradewind import (
    AwaitPhone,
    Change,
    CheckResult,
    Decision,
    Directory,
    Fact,
    Input,
    Item,
    Method,
    MethodsQuery,
    Money,
    PaymentCapabilities,
    PaymentReport,
    PaymentResult,
    Plugin,
    Refused,
    StartPayment,
    StoreContext,
    WebhookRequest,
    hookimpl,
)
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.carts.service import add_line, open_cart, update
from tradewind.checkout.context import ContextFactory
from tradewind.contracts.payment import FactKind, FactStatus
from tradewind.database import Database
from tradewind.hooks import NoSettings
from tradewind.payments.queries import sessions_of_cart
from tradewind.payments.rules import PaymentSession
from tradewind.plugins import load
from tradewind.pricing.builtin import PRICE_TABLES
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import Keyring, new_key
from tradewind.settings.service import configure
from tradewind_manual import plugin as manual

PUSH = Method(
    id="push",
    title="Mobile money",
    flow="push",
    inputs=[Input(name="phone", title="Phone", kind="phone")],
)


class PushProvider:
    """Confirmed by looking it up. `says` is what it knows; `on_start` what it answers first.

    `canceling` is raised instead of calling off.
    """

    name = "push"
    settings_type = NoSettings

    def __init__(self, *, poll_plan: Sequence[timedelta] = (timedelta(seconds=5),)) -> None:
        self.capabilities = PaymentCapabilities(
            cancel=True,
            recovery="repeat",
            poll_plan=poll_plan,
            session_ttl=timedelta(minutes=10),
        )
        self.started: list[StartPayment] = []
        self.canceled: list[Change] = []
        self.canceling: Exception | None = None
        self.fetched = 0
        self.says: list[Fact] = []
        self.on_start: Callable[[StartPayment], PaymentResult] = lambda payment: PaymentResult(
            status="pending",
            provider_ref=f"ref-{payment.operation_id}",
            action=AwaitPhone(text="Approve on your phone."),
        )

    def address(self, settings: NoSettings) -> str:
        return ""

    async def methods(
        self, context: StoreContext[NoSettings], query: MethodsQuery
    ) -> Sequence[Method]:
        return [PUSH]

    async def start(
        self, context: StoreContext[NoSettings], payment: StartPayment
    ) -> PaymentResult:
        self.started.append(payment)
        return self.on_start(payment)

    async def fetch(
        self, context: StoreContext[NoSettings], operation_id: str, provider_ref: str | None
    ) -> PaymentResult:
        self.fetched += 1
        return PaymentResult(status="pending", provider_ref=provider_ref, facts=list(self.says))

    async def cancel(self, context: StoreContext[NoSettings], change: Change) -> PaymentResult:
        if self.canceling is not None:
            raise self.canceling
        self.canceled.append(change)
        return PaymentResult(status="canceled", provider_ref=change.provider_ref)

    async def accept(self, request: WebhookRequest, directory: Directory[NoSettings]) -> Decision:
        return Refused(status=404, reason="no webhooks")

    async def parse_webhook(
        self, item: Item, context: StoreContext[NoSettings]
    ) -> Sequence[PaymentReport]:
        return []

    async def check(self, context: StoreContext[NoSettings]) -> Sequence[CheckResult]:
        return []


class PushPlugin(Plugin):
    name = "push"
    requires = ">=0.1"
    settings_type = NoSettings

    def __init__(self, provider: PushProvider) -> None:
        self.provider = provider

    @hookimpl
    def payment_providers(self) -> Sequence[PushProvider]:
        return [self.provider]


class Till:
    """A shop with an engine, and short ways to what tests of a checkout need."""

    def __init__(self, engine: Engine, shop: Shop, push: PushProvider) -> None:
        self.engine = engine
        self.database = engine.database
        self.shop = shop
        self.store = shop.store
        self.push = push

    async def stock(self, sku: str, price: int = 1000, on_hand: int | None = 100) -> None:
        """Put a product on sale."""
        async with self.database.transaction(self.store.id) as tx:
            kind = "digital" if on_hand is None else "physical"
            await add_variant(tx, sku, price, on_hand=on_hand, kind=kind)

    async def cart(self, *wanted: tuple[str, int], email: str = "amina@example.com") -> Cart:
        """A cart with these SKUs, told who buys."""
        async with self.database.transaction(self.store.id) as tx:
            cart = await open_cart(tx, NewCart(source="web"))
            for sku, quantity in wanted:
                variant_id = await tx.fetchval(
                    "SELECT id FROM shop.variants WHERE store_id = $1 AND sku = $2",
                    tx.store_id,
                    sku,
                )
                cart = await add_line(tx, cart, variant_id, quantity)
            return await update(tx, cart, CartUpdate(email=email))

    async def session(self, cart: Cart) -> PaymentSession:
        """The newest payment session of a cart."""
        async with self.database.transaction(self.store.id) as tx:
            return (await sessions_of_cart(tx, cart.id))[0]

    def fact(
        self,
        amount: int,
        status: FactStatus = "succeeded",
        *,
        kind: FactKind = "capture",
        object_id: str = "charge-1",
        currency: str = "KES",
    ) -> Fact:
        """Something the provider says of one of its objects."""
        return Fact(
            kind=kind,
            object_id=object_id,
            status=status,
            amount=Money(amount, currency),
            at=self.engine.clock.now(),
        )

    async def rows(self, query: str, *args: Any) -> list[Any]:
        """Rows of this store; `$1` is its id."""
        async with self.database.transaction(self.store.id) as tx:
            return await tx.fetch(query, tx.store_id, *args)

    async def value(self, query: str, *args: Any) -> Any:
        """One value of this store; `$1` is its id."""
        async with self.database.transaction(self.store.id) as tx:
            return await tx.fetchval(query, tx.store_id, *args)


@asynccontextmanager
async def open_till(database: Database, *plugins: Plugin, **shop: Any) -> AsyncIterator[Till]:
    """An engine with manual payments, the push provider and `plugins`; all are switched on."""
    push = PushProvider()
    brought = [manual, PushPlugin(push), *plugins]
    async with httpx.AsyncClient(verify=TRUST) as http:
        engine = Engine(
            database=database,
            plugins=load(
                strict=True,
                entry_points=(),
                extra=brought,
                built_in=[PRICE_TABLES],
                timeout=0.2,
            ),
            http=http,
            keyring=Keyring([new_key()]),
            public_url="https://shop.example",
            make_context=ContextFactory(),
        )
        made = await make_shop(database, **shop)
        for plugin in brought:
            await configure(
                engine, made.store, plugin.name, actor="test", enabled=True, settings={}
            )
        yield Till(engine, made, push)
