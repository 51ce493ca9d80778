"""Payments, sessions and facts in SQL. Locks are taken in the order cart, payment, order, stock."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tradewind.contracts.money import Money
from tradewind.contracts.payment import Fact
from tradewind.database import Transaction
from tradewind.database.sql import Writes, values
from tradewind.payments.rules import Payment, PaymentSession, SessionStatus, Totals
from tradewind.payments.sealing import Keeper, action_in, closed, data_in

OF_PAYMENT = """id provider method intent status currency amount operation_id created_at
    authorized captured refunded disputed order_id cart_id session_id provider_ref error_code
    version""".split()
OF_SESSION = """id cart_id cart_version payment_id provider method flow intent status currency
    amount snapshot expires_at created_at order_id inputs action data lost_at polls""".split()

_PAYMENT = f"""
    SELECT {", ".join(OF_PAYMENT)} FROM shop.payments WHERE store_id = $1 AND """

_SESSION = f"""
    SELECT {", ".join(OF_SESSION)} FROM shop.payment_sessions WHERE store_id = $1 AND """


class ClosedSession(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to pay that was ended; `pays_later`: no money was to come through it."""

    payment_id: UUID
    pays_later: bool


async def payment(tx: Transaction, payment_id: UUID, *, lock: bool = False) -> Payment | None:
    """One payment, locked if asked."""
    row = await tx.fetchrow(_PAYMENT + "id = $2" + _lock(lock=lock), tx.store_id, payment_id)
    return None if row is None else Payment(**dict(row))


async def payment_by_ref(tx: Transaction, provider: str, provider_ref: str) -> Payment | None:
    """The payment a provider calls by this reference."""
    row = await tx.fetchrow(
        _PAYMENT + "provider = $2 AND provider_ref = $3", tx.store_id, provider, provider_ref
    )
    return None if row is None else Payment(**dict(row))


async def payments_of_order(
    tx: Transaction, order_id: UUID, *, lock: bool = False
) -> list[Payment]:
    """An order's payments, oldest first, locked if asked."""
    rows = await tx.fetch(
        _PAYMENT + "order_id = $2 ORDER BY id" + _lock(lock=lock), tx.store_id, order_id
    )
    return [Payment(**dict(row)) for row in rows]


async def payments_to_call_off(tx: Transaction, order_id: UUID) -> list[Payment]:
    """An order's payments that may still bring money: an open session, or money that is held."""
    rows = await tx.fetch(
        _PAYMENT
        + """order_id = $2 AND (authorized > captured OR captured = 0 AND EXISTS (
                 SELECT FROM shop.payment_sessions s
                 WHERE s.store_id = $1 AND s.order_id = $2 AND s.payment_id = payments.id
                   AND s.status IN ('starting', 'open')))
             ORDER BY id""",
        tx.store_id,
        order_id,
    )
    return [Payment(**dict(row)) for row in rows]


async def session(tx: Transaction, session_id: UUID) -> PaymentSession | None:
    """One payment session."""
    row = await tx.fetchrow(_SESSION + "id = $2", tx.store_id, session_id)
    return None if row is None else session_of(tx, row)


async def sessions_of_cart(tx: Transaction, cart_id: UUID) -> list[PaymentSession]:
    """A cart's sessions, newest first."""
    rows = await tx.fetch(_SESSION + "cart_id = $2 ORDER BY id DESC", tx.store_id, cart_id)
    return [session_of(tx, row) for row in rows]


async def sessions_of_order(tx: Transaction, order_id: UUID) -> list[PaymentSession]:
    """An order's sessions, newest first."""
    rows = await tx.fetch(_SESSION + "order_id = $2 ORDER BY id DESC", tx.store_id, order_id)
    return [session_of(tx, row) for row in rows]


async def session_data(
    tx: Transaction, payment_ids: Sequence[UUID]
) -> dict[UUID, Mapping[str, Any]]:
    """What the payers' clients were given, by payment."""
    rows = await tx.fetch(
        """SELECT payment_id, data FROM shop.payment_sessions
           WHERE store_id = $1 AND id IN (
               SELECT session_id FROM shop.payments
               WHERE store_id = $1 AND id = ANY ($2::uuid[]))""",
        tx.store_id,
        list(payment_ids),
    )
    return {row["payment_id"]: data_in(tx, row["data"]) for row in rows}


