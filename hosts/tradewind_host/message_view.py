"""A message as it travels: the same fields wherever the log is shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.messaging.queries import MessageRecord
from tradewind_host.shapes import page


class MessageMedia(msgspec.Struct, frozen=True, kw_only=True):
    """What a shopper sent; `url` opens for the store's staff and secret keys alone."""

    content_type: str
    bytes: int
    name: str
    url: str


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message; `direction` is in or out, `status` the furthest it got.

    Of an incoming one it is null, or failed when what came with it could not be kept; `error_code`
    and `error` say why. `media` is what came with it, as long as the store keeps it.

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
    media: MessageMedia | None


class MessageList(msgspec.Struct, frozen=True):
    """Messages, newest first."""

    messages: Sequence[MessageView]
    next_cursor: str | None


def message_list(base: str, rows: Sequence[MessageRecord], limit: int) -> MessageList:
    """One page of messages, from `limit` rows and one more; `base` begins addresses of ours."""
    kept, following = page(rows, limit, lambda row: row.id)
    return MessageList([_view(base, row) for row in kept], following)


def received_path(message_id: UUID) -> str:
    """Where what came with a message is read."""
    return f"/admin/media/received/{message_id}"


def _view(base: str, row: MessageRecord) -> MessageView:
    fields = msgspec.structs.asdict(row)
    if row.media is not None:
        url = f"{base}{received_path(row.id)}"
        fields["media"] = MessageMedia(**msgspec.structs.asdict(row.media), url=url)
    return MessageView(**fields)
