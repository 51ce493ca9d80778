"""WhatsApp Business (Meta's Cloud API) as a channel for Tradewind."""

from collections.abc import Sequence
from typing import Any

from tradewind import Channel, Plugin, hookimpl
from tradewind_whatsapp.channel import WhatsApp
from tradewind_whatsapp.settings import WhatsAppSettings

__version__ = "0.1.0"

__all__ = ["WhatsApp", "WhatsAppPlugin", "WhatsAppSettings", "plugin"]


class WhatsAppPlugin(Plugin):
    """Brings one channel, `whatsapp`."""

    name = "whatsapp"
    requires = ">=0.1,<0.2"
    settings_type = WhatsAppSettings

    @hookimpl
    def channels(self) -> Sequence[Channel[Any]]:
        """WhatsApp."""
        return [WhatsApp()]


plugin = WhatsAppPlugin()
