"""Flutterwave as a payment provider: hosted link, M-Pesa push and other mobile money."""

from collections.abc import Sequence

from tradewind import Plugin, hookimpl
from tradewind_flutterwave.provider import FlutterwaveProvider
from tradewind_flutterwave.settings import FlutterwaveSettings

__all__ = ["FlutterwavePlugin", "FlutterwaveProvider", "FlutterwaveSettings", "plugin"]


class FlutterwavePlugin(Plugin):
    """Brings the payment provider `flutterwave`."""

    name = "flutterwave"
    requires = ">=0.1,<0.2"
    settings_type = FlutterwaveSettings

    @hookimpl
    def payment_providers(self) -> Sequence[FlutterwaveProvider]:
        """Bring the one provider."""
        return [FlutterwaveProvider()]


plugin = FlutterwavePlugin()
