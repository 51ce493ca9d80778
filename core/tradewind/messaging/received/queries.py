"""What people sent, in SQL, one statement for each question."""

from uuid import UUID

import msgspec

from tradewind.contracts.channel import Content, MediaContent
from tradewind.database.engine import Transaction
from tradewind.messaging.queries import STATUS_COLUMNS


class _Body(msgspec.Struct):
    content: Content


async def content_of(tx: Transaction, message_id: UUID) -> MediaContent | None:
    """What an incoming message brought; None once it was erased. It is held till the commit."""
    body = await tx.fetchval(
        """SELECT body FROM shop.message_bodies
           WHERE store_id = $1 AND message_id = $2 FOR SHARE""",
        tx.store_id,
        message_id,
    )
    content = None if body is None else msgspec.json.decode(body, type=_Body).content
    return content if isinstance(content, MediaContent) else None


async def add_failure(tx: Transaction, message_id: UUID, code: str, words: str) -> None:
    """Note on a message why what it brought is not kept."""
    await tx.execute(
        f"""INSERT INTO shop.message_statuses ({STATUS_COLUMNS})
            VALUES ($1, $2, 'failed', 0, NULL, $3, $4, NULL, $5, $5)
            ON CONFLICT DO NOTHING""",
        tx.store_id,
        message_id,
        code,
        words,
        tx.now,
    )


async def is_kept(tx: Transaction, message_id: UUID) -> bool:
    """Whether what a message brought is kept."""
    return bool(
        await tx.fetchval(
            """SELECT EXISTS (SELECT FROM shop.media
                              WHERE store_id = $1 AND id = $2 AND kind = 'received')""",
            tx.store_id,
            message_id,
        )
    )


async def ids_of(tx: Transaction, customer_id: UUID, most: int) -> list[UUID]:
    """Messages of a customer, on any channel, whose picture or file is kept."""
    rows = await tx.fetch(
        """SELECT f.id FROM shop.conversations c
           JOIN shop.messaging_log m ON m.store_id = c.store_id AND m.conversation_id = c.id
           JOIN shop.media f ON f.store_id = m.store_id AND f.id = m.id AND f.kind = 'received'
           WHERE c.store_id = $1 AND c.customer_id = $2 ORDER BY f.id LIMIT $3""",
        tx.store_id,
        customer_id,
        most,
    )
    return [row["id"] for row in rows]
