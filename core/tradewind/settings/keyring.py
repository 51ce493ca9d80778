"""Secrets at rest: encrypted with the newest key, readable with any key still on the ring."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from tradewind.contracts.errors import TradewindError


class SecretUnreadable(TradewindError):
    """A stored secret was encrypted with a key that is no longer on the ring."""

    code = "secret_unreadable"


def new_key() -> str:
    """A fresh key for `TRADEWIND_SECRET_KEY`."""
    return Fernet.generate_key().decode()


class Keyring:
    """Encrypts with the first key, decrypts with all of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys`: newest first. Raises ValueError when there is none or one is malformed."""
        if not keys:
            raise ValueError("no secret key")
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._signing = [hashlib.sha256(b"tradewind links" + key.encode()).digest() for key in keys]

    def encrypt(self, plain: bytes) -> bytes:
        """Ciphertext of `plain` under the newest key."""
        return self._fernet.encrypt(plain)

    def decrypt(self, cipher: bytes) -> bytes:
        """The plain bytes. Raises SecretUnreadable."""
        try:
            return self._fernet.decrypt(cipher)
        except InvalidToken:
            raise SecretUnreadable("No key on the ring opens this secret.") from None

    def rotate(self, cipher: bytes) -> bytes:
        """The same secret under the newest key. Raises SecretUnreadable."""
        try:
            return self._fernet.rotate(cipher)
        except InvalidToken:
            raise SecretUnreadable("No key on the ring opens this secret.") from None

    @property
    def signing_keys(self) -> Sequence[bytes]:
        """Keys for signed links, newest first; never the encryption keys themselves."""
        return self._signing


def fingerprint(key: str) -> str:
    """A short name for a key that tells nothing about it."""
    return urlsafe_b64encode(hashlib.sha256(key.encode()).digest())[:8].decode()
