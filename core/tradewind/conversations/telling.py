"""Send shoppers what happened to their orders into the chat they ordered in."""

from tradewind.contracts.events import Event, type_of
from tradewind.conversations.notices import TELLINGS, notice_for
from tradewind.database.engine import Store
from tradewind.messaging import service as messaging
from tradewind.messaging.service import Origin
from tradewind.settings.engine import Engine

CHAT = "chat"
"""The subscriber that tells shoppers in their chat; core's own, beside the plugins."""

TOLD = frozenset(type_of(event) for event in TELLINGS)
"""Event types that shoppers hear about."""


async def tell(engine: Engine, store: Store, event: Event) -> None:
    """Queue the notice of an event, once, however often the event is delivered."""
    async with engine.database.transaction(store.id) as tx:
        notice = await notice_for(tx, event)
        if notice is None:
            return
        channel = engine.plugins.channel(await messaging.channel_of(tx, notice.conversation_id))
        line = await messaging.line_of(tx, notice.conversation_id, channel.capabilities)
        await messaging.queue(
            tx,
            line,
            engine.plugins.plugin_of(channel.name),
            notice.bodies,
            Origin(cause=str(event.id), category="utility"),
            dedupe_key=notice.dedupe_key,
        )
