"""A store with a Flutterwave account, its payers, and the samples of Flutterwave's own bodies."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.integration.sandbox.world import World, open_world
from tradewind_sandbox import FlutterwaveAccount

PAYLOADS = Path(__file__).parents[2] / "payloads" / "payments"
RETURN = "http://shop.test/pay/return?order=7"
PAYER = "254700000101"

FIRST = FlutterwaveAccount(
    secret_key="FLWSECK_TEST-first-X",
    secret_hash="hash-of-the-first",
    client_id="client-of-the-first",
    client_secret="secret-of-the-first",
    webhook_url="http://shop.test/webhooks/flutterwave/first",
    store_name="Lucky Shrub",
)
SECOND = FlutterwaveAccount(
    secret_key="FLWSECK_TEST-second-X",
    secret_hash="hash-of-the-second",
    client_id="client-of-the-second",
    client_secret="secret-of-the-second",
    webhook_url="http://shop.test/webhooks/flutterwave/second",
    store_name="Second Shrub",
    plain_signature=True,
)


def sample(name: str) -> Any:
    """One of Flutterwave's own bodies."""
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def signature(content: bytes, secret: str = FIRST.secret_hash) -> str:
    """What Flutterwave's documents say the signature of a body is."""
    return base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()


@dataclass
class Till:
    """A store that takes payments, and the payer's side of them."""

    world: World
    bearer: str = ""

    async def v3(
        self, method: str, path: str, key: str = FIRST.secret_key, **request: Any
    ) -> httpx.Response:
        """Call v3 as the store."""
        headers = {"Authorization": f"Bearer {key}"}
        return await self.world.client.request(
            method, f"/flutterwave/v3{path}", headers=headers, **request
        )

    async def link(self, tx_ref: str = "ref-1", **changes: Any) -> str:
        """Make a hosted link; its address."""
        body = {
            "tx_ref": tx_ref,
            "amount": "1250.00",
            "currency": "KES",
            "redirect_url": RETURN,
            "customer": {"email": "amina@example.com", "phonenumber": PAYER, "name": "Amina O"},
            **changes,
        }
        answer = await self.v3("POST", "/payments", json=body)
        assert answer.status_code == 200, answer.text
        found: str = answer.json()["data"]["link"]
        return found

    async def charge(self, kind: str = "mpesa", **changes: Any) -> httpx.Response:
        """Ask a phone for money."""
        body = {
            "tx_ref": "ref-1",
            "amount": 1250,
            "currency": "KES",
            "email": "amina@example.com",
            "phone_number": PAYER,
            "fullname": "Amina O",
            **changes,
        }
        return await self.v3("POST", "/charges", params={"type": kind}, json=body)

    async def token(self, account: FlutterwaveAccount = FIRST, **changes: str) -> httpx.Response:
        """Ask for a token of v4."""
        form = {
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "grant_type": "client_credentials",
            **changes,
        }
        path = "/flutterwave/realms/flutterwave/protocol/openid-connect/token"
        return await self.world.client.post(path, data=form)

    async def v4(
        self, method: str, path: str, headers: dict[str, str] | None = None, **request: Any
    ) -> httpx.Response:
        """Call v4 as the store, with one token as long as it lasts."""
        if not self.bearer:
            self.bearer = (await self.token()).json()["access_token"]
        sent = {"Authorization": f"Bearer {self.bearer}", **(headers or {})}
        return await self.world.client.request(
            method, f"/flutterwave/v4{path}", headers=sent, **request
        )

    async def settle(self, tx_ref: str = "ref-1", status: str = "successful", **more: Any) -> Any:
        """Let the payer finish, through the door for tests; the door's answer."""
        body = {"tx_ref": tx_ref, "status": status, **more}
        answer = await self.world.client.post("/flutterwave/settle", json=body)
        await self.world.settle()
        return answer

    async def press(self, link: str, action: str, **fields: str) -> httpx.Response:
        """Press a button of the hosted page."""
        answer = await self.world.client.post(link, data={"action": action, **fields})
        await self.world.settle()
        return answer

    async def by_reference(self, tx_ref: str = "ref-1") -> httpx.Response:
        """Look a payment up as the store does."""
        params = {"tx_ref": tx_ref}
        return await self.v3("GET", "/transactions/verify_by_reference", params=params)

    async def books(self, **params: str) -> Any:
        """The sandbox's own books."""
        return (await self.world.client.get("/flutterwave/books", params=params)).json()

    @property
    def heard(self) -> list[httpx.Request]:
        """The webhooks that came, oldest first."""
        return [r for r in self.world.business.requests if "/flutterwave/" in r.url.path]


@asynccontextmanager
async def open_till(**changes: Any) -> AsyncIterator[Till]:
    """Start a sandbox with two Flutterwave accounts."""
    async with open_world(flutterwave=[FIRST, SECOND], **changes) as world:
        yield Till(world)
