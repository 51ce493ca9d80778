"""Changing a payment that exists: its amount, taking what was held, calling it off, giving back.

Every call has a key made of the engine's operation id. Where Stripe will not do something, the
payment is read again: it may have been done already.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from stripe import StripeClient

from tradewind import Change, PaymentResult
from tradewind_stripe import amounts, looking
from tradewind_stripe.client import Refused, asked
from tradewind_stripe.outcomes import declined, refunded
from tradewind_stripe.wire import Intent, Refund, Session

_CANCELABLE = frozenset(
    {"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture"}
)
_REFUND_REASONS = frozenset({"duplicate", "fraudulent", "requested_by_customer"})
_CANCEL_REASONS = _REFUND_REASONS | {"abandoned"}
_INTENT = "pi_"


async def update(client: StripeClient, change: Change) -> PaymentResult:
    """Change the amount of an open PaymentIntent; that of a page cannot be changed."""
    if change.provider_ref.startswith(looking.SESSION):
        return declined("not_supported", "The amount of Stripe's page cannot be changed.")
    amount = amounts.told(change.amount)
    if amount is None:
        return _not_accepted(change)
    params: Any = {"amount": amount}
    options = _key(change, "update")
    call = client.v1.payment_intents.update_async(change.provider_ref, params, options)
    try:
        await asked(call, Intent)
    except Refused as refused:
        return declined(refused.code, refused.words, change.provider_ref)
    return await looking.known(client, change.provider_ref)


async def capture(client: StripeClient, change: Change) -> PaymentResult:
    """Take what was held, or part of it: the rest is let go."""
    amount = amounts.told(change.amount)
    if amount is None:
        return _not_accepted(change)
    name = await _intent_id(client, change)
    if name is None:
        return declined("not_authorized", "Nothing is held.", change.provider_ref)
    params: Any = {"amount_to_capture": amount}
    call = client.v1.payment_intents.capture_async(name, params, _key(change, "capture"))
    try:
        await asked(call, Intent)
    except Refused as refused:
        return await _not_captured(client, change, name, refused)
    return await _known(client, change, name)


async def cancel(client: StripeClient, change: Change) -> PaymentResult:
    """Call a payment off that is not paid; one that cannot be is told as it is."""
    ref = change.provider_ref
    if not ref:
        return PaymentResult(status="unknown", code="no_reference")
    if ref.startswith(looking.SESSION):
        page = await looking.session(client, ref)
        if page.status == "open":
            return await _expired(client, change, page)
        paying = page.intent
    else:
        paying = await looking.intent(client, ref)
    if paying is not None and paying.status in _CANCELABLE:
        await _cancel(client, change, paying)
    return await looking.known(client, ref)


async def refund(client: StripeClient, change: Change) -> PaymentResult:
    """Give money back, once for each operation id. Raises ProviderFault."""
    amount = amounts.told(change.amount)
    if amount is None:
        return _not_accepted(change)
    name = change.object_id if change.object_id.startswith(_INTENT) else None
    name = name or await _intent_id(client, change)
    if name is None:
        return declined("not_refundable", "No money came.", change.provider_ref)
    params: Any = {"payment_intent": name, "amount": amount, "metadata": _metadata(change)}
    if change.reason in _REFUND_REASONS:
        params["reason"] = change.reason
    call = client.v1.refunds.create_async(params, _key(change, "refund"))
    try:
        return refunded(await asked(call, Refund), change.provider_ref)
    except Refused as refused:
        if refused.reused:
            raise refused.fault() from refused
        return declined(refused.code, refused.words, change.provider_ref)


async def _expired(client: StripeClient, change: Change, page: Session) -> PaymentResult:
    """End a page that is open; the payer may have been quicker."""
    call = client.v1.checkout.sessions.expire_async(page.id, None, _key(change, "expire"))
    with suppress(Refused):
        await asked(call, Session)
    return await looking.known(client, page.id)


async def _cancel(client: StripeClient, change: Change, paying: Intent) -> None:
    """Cancel a PaymentIntent; a no is found out by reading it again.

    Stripe repeats a no under the same key as well, so the key names the state it is asked in.
    """
    params: Any = {}
    if change.reason in _CANCEL_REASONS:
        params["cancellation_reason"] = change.reason
    options = _key(change, f"cancel:{paying.status}")
    call = client.v1.payment_intents.cancel_async(paying.id, params, options)
    with suppress(Refused):
        await asked(call, Intent)


async def _not_captured(
    client: StripeClient, change: Change, name: str, refused: Refused
) -> PaymentResult:
    """A no to a capture, with what is captured by now: it may have been taken before."""
    found = await _known(client, change, name)
    return PaymentResult(
        status="failed",
        provider_ref=found.provider_ref,
        facts=found.facts,
        code=refused.code,
        message=refused.words,
    )


async def _known(client: StripeClient, change: Change, name: str) -> PaymentResult:
    found = await looking.intent(client, name)
    return await looking.of_intent(client, found, change.provider_ref or None)


async def _intent_id(client: StripeClient, change: Change) -> str | None:
    """The PaymentIntent of a payment; None where nobody has tried to pay on its page."""
    ref = change.provider_ref
    if not ref.startswith(looking.SESSION):
        return ref or None
    return (await looking.session(client, ref)).intent_id


def _metadata(change: Change) -> Mapping[str, str]:
    return {looking.PAYMENT: str(change.payment_id), looking.OPERATION: change.operation_id}


def _not_accepted(change: Change) -> PaymentResult:
    words = f"Stripe does not take {change.amount.text()}."
    return declined("amount_not_accepted", words, change.provider_ref)


def _key(change: Change, verb: str) -> Any:
    return {"idempotency_key": f"{change.operation_id}:{verb}"}
