"""Understands a few phrases that are no commands of the chat."""

from tradewind import ChatIntent, ChatQuestion, NoSettings, Plugin, StoreContext, hookimpl


class Concierge(Plugin):
    """Answers one question itself, and takes another for a command."""

    name = "concierge"
    requires = ">=0.1,<0.2"

    @hookimpl
    async def chat_intent(
        self, question: ChatQuestion, context: StoreContext[NoSettings]
    ) -> ChatIntent | None:
        """None leaves the words to the next plugin, and then to the product search."""
        words = question.text.casefold()
        if "opening hours" in words:
            return ChatIntent(answer="We are here from 8 to 18, Monday to Saturday.")
        if "where is my parcel" in words:
            return ChatIntent(command="status")
        return None


plugin = Concierge()
