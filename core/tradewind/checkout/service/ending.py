"""Ending attempts to pay, so that none is forgotten: each is watched for money that comes late."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from tradewind.database import Transaction
from tradewind.outbox.jobs import Job, enqueue_in
from tradewind.payments import queries as payment_rows
from tradewind.payments.queries import ClosedSession
from tradewind.payments.rules import SessionStatus

CALL_OFF = "call_off_payment"
LATE = "look_up_late"
LATE_WAITS = (
    timedelta(minutes=15),
    timedelta(minutes=45),
    timedelta(hours=5),
    timedelta(hours=18),
    timedelta(hours=48),
)
"""Waits between look-ups of a payment whose session is over: three days in all."""


async def end_sessions(tx: Transaction, ids: Sequence[UUID], status: SessionStatus) -> list[UUID]:
    """Close sessions that are not over; returns the payments of those that were not."""
    closed = await payment_rows.close_sessions(tx, ids, status)
    await _watch(tx, closed)
    return [one.payment_id for one in closed]


async def void_sessions(tx: Transaction, order_id: UUID, *, kept: UUID | None = None) -> list[UUID]:
    """The same for all sessions of an order but one."""
    closed = await payment_rows.close_sessions_of_order(tx, order_id, "voided", kept)
    await _watch(tx, closed)
    return [one.payment_id for one in closed]


async def void_sessions_of_cart(tx: Transaction, cart_id: UUID) -> list[UUID]:
    """The same for all sessions of a cart."""
    closed = await payment_rows.close_sessions_of_cart(tx, cart_id, "voided")
    await _watch(tx, closed)
    return [one.payment_id for one in closed]


async def cart_edited(tx: Transaction, cart_id: UUID) -> None:
    """A cart is not what its attempts to pay were begun for any more: they are called off.

    Its row must be locked. Money that comes all the same pays for the cart as it was.
    """
    await call_off_later(tx, await void_sessions_of_cart(tx, cart_id))


async def call_off_closed(tx: Transaction, closed: Sequence[ClosedSession]) -> None:
    """Have attempts that were just ended called off."""
    await _watch(tx, closed)
    await call_off_later(tx, [one.payment_id for one in closed])


async def call_off_later(tx: Transaction, payment_ids: Sequence[UUID]) -> None:
    """Have payments canceled at their providers once this transaction is committed."""
    jobs = [
        Job(
            kind=CALL_OFF,
            payload={"payment_id": str(one)},
            store_id=tx.store_id,
            dedupe_key=str(one),
        )
        for one in payment_ids
    ]
    await enqueue_in(tx, *jobs)


async def watch(tx: Transaction, payment_id: UUID, number: int) -> None:
    """Plan look-up `number` (from 0) of a payment whose session is over; after the last, none."""
    if number < len(LATE_WAITS):
        await enqueue_in(tx, _look_up(tx, payment_id, number))


async def _watch(tx: Transaction, closed: Sequence[ClosedSession]) -> None:
    """Money for goods on account does not come through a provider, so nobody asks one."""
    jobs = [_look_up(tx, one.payment_id, 0) for one in closed if not one.pays_later]
    await enqueue_in(tx, *jobs)


def _look_up(tx: Transaction, payment_id: UUID, number: int) -> Job:
    return Job(
        kind=LATE,
        payload={"payment_id": str(payment_id), "number": number},
        store_id=tx.store_id,
        dedupe_key=f"{payment_id}:{number}",
        run_at=tx.now + LATE_WAITS[number],
    )