def payment_row(tx: Transaction, new: Payment) -> list[Any]:
    """The values of `PAYMENT_COLUMNS` for a new payment."""
    return [
        tx.store_id,
        new.id,
        new.order_id,
        new.cart_id,
        new.session_id,
        new.provider,
        new.method,
        new.intent,
        new.status,
        new.currency,
        new.amount,
        new.operation_id,
        new.provider_ref,
        tx.now,
        tx.now,
    ]


PAYMENT_COLUMNS = """store_id, id, order_id, cart_id, session_id, provider, method, intent, status,
    currency, amount, operation_id, provider_ref, created_at, updated_at"""


def session_row(tx: Transaction, new: PaymentSession) -> list[Any]:
    """The values of `SESSION_COLUMNS` for a new session."""
    return [
        tx.store_id,
        new.id,
        new.cart_id,
        new.cart_version,
        new.order_id,
        new.payment_id,
        new.provider,
        new.method,
        new.flow,
        new.intent,
        new.status,
        new.currency,
        new.amount,
        new.snapshot.decode(),
        msgspec.json.encode(new.inputs).decode(),
        closed(tx, new.action),
        closed(tx, new.data),
        new.expires_at,
        new.lost_at,
        tx.now,
        tx.now,
    ]


SESSION_COLUMNS = """store_id, id, cart_id, cart_version, order_id, payment_id, provider, method,
    flow, intent, status, currency, amount, snapshot, inputs, action, data, expires_at, lost_at,
    created_at, updated_at"""


async def insert(tx: Transaction, payment: Payment, session: PaymentSession) -> None:
    """Store a new payment and its first session."""
    writes = Writes()
    write(writes, tx, payment, session)
    await writes.run(tx)


def write(writes: Writes, tx: Transaction, payment: Payment, session: PaymentSession) -> None:
    """Add a new payment and its first session to what is about to be written."""
    writes.insert("shop.payments", PAYMENT_COLUMNS, [payment_row(tx, payment)])
    writes.insert("shop.payment_sessions", SESSION_COLUMNS, [session_row(tx, session)])


async def insert_payment(tx: Transaction, payment: Payment) -> None:
    """Store a payment that has no session."""
    await tx.execute(
        f"INSERT INTO shop.payments ({PAYMENT_COLUMNS}) VALUES {values(1, 15)}",
        *payment_row(tx, payment),
    )


def write_link(
    writes: Writes, tx: Transaction, payment: Payment, order_id: UUID, *, settled: bool
) -> None:
    """Add that a payment and its session are an order's to what is about to be written."""
    writes.add(
        """UPDATE shop.payments SET order_id = {2}, updated_at = {3}
           WHERE store_id = {0} AND id = {1}""",
        tx.store_id,
        payment.id,
        order_id,
        tx.now,
    )
    writes.add(
        """UPDATE shop.payment_sessions
           SET order_id = {2}, updated_at = {3},
               status = CASE WHEN {4} THEN 'completed' ELSE status END
           WHERE store_id = {0} AND id = {1}""",
        tx.store_id,
        payment.session_id,
        order_id,
        tx.now,
        settled,
    )


async def add_facts(
    tx: Transaction, payment_id: UUID, facts: Sequence[Fact], source: str
) -> list[Fact]:
    """Keep facts that are new; returns those."""
    if not facts:
        return []
    rows = [
        (
            tx.store_id,
            tx.new_id(),
            payment_id,
            fact.kind,
            fact.object_id,
            fact.status,
            fact.amount.currency,
            fact.amount.amount,
            fact.fee,
            fact.code,
            source,
            fact.at,
            tx.now,
        )
        for fact in facts
    ]
    added = await tx.fetch(
        f"""INSERT INTO shop.payment_facts
                (store_id, id, payment_id, kind, object_id, status, currency, amount, fee, code,
                 source, occurred_at, received_at)
            VALUES {values(len(rows), 13)}
            ON CONFLICT (store_id, payment_id, kind, object_id, status, amount) DO NOTHING
            RETURNING kind, object_id, status, amount""",
        *[cell for row in rows for cell in row],
    )
    new = {tuple(row) for row in added}
    return [
        fact
        for fact in facts
        if (fact.kind, fact.object_id, fact.status, fact.amount.amount) in new
    ]


