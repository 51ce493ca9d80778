"""What a payer's client is given, encrypted at rest: it may open the payment to whoever has it."""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from tradewind.contracts.payment import Action
from tradewind.database import Database, Transaction
from tradewind.database.engine import Vault
from tradewind.settings.keyring import SecretUnreadable

_LOG = logging.getLogger(__name__)
Keeper = Transaction | Database
"""Who has the keys."""


def closed(keeper: Keeper, value: Action | Mapping[str, Any] | None) -> bytes | None:
    """A value as it is kept; None where there is nothing in it."""
    return _vault(keeper).encrypt(msgspec.json.encode(value)) if value else None


def action_in(keeper: Keeper, kept: bytes | None) -> Action | None:
    """What the payer is to do."""
    plain = _opened(keeper, kept)
    return None if plain is None else msgspec.json.decode(plain, type=Action)


def data_in(keeper: Keeper, kept: bytes | None) -> Mapping[str, Any]:
    """What the payer's client works with."""
    found: Mapping[str, Any] = msgspec.json.decode(_opened(keeper, kept) or b"{}")
    return found


def _opened(keeper: Keeper, kept: bytes | None) -> bytes | None:
    """The plain JSON, also of rows from before it was encrypted; None when no key opens it."""
    if kept is None or kept.startswith(b"{"):
        return kept
    try:
        return _vault(keeper).decrypt(kept)
    except SecretUnreadable:
        _LOG.error("what a payer was given cannot be read: its key is no longer on the ring")
        return None


def _vault(keeper: Keeper) -> Vault:
    if keeper.vault is None:
        raise RuntimeError("this database was given no keys")
    return keeper.vault
