"""What a request about money is called: by its caller, or so that a repetition is noticed.

A request with an operation id takes effect once under it. One without is remembered by what it
asks for: the same again, within `REPEATED`, is more likely an accident than a wish.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from tradewind.contracts.errors import Conflict
from tradewind.database import Transaction

REPEATED = timedelta(minutes=10)


class Asked(Protocol):
    """The part of a refund or a capture that tells who asked for it, and when."""

    @property
    def request_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...


def name_of(tx: Transaction, operation_id: str | None, *what: object) -> str:
    """The name of a request that asks for `what`."""
    if operation_id is not None:
        return operation_id
    return f"{_nameless(*what)}{tx.new_id()}"


def refuse_repeated(
    tx: Transaction, operation_id: str | None, before: Iterable[Asked], *what: object
) -> None:
    """Raises Conflict `idempotency_key_required` for a nameless request made a moment ago.

    `before` is what was asked for until now. Called once the request is known to be possible, so
    that a reason why it is not comes first.
    """
    if operation_id is not None:
        return
    name = _nameless(*what)
    for one in before:
        recent = one.created_at > tx.now - REPEATED
        if recent and one.status != "failed" and one.request_id.startswith(name):
            message = (
                "The same was asked for a moment ago and is under way or done. If it is meant "
                "once more, name the request with an Idempotency-Key."
            )
            raise Conflict(message, code="idempotency_key_required")


def _nameless(*what: object) -> str:
    return f"unnamed:{hashlib.sha256(msgspec.json.encode(what)).hexdigest()}:"
