"""Stripe as a payment provider."""

from tradewind import Plugin

__all__ = ["StripePlugin", "plugin"]


class StripePlugin(Plugin):
    """Stripe as a payment provider."""

    name = "stripe"
    requires = ">=0.1,<0.2"


plugin = StripePlugin()
