"""Passwords, with Argon2id: made and checked in threads, two at a time.

Each takes 64 MiB and tens of milliseconds, which is what makes guessing dear. For an account that
does not exist, or has no password, the same work is done on a hash that nothing fits: how long an
answer takes tells nobody which addresses are known.
"""

import asyncio
import secrets
from functools import cache
from weakref import WeakKeyDictionary

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tradewind.contracts.errors import FieldError, InvalidInput

SHORTEST = 10
LONGEST = 256
_AT_ONCE = 2
_HASHER = PasswordHasher()
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def new_password() -> str:
    """A password that nobody guesses."""
    return secrets.token_urlsafe(12)


async def hashed(password: str) -> str:
    """The hash to keep. Raises InvalidInput when the password is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        wrong = FieldError("password", "out_of_range", f"From {SHORTEST} to {LONGEST} characters.")
        raise InvalidInput("This password cannot be used.", errors=[wrong])
    async with _turn():
        return await asyncio.to_thread(_HASHER.hash, password)


async def fits(password: str, kept: str | None) -> bool:
    """Whether a password is the one behind a hash; with no hash it never is, just as slowly."""
    async with _turn():
        known = await asyncio.to_thread(_fits, kept or _nobodys(), password[:LONGEST])
    return known and kept is not None and len(password) <= LONGEST


def _fits(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    """A hash of this process's own, with the costs of today."""
    return _HASHER.hash(secrets.token_urlsafe())


def _turn() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    if loop not in _turns:
        _turns[loop] = asyncio.Semaphore(_AT_ONCE)
    return _turns[loop]
