"""The plugin and the sandbox, each written from Stripe's documents, understand one another."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from tests.integration.sandbox.merchant import FIRST, Merchant
from tests.integration.sandbox.world import fault
from tradewind import (
    Accepted,
    Change,
    ClientSecret,
    Money,
    Payer,
    PaymentReport,
    PaymentResult,
    Redirect,
    StartPayment,
    WebhookRequest,
)
from tradewind.testing.context import STORE, Accounts, BareContext
from tradewind_sandbox.config import STRIPE_EVENTS
from tradewind_stripe import StripeProvider, StripeSettings
from tradewind_stripe.client import Clients
from tradewind_stripe.door import EVENTS

SETTINGS = StripeSettings(
    secret_key=FIRST.secret_key,
    publishable_key=FIRST.publishable_key,
    webhook_secrets=[FIRST.webhook_secret],
    api_base="http://sandbox.test/stripe",
)
PRICE = Money(4999, "USD")


class Shop:
    """A store that takes payments with the plugin."""

    def __init__(self, merchant: Merchant) -> None:
        self.merchant = merchant
        self.provider = StripeProvider(Clients(lambda: merchant.memory))
        self.context = BareContext(SETTINGS, clock=merchant.world.clock)
        self.id = uuid4()
        self.ref = ""

    async def start(
        self, method: str = "checkout", amount: Money = PRICE, **changes: Any
    ) -> PaymentResult:
        fields: dict[str, Any] = {
            "operation_id": str(self.id),
            "payment_id": self.id,
            "method": method,
            "intent": "pay",
            "amount": amount,
            "payer": Payer(email="amina@example.com"),
            "description": "Order 7",
            "return_url": "http://shop.test/return",
            "cancel_url": "http://shop.test/cancel",
            **changes,
        }
        result = await self.provider.start(self.context, StartPayment(**fields))
        self.ref = result.provider_ref or ""
        return result

    async def page(self, **changes: Any) -> str:
        """Begin on Stripe's page; its address."""
        action = (await self.start(**changes)).action
        assert isinstance(action, Redirect)
        return action.url

    async def fetch(self) -> tuple[str, list[tuple[str, str, int]]]:
        """What the payment comes to, and each object with its state and amount."""
        result = await self.provider.fetch(self.context, str(self.id), self.ref or None)
        facts = [(one.kind, one.status, one.amount.amount) for one in result.facts]
        return result.status, sorted(facts)

    def change(self, amount: int, operation: str) -> Change:
        return Change(
            operation_id=operation,
            payment_id=self.id,
            provider_ref=self.ref,
            amount=Money(amount, "USD"),
        )

    async def told(self) -> Sequence[PaymentReport]:
        """What the webhooks that came mean, through the door."""
        await self.merchant.world.settle()
        found: list[PaymentReport] = []
        for heard in self.merchant.heard:
            request = WebhookRequest(
                method="POST",
                query={},
                headers={name.lower(): value for name, value in heard.headers.items()},
                body=heard.content,
                store_slug=STORE.slug,
            )
            decision = await self.provider.accept(request, Accounts({"": SETTINGS}))
            assert isinstance(decision, Accepted), decision
            for item in decision.items:
                found += await self.provider.parse_webhook(item, self.context)
        return found


@pytest.fixture
async def shop(merchant: Merchant) -> AsyncIterator[Shop]:
    made = Shop(merchant)
    yield made
    await made.context.http.aclose()


async def test_a_page_is_paid_at_the_second_try(merchant: Merchant, shop: Shop) -> None:
    url = await shop.page()
    assert await shop.fetch() == ("pending", [])
    await merchant.types(url, "4000000000000002")
    assert await shop.fetch() == (
        "pending",
        [("capture", "failed", 4999), ("capture", "pending", 4999)],
    )
    back = await merchant.types(url, "4242424242424242")
    assert httpx.URL(back.headers["Location"]).host == "shop.test"
    assert await shop.fetch() == ("succeeded", [("capture", "succeeded", 4999)])
    reports = await shop.told()
    assert {one.payment_id for one in reports} == {shop.id}
    assert not any(one.result.trusted for one in reports)


async def test_a_page_that_nobody_pays_on_is_over_with_its_time(
    merchant: Merchant, shop: Shop
) -> None:
    await shop.page()
    merchant.world.clock.advance(32 * 60)
    assert await shop.fetch() == ("canceled", [("capture", "expired", 4999)])


