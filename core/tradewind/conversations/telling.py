"""Send shoppers what happened to their orders into the chat they ordered in."""

from uuid import UUID

import msgspec

from tradewind.checkout.links import download_url
from tradewind.contracts.channel import Text
from tradewind.contracts.events import Event, FulfillmentDelivered, type_of
from tradewind.conversations import queries
from tradewind.conversations.notices import TELLINGS, Notice, notice_for, unseen_for
from tradewind.conversations.script.turn import choices_of, ids_of
from tradewind.database.engine import Store, Transaction
from tradewind.downloads.service import downloads_of
from tradewind.messaging import service as messaging
from tradewind.messaging.service import Origin
from tradewind.orders import service as orders
from tradewind.settings.engine import Engine

CHAT = "chat"
"""The subscriber that tells shoppers in their chat; core's own, beside the plugins."""

TOLD = frozenset(type_of(event) for event in TELLINGS)
"""Event types that shoppers hear about."""

ASK_AFTER = "ask_after_payment"
"""The kind of job that asks after an approval on the phone, some minutes after it was asked for."""


async def tell(engine: Engine, store: Store, event: Event) -> None:
    """Queue the notice of an event, once, however often the event is delivered."""
    async with engine.database.transaction(store.id) as tx:
        notice = await notice_for(tx, event)
        if notice is not None and isinstance(event, FulfillmentDelivered):
            notice = await _with_files(engine, store, tx, notice)
        if notice is not None:
            await _send(engine, tx, notice, str(event.id))


async def _with_files(engine: Engine, store: Store, tx: Transaction, notice: Notice) -> Notice:
    """The notice and, of digital goods, where each file is fetched."""
    order = await orders.get_order(tx, notice.order_id)
    links = [
        Text(text=f"{one.title}\n{download_url(engine, store, one)}")
        for one in await downloads_of(tx, order)
    ]
    return msgspec.structs.replace(notice, bodies=[*notice.bodies, *links])


async def ask_after(engine: Engine, store: Store, session_id: UUID) -> None:
    """Tell the shopper that no approval was seen, once, if the payment still waits for one."""
    async with engine.database.transaction(store.id) as tx:
        notice = await unseen_for(tx, session_id)
        if notice is not None:
            await _send(engine, tx, notice, str(session_id))


async def _send(engine: Engine, tx: Transaction, notice: Notice, cause: str) -> None:
    """Queue a notice; what it offers can be typed too, beside what was offered before."""
    channel = engine.plugins.channel(await messaging.channel_of(tx, notice.conversation_id))
    line = await messaging.line_of(tx, notice.conversation_id, channel.capabilities)
    state = await queries.state_of(tx, notice.conversation_id)
    queued = await messaging.queue(
        tx,
        line,
        engine.plugins.plugin_of(channel.name),
        notice.bodies,
        Origin(cause=cause, category="utility", order_id=notice.order_id),
        dedupe_key=notice.dedupe_key,
        first=len(state.offered) + 1,
    )
    if queued:
        heard = msgspec.structs.replace(
            state,
            offered=[*state.offered, *ids_of(notice.bodies)],
            choices={**state.choices, **choices_of(notice.bodies)},
        )
        await queries.save_state(tx, notice.conversation_id, heard)
