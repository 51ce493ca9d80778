"""The plugin and the sandbox, each written from Flutterwave's documents, understand one another."""

from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import httpx
import pytest

from tests.integration.sandbox.flutterwave import FIRST, SECOND, Till, signature
from tests.integration.sandbox.test_flutterwave_charges import prompts, respond
from tradewind import (
    Accepted,
    AwaitPhone,
    Change,
    Money,
    Payer,
    PaymentReport,
    Redirect,
    StartPayment,
    WebhookRequest,
)
from tradewind.testing.conformance import Payments, check_provider
from tradewind.testing.context import STORE, Accounts, BareContext
from tradewind_flutterwave import FlutterwaveProvider, FlutterwaveSettings

SANDBOX = "http://sandbox.test/flutterwave"
V3 = FlutterwaveSettings(
    secret_key=FIRST.secret_key, secret_hash=FIRST.secret_hash, api_base=f"{SANDBOX}/v3"
)
PRICE = Money(125_000, "KES")
INPUTS = {"phone": "0700000101", "network": "AIRTEL"}

Context = BareContext[FlutterwaveSettings]


class Shop:
    """A store that takes payments with the plugin."""

    def __init__(self, till: Till, settings: FlutterwaveSettings) -> None:
        self.till = till
        self.provider = FlutterwaveProvider()
        self.context = Context(settings, clock=till.world.clock, transport=Through(till))
        self.id = uuid4()
        self.ref: str | None = None

    async def start(
        self, method: str, amount: Money = PRICE, **inputs: str
    ) -> Redirect | AwaitPhone:
        payment = StartPayment(
            operation_id=str(self.id),
            payment_id=self.id,
            method=method,
            intent="pay",
            amount=amount,
            payer=Payer(email="amina@example.com", phone="+254700000101"),
            description="Order 7",
            return_url="http://shop.test/return",
            cancel_url="http://shop.test/cancel",
            inputs=inputs or {"phone": "0700000101"},
        )
        result = await self.provider.start(self.context, payment)
        assert result.status == "pending", result
        assert isinstance(result.action, Redirect | AwaitPhone)
        self.ref = result.provider_ref
        return result.action

    async def fetch(self) -> tuple[str, dict[str, str]]:
        """What the payment comes to, and the state of each object."""
        result = await self.provider.fetch(self.context, str(self.id), self.ref)
        assert result.trusted
        return result.status, {f"{one.kind} {one.object_id}": one.status for one in result.facts}

    async def refund(self, amount: int, operation: str) -> str:
        change = Change(
            operation_id=operation,
            payment_id=self.id,
            provider_ref=self.ref or "",
            amount=Money(amount, PRICE.currency),
        )
        return (await self.provider.refund(self.context, change)).status

    async def told(self) -> Sequence[PaymentReport]:
        """What the webhooks that came mean, through the door."""
        found: list[PaymentReport] = []
        for heard in self.till.heard:
            request = WebhookRequest(
                method="POST",
                query={},
                headers={name.lower(): value for name, value in heard.headers.items()},
                body=heard.content,
                store_slug=STORE.slug,
            )
            decision = await self.provider.accept(request, Accounts({"": self.context.settings}))
            assert isinstance(decision, Accepted), decision
            for item in decision.items:
                found += await self.provider.parse_webhook(item, self.context)
        return found


class Through(httpx.AsyncBaseTransport):
    """Calls of the plugin go to the sandbox."""

    def __init__(self, till: Till) -> None:
        self._till = till

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        return await self._till.world.client.request(
            request.method, request.url, headers=request.headers, content=content
        )


@pytest.fixture
async def shop(till: Till) -> AsyncIterator[Shop]:
    made = Shop(till, V3)
    yield made
    await made.context.http.aclose()


async def test_v3_conforms(till: Till, shop: Shop) -> None:
    async def pay(operation_id: str) -> None:
        answer = await till.settle(operation_id)
        assert answer.status_code == 200, answer.text

    found = await check_provider(
        shop.provider,
        V3,
        sign=lambda body: {"flutterwave-signature": signature(body)},
        payments=Payments(inputs=INPUTS, pay=pay),
        context=shop.context,
    )
    assert not found


