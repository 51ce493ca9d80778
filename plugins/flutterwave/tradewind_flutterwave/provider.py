"""The payment provider `flutterwave`: one contract before two APIs."""

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
from tradewind_flutterwave import checking, door, methods, v3, v4
from tradewind_flutterwave.calls import Context
from tradewind_flutterwave.outcomes import declined
from tradewind_flutterwave.settings import FlutterwaveSettings

_PLAN = tuple(timedelta(seconds=seconds) for seconds in (10, 20, 30, 60, 60, 120, 300))

SESSION_TTL = timedelta(minutes=60)
"""Longer than the longest hosted link, so that its last minute is still looked at."""


class FlutterwaveProvider:
    """Hosted link, M-Pesa and other mobile money. A webhook is a hint, the look-up the truth."""

    name = "flutterwave"
    settings_type = FlutterwaveSettings
    capabilities = PaymentCapabilities(
        refund=True, recovery="lookup", poll_plan=_PLAN, session_ttl=SESSION_TTL
    )

    def __init__(self) -> None:
        self._tokens = v4.Tokens()

    def address(self, settings: FlutterwaveSettings) -> str:
        """Webhooks name no account: the store stands in their URL."""
        return ""

    async def methods(self, context: Context, query: MethodsQuery) -> Sequence[Method]:
        """See `methods.offered`."""
        return methods.offered(context.settings, query)

    async def start(self, context: Context, payment: StartPayment) -> PaymentResult:
        """Begin a payment under its operation id, which is Flutterwave's `tx_ref`."""
        if payment.intent != "pay":
            return declined("not_supported", "Money can only be taken at once.")
        if context.settings.api == "v4":
            return await v4.start(self._v4(context), payment)
        return await v3.start(context, payment)

    async def fetch(
        self, context: Context, operation_id: str, provider_ref: str | None
    ) -> PaymentResult:
        """Every attempt under the reference, and what was given back."""
        if _is_v4(context, provider_ref):
            return await v4.fetch(self._v4(context), operation_id, provider_ref)
        return await v3.fetch(context, operation_id, provider_ref)

    async def refund(self, context: Context, change: Change) -> PaymentResult:
        """Give money back, once for each operation id."""
        if _is_v4(context, change.object_id or change.provider_ref or None):
            return await v4.refund(self._v4(context), change)
        return await v3.refund(context, change)

    async def accept(
        self, request: WebhookRequest, directory: Directory[FlutterwaveSettings]
    ) -> Decision:
        """See `door.accept`."""
        return await door.accept(request, directory)

    async def parse_webhook(self, item: Item, context: Context) -> Sequence[PaymentReport]:
        """See `door.reports`."""
        return door.reports(item.body)

    async def check(self, context: Context) -> Sequence[CheckResult]:
        """See `checking.check`."""
        return await checking.check(context, self._tokens)

    def _v4(self, context: Context) -> v4.Api:
        return v4.Api(context, self._tokens)


def _is_v4(context: Context, ref: str | None) -> bool:
    """Which API a payment belongs to: an account that was switched still has older ones."""
    return context.settings.api == "v4" if ref is None else ref.startswith("chg_")
