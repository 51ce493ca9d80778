"""Conversations in SQL, one statement for each question."""

from uuid import UUID

import msgspec

from tradewind.contracts.money import Money
from tradewind.conversations.rules import State, dump_state, load_state
from tradewind.database.engine import Transaction
from tradewind.orders.rules import OrderStatus
from tradewind.payments.rules import SessionStatus


class ChatOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was made in a conversation, with the newest attempt to pay it.

    Amounts are minor units of its currency. `placed` is the place in its history from which on it
    stands.
    """

    id: UUID
    number: int
    status: OrderStatus
    currency: str
    total: int
    paid_total: int
    placed: int | None
    session_id: UUID | None
    payment_id: UUID | None
    session_status: SessionStatus | None
    conversation_id: UUID
    locale: str

    @property
    def came(self) -> str:
        """What was paid, for people."""
        return Money(self.paid_total, self.currency).text()


async def chat_order(tx: Transaction, order_id: UUID) -> ChatOrder | None:
    """An order with the conversation it was made in; None when there was none."""
    row = await tx.fetchrow(
        """SELECT o.id, o.number, o.status, o.currency, o.total, o.paid_total,
                  s.id AS session_id, s.payment_id, s.status AS session_status,
                  c.id AS conversation_id, c.locale,
                  (SELECT min(e.sequence) FROM shop.order_events e
                   WHERE e.store_id = o.store_id AND e.order_id = o.id
                     AND e.type = 'order.placed') AS placed
           FROM shop.orders o
           JOIN shop.conversations c
             ON c.store_id = o.store_id AND c.channel = o.source
            AND c.identity = substr(o.session_id, strpos(o.session_id, ':') + 1)
           LEFT JOIN LATERAL (
               SELECT id, payment_id, status FROM shop.payment_sessions
               WHERE store_id = o.store_id AND order_id = o.id
               ORDER BY id DESC LIMIT 1) s ON true
           WHERE o.store_id = $1 AND o.id = $2""",
        tx.store_id,
        order_id,
    )
    return None if row is None else ChatOrder(**dict(row))


async def order_of_session(tx: Transaction, session_id: UUID) -> UUID | None:
    """The order that an attempt to pay is for."""
    found: UUID | None = await tx.fetchval(
        "SELECT order_id FROM shop.payment_sessions WHERE store_id = $1 AND id = $2",
        tx.store_id,
        session_id,
    )
    return found


async def state_of(tx: Transaction, conversation_id: UUID) -> State:
    """What a conversation remembers; its line must be locked."""
    stored: str | None = await tx.fetchval(
        "SELECT state FROM shop.conversations WHERE store_id = $1 AND id = $2",
        tx.store_id,
        conversation_id,
    )
    return load_state(stored)


async def save_state(tx: Transaction, conversation_id: UUID, state: State) -> None:
    """Remember something else; its line must be locked."""
    await tx.execute(
        "UPDATE shop.conversations SET state = $3 WHERE store_id = $1 AND id = $2",
        tx.store_id,
        conversation_id,
        dump_state(state),
    )
