"""What a payer's client is given, encrypted at rest: it may open the payment to whoever has it."""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from tradewind.contracts.payment import Action
from tradewind.database import Transaction
from tradewind.settings.keyring import SecretUnreadable

_LOG = logging.getLogger(__name__)


def closed(tx: Transaction, value: Action | Mapping[str, Any] | None) -> bytes | None:
    """A value as it is kept; None where there is nothing in it."""
    return tx.vault.encrypt(msgspec.json.encode(value)) if value else None


def action_in(tx: Transaction, kept: bytes | None) -> Action | None:
    """What the payer is to do."""
    plain = _opened(tx, kept)
    return None if plain is None else msgspec.json.decode(plain, type=Action)


def data_in(tx: Transaction, kept: bytes | None) -> Mapping[str, Any]:
    """What the payer's client works with."""
    found: Mapping[str, Any] = msgspec.json.decode(_opened(tx, kept) or b"{}")
    return found


def _opened(tx: Transaction, kept: bytes | None) -> bytes | None:
    """The plain JSON, also of rows from before it was encrypted; None when no key opens it."""
    if kept is None or kept.startswith(b"{"):
        return kept
    try:
        return tx.vault.decrypt(kept)
    except SecretUnreadable:
        _LOG.error("what a payer was given cannot be read: its key is no longer on the ring")
        return None
