"""Make one-time codes and try them. What a code says is known to its message alone."""

import secrets
from datetime import timedelta
from uuid import UUID

import msgspec

from tradewind.customers.codes import queries
from tradewind.customers.codes.rules import (
    DIGITS,
    LIFE,
    MOST,
    WITHIN,
    hashed,
    matches,
    typed,
)
from tradewind.database import Transaction
from tradewind.settings.keyring import Keyring

_KEPT = timedelta(days=1)


class Fresh(msgspec.Struct, frozen=True):
    """A code just made. It is not to be logged or kept."""

    id: UUID
    code: str


async def make(tx: Transaction, keyring: Keyring, channel: str, identity: str) -> Fresh | None:
    """A new code for an identity, in place of all before it; None when there were too many."""
    if await queries.count_since(tx, channel, identity, tx.now - WITHIN) >= MOST:
        return None
    fresh = Fresh(tx.new_id(), f"{secrets.randbelow(10**DIGITS):0{DIGITS}}")
    kept = hashed(keyring.signing_keys[0], fresh.id, fresh.code)
    await queries.add(tx, fresh.id, channel, identity, kept, tx.now + LIFE)
    return fresh


async def redeem(tx: Transaction, keyring: Keyring, channel: str, identity: str, code: str) -> bool:
    """Whether this is the newest code of an identity, still good; then it is used up.

    A wrong one counts as a try, so the caller must commit in either case.
    """
    newest = await queries.lock_newest(tx, channel, identity)
    if newest is None or not newest.good(tx.now):
        return False
    right = matches(keyring.signing_keys, newest, typed(code))
    await queries.tried(tx, newest.id, tx.now if right else None)
    return right


async def forget_old(tx: Transaction) -> None:
    """Remove codes that can be of no use any more."""
    await queries.forget(tx, tx.now - _KEPT)
