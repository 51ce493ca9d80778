"""The webhook door: who sent a body, and what it is about.

A webhook is a hint. One header carries the secret itself, which does not protect the body, so
nothing in it is believed: it only makes the engine look the payment up.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

from msgspec import Raw

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
from tradewind_flutterwave import wire
from tradewind_flutterwave.settings import FlutterwaveSettings
from tradewind_flutterwave.wire import word

SIGNATURE = "flutterwave-signature"
PLAIN_HASH = "verif-hash"

_LEGACY = "charge.legacy"
_HEARD = ("charge.", "refund.")

Accounts = Directory[FlutterwaveSettings]


async def accept(request: WebhookRequest, directory: Accounts) -> Decision:
    """Verify a webhook over its raw bytes; it becomes one item, or none when it says nothing."""
    if request.method != "POST":
        return Refused(status=405, reason=f"method {request.method}")
    accounts = [one for one in await _candidates(request, directory) if _genuine(request, one)]
    if not accounts:
        return Refused(status=401, reason="no or wrong signature")
    if wire.read(request.body, Raw) is None:
        return Refused(status=400, reason="not JSON")
    heard = _read(request.body)
    if heard is None:
        return Accepted(items=())
    return Accepted(items=[heard.item(request.body, account.store_id) for account in accounts])


def reports(body: bytes) -> Sequence[PaymentReport]:
    """Which payment an item is about; what it says is not believed."""
    heard = _read(body)
    if heard is None:
        return []
    payment_id = _uuid(heard.tx_ref)
    ref = heard.charge_id or None
    if payment_id is None and ref is None:
        return []
    hint = PaymentResult(status="pending", trusted=False)
    return [PaymentReport(result=hint, payment_id=payment_id, provider_ref=ref)]


async def _candidates(
    request: WebhookRequest, directory: Accounts
) -> Sequence[Account[FlutterwaveSettings]]:
    if request.store_slug is None:
        return await directory.everyone()
    account = await directory.by_slug(request.store_slug)
    return [account] if account else []


def _genuine(request: WebhookRequest, account: Account[FlutterwaveSettings]) -> bool:
    """The signature, where there is one, decides alone; a plain hash counts only without it."""
    hashes = account.settings.secret_hashes
    signature = request.headers.get(SIGNATURE)
    if signature is None:
        return _any_equal(request.headers.get(PLAIN_HASH, ""), hashes)
    if _any_equal(signature, [_signed(request.body, one) for one in hashes]):
        return True
    return account.settings.allow_plain_signature and _any_equal(signature, hashes)


def _signed(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def _any_equal(offered: str, expected: Sequence[str]) -> bool:
    given = offered.encode(errors="surrogatepass")
    # All are compared, so that the time it takes does not tell which one nearly fitted.
    equal = [hmac.compare_digest(given, one.encode()) for one in expected]
    return any(equal)


class _Heard:
    """A webhook that is about a charge or a refund."""

    def __init__(self, event: str, subject: wire.Subject) -> None:
        self.event = event
        self.id = word(subject.id)
        self.status = word(subject.status)
        self.tx_ref = word(subject.tx_ref) or word(subject.reference)
        self.charge_id = word(subject.charge_id)
        if not self.charge_id and event.startswith("charge.") and self.id.startswith("chg_"):
            self.charge_id = self.id

    def item(self, body: bytes, store_id: UUID) -> Item:
        """v3 gives its events no id, so what happened to what is the key."""
        key = f"{self.event}:{self.id}:{self.status}" if self.id else _digest(body)
        lane = self.tx_ref or self.charge_id or self.id or _digest(body)
        return Item(dedupe_key=key, lane=lane, body=body, store_id=store_id)


def _read(body: bytes) -> _Heard | None:
    notice = wire.read(body, wire.Notice)
    if notice is None:
        return None
    event = word(notice.event) or word(notice.type)
    if not event and word(notice.tx_ref):
        flat = wire.Subject(id=notice.id, status=notice.status, tx_ref=notice.tx_ref)
        return _Heard(_LEGACY, flat)
    subject = wire.read(notice.data, wire.Subject)
    if subject is None or not event.startswith(_HEARD):
        return None
    return _Heard(event, subject)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _uuid(text: str) -> UUID | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None
