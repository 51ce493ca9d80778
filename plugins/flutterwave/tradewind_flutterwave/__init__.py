"""Flutterwave as a payment provider: hosted link, M-Pesa push and other mobile money."""

from tradewind import Plugin

__all__ = ["FlutterwavePlugin", "plugin"]


class FlutterwavePlugin(Plugin):
    """Brings the payment provider `flutterwave`."""

    name = "flutterwave"
    requires = ">=0.1,<0.2"


plugin = FlutterwavePlugin()
