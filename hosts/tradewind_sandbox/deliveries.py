"""Carries webhooks to the business: each attempt, its repetitions, and a clean stop."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from tradewind_sandbox.faults import Faults

_MOST_AT_ONCE = 32

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A POST ready to go out, and the peer it comes from: `whatsapp`, `flutterwave`, ….

    `signed` makes the headers that each attempt has anew.
    """

    peer: str
    url: str
    content: bytes
    headers: dict[str, str]
    signed: Callable[[], dict[str, str]] = dict


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
        faults: Faults | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(timeout=timeout_seconds, transport=transport)
        self._retry_delays = retry_delays
        self._slots = asyncio.Semaphore(_MOST_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._faults = faults or Faults()
        self._held: dict[str, asyncio.Event] = {}

    async def deliver(self, webhook: Webhook) -> bool:
        """Send until it is answered with 200 or the repetitions are used up; whether it was.

        What a fault drops or holds back counts as not answered, and the caller goes on.
        """
        if self._diverted(webhook, _nothing):
            return False
        return await self._send(webhook) == 200 or await self._repeat(webhook)

    async def hand_over(self, webhook: Webhook, arrived: Callable[[], None]) -> int | None:
        """Send; the HTTP status of the first answer, or None when there was none.

        Without a 200 it is repeated in the background. `arrived` is called once it was taken.
        """
        if self._diverted(webhook, arrived):
            return None
        status = await self._send(webhook)
        if status == 200:
            arrived()
        else:
            self.later(self._hand_over_again(webhook, arrived))
        return status

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

    def _diverted(self, webhook: Webhook, arrived: Callable[[], None]) -> bool:
        """Whether a fault keeps the webhook from going out now: dropped, or behind the next one."""
        peer = webhook.peer
        if self._faults.strike(peer, "drop"):
            return True
        if peer in self._held or not (fault := self._faults.strike(peer, "reorder")):
            return False
        overtaken = self._held[peer] = asyncio.Event()
        self.later(self._held_back(webhook, arrived, overtaken, fault.seconds))
        return True

    async def _held_back(
        self,
        webhook: Webhook,
        arrived: Callable[[], None],
        overtaken: asyncio.Event,
        longest: float,
    ) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await overtaken.wait()
        del self._held[webhook.peer]
        if await self._post(webhook) == 200 or await self._repeat(webhook):
            arrived()

    async def _send(self, webhook: Webhook) -> int | None:
        """Send for the first time, late or twice where a fault says so."""
        if late := self._faults.strike(webhook.peer, "delay"):
            await asyncio.sleep(late.seconds)
        copies = 2 if self._faults.strike(webhook.peer, "duplicate") else 1
        answers = await asyncio.gather(*(self._post(webhook) for _ in range(copies)))
        if overtaken := self._held.get(webhook.peer):
            overtaken.set()
        return 200 if 200 in answers else answers[0]

    async def _hand_over_again(self, webhook: Webhook, arrived: Callable[[], None]) -> None:
        if await self._repeat(webhook):
            arrived()

    async def _repeat(self, webhook: Webhook) -> bool:
        """Send again after each delay until it is answered with 200; whether it was."""
        for delay in self._retry_delays:
            await asyncio.sleep(delay)
            if await self._post(webhook) == 200:
                return True
        logger.error("webhook to %s given up", webhook.url)
        return False

    async def _post(self, webhook: Webhook) -> int | None:
        """The HTTP status of the answer, or None when there was no answer."""
        async with self._slots:
            try:
                headers = {**webhook.headers, **webhook.signed()}
                answer = await self._client.post(
                    webhook.url, content=webhook.content, headers=headers
                )
            except httpx.HTTPError as failure:
                logger.warning("webhook to %s got no answer: %s", webhook.url, failure)
                return None
        return answer.status_code

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            logger.error("background delivery failed", exc_info=task.exception())


def _nothing() -> None:
    """Nobody waits for it."""