async def test_stripes_script_pays_in_the_shops_page(merchant: Merchant, shop: Shop) -> None:
    action = (await shop.start("payment_intent")).action
    assert isinstance(action, ClientSecret)
    form = {"client_secret": action.client_secret, "payment_method": "pm_card_visa"}
    answer = await merchant.world.client.post(
        f"/stripe/v1/payment_intents/{shop.ref}/confirm",
        data=form,
        auth=(action.publishable_key, ""),
    )
    assert answer.json()["status"] == "succeeded"
    assert await shop.fetch() == ("succeeded", [("capture", "succeeded", 4999)])


@pytest.mark.parametrize("method", ["checkout", "payment_intent"])
async def test_held_money_is_taken_in_part_and_given_back_in_part(
    merchant: Merchant, shop: Shop, method: str
) -> None:
    await shop.start(method, intent="authorize")
    subject = "checkout_session" if method == "checkout" else "payment_intent"
    await merchant.pays(**{subject: shop.ref})
    assert await shop.fetch() == ("authorized", [("authorization", "succeeded", 4999)])
    provider, context = shop.provider, shop.context
    taken = await provider.capture(context, shop.change(3000, "take"))
    assert taken.status == "succeeded"
    for name in ("a", "a", "b"):
        assert (await provider.refund(context, shop.change(1000, name))).status == "succeeded"
    assert (await provider.refund(context, shop.change(1001, "c"))).status == "failed"
    status, facts = await shop.fetch()
    assert status == "succeeded"
    assert facts == [
        ("authorization", "canceled", 4999),
        ("capture", "succeeded", 3000),
        ("refund", "succeeded", 1000),
        ("refund", "succeeded", 1000),
    ]
    (booked,) = await merchant.books()
    assert (booked["amount_received"], booked["amount_returned"]) == (3000, 2000)


@pytest.mark.parametrize("method", ["checkout", "payment_intent"])
async def test_an_unpaid_payment_is_called_off(shop: Shop, method: str) -> None:
    await shop.start(method)
    await shop.provider.cancel(shop.context, shop.change(4999, "off"))
    assert (await shop.fetch())[0] == "canceled"


async def test_a_start_without_an_answer_is_repeated_and_found(
    merchant: Merchant, shop: Shop
) -> None:
    await fault(merchant.world, peer="stripe", kind="timeout_after_effect", count=1, milliseconds=0)
    url = await shop.page()
    shop.ref = ""
    assert await shop.fetch() == ("pending", [])
    assert await shop.page() == url


async def test_a_refund_that_fails_later_and_a_dispute_are_seen(
    merchant: Merchant, shop: Shop
) -> None:
    started = await shop.start("payment_intent")
    await merchant.pays(payment_intent=started.provider_ref)
    await shop.provider.refund(shop.context, shop.change(1000, "r"))
    ((refund,),) = [one["refunds"] for one in await merchant.books()]
    body = {"refund": refund["id"], "outcome": "failed"}
    await merchant.world.client.post("/stripe/refund", json=body)
    body = {"payment_intent": shop.ref, "outcome": "needs_response"}
    await merchant.world.client.post("/stripe/dispute", json=body)
    _, facts = await shop.fetch()
    assert facts == [
        ("capture", "succeeded", 4999),
        ("dispute", "action_required", 4999),
        ("refund", "failed", 1000),
    ]
    assert {one.payment_id for one in await shop.told()} == {shop.id}


@pytest.mark.parametrize(
    ("amount", "sent"),
    [
        (Money(500, "USD"), 500),
        (Money(500, "JPY"), 500),
        (Money(50_000, "UGX"), 5_000_000),
        (Money(5000, "KWD"), 5000),
    ],
)
async def test_every_kind_of_currency_comes_to_the_same_money(
    merchant: Merchant, shop: Shop, amount: Money, sent: int
) -> None:
    await shop.start("payment_intent", amount)
    await merchant.pays(payment_intent=shop.ref)
    assert (await merchant.books())[0]["amount_received"] == sent
    assert await shop.fetch() == ("succeeded", [("capture", "succeeded", amount.amount)])


def test_an_account_of_the_sandbox_tells_all_that_the_plugin_wants_to_hear() -> None:
    assert set(STRIPE_EVENTS) == EVENTS


async def test_the_account_passes_its_check(shop: Shop) -> None:
    site, _, slug = FIRST.webhook_url.partition("/webhooks/stripe/")
    shop.context.public_url = site
    shop.context.store = msgspec.structs.replace(STORE, slug=slug)
    found = await shop.provider.check(shop.context)
    assert all(one.passed for one in found), found
