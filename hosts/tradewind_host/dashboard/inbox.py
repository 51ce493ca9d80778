"""The inbox, to be read: conversations of every channel, and what was said in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from tradewind.messaging.queries import MessageRecord
from tradewind.messaging.received.rules import SHOWN
from tradewind.messaging.service import messages_of
from tradewind_host.admin_api.conversations import get_conversation, page_of_conversations
from tradewind_host.dashboard.bubbles import Bubble, bubble
from tradewind_host.dashboard.door import GivenDesk
from tradewind_host.dashboard.reading import zone_of
from tradewind_host.message_view import received_path
from tradewind_host.shapes import id_cursor, page

PER_PAGE = 30
MESSAGES = 50


class Said(NamedTuple):
    """A message in the thread, and where what came with it is read, if it is kept."""

    message: MessageRecord
    bubble: Bubble
    media: str
    picture: bool


@get("/whatsapp")
async def conversation_list(
    desk: GivenDesk, channel: FromQuery[str] = "", cursor: FromQuery[str] = ""
) -> Response[Any]:
    """Conversations, the latest first."""
    async with desk.transaction() as tx:
        zone = await zone_of(tx)
        found = await page_of_conversations(tx, channel or None, cursor or None, PER_PAGE)
    query = {**({"channel": channel} if channel else {}), "cursor": found.next_cursor or ""}
    return desk.page(
        "inbox.html",
        here="inbox",
        conversations=found.conversations,
        zone=zone,
        following=urlencode(query) if found.next_cursor else "",
        paged=bool(cursor),
        now=desk.engine.clock.now(),
    )


@get("/whatsapp/{conversation_id:uuid}")
async def thread(
    desk: GivenDesk, conversation_id: FromPath[UUID], cursor: FromQuery[str] = ""
) -> Response[Any]:
    """What was said, oldest first; older words by the link at the top."""
    async with desk.transaction() as tx:
        zone = await zone_of(tx)
        conversation = await get_conversation(tx, conversation_id)
        rows = await messages_of(
            tx, conversation_id, before=id_cursor(cursor or None), limit=MESSAGES + 1
        )
    kept, following = page(rows, MESSAGES, lambda row: row.id)
    return desk.page(
        "thread.html",
        here="inbox",
        conversation=conversation,
        said=_said(kept),
        zone=zone,
        older=following or "",
        open=_is_open(conversation.window_expires_at, desk.engine.clock.now()),
    )


def _said(rows: Sequence[MessageRecord]) -> list[Said]:
    return [_one(row) for row in reversed(rows)]


def _one(row: MessageRecord) -> Said:
    kept = row.media
    path = "" if kept is None else received_path(row.id)
    return Said(row, bubble(row), path, kept is not None and kept.content_type in SHOWN)


def _is_open(until: datetime | None, now: datetime) -> bool:
    return until is not None and until > now
