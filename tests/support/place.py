"""A running shop as people outside see it: its host, its outside world, its merchant's key.

Whoever talks to the host asks again until it answers: it may be killed at any time.
"""

import asyncio
from typing import Any

import httpx

_PATIENCE_SECONDS = 150.0


class Place:
    """One store at a host, with the sandbox beside it. `number` is its WhatsApp number's id."""

    def __init__(self, url: str, sandbox_url: str, secret_key: str, number: str) -> None:
        self.url = url
        # A connection that idles may be closed at the very moment at which it is used again.
        once = httpx.Limits(max_keepalive_connections=0)
        self.sandbox = httpx.AsyncClient(base_url=sandbox_url, timeout=40, limits=once)
        self.host = httpx.AsyncClient(base_url=url, timeout=30, limits=once)
        self.paid_twice: set[str] = set()
        self._merchant = {"Authorization": f"Bearer {secret_key}"}
        self._number = number

    async def close(self) -> None:
        """Hang up."""
        await self.sandbox.aclose()
        await self.host.aclose()

    async def host_answers(self, method: str, path: str, **request: Any) -> httpx.Response:
        """What the host says, asked again while it is dead, busy with the same or overrun."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                try:
                    answer = await self.host.request(method, path, **request)
                except httpx.TransportError:
                    await asyncio.sleep(0.2)
                    continue
                if answer.status_code in {409, 429, 502, 503} and _passes(answer):
                    await asyncio.sleep(0.3)
                    continue
                return answer

    async def admin(
        self, method: str, path: str, json: Any = None, *, key: str | None = None
    ) -> dict[str, Any]:
        """Call the admin API as the merchant; the answer must be a success in the end."""
        named = {"Idempotency-Key": key} if key else {}
        headers = {**self._merchant, **named}
        answer = await self.host_answers(method, path, json=json, headers=headers)
        if not answer.is_success:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    async def said(self, phone: str, message: dict[str, Any]) -> None:
        """A shopper's message; the sandbox repeats it until the host has taken it."""
        body = {"phone_number_id": self._number, "from": phone, "name": "Jane", "message": message}
        (await self.sandbox.post("/whatsapp/inbound", json=body)).raise_for_status()

    async def heard(self, phone: str) -> list[dict[str, Any]]:
        """Everything the store has sent to a shopper, oldest first."""
        query = {"to": phone, "phone_number_id": self._number}
        answer = await self.sandbox.get("/whatsapp/messages", params=query)
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found


def _passes(answer: httpx.Response) -> bool:
    """Whether a refusal is one of those that pass by themselves."""
    if answer.status_code != httpx.codes.CONFLICT:
        return True
    return "json" in answer.headers.get("content-type", "") and answer.json().get("code") in {
        "in_progress",
        "request_in_progress",
    }
