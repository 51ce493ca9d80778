"""E-mail as a channel without inbound: letters go out by SMTP."""

from collections.abc import Sequence
from typing import Any

from tradewind import Channel, Plugin, hookimpl
from tradewind_email.channel import EmailChannel
from tradewind_email.settings import EmailSettings

__version__ = "0.1.0"

__all__ = ["EmailChannel", "EmailPlugin", "EmailSettings", "plugin"]


class EmailPlugin(Plugin):
    """Brings one channel, `email`."""

    name = "email"
    requires = ">=0.1,<0.2"
    settings_type = EmailSettings

    @hookimpl
    def channels(self) -> Sequence[Channel[Any]]:
        """E-mail."""
        return [EmailChannel()]


plugin = EmailPlugin()
