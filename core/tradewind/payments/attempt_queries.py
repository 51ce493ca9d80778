"""Attempts to pay in SQL, where a session and its payment are asked for or written together."""

from collections.abc import Iterable
from uuid import UUID

import asyncpg
import msgspec

from tradewind.contracts.payment import PaymentResult
from tradewind.database import Database, Transaction
from tradewind.payments.queries import OF_PAYMENT, OF_SESSION, session_of
from tradewind.payments.rules import Payment, PaymentSession, SessionStatus
from tradewind.payments.sealing import Keeper, closed

_ATTEMPTS = f"""
    SELECT {", ".join(f"s.{name} AS attempt_{name}" for name in OF_SESSION)},
           {", ".join(f"p.{name} AS payment_{name}" for name in OF_PAYMENT)}
    FROM shop.payment_sessions s
    JOIN shop.payments p ON p.store_id = s.store_id AND p.id = s.payment_id
    WHERE s.store_id = $1 AND s.cart_id = $2 ORDER BY s.id DESC"""

# The payment is locked before its session, as everywhere: the condition on it is looked at first.
_ANSWER = f"""
    WITH named AS (
        UPDATE shop.payments SET provider_ref = $8, updated_at = $6
        WHERE store_id = $1 AND id = $7 AND provider_ref IS NULL AND $8::text IS NOT NULL
        RETURNING id
    )
    UPDATE shop.payment_sessions s
    SET status = CASE WHEN s.status = 'starting' THEN $3 ELSE s.status END,
        action = coalesce($4, s.action), data = coalesce($5, s.data), updated_at = $6
    FROM (SELECT id, status FROM shop.payment_sessions
          WHERE store_id = $1 AND id = $2 FOR UPDATE) before
    WHERE s.store_id = $1 AND s.id = before.id AND (SELECT count(*) FROM named) >= 0
    RETURNING before.status AS before, {", ".join(f"s.{name}" for name in OF_SESSION)}"""


async def attempts_of_cart(tx: Transaction, cart_id: UUID) -> list[tuple[PaymentSession, Payment]]:
    """A cart's sessions, newest first, each with its payment."""
    rows = await tx.fetch(_ATTEMPTS, tx.store_id, cart_id)
    return attempts_of_rows(tx, rows)


def attempts_of_rows(
    keeper: Keeper, rows: Iterable[asyncpg.Record]
) -> list[tuple[PaymentSession, Payment]]:
    """The attempts in rows as this room's statement reads them, and as `shop.attempts_at` does."""
    return [
        (
            session_of(keeper, row, "attempt_"),
            Payment(**{name: row[f"payment_{name}"] for name in OF_PAYMENT}),
        )
        for row in rows
    ]


async def save_answer(
    tx: Transaction, session: PaymentSession, status: SessionStatus, result: PaymentResult
) -> tuple[SessionStatus, PaymentSession] | None:
    """Keep what the provider answered to the start of a session that is still starting.

    Returns the status that it had, and the session as it is now.
    """
    row = await tx.fetchrow(
        _ANSWER,
        tx.store_id,
        session.id,
        status,
        closed(tx, result.action),
        closed(tx, result.data),
        tx.now,
        session.payment_id,
        result.provider_ref or None,
    )
    return None if row is None else (row["before"], session_of(tx, row))


async def answer_at_once(
    database: Database, store_id: UUID, session: PaymentSession, result: PaymentResult
) -> PaymentSession | None:
    """The same of an attempt that goes on, as a transaction of its own.

    None, and its status stays, where it does not wait for the answer any more.
    """
    rows = await database.call(
        "SELECT shop.answer_start($1, $2, $3, $4, $5, $6, $7) AS waited",
        store_id,
        database.clock.now(),
        session.id,
        session.payment_id,
        result.provider_ref or None,
        closed(database, result.action),
        closed(database, result.data),
    )
    if not rows[0]["waited"]:
        return None
    action, data = result.action or session.action, result.data or session.data
    return msgspec.structs.replace(session, status="open", action=action, data=data)
