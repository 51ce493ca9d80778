"""E-mail as a channel without inbound: letters go out by SMTP."""

from tradewind import Plugin

__all__ = ["EmailPlugin", "plugin"]


class EmailPlugin(Plugin):
    """Brings the channel `email`."""

    name = "email"
    requires = ">=0.1,<0.2"


plugin = EmailPlugin()
