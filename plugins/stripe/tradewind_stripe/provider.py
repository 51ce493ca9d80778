"""The payment provider `stripe`: the PaymentIntent is the record, whichever page it is paid on."""

from collections.abc import Sequence
from datetime import timedelta

from tradewind import (
    Change,
    CheckResult,
    Decision,
    Directory,
    Item,
    Method,
    MethodsQuery,
    PaymentCapabilities,
    PaymentReport,
    PaymentResult,
    StartPayment,
    WebhookRequest,
)
from tradewind_stripe import changing, checking, door, looking, methods, starting
from tradewind_stripe.client import Clients, Context
from tradewind_stripe.settings import StripeSettings

_PLAN = tuple(timedelta(seconds=seconds) for seconds in (20, 40, 60, 120, 300))

SESSION_TTL = timedelta(minutes=75)
"""Longer than Stripe's page may be used, so that its last minute is still looked at."""


class StripeProvider:
    """Cards and wallets. A webhook is a pointer, the look-up the truth."""

    name = "stripe"
    settings_type = StripeSettings
    capabilities = PaymentCapabilities(
        update=True,
        capture=True,
        cancel=True,
        refund=True,
        recovery="repeat",
        poll_plan=_PLAN,
        session_ttl=SESSION_TTL,
    )

    def __init__(self, clients: Clients | None = None) -> None:
        self._clients = clients or Clients()

    def address(self, settings: StripeSettings) -> str:
        """Webhooks name no account of their own: the store stands in their URL."""
        return ""

    async def methods(self, context: Context, query: MethodsQuery) -> Sequence[Method]:
        """See `methods.offered`."""
        return methods.offered(context.settings, query)

    async def start(self, context: Context, payment: StartPayment) -> PaymentResult:
        """Begin a payment under its operation id, and hold its money only where that is asked."""
        return await starting.start(self._clients.of(context), context, payment)

    async def fetch(
        self, context: Context, operation_id: str, provider_ref: str | None
    ) -> PaymentResult:
        """The payment, its refunds and its disputes, as they are now."""
        client = self._clients.of(context)
        return await looking.fetch(client, context, operation_id, provider_ref)

    async def update(self, context: Context, change: Change) -> PaymentResult:
        """Change the amount of a payment that is open."""
        return await changing.update(self._clients.of(context), change)

    async def capture(self, context: Context, change: Change) -> PaymentResult:
        """Take what was held, or part of it, once: the rest is let go."""
        return await changing.capture(self._clients.of(context), change)

    async def cancel(self, context: Context, change: Change) -> PaymentResult:
        """Call an unpaid payment off: what is held is let go, a page ends."""
        return await changing.cancel(self._clients.of(context), change)

    async def refund(self, context: Context, change: Change) -> PaymentResult:
        """Give money back, once for each operation id."""
        return await changing.refund(self._clients.of(context), change)

    async def accept(
        self, request: WebhookRequest, directory: Directory[StripeSettings]
    ) -> Decision:
        """See `door.accept`."""
        return await door.accept(request, directory)

    async def parse_webhook(self, item: Item, context: Context) -> Sequence[PaymentReport]:
        """See `door.reports`."""
        return await door.reports(self._clients.of(context), context, item.body)

    async def check(self, context: Context) -> Sequence[CheckResult]:
        """See `checking.check`."""
        return await checking.check(context, self._clients)
