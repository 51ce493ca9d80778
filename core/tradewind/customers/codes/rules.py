"""What a one-time code is, and when one is still good. No I/O."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

EMAIL = "email"
"""The channel of identities that are mail addresses, in lower case, whoever carries the mail."""

PHONE = "phone"
"""The channel of numbers that no chat knows: nothing is sent there, and trying costs as much."""

LIFE = timedelta(minutes=10)
TRIES = 5
MOST = 30
WITHIN = timedelta(hours=1)
"""No more than `MOST` codes are made for one identity `WITHIN` this time, by all processes."""
DIGITS = 6


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """The newest code of an identity, as it is kept; `attempts` were made at it so far."""

    id: UUID
    code_hash: bytes
    attempts: int
    expires_at: datetime
    used_at: datetime | None

    def good(self, now: datetime) -> bool:
        """Whether it may still be tried."""
        return self.used_at is None and self.attempts < TRIES and now < self.expires_at


def hashed(key: bytes, code_id: UUID, code: str) -> bytes:
    """How a code is kept: six digits are guessed at once without the key."""
    return hmac.new(key, code_id.bytes + code.encode(), hashlib.sha256).digest()


def matches(keys: Sequence[bytes], kept: Code, code: str) -> bool:
    """Whether this is the code, under one of the keys; takes as long for any that is not."""
    found = [hmac.compare_digest(hashed(key, kept.id, code), kept.code_hash) for key in keys]
    return any(found)


def typed(text: str) -> str:
    """A code as it was typed, without blanks and hyphens."""
    return "".join(text.replace("-", "").split())
