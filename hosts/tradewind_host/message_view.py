"""A message as it travels: the same fields wherever the log is shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.messaging.queries import MessageRecord
from tradewind_host.shapes import page


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message; `direction` is in or out, `status` the furthest it got (null for inbound).

    `identity` is where it went or came from, such as a phone number or mail address.

    `repeated` counts the sends that may have reached the person once more than they should.
    """

    id: UUID
    channel: str
    identity: str
    direction: str
    kind: str
    category: str
    body: Any
    status: str | None
    error_code: str
    error: str
    repeated: int
    author: str
    created_at: datetime


class MessageList(msgspec.Struct, frozen=True):
    """Messages, newest first."""

    messages: Sequence[MessageView]
    next_cursor: str | None


def message_list(rows: Sequence[MessageRecord], limit: int) -> MessageList:
    """One page of messages, from `limit` rows and one more."""
    kept, following = page(rows, limit, lambda row: row.id)
    return MessageList([MessageView(**msgspec.structs.asdict(row)) for row in kept], following)
