"""Signed tokens for links: whoever holds one may do one thing to one object for some time.

A token says nothing by itself: store, object and purpose stand in the link's own words, and the
signature binds them to the expiry that the token carries.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from tradewind.settings.keyring import Keyring

Purpose = Literal["order", "pay", "cart", "download"]
"""`order` shows an order; `pay` also lets it be paid; `cart` opens a cart; `download`
fetches a file that was bought."""

_TIME, _MAC = 5, 20


def sign(
    keyring: Keyring, store_id: UUID, subject: UUID, purpose: Purpose, expires_at: datetime
) -> str:
    """A token for one object of one store, valid until `expires_at` (whole seconds, UTC)."""
    time = int(expires_at.timestamp()).to_bytes(_TIME)
    mac = _mac(keyring.signing_keys[0], store_id, subject, purpose, time)
    return urlsafe_b64encode(time + mac).rstrip(b"=").decode()


def allows(
    keyring: Keyring, store_id: UUID, subject: UUID, purpose: Purpose, token: str, now: datetime
) -> bool:
    """Whether a token was signed by a key on the ring for just this and has not expired."""
    raw = _raw(token)
    if len(raw) != _TIME + _MAC:
        return False
    time, given = raw[:_TIME], raw[_TIME:]
    macs = [_mac(key, store_id, subject, purpose, time) for key in keyring.signing_keys]
    genuine = any(hmac.compare_digest(mac, given) for mac in macs)
    return genuine and datetime.fromtimestamp(int.from_bytes(time), UTC) > now


def _raw(token: str) -> bytes:
    try:
        return urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError:
        return b""


def _mac(key: bytes, store_id: UUID, subject: UUID, purpose: str, time: bytes) -> bytes:
    words = b"|".join((store_id.bytes, subject.bytes, purpose.encode(), time))
    return hmac.new(key, words, hashlib.sha256).digest()[:_MAC]
