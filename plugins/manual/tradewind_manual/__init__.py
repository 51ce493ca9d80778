"""Payments that happen outside the shop: the shopper gets instructions, the merchant confirms."""

from collections.abc import Sequence

from tradewind import Plugin, hookimpl
from tradewind_manual.provider import ManualProvider, ManualSettings

__all__ = ["ManualPlugin", "ManualProvider", "ManualSettings", "plugin"]


class ManualPlugin(Plugin):
    """Brings the payment provider `manual`."""

    name = "manual"
    requires = ">=0.1,<0.2"
    settings_type = ManualSettings

    @hookimpl
    def payment_providers(self) -> Sequence[ManualProvider]:
        """Bring the one provider."""
        return [ManualProvider()]


plugin = ManualPlugin()