async def facts(tx: Transaction, payment_id: UUID) -> list[Fact]:
    """Everything a payment's provider and the merchant have said, in the order it was heard."""
    rows = await tx.fetch(
        """SELECT kind, object_id, status, amount, currency, occurred_at, fee, code
           FROM shop.payment_facts WHERE store_id = $1 AND payment_id = $2 ORDER BY id""",
        tx.store_id,
        payment_id,
    )
    return [
        Fact(
            kind=row["kind"],
            object_id=row["object_id"],
            status=row["status"],
            amount=Money(row["amount"], row["currency"]),
            at=row["occurred_at"],
            fee=row["fee"],
            code=row["code"],
        )
        for row in rows
    ]


async def save_totals(
    tx: Transaction, payment: Payment, totals: Totals, status: str, error_code: str
) -> None:
    """Write down what the facts come to."""
    await tx.execute(
        """UPDATE shop.payments
           SET authorized = $3, captured = $4, refunded = $5, disputed = $6, status = $7,
               error_code = $8, version = version + 1, updated_at = $9
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        payment.id,
        totals.authorized,
        totals.captured,
        totals.refunded,
        totals.disputed,
        status,
        error_code,
        tx.now,
    )


async def save_error(tx: Transaction, payment_id: UUID, code: str) -> None:
    """Remember why a payment came to nothing."""
    await tx.execute(
        """UPDATE shop.payments SET error_code = $3, updated_at = $4
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        payment_id,
        code,
        tx.now,
    )


async def save_ref(tx: Transaction, payment_id: UUID, provider_ref: str) -> None:
    """Remember how the provider calls a payment; the first name stays."""
    await tx.execute(
        """UPDATE shop.payments SET provider_ref = $3, updated_at = $4
           WHERE store_id = $1 AND id = $2 AND provider_ref IS NULL""",
        tx.store_id,
        payment_id,
        provider_ref,
        tx.now,
    )


async def unanswered(tx: Transaction, like: PaymentSession) -> PaymentSession | None:
    """The session of a cart that asks for the same and whose start was not answered yet."""
    row = await tx.fetchrow(
        _SESSION
        + """cart_id = $2 AND status = 'starting' AND provider = $3 AND method = $4
             AND intent = $5 AND amount = $6 AND cart_version = $7 AND inputs = $8::jsonb
             AND order_id IS NOT DISTINCT FROM $9
             ORDER BY id DESC LIMIT 1 FOR UPDATE""",
        tx.store_id,
        like.cart_id,
        like.provider,
        like.method,
        like.intent,
        like.amount,
        like.cart_version,
        msgspec.json.encode(like.inputs).decode(),
        like.order_id,
    )
    return None if row is None else session_of(tx, row)


async def is_paid(tx: Transaction, cart_id: UUID, version: int) -> bool:
    """Whether all money for a cart as it was in this version has come and is still here."""
    found = await tx.fetchval(
        """SELECT true FROM shop.payment_sessions s
           JOIN shop.payments p ON p.store_id = s.store_id AND p.id = s.payment_id
           WHERE s.store_id = $1 AND s.cart_id = $2 AND s.cart_version = $3
             AND greatest(p.captured, CASE p.intent WHEN 'authorize' THEN p.authorized END)
                 >= p.amount
             AND p.refunded = 0 AND NOT EXISTS (
                 SELECT FROM shop.refunds r
                 WHERE r.store_id = $1 AND r.payment_id = p.id AND r.status <> 'failed')
           LIMIT 1""",
        tx.store_id,
        cart_id,
        version,
    )
    return bool(found)