async def test_a_payer_pays_on_the_hosted_page_at_the_second_try(till: Till, shop: Shop) -> None:
    page = await shop.start("hosted")
    assert isinstance(page, Redirect)
    assert (await shop.fetch())[0] == "pending"
    await till.settle(str(shop.id), "failed")
    status, facts = await shop.fetch()
    assert (status, sorted(facts.values())) == ("pending", ["failed", "pending"])
    await till.settle(str(shop.id), again=True)
    status, facts = await shop.fetch()
    assert (status, sorted(facts.values())) == ("succeeded", ["failed", "succeeded"])
    reports = await shop.told()
    assert [one.payment_id for one in reports] == [shop.id, shop.id]
    assert not any(one.result.trusted for one in reports)


@pytest.mark.parametrize(
    ("approved", "status"), [(True, "succeeded"), (False, "failed")], ids=["approved", "rejected"]
)
async def test_a_push_is_decided_on_the_phone(
    *, approved: bool, status: str, till: Till, shop: Shop
) -> None:
    assert isinstance(await shop.start("mpesa"), AwaitPhone)
    [prompt] = await prompts(till)
    await respond(till, prompt["id"], approved=approved)
    assert (await shop.fetch())[0] == status
    (report,) = await shop.told()
    assert report.payment_id == shop.id


async def test_a_push_that_nobody_answers_fails_in_the_end(till: Till, shop: Shop) -> None:
    await shop.start("mpesa")
    till.world.clock.advance(119)
    assert (await shop.fetch())[0] == "pending"
    till.world.clock.advance(2)
    assert (await shop.fetch())[0] == "failed"


@pytest.mark.parametrize(
    ("method", "currency", "phone", "network", "action"),
    [
        ("mobile_money_gh", "GHS", "0241234567", "MTN", Redirect),
        ("mobile_money_ug", "UGX", "0772123456", "AIRTEL", Redirect),
        ("mobile_money_rw", "RWF", "0788123456", "MTN", Redirect),
        ("mobile_money_tz", "TZS", "0712123456", "VODACOM", AwaitPhone),
        ("mobile_money_zm", "ZMW", "0961234567", "ZAMTEL", Redirect),
        ("mobile_money_cm", "XAF", "671234567", "MTN", AwaitPhone),
        ("mobile_money_ci", "XOF", "0712345678", "ORANGEMONEY", AwaitPhone),
        ("mobile_money_sn", "XOF", "771234567", "WAVE", Redirect),
    ],
)
async def test_every_countrys_answer_is_understood(
    method: str, currency: str, phone: str, network: str, action: type, till: Till, shop: Shop
) -> None:
    amount = Money(150_000, currency)
    assert isinstance(await shop.start(method, amount, phone=phone, network=network), action)
    await till.settle(str(shop.id))
    assert (await shop.fetch())[0] == "succeeded"


async def test_refunds_are_given_once_and_are_followed(till: Till, shop: Shop) -> None:
    await shop.start("mpesa")
    await till.settle(str(shop.id))
    assert [await shop.refund(25_000, name) for name in ("a", "b", "a")] == ["succeeded"] * 3
    assert await shop.refund(100_000, "too much") == "failed"
    (transaction,) = (await till.books(tx_ref=str(shop.id)))[FIRST.store_name]
    assert [one["amount"] for one in transaction["refunds"]] == [250, 250]
    _, facts = await shop.fetch()
    assert sum(name.startswith("refund") for name in facts) == 2


async def test_the_account_passes_its_check(shop: Shop) -> None:
    found = await shop.provider.check(shop.context)
    assert all(one.passed for one in found)


async def test_a_plain_signature_is_taken_where_it_is_allowed(till: Till) -> None:
    settings = FlutterwaveSettings(
        secret_key=SECOND.secret_key,
        secret_hash=SECOND.secret_hash,
        allow_plain_signature=True,
        api_base=f"{SANDBOX}/v3",
    )
    shop = Shop(till, settings)
    await shop.start("hosted")
    await till.settle(str(shop.id))
    (report,) = await shop.told()
    assert report.payment_id == shop.id
    await shop.context.http.aclose()
