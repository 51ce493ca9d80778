"""A person who chats with a store, without a channel: every message goes straight to the script."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from tests.support.roundtrips import RoundTrips, count_round_trips
from tests.support.shops import Shop
from tests.support.trust import TRUST
from tradewind.checkout.context import ContextFactory
from tradewind.contracts.channel import (
    Button,
    Capabilities,
    Content,
    InboundMessage,
    OutboundBody,
    ReplyContent,
    Row,
    Sender,
    TextContent,
)
from tradewind.conversations.rules import Answer, Outside, State, Talk, dump_state, load_state
from tradewind.conversations.service import respond
from tradewind.customers import service as customers
from tradewind.database import Database, Transaction
from tradewind.hooks import Plugin
from tradewind.plugins import load
from tradewind.pricing.builtin import PRICE_TABLES
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import Keyring, new_key
from tradewind.settings.service import configure
from tradewind.stores.service import info, settings_of

PHONE_LIKE = Capabilities(
    buttons=3,
    menu_rows=10,
    card_images=True,
    links=True,
    media=frozenset(("image",)),
    reply_window=timedelta(hours=24),
)
MOST_EFFECTS = 6


@asynccontextmanager
async def open_engine(
    database: Database,
    *plugins: Plugin,
    shops: Sequence[Shop] = (),
    settings: Mapping[str, Any] | None = None,
) -> AsyncIterator[Engine]:
    """An engine with these plugins, enabled in these shops with the same settings for each."""
    async with httpx.AsyncClient(verify=TRUST) as http:
        engine = Engine(
            database=database,
            plugins=load(strict=True, extra=plugins, built_in=[PRICE_TABLES]),
            http=http,
            keyring=Keyring([new_key()]),
            public_url="https://shop.example",
            make_context=ContextFactory(),
        )
        for shop in shops:
            for plugin in plugins:
                await configure(
                    engine,
                    shop.store,
                    plugin.name,
                    actor="test",
                    enabled=True,
                    settings=settings or {},
                )
        yield engine


class Chat:
    """One person's side: says things and reads the last answer."""

    def __init__(
        self,
        engine: Engine,
        shop: Shop,
        number: int = 1,
        *,
        name: str | None = "Jane",
        capabilities: Capabilities = PHONE_LIKE,
        locale: str = "en",
    ) -> None:
        self.engine = engine
        self.shop = shop
        phone = f"+2547000000{number:02}"
        self.sender = Sender(identity=phone.lstrip("+"), phone=phone, name=name)
        self.capabilities = capabilities
        self.locale = locale
        self.answer = Answer(messages=[], state=State())
        self.opted_out = False
        self.spent: RoundTrips | None = None
        self._stored: str | None = None
        self.conversation_id = engine.database.new_id()

    # --- speaking ----------------------------------------------------------------------------

    async def say(self, text: str) -> str:
        """Type `text`; returns the words of the answer."""
        return await self.send(TextContent(text=text))

    async def tap(self, title: str) -> str:
        """Tap the button or row with this title."""
        return await self.tap_id(self.id_of(title))

    async def tap_id(self, id_: str) -> str:
        """Tap a button or row by its id, which may be forged."""
        return await self.send(ReplyContent(id=id_, title=id_[:20]))

    async def send(self, content: Content) -> str:
        """Send anything; whatever the script needs outside happens as the drain would do it."""
        outcomes: dict[str, Any] = {}
        with count_round_trips(self.engine.database) as self.spent:
            for _ in range(MOST_EFFECTS):
                try:
                    async with self.engine.database.transaction(self.shop.store.id) as tx:
                        talk = await self._talk(tx)
                        self.spent.messages.clear()
                        self.answer = await respond(
                            self.engine, self.shop.store, tx, talk, self._message(content), outcomes
                        )
                        self.steps = len(self.spent.statements)
                    self._stored = dump_state(self.answer.state)
                    return self.text
                except Outside as outside:
                    outcomes[outside.key] = await outside.settle()
        raise AssertionError("the script asks for ever more")

    def _message(self, content: Content) -> InboundMessage:
        now = self.engine.clock.now()
        return InboundMessage(sender=self.sender, ref="ref", sent_at=now, content=content)

    async def _talk(self, tx: Transaction) -> Talk:
        customer = await customers.for_identity(tx, "chatter", self.sender)
        settings = await settings_of(tx)
        return Talk(
            conversation_id=self.conversation_id,
            channel="chatter",
            session_id=f"ch:{self.sender.identity}",
            identity=self.sender.identity,
            phone=self.sender.phone,
            name=customer.name,
            email=customer.email,
            customer_id=customer.id,
            locale=self.locale,
            state=load_state(self._stored),
            opted_out=self.opted_out,
            first_contact=self._stored is None,
            capabilities=self.capabilities,
            currency=settings.currency,
            store=info(self.shop.store, settings),
        )

    # --- reading -----------------------------------------------------------------------------

    @property
    def body(self) -> OutboundBody:
        """The one message of the answer."""
        (body,) = self.answer.messages
        return body

    @property
    def text(self) -> str:
        """The words of the answer, without its buttons."""
        return "\n".join(str(getattr(body, "text", "")) for body in self.answer.messages)

    @property
    def options(self) -> list[Button | Row]:
        """The buttons and rows of the answer."""
        found: list[Button | Row] = []
        for body in self.answer.messages:
            found += getattr(body, "buttons", ())
            found += [row for section in getattr(body, "sections", ()) for row in section.rows]
        return found

    @property
    def titles(self) -> list[str]:
        """What can be tapped now."""
        return [option.title for option in self.options]

    @property
    def state(self) -> State:
        """What the conversation remembers."""
        return load_state(self._stored)

    def id_of(self, title: str) -> str:
        """The id behind a title that can be tapped now."""
        ids = [option.id for option in self.options if option.title == title]
        assert len(ids) == 1, f"{title!r} is not one of {self.titles}"
        return ids[0]
