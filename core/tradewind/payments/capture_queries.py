"""Captures in SQL. They change only while their payment is locked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tradewind.database import Transaction
from tradewind.database.sql import storable_text, values
from tradewind.payments.rules import Capture, CaptureStatus

_CAPTURE = """
    SELECT id, payment_id, order_id, request_id, operation_id, status, currency, amount, held,
           captured, actor, created_at, code, attempts
    FROM shop.captures WHERE store_id = $1 AND """


async def capture(tx: Transaction, capture_id: UUID) -> Capture | None:
    """One capture."""
    return _one(await tx.fetchrow(_CAPTURE + "id = $2", tx.store_id, capture_id))


async def captures_of(tx: Transaction, payment_ids: Sequence[UUID]) -> list[Capture]:
    """The captures of payments, oldest first."""
    rows = await tx.fetch(
        _CAPTURE + "payment_id = ANY ($2::uuid[]) ORDER BY id", tx.store_id, list(payment_ids)
    )
    return [Capture(**dict(row)) for row in rows]


async def captures_of_request(tx: Transaction, request_id: str) -> list[Capture]:
    """What a request to take money led to and has not failed."""
    rows = await tx.fetch(
        _CAPTURE + "request_id = $2 AND status <> 'failed' ORDER BY id", tx.store_id, request_id
    )
    return [Capture(**dict(row)) for row in rows]


async def undecided(tx: Transaction, payment_id: UUID) -> list[Capture]:
    """The capture of a payment that nobody knows the end of: one at most."""
    rows = await tx.fetch(
        _CAPTURE + "payment_id = $2 AND status = 'pending'", tx.store_id, payment_id
    )
    return [Capture(**dict(row)) for row in rows]


async def insert_captures(tx: Transaction, captures: Sequence[Capture]) -> None:
    """Store new captures."""
    rows = [_row(tx, one) for one in captures]
    await tx.execute(
        f"""INSERT INTO shop.captures
                (store_id, id, payment_id, order_id, request_id, operation_id, status, currency,
                 amount, held, captured, actor, created_at, updated_at)
            VALUES {values(len(rows), 14)}""",
        *[cell for row in rows for cell in row],
    )


def _row(tx: Transaction, new: Capture) -> list[Any]:
    return [
        tx.store_id,
        new.id,
        new.payment_id,
        new.order_id,
        new.request_id,
        new.operation_id,
        new.status,
        new.currency,
        new.amount,
        new.held,
        new.captured,
        new.actor,
        tx.now,
        tx.now,
    ]


async def take_up(
    tx: Transaction, capture_id: UUID, attempt: int, lease: timedelta
) -> Capture | None:
    """Make attempt number `attempt` (from 0) at a pending capture ours; None when it is not."""
    row = await tx.fetchrow(
        """UPDATE shop.captures SET attempts = attempts + 1, leased_until = $4, updated_at = $5
           WHERE store_id = $1 AND id = $2 AND status = 'pending' AND attempts = $3
             AND (leased_until IS NULL OR leased_until <= $5)
           RETURNING id, payment_id, order_id, request_id, operation_id, status, currency, amount,
               held, captured, actor, created_at, code, attempts""",
        tx.store_id,
        capture_id,
        attempt,
        tx.now + lease,
        tx.now,
    )
    return _one(row)


async def save_status(
    tx: Transaction, capture_id: UUID, status: CaptureStatus, code: str = ""
) -> None:
    """Write down what became of a capture."""
    await tx.execute(
        """UPDATE shop.captures SET status = $3, code = $4, updated_at = $5
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        capture_id,
        status,
        storable_text(code),
        tx.now,
    )


async def let_go(tx: Transaction, capture_id: UUID) -> None:
    """The provider is not being asked any more."""
    await tx.execute(
        "UPDATE shop.captures SET leased_until = NULL WHERE store_id = $1 AND id = $2",
        tx.store_id,
        capture_id,
    )


async def start_over(tx: Transaction, capture_id: UUID) -> bool:
    """Begin to count attempts at a pending capture anew; false while it is being asked for."""
    found = await tx.fetchval(
        """UPDATE shop.captures SET attempts = 0, updated_at = $3
           WHERE store_id = $1 AND id = $2 AND status = 'pending'
             AND (leased_until IS NULL OR leased_until <= $3)
           RETURNING id""",
        tx.store_id,
        capture_id,
        tx.now,
    )
    return found is not None


def _one(row: asyncpg.Record | None) -> Capture | None:
    return None if row is None else Capture(**dict(row))
