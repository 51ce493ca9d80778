"""What Stripe knows of a payment: always read anew, never taken from a webhook."""

import logging
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from stripe import StripeClient

from tradewind import Fact, PaymentResult, ProviderFault
from tradewind_stripe.client import Context, listed, read
from tradewind_stripe.outcomes import (
    EXPIRED,
    code_of,
    dispute_fact,
    facts_of,
    lapsed,
    refund_fact,
    status_of,
)
from tradewind_stripe.wire import Dispute, Intent, Refund, Session

PAYMENT = "payment_id"
OPERATION = "operation_id"
STORE = "store_id"
"""Names in the metadata of every payment."""

SESSION = "cs_"
_CHARGE = "latest_charge.balance_transaction"
_OPEN = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
_LOOK_BACK = timedelta(hours=24)
_PAGES = 5
_PAGE = 100

_LOG = logging.getLogger(__name__)

Known = TypeVar("Known", Intent, Session)


async def fetch(
    client: StripeClient, context: Context, operation_id: str, provider_ref: str | None
) -> PaymentResult:
    """What a payment comes to; status `unknown` when there is none. Raises ProviderFault."""
    if provider_ref is not None:
        return await known(client, provider_ref)
    found = await by_operation(client, context, operation_id)
    if found is None:
        return PaymentResult(status="unknown")
    return await known(client, found.id)


async def known(client: StripeClient, provider_ref: str) -> PaymentResult:
    """The same by the reference that its start gave. Raises ProviderFault."""
    if provider_ref.startswith(SESSION):
        return await of_session(client, await session(client, provider_ref))
    return await of_intent(client, await intent(client, provider_ref))


async def intent(client: StripeClient, name: str) -> Intent:
    """A PaymentIntent with its newest attempt. Raises ProviderFault."""
    params: Any = {"expand": [_CHARGE]}
    return await read(client.v1.payment_intents.retrieve_async(name, params), Intent)


async def session(client: StripeClient, name: str) -> Session:
    """A Checkout Session with its PaymentIntent. Raises ProviderFault."""
    params: Any = {"expand": [f"payment_intent.{_CHARGE}"]}
    return await read(client.v1.checkout.sessions.retrieve_async(name, params), Session)


async def of_intent(
    client: StripeClient, found: Intent, provider_ref: str | None = None, *, over: bool = False
) -> PaymentResult:
    """What a PaymentIntent comes to, with what went back of it. Raises ProviderFault."""
    over = over and found.status in _OPEN
    facts = facts_of(found, over=over)
    if found.status == "succeeded":
        facts += await _went_back(client, found)
    return PaymentResult(
        status="canceled" if over else status_of(found),
        provider_ref=provider_ref or found.id,
        facts=facts,
        code=EXPIRED if over else code_of(found),
    )


async def of_session(client: StripeClient, found: Session) -> PaymentResult:
    """What a page comes to: its PaymentIntent says so, once the payer has tried."""
    over = found.status == "expired"
    if found.intent_id is not None:
        paying = found.intent or await intent(client, found.intent_id)
        return await of_intent(client, paying, found.id, over=over)
    if over:
        return PaymentResult(
            status="canceled", provider_ref=found.id, facts=lapsed(found), code=EXPIRED
        )
    return PaymentResult(status="pending", provider_ref=found.id)


async def by_operation(
    client: StripeClient, context: Context, operation_id: str
) -> Intent | Session | None:
    """The payment that a start began whose answer was lost. Raises ProviderFault.

    Lists tell at once what there is; the search, which may lag by minutes, is for what is older.
    """
    pages: Any = {"limit": _PAGE}
    sessions = client.v1.checkout.sessions.list_async(pages)
    page, all_pages = await _newest(context, listed(sessions, Session, _PAGES), operation_id)
    if page is not None:
        return page
    intents = client.v1.payment_intents.list_async(pages)
    paying, all_intents = await _newest(context, listed(intents, Intent, _PAGES), operation_id)
    if paying is not None:
        return paying
    older = await _searched(client, operation_id)
    if older is None and not (all_pages and all_intents):
        raise ProviderFault("Too many payments to tell whether there is this one.", permanent=False)
    return older


async def _newest(
    context: Context, among: AsyncIterator[Known | None], operation_id: str
) -> tuple[Known | None, bool]:
    """The one with an operation id, newest first, and whether it was looked for far enough."""
    since = (context.clock.now() - _LOOK_BACK).timestamp()
    async for one in among:
        if one is None:
            return None, False
        if _is(one.metadata, operation_id):
            return one, True
        if one.created < since:
            break
    return None, True


async def _searched(client: StripeClient, operation_id: str) -> Intent | None:
    quoted = operation_id.replace("\\", "\\\\").replace("'", "\\'")
    params: Any = {"query": f"metadata['{OPERATION}']:'{quoted}'"}
    async for one in listed(client.v1.payment_intents.search_async(params), Intent, 1):
        if one is not None and _is(one.metadata, operation_id):
            return one
    return None


def _is(metadata: Mapping[str, str] | None, operation_id: str) -> bool:
    return metadata is not None and metadata.get(OPERATION) == operation_id


async def _went_back(client: StripeClient, found: Intent) -> list[Fact]:
    """Refunds, whoever made them, and disputes.

    A key that may not read them keeps nobody from knowing that money came.
    """
    facts: list[Fact] = []
    try:
        facts += await _refunds(client, found)
        if found.charge is None or found.charge.disputed:
            facts += await _disputes(client, found)
    except ProviderFault as fault:
        if not fault.permanent:
            raise
        _LOG.warning("what went back of a payment could not be read: %s", fault.detail)
    return facts


async def _refunds(client: StripeClient, found: Intent) -> list[Fact]:
    of_it: Any = {"payment_intent": found.id, "limit": _PAGE}
    known = listed(client.v1.refunds.list_async(of_it), Refund, _PAGES)
    return [refund_fact(one) async for one in known if one is not None]


async def _disputes(client: StripeClient, found: Intent) -> list[Fact]:
    of_it: Any = {"payment_intent": found.id, "limit": _PAGE}
    known = listed(client.v1.disputes.list_async(of_it), Dispute, _PAGES)
    facts = [dispute_fact(one) async for one in known if one is not None]
    return [one for one in facts if one is not None]
