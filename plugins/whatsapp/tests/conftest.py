"""A store's account, the part of a StoreContext that the channel uses, and Meta's own bodies."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import httpx
import msgspec
import pytest

from tradewind import (
    Accepted,
    Account,
    Connection,
    Inbound,
    Item,
    Live,
    Shop,
    StoreInfo,
    WebhookRequest,
)
from tradewind_whatsapp import WhatsApp, WhatsAppSettings

FIXTURES = Path(__file__).parent.parent / "fixtures"
APP_SECRET = "test-app-secret"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]
UNUSED = AssertionError("no call was expected")

SettingsFactory = Callable[..., WhatsAppSettings]


class FixedClock:
    def now(self) -> datetime:
        return NOW


class FakeContext(msgspec.Struct):
    """One store; what the channel has no business with raises."""

    settings: WhatsAppSettings
    http: httpx.AsyncClient
    clock: FixedClock
    store: StoreInfo
    locale: str = "en"
    public_url: str = "https://shop.example"

    @property
    def shop(self) -> Shop:
        raise AssertionError

    @property
    def live(self) -> Live:
        raise AssertionError

    async def inbox(self, item: Item) -> None:
        raise AssertionError

    def tx(self) -> AbstractAsyncContextManager[Connection]:
        raise AssertionError

    async def first_time(self, key: str) -> bool:
        raise AssertionError


class FakeDirectory:
    """Accounts in memory; `looked_up` tells which addresses were asked for."""

    def __init__(self, *accounts: WhatsAppSettings) -> None:
        self.accounts = [
            Account(
                store_id=uuid5(UUID(int=0), settings.phone_number_id),
                store_slug=f"store-{index}",
                address=settings.phone_number_id,
                settings=settings,
            )
            for index, settings in enumerate(accounts)
        ]
        self.looked_up: list[str] = []

    async def by_address(self, address: str) -> Account[WhatsAppSettings] | None:
        self.looked_up.append(address)
        return next((found for found in self.accounts if found.address == address), None)

    async def by_slug(self, store_slug: str) -> Account[WhatsAppSettings] | None:
        return next((found for found in self.accounts if found.store_slug == store_slug), None)

    async def everyone(self) -> Sequence[Account[WhatsAppSettings]]:
        return self.accounts


def _settings(**changes: str) -> WhatsAppSettings:
    usual = {
        "phone_number_id": "106540352242922",
        "waba_id": "102290129340398",
        "access_token": "EAAG-token",
        "app_secret": APP_SECRET,
        "verify_token": "sesame",
    }
    return WhatsAppSettings(**{**usual, **changes})


@pytest.fixture
def settings() -> SettingsFactory:
    return _settings


@pytest.fixture
def directory() -> Callable[..., FakeDirectory]:
    return FakeDirectory


@pytest.fixture
def captured() -> Callable[[str], bytes]:
    """The bytes of a captured body."""
    return lambda name: (FIXTURES / name).read_bytes()


@pytest.fixture
def sample() -> Callable[[str], Any]:
    """A captured body, parsed."""
    return lambda name: json.loads((FIXTURES / name).read_bytes())


def _signed(body: bytes, secret: str = APP_SECRET) -> WebhookRequest:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return WebhookRequest(
        method="POST",
        query={},
        headers={"x-hub-signature-256": f"sha256={signature}"},
        body=body,
    )


@pytest.fixture
def signed() -> Callable[..., WebhookRequest]:
    """A delivery, signed as Meta would."""
    return _signed


@pytest.fixture
async def context() -> AsyncIterator[Callable[..., FakeContext]]:
    """A store whose calls to the Graph API get `answer`: a response, a fault, or a function's."""
    clients: list[httpx.AsyncClient] = []

    def make(answer: Answer = UNUSED, chosen: WhatsAppSettings | None = None) -> FakeContext:
        def respond(request: httpx.Request) -> httpx.Response:
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, httpx.Response) else answer(request)

        clients.append(httpx.AsyncClient(transport=httpx.MockTransport(respond)))
        store = StoreInfo(
            id=UUID(int=1),
            slug="demo",
            name="Demo",
            currency="KES",
            time_zone="Africa/Nairobi",
            locale="en",
        )
        return FakeContext(chosen or _settings(), clients[-1], FixedClock(), store)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def delivered(
    context: Callable[..., FakeContext],
) -> Callable[[bytes], Awaitable[list[Inbound]]]:
    """What a delivery means, through the door and the reader, in one list."""

    async def deliver(body: bytes) -> list[Inbound]:
        channel = WhatsApp()
        decision = await channel.accept(_signed(body), FakeDirectory(_settings()))
        assert isinstance(decision, Accepted), decision
        return [
            inbound for item in decision.items for inbound in await channel.receive(item, context())
        ]

    return deliver
