"""Refunds in SQL. They change only while their payment is locked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tradewind.database import Transaction
from tradewind.database.sql import storable_text, values
from tradewind.payments.rules import Refund, RefundLine, RefundStatus

_REFUND = """
    SELECT id, payment_id, order_id, request_id, operation_id, object_id, status, currency, amount,
           actor, created_at, provider_ref, code, reason, lines, attempts
    FROM shop.refunds WHERE store_id = $1 AND """


async def refund(tx: Transaction, refund_id: UUID) -> Refund | None:
    """One refund."""
    row = await tx.fetchrow(_REFUND + "id = $2", tx.store_id, refund_id)
    return None if row is None else _refund(row)


async def refunds_of(tx: Transaction, payment_ids: Sequence[UUID]) -> list[Refund]:
    """The refunds of payments, oldest first."""
    rows = await tx.fetch(
        _REFUND + "payment_id = ANY ($2::uuid[]) ORDER BY id", tx.store_id, list(payment_ids)
    )
    return [_refund(row) for row in rows]


async def refunds_of_request(tx: Transaction, request_id: str) -> list[Refund]:
    """What a request to give money back led to and has not failed."""
    rows = await tx.fetch(
        _REFUND + "request_id = $2 AND status <> 'failed' ORDER BY id", tx.store_id, request_id
    )
    return [_refund(row) for row in rows]


async def insert_refunds(tx: Transaction, refunds: Sequence[Refund]) -> None:
    """Store new refunds."""
    rows = [_row(tx, one) for one in refunds]
    await tx.execute(
        f"""INSERT INTO shop.refunds
                (store_id, id, payment_id, order_id, request_id, operation_id, object_id, status,
                 currency, amount, actor, reason, lines, created_at, updated_at)
            VALUES {values(len(rows), 15)}""",
        *[cell for row in rows for cell in row],
    )


def _row(tx: Transaction, new: Refund) -> list[Any]:
    return [
        tx.store_id,
        new.id,
        new.payment_id,
        new.order_id,
        new.request_id,
        new.operation_id,
        new.object_id,
        new.status,
        new.currency,
        new.amount,
        new.actor,
        storable_text(new.reason),
        msgspec.json.encode(new.lines).decode(),
        tx.now,
        tx.now,
    ]


async def take_up(
    tx: Transaction, refund_id: UUID, attempt: int, lease: timedelta
) -> Refund | None:
    """Make attempt number `attempt` (from 0) at a pending refund ours; None when it is not ours."""
    row = await tx.fetchrow(
        """UPDATE shop.refunds SET attempts = attempts + 1, leased_until = $4, updated_at = $5
           WHERE store_id = $1 AND id = $2 AND status = 'pending' AND attempts = $3
             AND (leased_until IS NULL OR leased_until <= $5)
           RETURNING id, payment_id, order_id, request_id, operation_id, object_id, status,
               currency, amount, actor, created_at, provider_ref, code, reason, lines, attempts""",
        tx.store_id,
        refund_id,
        attempt,
        tx.now + lease,
        tx.now,
    )
    return None if row is None else _refund(row)


async def name(tx: Transaction, refund_id: UUID, provider_ref: str) -> None:
    """Remember what the provider calls a refund, unless that is another one's name."""
    await tx.execute(
        """UPDATE shop.refunds r SET provider_ref = $3, updated_at = $4
           WHERE store_id = $1 AND id = $2 AND provider_ref IS NULL AND NOT EXISTS (
               SELECT FROM shop.refunds o
               WHERE o.store_id = $1 AND o.payment_id = r.payment_id AND o.provider_ref = $3)""",
        tx.store_id,
        refund_id,
        provider_ref,
        tx.now,
    )


async def save_status(
    tx: Transaction, refund_id: UUID, status: RefundStatus, code: str = ""
) -> None:
    """Write down what became of a refund."""
    await tx.execute(
        """UPDATE shop.refunds SET status = $3, code = $4, updated_at = $5
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        refund_id,
        status,
        storable_text(code),
        tx.now,
    )


async def let_go(tx: Transaction, refund_id: UUID) -> None:
    """The provider is not being asked any more."""
    await tx.execute(
        "UPDATE shop.refunds SET leased_until = NULL WHERE store_id = $1 AND id = $2",
        tx.store_id,
        refund_id,
    )


async def start_over(tx: Transaction, refund_id: UUID) -> bool:
    """Begin to count attempts at a pending refund anew; false while it is being asked for."""
    found = await tx.fetchval(
        """UPDATE shop.refunds SET attempts = 0, updated_at = $3
           WHERE store_id = $1 AND id = $2 AND status = 'pending'
             AND (leased_until IS NULL OR leased_until <= $3)
           RETURNING id""",
        tx.store_id,
        refund_id,
        tx.now,
    )
    return found is not None


def _refund(row: asyncpg.Record) -> Refund:
    lines = msgspec.json.decode(row["lines"], type=list[RefundLine])
    return Refund(**{**dict(row), "lines": lines})
