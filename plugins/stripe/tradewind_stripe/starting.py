"""Beginning to pay: a PaymentIntent for the shop's own page, or a Checkout Session, Stripe's.

Both carry the same metadata, by which webhooks and look-ups know them again.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from stripe import StripeClient

from tradewind import ClientSecret, PaymentResult, ProviderFault, Redirect, StartPayment
from tradewind_stripe import amounts, looking, methods
from tradewind_stripe.client import Context, Refused, asked
from tradewind_stripe.outcomes import declined
from tradewind_stripe.settings import SHORTEST_SESSION_MINUTES
from tradewind_stripe.wire import Intent, Session

_LEEWAY = timedelta(minutes=1)
"""Stripe counts the shortest time of a session from when the request arrives."""

_NEW = "requires_payment_method"
_LONGEST_NAME = 250
_DECLINES = frozenset({"amount_too_small", "amount_too_large", "email_invalid"})
"""What the payer can do something about; any other no is the shop's to mend."""


async def start(client: StripeClient, context: Context, payment: StartPayment) -> PaymentResult:
    """Begin a payment under its operation id. Raises ProviderFault."""
    if payment.intent == "save_only":
        return declined("not_supported", "A payment method cannot be saved without a payment.")
    if not methods.usable(context.settings, payment.method):
        return declined("method_not_offered", f"{payment.method} is not offered.")
    amount = amounts.told(payment.amount)
    if amount is None:
        words = f"Stripe does not take {payment.amount.text()}."
        return declined("amount_not_accepted", words)
    try:
        if payment.method == methods.CHECKOUT:
            return begun_page(await _session(client, context, payment, amount))
        return begun(context, await _intent(client, context, payment, amount))
    except Refused as refused:
        return await _refused(client, context, payment, refused)


def begun(context: Context, intent: Intent) -> PaymentResult:
    """A payment that Stripe's script finishes in the shop's page."""
    if intent.client_secret is None:
        raise ProviderFault("Stripe's answer cannot be read.", permanent=False)
    return PaymentResult(
        status="pending",
        provider_ref=intent.id,
        action=ClientSecret(
            client_secret=intent.client_secret, publishable_key=context.settings.publishable_key
        ),
        data={"client_secret": intent.client_secret, "payment_intent_id": intent.id},
        trusted=intent.status == _NEW,
    )


def begun_page(session: Session) -> PaymentResult:
    """A payment that the payer finishes on Stripe's page."""
    if session.url is None:
        return PaymentResult(status="pending", provider_ref=session.id, trusted=False)
    return PaymentResult(
        status="pending",
        provider_ref=session.id,
        action=Redirect(url=session.url),
        data={"checkout_session_id": session.id, "url": session.url},
    )


async def _intent(
    client: StripeClient, context: Context, payment: StartPayment, amount: int
) -> Intent:
    settings = context.settings
    params: dict[str, Any] = {
        "amount": amount,
        "currency": payment.amount.currency.lower(),
        **_terms(context, payment),
    }
    if settings.payment_method_types:
        params["allowed_payment_method_types"] = list(settings.payment_method_types)
    call = client.v1.payment_intents.create_async(params, _key(payment))  # type: ignore[arg-type]
    return await asked(call, Intent)


async def _session(
    client: StripeClient, context: Context, payment: StartPayment, amount: int
) -> Session:
    settings = context.settings
    name = payment.description[:_LONGEST_NAME] or context.store.name
    price = {
        "currency": payment.amount.currency.lower(),
        "unit_amount": amount,
        "product_data": {"name": name},
    }
    params: dict[str, Any] = {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "client_reference_id": str(payment.payment_id),
        "metadata": _metadata(context, payment),
        "payment_intent_data": _terms(context, payment),
        "success_url": payment.return_url,
        "cancel_url": payment.cancel_url,
        "expires_at": _until(context, payment),
    }
    if payment.payer.email:
        params["customer_email"] = payment.payer.email
    if settings.payment_method_types:
        params["allowed_payment_method_types"] = list(settings.payment_method_types)
    call = client.v1.checkout.sessions.create_async(params, _key(payment))  # type: ignore[arg-type]
    return await asked(call, Session)


def _terms(context: Context, payment: StartPayment) -> Mapping[str, Any]:
    """What is said of the PaymentIntent itself, whoever makes it."""
    settings = context.settings
    terms: dict[str, Any] = {"metadata": _metadata(context, payment)}
    if payment.intent == "authorize":
        terms["capture_method"] = "manual"
    if settings.descriptions and payment.description:
        terms["description"] = payment.description
    if settings.receipts and payment.payer.email:
        terms["receipt_email"] = payment.payer.email
    if settings.statement_descriptor_suffix:
        terms["statement_descriptor_suffix"] = settings.statement_descriptor_suffix
    return terms


def _metadata(context: Context, payment: StartPayment) -> Mapping[str, str]:
    return {
        looking.PAYMENT: str(payment.payment_id),
        looking.OPERATION: payment.operation_id,
        looking.STORE: str(context.store.id),
    }


def _key(payment: StartPayment) -> Any:
    return {"idempotency_key": f"{payment.operation_id}:start"}


def _until(context: Context, payment: StartPayment) -> int:
    """When the page ends, in seconds since 1970: never sooner than Stripe lets it."""
    now = context.clock.now()
    soonest = now + timedelta(minutes=SHORTEST_SESSION_MINUTES)
    end = now + timedelta(minutes=context.settings.session_minutes)
    if payment.expires_at is not None:
        end = max(soonest, min(end, payment.expires_at))
    return int((end + _LEEWAY).timestamp())


async def _refused(
    client: StripeClient, context: Context, payment: StartPayment, refused: Refused
) -> PaymentResult:
    """What a no to a start means.

    A key that stands for another request was used before, with a time or an address that was
    another then: that payment is the one.
    """
    if refused.reused:
        found = await looking.by_operation(client, context, payment.operation_id)
        if isinstance(found, Session):
            return begun_page(found)
        if found is not None:
            return begun(context, found)
    if refused.code in _DECLINES:
        return declined(refused.code, refused.words)
    raise refused.fault(permanent=not refused.reused)
