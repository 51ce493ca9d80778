"""Conversations over the wire of tests: what is queued, sent, logged and kept back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.support.channels import WINDOW, Wire, WirePlugin
from tests.support.engines import engine_with, open_store
from tradewind.contracts.channel import (
    MessageStatus,
    OutboundBody,
    Sender,
    StatusChange,
    Template,
    Text,
)
from tradewind.conversations import threads
from tradewind.database import Database, Store
from tradewind.database.sql import Writes
from tradewind.messaging.queries import MessageRecord
from tradewind.messaging.rules import kind_of
from tradewind.messaging.service import (
    Line,
    Origin,
    line_of,
    messages_of,
    queue,
    set_consent,
    status_reported,
)
from tradewind.outbox.service import list_events
from tradewind.settings.engine import Engine
from tradewind.settings.service import configure
from tradewind.testing.clock import ManualClock
from tradewind_host.worker import Worker

AMINA, BRIAN = "254700000001", "254700000002"
TOKEN = "token-of-the-account"
URL = "https://shop.example/tea.jpg"
SALE = Template(name="sale", language="en", category="marketing")
UPDATE = Template(name="order_update", language="en")
ORIGIN = Origin(cause="test")


class Talk:
    """One person's conversation in one store."""

    def __init__(self, house: "House", store: Store, conversation_id: UUID, phone: str) -> None:
        self.house, self.store, self.id, self.phone = house, store, conversation_id, phone

    def transaction(self) -> Any:
        return self.house.engine.database.transaction(self.store.id)

    async def line(self, tx: Any) -> Line:
        return await line_of(tx, self.id, self.house.wire.capabilities)

    async def queue(
        self, *bodies: OutboundBody | str, key: str | None = None, category: str = "service"
    ) -> list[UUID]:
        """Queue messages; a string is a text."""
        told = [Text(text=body) if isinstance(body, str) else body for body in bodies]
        origin = Origin(cause="test", category=category)
        async with self.transaction() as tx:
            dedupe_key = key or str(tx.new_id())
            return await queue(tx, await self.line(tx), "wire", told, origin, dedupe_key=dedupe_key)

    async def say(self, *texts: str) -> list[UUID]:
        """Queue texts and do what is due."""
        ids = await self.queue(*texts)
        await self.house.work()
        return ids

    async def log(self) -> list[MessageRecord]:
        """The conversation as the inbox shows it, oldest first."""
        async with self.transaction() as tx:
            return (await messages_of(tx, self.id))[::-1]

    async def shown(self) -> list[tuple[str, str | None]]:
        """What each text says and how far it got."""
        return [(str(one.body.get("text")), one.status) for one in await self.log()]

    async def report(self, status: MessageStatus, message_id: UUID | None, **more: Any) -> bool:
        """What the channel says of a message; whether it was one of ours."""
        at = more.pop("at", self.house.clock.now())
        channel, ref = more.pop("channel", "wire"), more.pop("ref", "unknown")
        change = StatusChange(ref=ref, status=status, at=at, message_id=message_id, **more)
        async with self.transaction() as tx:
            writes = Writes()
            known = await status_reported(tx, writes, channel, change)
            await writes.run(tx)
        return known

    async def consent(self, *, allowed: bool, **more: Any) -> None:
        async with self.transaction() as tx:
            await set_consent(tx, "wire", self.phone, allowed=allowed, source="test", **more)

    async def told(self) -> list[str]:
        """The statuses that subscribers are told of."""
        async with self.transaction() as tx:
            events = await list_events(tx, kind="message.status_changed")
        return [event.payload["status"] for event in events]


class House:
    """Stores on the wire, and a worker that does what is due when it is told to."""

    def __init__(self, engine: Engine, wire: Wire, clock: ManualClock) -> None:
        self.engine, self.wire, self.clock = engine, wire, clock
        self.worker = Worker(engine)

    async def talk(self, store: Store, phone: str = AMINA) -> Talk:
        """Begin a conversation; the person wrote just now."""
        database = self.engine.database
        async with database.transaction(store.id) as tx:
            sender = Sender(identity=phone, phone=f"+{phone}", name="Jane")
            thread = await threads.begin(tx, "wire", sender, "en", self.wire.capabilities)
            await tx.execute(
                """UPDATE shop.conversations SET window_expires_at = $3
                   WHERE store_id = $1 AND id = $2""",
                store.id,
                thread.conversation_id,
                tx.now + WINDOW,
            )
        return Talk(self, store, thread.conversation_id, phone)

    async def work(self) -> None:
        await self.worker.work_off()

    async def later(self, seconds: float) -> None:
        """Do what is due in so many seconds."""
        self.clock.advance(seconds)
        await self.work()

    def kinds(self) -> list[str]:
        """The kinds of what was handed to the channel, in order."""
        return [kind_of(outbound.body) for outbound in self.wire.sent]

    def heard(self) -> list[str]:
        """The words that were handed to the channel, in order."""
        return [str(getattr(outbound.body, "text", "")) for outbound in self.wire.sent]


async def new_store(engine: Engine, slug: str, account: str) -> Store:
    store = await open_store(engine, slug)
    settings = {"account": account, "token": TOKEN}
    await configure(engine, store, "wire", actor="test", enabled=True, settings=settings)
    return store


async def word(talk: Talk, category: str = "all") -> tuple[bool, str, datetime] | None:
    async with talk.transaction() as tx:
        row = await tx.fetchrow(
            """SELECT allowed, source, changed_at FROM shop.customer_channel_opt_in
               WHERE store_id = $1 AND channel = 'wire' AND identity = $2 AND category = $3""",
            tx.store_id,
            talk.phone,
            category,
        )
    return None if row is None else tuple(row)


@asynccontextmanager
async def open_house(database: Database, clock: ManualClock) -> AsyncIterator[House]:
    """A house for as long as the block lasts."""
    plugin = WirePlugin()
    async with engine_with(database, plugin) as engine:
        yield House(engine, plugin.wire, clock)
