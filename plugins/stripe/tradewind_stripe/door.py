"""The webhook door: who sent an event, and which payment it is about.

An event is a pointer. It is signed, but may be old, come twice or in any order; what it says of the
payment is not believed, only that it is time to look.
"""

import hashlib
import hmac
import time
from collections.abc import Sequence
from uuid import UUID

from stripe import StripeClient

from tradewind import (
    Accepted,
    Account,
    Decision,
    Directory,
    Item,
    PaymentReport,
    PaymentResult,
    Refused,
    WebhookRequest,
)
from tradewind_stripe import looking, wire
from tradewind_stripe.client import Context, found
from tradewind_stripe.settings import StripeSettings
from tradewind_stripe.wire import word

SIGNATURE = "stripe-signature"
TOLERANCE_SECONDS = 300
"""How old a signature may be, by the machine's clock, as it was signed by the world's.

One from the future is taken: clocks differ.
"""

EVENTS = frozenset(
    {
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.expired",
        "charge.refund.updated",
        "charge.refunded",
        "checkout.session.async_payment_failed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "checkout.session.expired",
        "payment_intent.amount_capturable_updated",
        "payment_intent.canceled",
        "payment_intent.payment_failed",
        "payment_intent.processing",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "refund.created",
        "refund.failed",
        "refund.updated",
    }
)
"""What the webhook should be subscribed to; any other is acknowledged and forgotten."""

_THIN = "a thin event (v2): choose snapshot events for this webhook in Stripe's dashboard"
_INTENT = "pi_"

Accounts = Directory[StripeSettings]


async def accept(request: WebhookRequest, directory: Accounts) -> Decision:
    """Verify an event over its raw bytes; it becomes one item, or none if nobody cares for it."""
    if request.method != "POST":
        return Refused(status=405, reason=f"method {request.method}")
    accounts = [one for one in await _candidates(request, directory) if _genuine(request, one)]
    if not accounts:
        return Refused(status=400, reason="no, wrong or old signature")
    event = wire.read(request.body, wire.Event)
    if event is None or event.thin:
        return Refused(status=400, reason=_THIN if event else "not an event")
    return _taken(event, request.body, accounts)


def _taken(event: wire.Event, body: bytes, accounts: Sequence[Account[StripeSettings]]) -> Decision:
    fitting = [one for one in accounts if _same_mode(event, one.settings)]
    if not fitting:
        return Refused(status=400, reason="an event of the other mode, live or test, than the key")
    if word(event.type) not in EVENTS:
        return Accepted(items=())
    return Accepted(items=[_item(event, body, one.store_id) for one in fitting])


async def reports(client: StripeClient, context: Context, body: bytes) -> Sequence[PaymentReport]:
    """Which payment of this store an item is about; none for those of others.

    Where the event does not say so itself, its PaymentIntent or page is read. Raises ProviderFault.
    """
    event = wire.read(body, wire.Event)
    if event is None or word(event.type) not in EVENTS:
        return []
    payment_id = _ours(context, event.subject.metadata)
    if payment_id is None:
        payment_id = _ours(context, await _metadata(client, event.subject))
    if payment_id is None:
        return []
    hint = PaymentResult(status="pending", trusted=False)
    return [PaymentReport(result=hint, payment_id=payment_id)]


async def _candidates(
    request: WebhookRequest, directory: Accounts
) -> Sequence[Account[StripeSettings]]:
    if request.store_slug is None:
        return await directory.everyone()
    account = await directory.by_slug(request.store_slug)
    return [account] if account else []


def _genuine(request: WebhookRequest, account: Account[StripeSettings]) -> bool:
    """Whether any signature fits any secret, and is not too old."""
    at, given = _parts(request.headers.get(SIGNATURE, ""))
    if at is None or at < time.time() - TOLERANCE_SECONDS:
        return False
    signed = b"%d.%b" % (at, request.body)
    secrets = [one for one in account.settings.webhook_secrets if one]
    expected = [hmac.digest(one.encode(), signed, hashlib.sha256).hex() for one in secrets]
    # All are compared, so that the time it takes does not tell which one nearly fitted.
    equal = [hmac.compare_digest(one, other.encode()) for one in given for other in expected]
    return any(equal)


def _parts(header: str) -> tuple[int | None, list[bytes]]:
    """The moment of a signature, and every signature of the scheme that counts."""
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")][:_MOST_PARTS]
    times = [value for name, value in pairs if name == "t"]
    given = [value.encode(errors="surrogatepass") for name, value in pairs if name == "v1"]
    readable = len(times) == 1 and times[0].isascii() and times[0].isdecimal()
    return (int(times[0]) if readable and len(times[0]) < _LONGEST_TIME else None), given


_MOST_PARTS = 20
_LONGEST_TIME = 16


def _same_mode(event: wire.Event, settings: StripeSettings) -> bool:
    if settings.mode is None or not isinstance(event.livemode, bool):
        return True
    return event.livemode == (settings.mode == "live")


def _item(event: wire.Event, body: bytes, store_id: UUID) -> Item:
    digest = hashlib.sha256(body).hexdigest()
    subject = event.subject
    lane = word(subject.payment_intent) or word(subject.id) or digest
    return Item(dedupe_key=word(event.id) or digest, lane=lane, body=body, store_id=store_id)


def _ours(context: Context, metadata: wire.Loose) -> UUID | None:
    """The payment that metadata names, if it is one of this store."""
    if not isinstance(metadata, dict) or metadata.get(looking.STORE) != str(context.store.id):
        return None
    return _uuid(word(metadata.get(looking.PAYMENT)))


async def _metadata(client: StripeClient, subject: wire.Subject) -> wire.Loose:
    """What is written on the payment that an event is about; None where there is no such thing."""
    name, own = word(subject.payment_intent), word(subject.id)
    if not name and own.startswith(looking.SESSION):
        page = await found(client.v1.checkout.sessions.retrieve_async(own), wire.Session)
        return dict(page.metadata or {}) if page is not None else None
    name = name or own
    if not name.startswith(_INTENT):
        return None
    paying = await found(client.v1.payment_intents.retrieve_async(name), wire.Intent)
    return dict(paying.metadata or {}) if paying is not None else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
