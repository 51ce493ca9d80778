"""The payment provider `manual`: cash on delivery and bank transfer.

It keeps nothing and calls nobody. That the money has come is recorded by the engine when the
merchant marks the order paid.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import msgspec

from tradewind import (
    Change,
    CheckResult,
    Decision,
    Directory,
    Fact,
    Instructions,
    Item,
    Method,
    MethodsQuery,
    Money,
    PaymentCapabilities,
    PaymentReport,
    PaymentResult,
    Refused,
    StartPayment,
    StoreContext,
    WebhookRequest,
)


class ManualSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a store sets. Bank transfer is offered once there are details to transfer to."""

    cash_on_delivery: Annotated[
        bool, msgspec.Meta(title="Cash on delivery", description="Offer it to shoppers.")
    ] = True
    bank_transfer: Annotated[
        bool,
        msgspec.Meta(title="Bank transfer", description="Offered once there are bank details."),
    ] = True
    bank_details: Annotated[
        str,
        msgspec.Meta(
            title="Bank details",
            description="Where to transfer to: bank, account name, account number.",
        ),
    ] = ""
    instructions: Annotated[
        str,
        msgspec.Meta(title="More words", description="Added to the instructions of both."),
    ] = ""


Context = StoreContext[ManualSettings]

CASH_ON_DELIVERY = Method(
    id="cash_on_delivery", title="Cash on delivery", flow="instructions", pays_later=True
)
BANK_TRANSFER = Method(
    id="bank_transfer", title="Bank transfer", flow="instructions", pays_later=True
)


class ManualProvider:
    """Hands out instructions; every payment stays pending until the merchant says otherwise."""

    name = "manual"
    settings_type = ManualSettings
    capabilities = PaymentCapabilities(
        cancel=True, refund=True, recovery="repeat", poll_plan=(), session_ttl=timedelta(days=30)
    )

    def address(self, settings: ManualSettings) -> str:
        """Nobody sends webhooks to this account."""
        return ""

    async def methods(self, context: Context, query: MethodsQuery) -> Sequence[Method]:
        """What the store offers, cash on delivery first."""
        return offered(context.settings)

    async def start(self, context: Context, payment: StartPayment) -> PaymentResult:
        """Tell the shopper how to pay; nothing is stored, so a repetition gives the same."""
        if payment.intent == "save_only":
            return _declined("not_supported", "There is nothing to save for later.")
        if payment.method not in {method.id for method in offered(context.settings)}:
            return _declined("method_not_offered", f"{payment.method} is not offered.")
        text = instructions(context.settings, payment.method, payment.amount, payment.description)
        return PaymentResult(
            status="pending",
            provider_ref=payment.operation_id,
            action=Instructions(text=text),
        )

    async def fetch(
        self, context: Context, operation_id: str, provider_ref: str | None
    ) -> PaymentResult:
        """Pending: only the merchant knows whether the money has come."""
        return PaymentResult(status="pending", provider_ref=provider_ref or operation_id)

    async def cancel(self, context: Context, change: Change) -> PaymentResult:
        """Call off a payment that has not come."""
        return PaymentResult(status="canceled", provider_ref=change.provider_ref)

    async def refund(self, context: Context, change: Change) -> PaymentResult:
        """Record that the merchant hands the money back; one refund per operation id."""
        returned = Fact(
            kind="refund",
            object_id=change.operation_id,
            status="succeeded",
            amount=change.amount,
            at=context.clock.now(),
        )
        return PaymentResult(status="succeeded", provider_ref=change.provider_ref, facts=[returned])

    async def accept(
        self, request: WebhookRequest, directory: Directory[ManualSettings]
    ) -> Decision:
        """There are no webhooks."""
        return Refused(status=404, reason="manual payments have no webhooks")

    async def parse_webhook(self, item: Item, context: Context) -> Sequence[PaymentReport]:
        """There are no webhooks."""
        return []

    async def check(self, context: Context) -> Sequence[CheckResult]:
        """Whether shoppers are offered what the store switched on."""
        settings = context.settings
        lacking = settings.bank_transfer and not settings.bank_details.strip()
        return [
            CheckResult(
                name="methods",
                passed=bool(offered(settings)),
                message=", ".join(method.title for method in offered(settings)) or "None offered.",
            ),
            CheckResult(
                name="bank_details",
                passed=not lacking,
                message="Bank transfer is not offered until `bank_details` are given."
                if lacking
                else "As it should be.",
            ),
        ]


def offered(settings: ManualSettings) -> list[Method]:
    """The methods a store with these settings offers, best first."""
    methods = [CASH_ON_DELIVERY] if settings.cash_on_delivery else []
    if settings.bank_transfer and settings.bank_details.strip():
        methods.append(BANK_TRANSFER)
    return methods


def instructions(settings: ManualSettings, method: str, amount: Money, reference: str) -> str:
    """What the shopper is told, as plain text; `reference` is what names the payment."""
    if method == BANK_TRANSFER.id:
        how = f"Transfer {amount.text()} to:\n{settings.bank_details.strip()}"
    else:
        how = f"Pay {amount.text()} in cash when your order arrives."
    words = f"{how}\nReference: {reference}"
    return f"{words}\n\n{settings.instructions.strip()}" if settings.instructions.strip() else words


def _declined(code: str, message: str) -> PaymentResult:
    return PaymentResult(status="failed", code=code, message=message)
