"""A store's account, Stripe's own bodies, and a stand-in for its API."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.stripe_peer import Peer, Wire
from tradewind import Change, Item, Money, Payer, StartPayment, WebhookRequest
from tradewind.testing.clock import ManualClock
from tradewind.testing.context import STORE, BareContext
from tradewind_stripe import StripeProvider, StripeSettings
from tradewind_stripe.client import Clients

FIXTURES = Path(__file__).parent.parent / "fixtures"
PAYMENT = UUID("018f5b2e-0000-7000-8000-000000000001")
SECRET = "whsec_a-long-secret"

Context = BareContext[StripeSettings]


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def provider(peer: Peer) -> StripeProvider:
    return StripeProvider(Clients(lambda: Wire(peer)))


@pytest.fixture
def settings() -> Callable[..., StripeSettings]:
    def make(**changes: Any) -> StripeSettings:
        usual = {
            "secret_key": "sk_test_key",
            "publishable_key": "pk_test_key",
            "webhook_secrets": (SECRET,),
        }
        return StripeSettings(**{**usual, **changes})

    return make


@pytest.fixture
async def context(
    settings: Callable[..., StripeSettings],
) -> AsyncIterator[Callable[..., Context]]:
    """A store."""
    made: list[Context] = []

    def make(**changes: Any) -> Context:
        made.append(BareContext(settings(**changes), clock=ManualClock()))
        return made[-1]

    yield make
    for one in made:
        await one.http.aclose()


@pytest.fixture
def payment() -> Callable[..., StartPayment]:
    def make(method: str = "payment_intent", amount: int = 1_999, **changes: Any) -> StartPayment:
        usual: dict[str, Any] = {
            "operation_id": str(PAYMENT),
            "payment_id": PAYMENT,
            "method": method,
            "intent": "pay",
            "amount": Money(amount, changes.pop("currency", "USD")),
            "payer": Payer(email="ada@example.com", name="Ada Okoro"),
            "description": "Order 7",
            "return_url": "https://shop.example/return",
            "cancel_url": "https://shop.example/cancel",
        }
        return StartPayment(**{**usual, **changes})

    return make


@pytest.fixture
def change() -> Callable[..., Change]:
    def make(provider_ref: str, amount: int = 1_999, **changes: Any) -> Change:
        usual: dict[str, Any] = {
            "operation_id": "018f5b2e-0000-7000-8000-0000000000aa",
            "payment_id": PAYMENT,
            "provider_ref": provider_ref,
            "amount": Money(amount, changes.pop("currency", "USD")),
        }
        return Change(**{**usual, **changes})

    return make


def signature(body: bytes, secret: str = SECRET, at: int | None = None) -> Mapping[str, str]:
    """As Stripe signs."""
    moment = int(time.time()) if at is None else at
    made = hmac.new(secret.encode(), b"%d.%b" % (moment, body), hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={moment},v1={made}"}


@pytest.fixture
def sign() -> Callable[..., Mapping[str, str]]:
    return signature


@pytest.fixture
def signed() -> Callable[..., WebhookRequest]:
    """A webhook to the store's own door."""

    def make(body: bytes, **changes: Any) -> WebhookRequest:
        usual: dict[str, Any] = {
            "method": "POST",
            "query": {},
            "headers": signature(body),
            "body": body,
            "store_slug": STORE.slug,
        }
        return WebhookRequest(**{**usual, **changes})

    return make


@pytest.fixture
def captured() -> Callable[[str], bytes]:
    """The bytes of a captured body."""
    return lambda name: (FIXTURES / f"{name}.json").read_bytes()


@pytest.fixture
def as_item() -> Callable[[bytes], Item]:
    return lambda body: Item(dedupe_key="one", lane="one", body=body, store_id=STORE.id)
