"""The webhook door: verify, split and store what the outside world sends, then answer."""

from tradewind_host.webhooks.door import webhook_routes

__all__ = ["webhook_routes"]
