"""One person's lane on a channel: hear, answer, remember and send.

A turn is one transaction: the conversation, the script's answer, the log and the inbox mark stand
or fall together. What the script needs from plugins happens outside, and the turn is taken again.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tradewind.cases.plugins import record_failure
from tradewind.cases.service import NewCase, open_case
from tradewind.contracts.channel import (
    Channel,
    ConsentChange,
    Echo,
    IdentityChange,
    Inbound,
    InboundMessage,
    MarkRead,
    Notice,
    Outbound,
    Recipient,
    ReplyContent,
    Sender,
    StatusChange,
    TextContent,
)
from tradewind.contracts.context import StoreContext
from tradewind.contracts.errors import ChannelDown, ChannelError, MediaRefused
from tradewind.conversations import threads
from tradewind.conversations.lane import Lane, asked, let_go
from tradewind.conversations.rules import Answer, Outside
from tradewind.conversations.service import respond
from tradewind.conversations.threads import Thread
from tradewind.customers import service as customers
from tradewind.database.engine import Transaction
from tradewind.database.sql import Writes, storable_json
from tradewind.messaging import delivery
from tradewind.messaging import queries as messages
from tradewind.messaging import service as messaging
from tradewind.messaging.delivery import Outcome
from tradewind.messaging.queries import Waiting
from tradewind.messaging.received import service as received
from tradewind.messaging.rules import kind_of
from tradewind.messaging.service import Composed, Origin
from tradewind.outbox.jobs import enqueue_in
from tradewind.outbox.rules import InboxItem
from tradewind.settings.engine import Engine

_LOG = logging.getLogger(__name__)
_MOST_EFFECTS = 6
_ALARMING = frozenset({"account_update", "account_alert"})


class ChannelLane:
    """What one drain job does for one person."""

    def __init__(
        self,
        engine: Engine,
        lane: Lane,
        channel: Channel[Any],
        context: StoreContext[Any],
        *,
        outbound: bool,
    ) -> None:
        """`outbound`: the job was made for messages that wait to go out."""
        self._engine = engine
        self._lane = lane
        self._channel = channel
        self.context = context
        self._outcomes: list[Outcome] = []
        self._backlog = outbound
        self._welcoming = False
        self._quarantined = False

    # --- the lane as a whole -----------------------------------------------------------------

    async def take(self, item: InboxItem) -> None:
        """Handle one inbox item completely; the last transaction marks it done."""
        call = self._channel.receive(item.item, self.context)
        found: Sequence[Inbound] = await asked(
            self._engine, self._lane, self.context, call, Sequence[Inbound]
        )
        clean = [_without_nul(inbound, item) for inbound in found]
        for inbound in clean[:-1]:
            await self._handle(inbound, None)
        await self._handle(clean[-1] if clean else None, item)

    async def settle(self) -> None:
        """Write down what became of the messages sent so far."""
        if self._outcomes:
            async with self._transaction() as tx:
                await self._settled(tx).run(tx)
            self._backlog |= any(outcome.retry_at is not None for outcome in self._outcomes)
            self._outcomes = []

    async def finish(self, again: datetime | None) -> None:
        """Send what still waits, write down what became of it, and let the lane go."""
        look_again = await self._send_backlog() if self._backlog else None
        moments = [again, look_again, *(outcome.retry_at for outcome in self._outcomes)]
        next_turn = min((moment for moment in moments if moment is not None), default=None)
        database = self._engine.database
        if self._outcomes:
            async with self._transaction() as tx:
                more = await let_go(tx, self._settled(tx), self._lane, tx.now, next_turn)
        else:
            now = database.clock.now()
            more = await let_go(database.pool, Writes(), self._lane, now, next_turn)
        if more:
            database.wake()

    def _settled(self, tx: Transaction) -> Writes:
        writes = Writes()
        delivery.settle(tx, writes, self._channel.name, self._outcomes)
        for outcome in self._outcomes:
            if outcome.sent is not None and outcome.sent.identity:
                _also_known_as(
                    tx, writes, self._channel.name, outcome.message, outcome.sent.identity
                )
        return writes

    async def _send_backlog(self) -> datetime | None:
        await self.settle()
        async with self._transaction() as tx:
            ready = await delivery.ready(tx, self._channel.name, self._lane.name)
        await self._send(ready.messages)
        return ready.look_again

    async def _send(self, waiting: Sequence[Waiting]) -> None:
        outcomes = await delivery.send_all(self._channel, self.context, waiting)
        self._outcomes += outcomes
        for defect in [outcome.defect for outcome in outcomes if outcome.defect]:
            await record_failure(self._engine, self._lane.store, self._lane.plugin, "send", defect)

    def _transaction(self) -> Any:
        return self._engine.database.transaction(self._lane.store.id)

    # --- one thing that came in --------------------------------------------------------------

    async def _handle(self, inbound: Inbound | None, item: InboxItem | None) -> None:
        if isinstance(inbound, InboundMessage):
            await self._turn(inbound, item)
            return
        async with self._transaction() as tx:
            writes = Writes()
            await self._note(tx, writes, inbound)
            if item is not None:
                writes.add(_DONE, item.id, tx.now)
            await writes.run(tx)

    async def _note(self, tx: Transaction, writes: Writes, inbound: Inbound | None) -> None:
        channel = self._channel.name
        match inbound:
            case StatusChange():
                ours = await messaging.status_reported(tx, writes, channel, inbound)
                if ours and inbound.error and inbound.error.meaning == MediaRefused.code:
                    plugin, can = self._lane.plugin, self._channel.capabilities
                    await messaging.say_in_words(tx, plugin, can, channel, inbound)
            case ConsentChange(identity=identity, allowed=allowed, category=category, at=at):
                await messaging.set_consent(
                    tx,
                    channel,
                    identity,
                    allowed=allowed,
                    source="channel",
                    category=category,
                    at=at,
                )
            case IdentityChange(old=old, new=new):
                await customers.for_identity(tx, channel, _joined(old, new))
            case Echo():
                await self._echo(tx, inbound)
            case Notice():
                await _notice(tx, self._lane.plugin, channel, inbound)
            case _:
                pass

    async def _echo(self, tx: Transaction, echo: Echo) -> None:
        thread = await threads.load(
            tx, self._channel.name, echo.recipient, self._channel.capabilities
        )
        if thread is not None:
            await threads.log_echo(tx, thread, echo)

    # --- a turn ------------------------------------------------------------------------------

    async def _turn(self, message: InboundMessage, item: InboxItem | None) -> None:
        seen = asyncio.create_task(self._mark_read(message))
        effects: dict[str, Any] = {}
        try:
            await self._see_who_is_welcome()
            for _ in range(_MOST_EFFECTS):
                try:
                    async with self._transaction() as tx:
                        composed = await self._answered(tx, message, item, effects)
                    break
                except Outside as outside:
                    effects[outside.key] = await outside.settle()
            else:
                raise RuntimeError("the script asks for ever more")
            if composed is not None and not self._backlog:
                await self._send(composed.waiting)
        finally:
            await seen

    async def _see_who_is_welcome(self) -> None:
        store, plugin = self._lane.store, self._lane.plugin
        self._welcoming = plugin in await self._engine.enabled(store)
        self._quarantined = not self._welcoming and plugin in await self._engine.switched_on(store)

    async def _answered(
        self,
        tx: Transaction,
        message: InboundMessage,
        item: InboxItem | None,
        effects: dict[str, Any],
    ) -> Composed | None:
        """Hear a message, answer it and save both; None when there is nobody to answer."""
        thread = await self._thread(tx, message)
        if thread is None:
            if item is not None:
                await _done(tx, item)
            self._backlog = False
            return None
        self._backlog = thread.backlog
        thread = threads.heard(thread, message)
        answer = await self._answer(tx, thread, message, effects)
        return await self._save(tx, thread, message, item, answer)

    async def _thread(self, tx: Transaction, message: InboundMessage) -> Thread | None:
        channel, sender = self._channel, message.sender
        known = await threads.load(tx, channel.name, sender.identity, channel.capabilities)
        if known is not None:
            return known
        if self._quarantined:
            raise ChannelDown("The channel is in quarantine; whoever is new waits.")
        if not self._welcoming:
            return None
        return await threads.begin(
            tx, channel.name, sender, self.context.locale, channel.capabilities
        )

    async def _answer(
        self, tx: Transaction, thread: Thread, message: InboundMessage, effects: dict[str, Any]
    ) -> Answer:
        if thread.mode == "human":
            return Answer(messages=[], state=thread.state)
        talk = threads.talk(thread, self._channel.session_prefix, self.context.store)
        meant = _tapped(message, thread.state.offered)
        return await respond(self._engine, self._lane.store, tx, talk, meant, effects)

    async def _save(
        self,
        tx: Transaction,
        thread: Thread,
        message: InboundMessage,
        item: InboxItem | None,
        answer: Answer,
    ) -> Composed:
        writes = Writes()
        message_id = threads.log_inbound(tx, writes, thread, message)
        composed = messaging.compose(
            tx,
            writes,
            thread.line,
            answer.messages,
            Origin(cause=str(message_id)),
            always=answer.always,
            sending=not thread.backlog,
        )
        state = answer.state
        if answer.messages:
            state = msgspec.structs.replace(state, offered=list(composed.offered))
        taken = writes.add(_DONE, item.id, tx.now) if item is not None else None
        event = threads.received(tx, thread, message_id, message)
        if received.wanted(self._channel, message.content):
            await enqueue_in(tx, received.job(tx.store_id, self._lane.plugin, message_id))
        await threads.save(
            tx,
            writes,
            thread,
            state=state,
            sequence=composed.sequence,
            events=[event],
            taken=taken,
        )
        return composed

    async def _mark_read(self, message: InboundMessage) -> None:
        """Show the person that we saw it and are writing; not worth a retry."""
        if not self._channel.capabilities.read_marks:
            return
        mark = Outbound(
            id=self._engine.database.new_id(),
            recipient=Recipient(identity=message.sender.identity, phone=message.sender.phone),
            body=MarkRead(ref=message.ref, typing=True),
        )
        try:
            async with asyncio.timeout(delivery.SEND_SECONDS):
                await self._channel.send(mark, self.context)
        except (ChannelError, TimeoutError) as error:
            _LOG.info("a read mark was not taken: %s", type(error).__name__)
        except Exception:  # noqa: BLE001 - a read mark is not worth a turn
            _LOG.exception("channel %s failed to mark a message read", self._channel.name)


_DONE = """UPDATE control.webhook_inbox
    SET state = 'done', error = '', processed_at = {1}, attempts = attempts + 1
    WHERE id = {0} AND state = 'pending' RETURNING id"""


async def _done(tx: Transaction, item: InboxItem) -> None:
    writes = Writes()
    writes.add(_DONE, item.id, tx.now)
    await writes.run(tx)


def _without_nul(inbound: Inbound, item: InboxItem) -> Inbound:
    """PostgreSQL keeps no NUL; a person who sends one means nothing by it."""
    if rb"\u0000" not in item.item.body:
        return inbound
    return msgspec.json.decode(storable_json(inbound), type=type(inbound))


def _tapped(message: InboundMessage, offered: Sequence[str]) -> InboundMessage:
    """A bare number typed where options were numbered is a tap on that option."""
    content = message.content
    if not isinstance(content, TextContent) or not content.text.strip().isdecimal():
        return message
    number = int(content.text.strip()[:6])
    if not 1 <= number <= len(offered):
        return message
    tapped = ReplyContent(id=offered[number - 1], title=content.text.strip())
    return msgspec.structs.replace(message, content=tapped)


def _joined(old: str, new: Sender) -> Sender:
    return msgspec.structs.replace(new, aliases=(*new.aliases, old))


def _also_known_as(
    tx: Transaction, writes: Writes, channel: str, message: Waiting, identity: str
) -> None:
    """The provider knows the person by another identity: the next message may come from it."""
    writes.add(
        """INSERT INTO shop.customer_identities
               (store_id, channel, identity, customer_id, created_at)
           SELECT {0}, {1}, {2}, customer_id, {3} FROM shop.customer_identities
           WHERE store_id = {0} AND channel = {1} AND identity = {4}
           ON CONFLICT DO NOTHING""",
        tx.store_id,
        channel,
        identity,
        tx.now,
        message.identity,
    )


async def _notice(tx: Transaction, plugin: str, channel: str, notice: Notice) -> None:
    if notice.kind == "template_status":
        await messages.template_changed(tx, channel, notice.values)
    elif notice.kind in _ALARMING:
        await open_case(
            tx,
            NewCase(
                kind="channel_notice",
                dedupe_key=f"{plugin}:{notice.kind}:{notice.detail}"[:200],
                title=f"{plugin}: {notice.detail}"[:200],
                subject_type="plugin",
                subject_id=plugin,
                evidence=notice.values,
                actions=("close",),
            ),
        )
    _LOG.info("notice of %s: %s", channel, kind_of(notice))
