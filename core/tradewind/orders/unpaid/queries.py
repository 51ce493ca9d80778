"""Unpaid orders in SQL."""

from uuid import UUID

from tradewind.database import Transaction
from tradewind.database.sql import Writes
from tradewind.orders.unpaid.rules import ADDRESS_COUNTS, Turns, Unpaid

# What keeps its stock although no money has come; goods that have left are the merchant's decision.
_HERE = "o.status IN ('draft', 'processing') AND o.fulfillment_status = 'unfulfilled'"
_OPEN = f"{_HERE} AND o.payment_status IN ('awaiting', 'failed')"

# As many as the limit are counted at most, so that it takes no longer the more there are.
_ROOM = f"""SELECT
    s.unpaid_per_shopper > 0 OR s.unpaid_per_address > 0 AS counts,
    (s.unpaid_per_shopper = 0 OR s.unpaid_per_shopper > (SELECT count(*) FROM (
        SELECT FROM shop.unpaid_orders u
        JOIN shop.orders o ON o.store_id = u.store_id AND o.id = u.order_id
        WHERE u.store_id = {{0}} AND u.shopper = {{1}} AND {_OPEN}
        LIMIT s.unpaid_per_shopper) seen))
    AND (s.unpaid_per_address = 0 OR s.unpaid_per_address > (SELECT count(*) FROM (
        SELECT FROM shop.unpaid_orders u
        JOIN shop.orders o ON o.store_id = u.store_id AND o.id = u.order_id
        WHERE u.store_id = {{0}} AND u.address = {{2}} AND u.created_at > {{3}} AND {_OPEN}
        LIMIT s.unpaid_per_address) seen)) AS room
    FROM shop.store_settings s WHERE s.store_id = {{0}}"""


def in_turn(store_id: str, shopper: str, address: str) -> str:
    """SQL that waits until nobody else counts for the same shopper or address, as far as it counts.

    The transaction keeps both until its end. Whoever needs them takes them before any row; the
    shopper's first, so that nobody waits in a ring.
    """
    return f"""(SELECT num_nulls(
            CASE WHEN s.unpaid_per_shopper > 0
                THEN pg_advisory_xact_lock({shopper}::bigint) IS NULL END,
            CASE WHEN s.unpaid_per_address > 0
                THEN pg_advisory_xact_lock({address}::bigint) IS NULL END)
        FROM shop.store_settings s WHERE s.store_id = {store_id}) AS waited"""


async def wait(tx: Transaction, turns: Turns) -> None:
    """The same as a statement of its own, first in its transaction."""
    await tx.execute(f"SELECT {in_turn('$1', '$2', '$3')}", tx.store_id, *turns)


def write(writes: Writes, tx: Transaction, one: Unpaid) -> str:
    """Note an order that is being written; the name under which the result reads its `room`.

    Nothing is noted in a store without limits of an order without an end.
    """
    since = tx.now - ADDRESS_COUNTS
    room = writes.add(_ROOM, tx.store_id, one.shopper, one.address, since)
    writes.add(
        f"""INSERT INTO shop.unpaid_orders
                (store_id, order_id, shopper, address, expires_at, created_at)
            SELECT {{0}}, {{1}}, {{2}}, {{3}}, {{4}}::timestamptz, {{5}} FROM {room}
            WHERE {room}.room AND ({room}.counts OR {{4}} IS NOT NULL)""",
        tx.store_id,
        one.order_id,
        one.shopper,
        one.address,
        one.expires_at,
        tx.now,
    )
    return room


async def note(tx: Transaction, one: Unpaid) -> bool:
    """The same for an order that stands already; false, and nothing is noted, without room."""
    writes = Writes()
    row = await writes.run(tx, f"SELECT room FROM {write(writes, tx, one)}")
    return row is None or bool(row["room"])


async def overdue(tx: Transaction, most: int) -> list[UUID]:
    """Orders that were to be paid by agreement, and were not in time; failed ones later."""
    rows = await tx.fetch(
        f"""SELECT u.order_id FROM shop.unpaid_orders u
            JOIN shop.orders o ON o.store_id = u.store_id AND o.id = u.order_id
            WHERE u.store_id = $1 AND u.expires_at <= $2 AND {_OPEN}
            ORDER BY coalesce(o.end_failed_at, u.expires_at) LIMIT $3""",
        tx.store_id,
        tx.now,
        most,
    )
    return [row["order_id"] for row in rows]


async def is_overdue(tx: Transaction, order_id: UUID) -> bool:
    """Whether a locked order is one of them."""
    found: bool = await tx.fetchval(
        f"""SELECT EXISTS (
                SELECT FROM shop.unpaid_orders u
                JOIN shop.orders o ON o.store_id = u.store_id AND o.id = u.order_id
                WHERE u.store_id = $1 AND u.order_id = $2 AND u.expires_at <= $3 AND {_OPEN})""",
        tx.store_id,
        order_id,
        tx.now,
    )
    return found


async def forget(tx: Transaction) -> int:
    """Remove what is of no use: orders that were paid, sent or called off.

    Money that is only held may be let go again, and then the order counts and ends as before.
    """
    rows = await tx.fetch(
        f"""DELETE FROM shop.unpaid_orders u USING shop.orders o
            WHERE u.store_id = $1 AND o.store_id = $1 AND o.id = u.order_id
              AND NOT ({_HERE} AND o.payment_status IN ('awaiting', 'failed', 'authorized'))
            RETURNING u.order_id""",
        tx.store_id,
    )
    return len(rows)
