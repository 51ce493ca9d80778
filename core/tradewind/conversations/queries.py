"""Conversations in SQL, one statement for each question."""

from uuid import UUID

import msgspec

from tradewind.database.engine import Transaction


class ChatOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was placed in a conversation."""

    number: int
    conversation_id: UUID
    locale: str


async def chat_order(tx: Transaction, order_id: UUID) -> ChatOrder | None:
    """An order with the conversation it was placed in; None when there was none."""
    row = await tx.fetchrow(
        """SELECT o.number, c.id AS conversation_id, c.locale
           FROM shop.orders o
           JOIN shop.conversations c
             ON c.store_id = o.store_id AND c.channel = o.source
            AND c.identity = substr(o.session_id, strpos(o.session_id, ':') + 1)
           WHERE o.store_id = $1 AND o.id = $2""",
        tx.store_id,
        order_id,
    )
    return None if row is None else ChatOrder(**dict(row))
