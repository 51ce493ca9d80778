"""Shoppers who write at moments of their own, and the clock between their words and the answer.

Arrivals are open-loop: nobody waits for an answer to somebody else. Latency counts from the moment
at which a webhook was due, so that a late one does not make the figures better.
"""

import asyncio
import hashlib
import hmac
import itertools
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from tests.faults.processes import Graph

SHOPPERS_AT_ONCE = 20
PATIENCE_SECONDS = 15.0
STATUSES = {"sent": 0.1, "delivered": 0.3, "read": 1.0}
"""What Meta reports of an answer, and how many seconds later."""


class Account(NamedTuple):
    """A business number at Meta, the secret of its app, and what the store sells."""

    number: str
    secret: str
    skus: Sequence[str]


class Said(NamedTuple):
    """Who says what."""

    phone: str
    text: str


def conversation(account: Account) -> Iterator[Said]:
    """Endless new shoppers, twenty at a time, each saying hi, MENU, ADD and CART.

    Each begins at another of the four, so that every moment has all of them.
    """
    lot = random.Random(1)
    for group in itertools.count():
        for step in range(4):
            for place in range(SHOPPERS_AT_ONCE):
                texts = ("hi", "MENU", f"ADD {lot.choice(account.skus)} 1", "CART")
                phone = f"2547{group * SHOPPERS_AT_ONCE + place:08}"
                yield Said(phone, texts[(step + place) % 4])


class Answers(Graph):
    """The Graph API; `told` hears of each message that arrives, and the id it was given."""

    told: Callable[[dict[str, Any], str], None]

    async def _taken(self, body: dict[str, Any]) -> dict[str, Any]:
        answer = await super()._taken(body)
        if "messages" in answer:
            self.told(body, answer["messages"][0]["id"])
        return answer


class Sender:
    """Posts to one host over connections that stay open; as light as a load generator should be."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, path: str, body: bytes, signature: str) -> None:
        """Raises RuntimeError when the answer is not 200; a host that hung up is asked again."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Hub-Signature-256: sha256={signature}\r\n\r\n"
        )
        while True:
            connection = self._idle.pop() if self._idle else await self._connect()
            try:
                await self._exchange(*connection, head.encode() + body)
            except (asyncio.IncompleteReadError, ConnectionError):
                connection[1].close()
            else:
                self._idle.append(connection)
                return

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
    ) -> None:
        writer.write(request)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = answer.partition("content-length:")[2].partition("\r\n")[0]
        await reader.readexactly(int(length or 0))
        if not answer.startswith("http/1.1 200"):
            raise RuntimeError(answer)

    def close(self) -> None:
        """Hang up."""
        for _, writer in self._idle:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port)


class Meta:
    """Brings webhooks to a host, and notes when answers reach the Graph API."""

    def __init__(self, port: int, account: Account, *, statuses: bool) -> None:
        self.account = account
        self._statuses = statuses
        self._sender = Sender(port)
        self._ids = itertools.count(1)
        self._waiting: dict[str, deque[float]] = defaultdict(deque)
        self._tasks: set[asyncio.Task[None]] = set()
        self.latencies: list[float] = []
        self.door: list[float] = []

    @property
    def unanswered(self) -> int:
        """How many messages wait for an answer."""
        return sum(map(len, self._waiting.values()))

    def forget(self) -> None:
        """Begin to measure anew."""
        self.latencies, self.door = [], []

    async def close(self) -> None:
        """End what is under way."""
        await asyncio.gather(*self._tasks)
        self._sender.close()

    def answered(self, body: dict[str, Any], ref: str) -> None:
        """A message reached the Graph API."""
        now, phone = time.perf_counter(), str(body["to"]).lstrip("+")
        if self._waiting[phone]:
            self.latencies.append(now - self._waiting[phone].popleft())
        if self._statuses:
            self._begin(self._report(phone, ref, str(body["biz_opaque_callback_data"])))

    async def chat(self, talk: Iterator[Said], rate: float, seconds: float) -> int:
        """Let messages arrive at `rate` a second; returns how many, when all are answered."""
        lot, sent = random.Random(rate), 0
        begin = due = time.perf_counter()
        while (due := due + lot.expovariate(rate)) < begin + seconds:
            await asyncio.sleep(due - time.perf_counter())
            self._begin(self._say(next(talk), due))
            sent += 1
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.unanswered or len(self.door) < sent:  # noqa: ASYNC110 - often both
                await asyncio.sleep(0.01)
        return sent

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _say(self, said: Said, due: float) -> None:
        self._waiting[said.phone].append(due)
        ref = f"wamid.bench.{next(self._ids)}"
        message = {"from": said.phone, "id": ref, "timestamp": _now(), "type": "text"}
        contact = {"profile": {"name": "Amina"}, "wa_id": said.phone}
        await self._deliver(
            {"contacts": [contact], "messages": [{**message, "text": {"body": said.text}}]}
        )
        self.door.append(time.perf_counter() - due)

    async def _report(self, phone: str, ref: str, own_id: str) -> None:
        begin = time.perf_counter()
        for name, after in STATUSES.items():
            await asyncio.sleep(begin + after - time.perf_counter())
            status = {"id": ref, "status": name, "timestamp": _now(), "recipient_id": phone}
            await self._deliver({"statuses": [{**status, "biz_opaque_callback_data": own_id}]})

    async def _deliver(self, content: dict[str, Any]) -> None:
        metadata = {"display_phone_number": "0", "phone_number_id": self.account.number}
        value = {"messaging_product": "whatsapp", "metadata": metadata, **content}
        entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
        raw = msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})
        signature = hmac.new(self.account.secret.encode(), raw, hashlib.sha256).hexdigest()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._sender.post("/webhooks/whatsapp", raw, signature)


def _now() -> str:
    return str(int(time.time()))
