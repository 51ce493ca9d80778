"""Stripe as a payment provider: cards and wallets, in the shop's page or on Stripe's."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tradewind import AppContext, Plugin, hookimpl
from tradewind_stripe.client import Clients
from tradewind_stripe.provider import StripeProvider
from tradewind_stripe.settings import StripeSettings

__all__ = ["StripePlugin", "StripeProvider", "StripeSettings", "plugin"]


class StripePlugin(Plugin):
    """Brings the payment provider `stripe`."""

    name = "stripe"
    requires = ">=0.1,<0.2"
    settings_type = StripeSettings

    def __init__(self, clients: Clients | None = None) -> None:
        self._clients = clients or Clients()
        self._closing: set[asyncio.Task[None]] = set()

    @hookimpl
    def payment_providers(self) -> Sequence[StripeProvider]:
        """Bring the one provider."""
        return [StripeProvider(self._clients)]

    @hookimpl
    def close(self, app: AppContext[Any]) -> None:
        """Give the connections to Stripe back; without a loop there can be none."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        task = loop.create_task(self._clients.close(app.http))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


plugin = StripePlugin()
