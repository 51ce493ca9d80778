"""A subscriber as somebody else would write it: remembers what it was told, in the order told."""

from tradewind import Event, NoSettings, Plugin, StoreContext, hookimpl, type_of


class Listener(Plugin):
    """Wants every event."""

    name = "listener"
    requires = ">=0.1,<0.2"

    def __init__(self) -> None:
        self.heard: list[Event] = []

    @hookimpl
    async def on_event(self, event: Event, context: StoreContext[NoSettings]) -> None:
        """Remember it once, however often it is told."""
        if await context.first_time(str(event.id)):
            self.heard.append(event)

    def types(self) -> list[str]:
        """The dotted types heard so far, in order."""
        return [type_of(type(event)) for event in self.heard]
