"""The inbox: conversations and what was said in them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery

from tradewind.contracts.errors import FieldError, InvalidInput, NotFound
from tradewind.database import Transaction
from tradewind.messaging.service import messages_of
from tradewind_host.access import GivenAccess
from tradewind_host.message_view import MessageList, message_list
from tradewind_host.problems import reads
from tradewind_host.shapes import Cursor, Limit, id_cursor


class ConversationView(msgspec.Struct, frozen=True, kw_only=True):
    """A chat with one person; `window_expires_at` is until when free words may be sent."""

    id: UUID
    channel: str
    identity: str
    customer_id: UUID
    name: str | None
    locale: str
    mode: str
    unread: int
    last_message_at: datetime
    window_expires_at: datetime | None
    created_at: datetime


class ConversationList(msgspec.Struct, frozen=True):
    """Conversations, the latest first."""

    conversations: Sequence[ConversationView]
    next_cursor: str | None


_CONVERSATION = """
    SELECT c.id, c.channel, c.identity, c.customer_id, u.name, c.locale, c.mode, c.unread,
           c.last_message_at, c.window_expires_at, c.created_at
    FROM shop.conversations c
    JOIN shop.customers u ON u.store_id = c.store_id AND u.id = c.customer_id
    WHERE c.store_id = $1"""


@get("/conversations", responses=reads(422))
async def list_conversations(
    access: GivenAccess,
    channel: FromQuery[str | None] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ConversationList:
    """Conversations, the latest first."""
    async with access.transaction() as tx:
        return await page_of_conversations(tx, channel, cursor, limit)


@get("/conversations/{conversation_id:uuid}/messages", responses=reads(404, 422))
async def list_messages(
    access: GivenAccess, conversation_id: FromPath[UUID], limit: Limit = 50, cursor: Cursor = None
) -> MessageList:
    """What was said, newest first."""
    async with access.transaction() as tx:
        await get_conversation(tx, conversation_id)
        rows = await messages_of(tx, conversation_id, before=id_cursor(cursor), limit=limit + 1)
    return message_list(access.engine.public_url, rows, limit)


async def page_of_conversations(
    tx: Transaction, channel: str | None, cursor: str | None, limit: int
) -> ConversationList:
    """One page of conversations, the latest first. Raises InvalidInput."""
    rows = await _conversations(tx, channel, _moment(cursor), limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    return ConversationList(rows, _after(rows[-1]) if more else None)


async def get_conversation(tx: Transaction, conversation_id: UUID) -> ConversationView:
    """One conversation. Raises NotFound."""
    row = await tx.fetchrow(f"{_CONVERSATION} AND c.id = $2", tx.store_id, conversation_id)
    if row is None:
        raise NotFound("There is no such conversation.")
    return ConversationView(**dict(row))


async def _conversations(
    tx: Transaction, channel: str | None, before: tuple[datetime, UUID] | None, most: int
) -> list[ConversationView]:
    moment, last_id = before or (None, None)
    rows = await tx.fetch(
        f"""{_CONVERSATION} AND ($2::text IS NULL OR c.channel = $2)
             AND ($3::timestamptz IS NULL OR (c.last_message_at, c.id) < ($3, $4::uuid))
           ORDER BY c.last_message_at DESC, c.id DESC LIMIT $5""",
        tx.store_id,
        channel,
        moment,
        last_id,
        most,
    )
    return [ConversationView(**dict(row)) for row in rows]


def _after(row: ConversationView) -> str:
    """A cursor that needs no escaping in an address."""
    return f"{row.last_message_at.astimezone(UTC).isoformat().replace('+00:00', 'Z')}_{row.id}"


def _moment(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    moment, _, last_id = cursor.partition("_")
    try:
        return datetime.fromisoformat(moment), UUID(last_id)
    except ValueError:
        wrong = FieldError("cursor", "invalid", "Use next_cursor of the page before.")
        raise InvalidInput("This cursor does not belong here.", errors=[wrong]) from None


ROUTES = (list_conversations, list_messages)
