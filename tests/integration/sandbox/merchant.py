"""A store with a Stripe account that calls with the official library, and its payers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import stripe
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from tests.integration.sandbox.world import PretendedBusiness, StillClock, World, running
from tradewind_sandbox import StripeAccount, faults_doors
from tradewind_sandbox.deliveries import Deliveries
from tradewind_sandbox.faults import Faults
from tradewind_sandbox.faults_calls import CallFaults
from tradewind_sandbox.stripe.bank import Bank
from tradewind_sandbox.stripe.routes import stripe_router
from tradewind_sandbox.stripe.state import StripeState

PAYLOADS = Path(__file__).parents[2] / "payloads" / "payments"
SUCCESS = "http://shop.test/pay/return?order=7&cs={CHECKOUT_SESSION_ID}"
CANCEL = "http://shop.test/cart"
RETURN = "http://shop.test/pay/return?order=7"

FIRST = StripeAccount(
    secret_key="sk_test_first",
    publishable_key="pk_test_first",
    webhook_secret="whsec_first",
    webhook_url="http://shop.test/webhooks/stripe/first",
    store_name="Lucky Shrub",
    events=("*",),
)
SECOND = StripeAccount(
    secret_key="sk_test_second",
    publishable_key="pk_test_second",
    webhook_secret="whsec_second",
    webhook_url="http://shop.test/webhooks/stripe/second",
    store_name="Second Shrub",
)


def sample(name: str) -> Any:
    """One of Stripe's own bodies."""
    return json.loads((PAYLOADS / f"stripe-{name}.json").read_text())


class InMemory(stripe.HTTPClient):
    """The library's way out: into the sandbox, without a network."""

    name = "memory"

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__()
        self._client = client
        self.answers: list[httpx.Response] = []

    async def request_async(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> tuple[bytes, int, Any]:
        answer = await self._client.request(method, url, headers=headers, content=post_data)
        self.answers.append(answer)
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        """The client is somebody else's."""

    async def sleep_async(self, secs: float) -> None:
        """The library waits before it tries again; here nothing changes by waiting."""


class Merchant:
    """The store's side, by the library, and the payer's side, by the pages and doors."""

    def __init__(self, world: World, account: StripeAccount = FIRST) -> None:
        self.world = world
        self.memory = InMemory(world.client)
        self.client = self.with_key(account.secret_key)

    def with_key(self, key: str, *, retries: int = 0) -> stripe.StripeClient:
        """The library with another key."""
        return stripe.StripeClient(
            key,
            http_client=self.memory,
            base_addresses={"api": "http://sandbox.test/stripe"},
            max_network_retries=retries,
        )

    @property
    def v1(self) -> Any:
        return self.client.v1

    async def intent(self, key: str = "", **changes: Any) -> Any:
        """Make a payment intent of 10.99 USD."""
        params = {
            "amount": 1099,
            "currency": "usd",
            "automatic_payment_methods": {"enabled": True},
            "metadata": {"payment_id": "pay_1"},
            **changes,
        }
        options = {"idempotency_key": key} if key else {}
        return await self.v1.payment_intents.create_async(params, options)

    async def paid(self, card: str = "pm_card_visa", **changes: Any) -> Any:
        """Make a payment intent and pay it."""
        return await self.intent(confirm=True, payment_method=card, return_url=RETURN, **changes)

    async def session(self, **changes: Any) -> Any:
        """Open a hosted page for 49.99 USD."""
        params = {
            "mode": "payment",
            "success_url": SUCCESS,
            "cancel_url": CANCEL,
            "client_reference_id": "7",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": 4999,
                        "product_data": {"name": "Order <7>"},
                    },
                }
            ],
            "metadata": {"payment_id": "pay_1"},
            "payment_intent_data": {"metadata": {"payment_id": "pay_1"}},
            **changes,
        }
        return await self.v1.checkout.sessions.create_async(params)

    async def types(self, url: str, number: str, **fields: str) -> httpx.Response:
        """Type a card on the hosted page and send it off."""
        answer = await self.world.client.post(url, data={"number": number, **fields})
        await self.world.settle()
        return answer

    async def tells_bank(self, url: str, outcome: str) -> httpx.Response:
        """Approve, or fail, on the page of the bank."""
        secret = httpx.URL(url).params["client_secret"]
        data = {"outcome": outcome, "client_secret": secret}
        answer = await self.world.client.post(url, data=data)
        await self.world.settle()
        return answer

    async def pays(self, outcome: str = "succeeded", **subject: Any) -> Any:
        """Be the payer, through the door for tests; the door's answer."""
        body = {"outcome": outcome, **subject}
        answer = await self.world.client.post("/stripe/pay", json=body)
        await self.world.settle()
        return answer

    async def books(self, **params: str) -> Any:
        """The sandbox's own books of the first store."""
        answer = await self.world.client.get("/stripe/books", params=params)
        return answer.json()[FIRST.store_name]

    @property
    def heard(self) -> list[httpx.Request]:
        """The webhooks that came to the first store."""
        url = FIRST.webhook_url
        return [one for one in self.world.business.requests if str(one.url) == url]

    async def told(self) -> list[str]:
        """The types of the events that were told, after all have arrived."""
        await self.world.settle()
        return [json.loads(one.content)["type"] for one in self.heard]


@asynccontextmanager
async def open_merchant(retry_delays: tuple[float, ...] = (0, 0, 0)) -> AsyncIterator[Merchant]:
    """Start the part of the sandbox that is Stripe, with two accounts: it is there at once."""
    clock, business = StillClock(), PretendedBusiness()
    faults = Faults()
    transport = httpx.MockTransport(business.handle)
    deliveries = Deliveries(retry_delays, 30, transport, faults)
    bank = Bank(StripeState([FIRST, SECOND], clock), deliveries)
    app = Litestar(
        route_handlers=[stripe_router(), *faults_doors.HANDLERS],
        dependencies={
            "stripe": Provide(lambda: bank, sync_to_thread=False),
            "faults": Provide(lambda: faults, sync_to_thread=False),
        },
        middleware=[CallFaults()],
        on_shutdown=[deliveries.close],
        state=State({"carrier": bank, "faults": faults}),
        openapi_config=None,
        logging_config=None,
    )
    transport_in = httpx.ASGITransport(app=cast("Any", app))
    async with (
        running(app),
        httpx.AsyncClient(transport=transport_in, base_url="http://sandbox.test") as client,
    ):
        yield Merchant(World(app, client, clock, business))