async def take_up(tx: Transaction, session: PaymentSession) -> None:
    """Wait for the answer to a session's start once more, and for its money as long as it says."""
    await tx.execute(
        """UPDATE shop.payment_sessions SET expires_at = $3, lost_at = $4, updated_at = $5
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        session.id,
        session.expires_at,
        session.lost_at,
        tx.now,
    )


async def save_lost(tx: Transaction, session_id: UUID) -> None:
    """No answer to a session's start is waited for any more."""
    await tx.execute(
        """UPDATE shop.payment_sessions SET lost_at = $3, updated_at = $3
           WHERE store_id = $1 AND id = $2 AND status = 'starting'""",
        tx.store_id,
        session_id,
        tx.now,
    )


_CLOSE = """
    UPDATE shop.payment_sessions SET status = $2, updated_at = $3
    WHERE store_id = $1 AND status IN ('starting', 'open') AND """

_CLOSED = """
    RETURNING payment_id, coalesce((snapshot ->> 'pays_later')::boolean, false) AS pays_later"""


def write_voided(writes: Writes, tx: Transaction, cart_id: UUID) -> str:
    """Add to what is about to be written that a cart's sessions end; its result is `VOIDED`."""
    return writes.add(
        """UPDATE shop.payment_sessions SET status = 'voided', updated_at = {2}
           WHERE store_id = {0} AND cart_id = {1} AND status IN ('starting', 'open')"""
        + _CLOSED,
        tx.store_id,
        cart_id,
        tx.now,
    )


async def close_sessions(
    tx: Transaction, ids: Sequence[UUID], status: SessionStatus
) -> list[ClosedSession]:
    """End sessions that are not over; returns those that were not."""
    rows = await tx.fetch(
        _CLOSE + "id = ANY ($4::uuid[])" + _CLOSED, tx.store_id, status, tx.now, list(ids)
    )
    return [ClosedSession(**dict(row)) for row in rows]


async def close_sessions_of_order(
    tx: Transaction, order_id: UUID, status: SessionStatus, kept: UUID | None
) -> list[ClosedSession]:
    """The same for all sessions of an order but `kept`."""
    rows = await tx.fetch(
        _CLOSE + "order_id = $4 AND id IS DISTINCT FROM $5" + _CLOSED,
        tx.store_id,
        status,
        tx.now,
        order_id,
        kept,
    )
    return [ClosedSession(**dict(row)) for row in rows]


async def close_sessions_of_cart(
    tx: Transaction, cart_id: UUID, status: SessionStatus
) -> list[ClosedSession]:
    """The same for all sessions of a cart."""
    rows = await tx.fetch(_CLOSE + "cart_id = $4" + _CLOSED, tx.store_id, status, tx.now, cart_id)
    return [ClosedSession(**dict(row)) for row in rows]


async def claim_look_up(tx: Transaction, session_id: UUID, pause: timedelta) -> bool:
    """Whether a session that is not over may be looked up now; nobody else may before `pause`."""
    found = await tx.fetchval(
        """UPDATE shop.payment_sessions SET next_poll_at = $3
           WHERE store_id = $1 AND id = $2 AND status IN ('starting', 'open')
             AND (next_poll_at IS NULL OR next_poll_at <= $4)
           RETURNING true""",
        tx.store_id,
        session_id,
        tx.now + pause,
        tx.now,
    )
    return bool(found)


async def count_poll(tx: Transaction, session_id: UUID) -> None:
    """One more look-up was made."""
    await tx.execute(
        """UPDATE shop.payment_sessions SET polls = polls + 1, updated_at = $3
           WHERE store_id = $1 AND id = $2""",
        tx.store_id,
        session_id,
        tx.now,
    )


def _lock(*, lock: bool) -> str:
    return " FOR UPDATE" if lock else ""


def session_of(keeper: Keeper, row: asyncpg.Record, under: str = "") -> PaymentSession:
    """The session in a row that has the columns `OF_SESSION`, whose names begin with `under`."""
    found = {name: row[under + name] for name in OF_SESSION}
    return PaymentSession(
        **{
            **found,
            "snapshot": found["snapshot"].encode(),
            "inputs": msgspec.json.decode(found["inputs"]),
            "action": action_in(keeper, found["action"]),
            "data": data_in(keeper, found["data"]),
        }
    )
