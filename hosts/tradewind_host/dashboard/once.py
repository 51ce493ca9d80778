"""A form takes effect once, however often it is sent.

Each form that is shown has a key of its own, which is used as an `Idempotency-Key` is: what it did
is written down under it, and sending it again tells that and does nothing.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable

from litestar.datastructures import FormMultiDict

from tradewind.contracts.errors import InvalidInput
from tradewind_host.dashboard.door import Desk, text
from tradewind_host.idempotency import Claim, Stored, claim, keep_answer, let_go
from tradewind_host.signed_in import CSRF_FIELD

FIELD = "form_key"
_LONGEST = 64


def new_key() -> str:
    """The key of a form that is about to be shown."""
    return secrets.token_urlsafe(16)


async def once(
    desk: Desk, path: str, form: FormMultiDict, act: Callable[[Claim], Awaitable[str]]
) -> str:
    """Do what a form asks for, unless it was done; returns what `act` told of it the first time.

    Raises what `act` raises, Conflict `in_progress` while it is being done, and InvalidInput
    `idempotency_key_reused` when the form says something else now.
    """
    key = text(form, FIELD)
    if not key or len(key) > _LONGEST:
        raise InvalidInput("This form has no key.")
    database, store = desk.engine.database, desk.store
    mark = _fingerprint(path, form)
    found = await claim(database, store.id, desk.access.actor, f"form:{key}", mark)
    if isinstance(found, Stored):
        return found.body.decode()
    try:
        told = await act(found)
    except BaseException:
        await let_go(database, found)
        raise
    if not found.kept:
        async with desk.transaction() as tx:
            await keep_answer(tx, found, 200, told.encode())
    return told


def _fingerprint(path: str, form: FormMultiDict) -> bytes:
    digest = hashlib.sha256(path.encode())
    for name in sorted({*form} - {CSRF_FIELD, FIELD}):
        digest.update(f"\0{name}\0{text(form, name)}".encode())
    return digest.digest()
