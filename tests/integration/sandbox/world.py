"""A sandbox with a clock that stands still, and a pretended business that notes its webhooks."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import msgspec
from litestar import Litestar

from tests.support.apps import sandbox_app
from tradewind_sandbox import ApprovedTemplate, SandboxConfig, WhatsAppAccount
from tradewind_sandbox.app import furnish

PHONE_NUMBER_ID = "106540352242922"
WABA_ID = "102290129340398"
APP_SECRET = "test-app-secret"
TOKEN = "token-of-the-first"
SHOPPER = "16505551234"

FIRST = WhatsAppAccount(
    phone_number_id=PHONE_NUMBER_ID,
    display_phone_number="+1 555-078-3881",
    waba_id=WABA_ID,
    app_secret=APP_SECRET,
    verify_token="verify-me",
    access_token=TOKEN,
    webhook_url="http://shop.test/webhooks/whatsapp",
    store_name="Lucky Shrub",
)
SECOND = WhatsAppAccount(
    phone_number_id="206540352242922",
    display_phone_number="+1 555-078-3882",
    waba_id="202290129340398",
    app_secret=APP_SECRET,
    verify_token="verify-me",
    access_token="token-of-the-second",
    webhook_url="http://shop.test/webhooks/whatsapp",
    store_name="Second Shrub",
)
ORDER_TEMPLATE = ApprovedTemplate(
    name="order_update",
    components=[
        {
            "type": "BODY",
            "text": "Hi {{1}}, your order {{2}} is on its way.",
            "example": {"body_text": [["Ann", "42"]]},
        },
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Thanks"},
                {"type": "URL", "text": "Track", "url": "https://shop.test/orders/{{1}}"},
            ],
        },
    ],
)
CONFIG = SandboxConfig(
    accounts=[FIRST, SECOND], templates=[ORDER_TEMPLATE], retry_delays=(0, 0, 0), pair_burst=500
)


class StillClock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@dataclass
class PretendedBusiness:
    """Answers webhooks with 200, or first with the statuses in `answers`."""

    answers: list[int] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            right = request.url.params["hub.verify_token"] == "verify-me"
            challenge = request.url.params["hub.challenge"]
            return httpx.Response(200 if right else 403, text=challenge)
        self.requests.append(request)
        return httpx.Response(self.answers.pop(0) if self.answers else 200)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]

    @property
    def values(self) -> list[dict[str, Any]]:
        return [body["entry"][0]["changes"][0]["value"] for body in self.bodies]

    @property
    def statuses(self) -> list[dict[str, Any]]:
        return [status for value in self.values for status in value.get("statuses", [])]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [message for value in self.values for message in value.get("messages", [])]


@dataclass
class World:
    """The sandbox, a client for it, its clock and the business behind its webhooks."""

    app: Litestar
    client: httpx.AsyncClient
    clock: StillClock
    business: PretendedBusiness

    async def settle(self) -> None:
        """Wait until every webhook under way has arrived or was given up."""
        await self.app.state.carrier.deliveries.settle()

    async def inbound(self, **fields: Any) -> httpx.Response:
        """Be the shopper, through the door for tests."""
        body = {"phone_number_id": PHONE_NUMBER_ID, **fields}
        if not fields.keys() & {"from", "user_id", "message"}:
            body["from"] = SHOPPER
        return await self.client.post("/whatsapp/inbound", json=body)

    async def graph(
        self, method: str, path: str, token: str = TOKEN, **request: Any
    ) -> httpx.Response:
        """Call the Graph API as the business."""
        headers = {"Authorization": f"Bearer {token}"}
        return await self.client.request(method, f"/v23.0/{path}", headers=headers, **request)

    async def send(self, **fields: Any) -> httpx.Response:
        """Send a message as the business, to the shopper unless told otherwise."""
        body = {"messaging_product": "whatsapp", **fields}
        if not fields.keys() & {"to", "recipient"}:
            body["to"] = f"+{SHOPPER}"
        return await self.graph("POST", f"{PHONE_NUMBER_ID}/messages", json=body)

    async def send_text(self, text: str = "Hello", **fields: Any) -> httpx.Response:
        return await self.send(type="text", text={"body": text}, **fields)

    async def received(self, to: str = SHOPPER) -> list[dict[str, Any]]:
        """What the business sent to a shopper, through the door for tests."""
        answer = await self.client.get("/whatsapp/messages", params={"to": to})
        found: list[dict[str, Any]] = answer.json()
        return found


@asynccontextmanager
async def open_world(**changes: Any) -> AsyncIterator[World]:
    """Start a sandbox whose config is CONFIG with `changes`."""
    clock, business = StillClock(), PretendedBusiness()
    config = msgspec.structs.replace(CONFIG, **changes)
    state = furnish(config, clock=clock, transport=httpx.MockTransport(business.handle))
    app = sandbox_app(state)
    transport = httpx.ASGITransport(app=cast("Any", app))
    async with (
        running(app),
        httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as client,
    ):
        yield World(app, client, clock, business)


@asynccontextmanager
async def running(app: Litestar) -> AsyncIterator[None]:
    """Keep the app's lifespan in one task, as a server does (fixtures begin and end in two)."""
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await stop.wait()

    life = asyncio.create_task(live())
    await started.wait()
    try:
        yield
    finally:
        stop.set()
        await life


async def fault(world: World, **fields: Any) -> dict[str, Any]:
    """Have something go wrong from now on."""
    answer = await world.client.post("/faults", json=fields)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def faults(world: World) -> dict[str, Any]:
    """What is set to go wrong, and how often it has."""
    found: dict[str, Any] = (await world.client.get("/faults")).json()
    return found


def signature(content: bytes) -> str:
    """The signature header that Meta would send with `content`."""
    return "sha256=" + hmac.new(APP_SECRET.encode(), content, hashlib.sha256).hexdigest()


def error_code(answer: httpx.Response) -> int:
    """The code of a refusal, after checking that it has Meta's shape."""
    error = answer.json()["error"]
    assert error.keys() >= {"message", "type", "code", "error_data", "fbtrace_id"}
    assert error["error_data"].keys() == {"messaging_product", "details"}
    code: int = error["code"]
    return code
