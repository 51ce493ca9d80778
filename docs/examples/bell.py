"""Rings a bell for every new order: posts a line to a chat room, a till, a lamp."""

import msgspec

from tradewind import OperatorOnly, OrderPlaced, Plugin, StoreContext, hookimpl


class BellSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where the bell hangs."""

    url: OperatorOnly


class Bell(Plugin):
    """Wants one type of event."""

    name = "bell"
    requires = ">=0.1,<0.2"
    settings_type = BellSettings

    @hookimpl(events=[OrderPlaced])
    async def on_event(self, event: OrderPlaced, context: StoreContext[BellSettings]) -> None:
        """Ring; an answer that is no success is raised, and the event comes again later."""
        line = {"id": str(event.id), "text": f"Order {event.number}: {event.total.text()}"}
        answer = await context.http.post(context.settings.url, json=line)
        answer.raise_for_status()


plugin = Bell()
