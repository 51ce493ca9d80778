"""The webhook door: Meta's handshake, and signed deliveries taken apart into items.

Facts: Meta, "Create a webhook endpoint" and "Webhooks overview" (WhatsApp Business Platform).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

import msgspec

from tradewind import (
    Accepted,
    Account,
    Answer,
    Challenge,
    Decision,
    Directory,
    Item,
    Refused,
    WebhookRequest,
)
from tradewind_whatsapp import splitting, wire
from tradewind_whatsapp.settings import WhatsAppSettings
from tradewind_whatsapp.splitting import Piece, Source
from tradewind_whatsapp.wire import Metadata, text_of

LARGEST_BODY = 3 * 1024 * 1024
"""Meta promises to stay within 3 MB."""

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
_NUMBERS_BEFORE_PROOF = 20
"""How many numbers of a body that nobody vouches for yet are looked up."""

_OBJECT = "whatsapp_business_account"

Accounts = Directory[WhatsAppSettings]
WhatsAppAccount = Account[WhatsAppSettings]


async def accept(request: WebhookRequest, directory: Accounts) -> Decision:
    """Answer the handshake, or verify a delivery and split it.

    An item is addressed to a number only when the signature was made with that number's own app
    secret: who holds the secret of one Meta app has no say over the numbers of another.
    """
    if request.method == "GET":
        return await _handshake(request, directory)
    if request.method != "POST":
        return Refused(status=405, reason=f"method {request.method}")
    if len(request.body) > LARGEST_BODY:
        return Refused(status=413, reason=f"{len(request.body)} bytes")
    signature = _SIGNATURE.fullmatch(request.headers.get("x-hub-signature-256", ""))
    if signature is None:
        return Refused(status=401, reason="no signature")
    return await _delivery(request, directory, _Proof(request.body, signature.group(1)))


async def _handshake(request: WebhookRequest, directory: Accounts) -> Decision:
    offered = request.query.get("hub.verify_token", "")
    accounts = await _candidates(request, directory)
    known = [_same(offered, account.settings.verify_token) for account in accounts]
    if request.query.get("hub.mode") != "subscribe" or not any(known):
        return Refused(status=403, reason="wrong verify token")
    return Challenge(answer=Answer(body=request.query.get("hub.challenge", "").encode()))


def _same(offered: str, expected: str) -> bool:
    equal = hmac.compare_digest(
        offered.encode(errors="surrogatepass"), expected.encode(errors="surrogatepass")
    )
    return equal and expected != ""


async def _candidates(request: WebhookRequest, directory: Accounts) -> Sequence[WhatsAppAccount]:
    if request.store_slug is None:
        return await directory.everyone()
    account = await directory.by_slug(request.store_slug)
    return [account] if account else []


class _Proof:
    """Which accounts the signature of one body vouches for; each secret is tried once."""

    def __init__(self, body: bytes, signature: str) -> None:
        self.body = body
        self.signature = signature
        self.tried: dict[str, bool] = {}

    def holds_for(self, account: WhatsAppAccount) -> bool:
        settings = account.settings
        secrets = (settings.app_secret, settings.app_secret_previous)
        return any(self._made_with(secret) for secret in secrets)

    def _made_with(self, secret: str) -> bool:
        # Anybody can sign with an empty secret.
        if not secret:
            return False
        if secret not in self.tried:
            expected = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
            self.tried[secret] = hmac.compare_digest(expected, self.signature)
        return self.tried[secret]


async def _delivery(request: WebhookRequest, directory: Accounts, proof: _Proof) -> Decision:
    post = wire.parse(request.body)
    changes = list(splitting.sources(post)) if post else []
    numbers = _numbers(changes)
    routes = await _look_up(directory, numbers[:_NUMBERS_BEFORE_PROOF])
    candidates = list(routes.values()) or await _candidates(request, directory)
    if not any(proof.holds_for(account) for account in candidates):
        return Refused(status=401, reason="wrong signature")
    if post is None:
        return Refused(status=400, reason="not JSON")
    if post.object != _OBJECT:
        return Accepted(items=())
    routes |= await _look_up(directory, numbers[_NUMBERS_BEFORE_PROOF:])
    everyone = () if _all_numbered(changes) else await directory.everyone()
    vouched = [account for account in everyone if proof.holds_for(account)]
    return Accepted(
        items=[
            _item(piece, address)
            for piece in splitting.split(changes)
            for address in _addresses(piece.source, routes, vouched, proof)
        ]
    )


def _numbers(changes: Sequence[Source]) -> list[str]:
    numbers = dict.fromkeys(change.phone_number_id for change in changes)
    numbers.pop("", None)
    return list(numbers)


def _all_numbered(changes: Sequence[Source]) -> bool:
    return all(change.phone_number_id for change in changes)


async def _look_up(directory: Accounts, numbers: Sequence[str]) -> dict[str, WhatsAppAccount]:
    found = {number: await directory.by_address(number) for number in numbers}
    return {number: account for number, account in found.items() if account}


def _addresses(
    source: Source,
    routes: Mapping[str, WhatsAppAccount],
    vouched: Sequence[WhatsAppAccount],
    proof: _Proof,
) -> Sequence[str]:
    """Whose a change is. An address with a colon is nobody's: kept for the record, then dropped.

    News of a WhatsApp Business account goes to every store that has a number in it.
    """
    number = source.phone_number_id
    if number:
        account = routes.get(number)
        return [f"unverified:{number}" if account and not proof.holds_for(account) else number]
    owners = [account.address for account in vouched if _owns(account.settings, source)]
    return owners or [f"waba:{source.waba_id}"]


def _owns(settings: WhatsAppSettings, source: Source) -> bool:
    if not source.waba_id or settings.waba_id != source.waba_id:
        return False
    # Quality news names its number outside of `metadata`, and by its digits alone.
    named = _digits(text_of((wire.read(source.raw, Metadata) or Metadata()).display_phone_number))
    own = _digits(settings.display_phone_number)
    return not (named and own) or named == own


def _digits(phone: str) -> str:
    return "".join(character for character in phone if character in "0123456789")


def _item(piece: Piece, address: str) -> Item:
    return Item(
        dedupe_key=piece.dedupe_key,
        lane=piece.lane,
        body=msgspec.json.encode(piece.envelope),
        address=address,
    )
