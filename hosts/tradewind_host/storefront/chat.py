"""A link that begins a chat with the store, where one of its channels has such links."""

from tradewind.carts.rules import Cart
from tradewind.contracts.channel import ChatLink
from tradewind.database import Store
from tradewind.settings.engine import Engine
from tradewind_host.logs import logger
from tradewind_host.storefront.texts import Words
from tradewind_host.storefront.view import web_address


async def chat_link(engine: Engine, store: Store, text: str, *, only: str = "") -> ChatLink | None:
    """The link of the first channel, by name, that has one; a plugin that fails has none.

    `only` asks for the link of this one channel.
    """
    enabled, state = await engine.enabled(store), await engine.state(store)
    for name, channel in sorted(engine.plugins.channels.items()):
        plugin = engine.plugins.plugin_of(name)
        wanted = not only or name == only
        if not wanted or plugin not in enabled or not channel.capabilities.chat_links:
            continue
        try:
            found = channel.chat_link(state.settings[plugin], text)  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001 - the plugin may raise anything
            logger.error("a channel gave no chat link", plugin=plugin, error=type(error).__name__)
            continue
        if isinstance(found, ChatLink) and web_address(found.url):
            return found
    return None


def about_cart(cart: Cart, words: Words) -> str:
    """A cart in words that the chat understands: sent there, it fills the cart of the chat."""
    lines = [f"ADD {line.sku} {line.quantity}" for line in cart.lines]
    return "\n".join([words("chat.cart"), *lines])
