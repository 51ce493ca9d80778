"""Carries webhooks to the business: each attempt, its repetitions, and a clean stop."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import httpx

_MOST_AT_ONCE = 32

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A POST ready to go out, and the peer it comes from: `whatsapp`, `flutterwave`, …."""

    peer: str
    url: str
    content: bytes
    headers: dict[str, str]


class Deliveries:
    """Sends webhooks and repeats those that were not answered with 200.

    The real services repeat for hours or days; here `retry_delays` (seconds) bound it, and nothing
    outlives the process.
    """

    def __init__(
        self,
        retry_delays: tuple[float, ...],
        timeout_seconds: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(timeout=timeout_seconds, transport=transport)
        self._retry_delays = retry_delays
        self._slots = asyncio.Semaphore(_MOST_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def attempt(self, webhook: Webhook) -> int | None:
        """Send once; the HTTP status of the answer, or None when there was no answer."""
        async with self._slots:
            try:
                answer = await self._client.post(
                    webhook.url, content=webhook.content, headers=webhook.headers
                )
            except httpx.HTTPError as failure:
                logger.warning("webhook to %s got no answer: %s", webhook.url, failure)
                return None
        return answer.status_code

    async def deliver(self, webhook: Webhook) -> bool:
        """Send until it is answered with 200 or the repetitions are used up; whether it was."""
        return await self.attempt(webhook) == 200 or await self.repeat(webhook)

    async def repeat(self, webhook: Webhook) -> bool:
        """Send again after each delay until it is answered with 200; whether it was."""
        for delay in self._retry_delays:
            await asyncio.sleep(delay)
            if await self.attempt(webhook) == 200:
                return True
        logger.error("webhook to %s given up", webhook.url)
        return False

    async def challenge(self, url: str, params: dict[str, str]) -> str:
        """Ask a callback address to prove itself; its answer's text, or why there is none."""
        try:
            answer = await self._client.get(url, params=params)
        except httpx.HTTPError as failure:
            return f"no answer: {failure}"
        return answer.text if answer.is_success else f"HTTP Status Code = {answer.status_code}"

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` in the background until the app stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def settle(self) -> None:
        """Wait until nothing is under way in the background."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Cancel what is under way and close the connections."""
        for task in self._tasks:
            task.cancel()
        await self.settle()
        await self._client.aclose()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            logger.error("background delivery failed", exc_info=task.exception())
