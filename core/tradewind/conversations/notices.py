"""What a shopper who ordered in a chat hears about the order later, without asking."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from tradewind.contracts.channel import Button, Choice, OutboundBody
from tradewind.contracts.events import (
    Event,
    FulfillmentDelivered,
    FulfillmentShipped,
    OrderCanceled,
    OrderExpired,
    PaymentPaid,
)
from tradewind.conversations import queries
from tradewind.conversations.queries import ChatOrder
from tradewind.conversations.rules import tap
from tradewind.conversations.texts import Words
from tradewind.database.engine import Transaction


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Messages for one conversation; `dedupe_key` is the same on every delivery of the event."""

    conversation_id: UUID
    bodies: Sequence[OutboundBody]
    dedupe_key: str


async def notice_for(tx: Transaction, event: Event) -> Notice | None:
    """What to tell the shopper; None for events, and orders, that no chat waits for.

    That an order was placed is told by the answer that placed it.
    """
    telling = TELLINGS.get(type(event))
    order_id = getattr(event, "order_id", None)
    if telling is None or order_id is None:
        return None
    order = await queries.chat_order(tx, order_id)
    if order is None:
        return None
    words = Words(order.locale)
    track = Button(tap("order", order.number), words("button.track"))
    body = Choice(text=telling(words, order, event), buttons=[track])
    return Notice(
        conversation_id=order.conversation_id, bodies=[body], dedupe_key=f"notice:{event.id}"
    )


def _paid(words: Words, order: ChatOrder, event: PaymentPaid) -> str:
    return words("notice.paid", amount=event.amount.text(), number=order.number)


def _canceled(words: Words, order: ChatOrder, event: OrderCanceled) -> str:
    return words("notice.canceled", number=order.number)


def _expired(words: Words, order: ChatOrder, event: OrderExpired) -> str:
    return words("notice.expired", number=order.number)


def _shipped(words: Words, order: ChatOrder, event: FulfillmentShipped) -> str:
    parcel = " ".join(part for part in (event.carrier, event.tracking_number) if part)
    lines = [words("notice.shipped", number=order.number), parcel, event.tracking_url]
    return "\n".join(line for line in lines if line)


def _delivered(words: Words, order: ChatOrder, event: FulfillmentDelivered) -> str:
    return words("notice.delivered", number=order.number)


TELLINGS: Mapping[type, Callable[[Words, ChatOrder, Any], str]] = {
    PaymentPaid: _paid,
    OrderCanceled: _canceled,
    OrderExpired: _expired,
    FulfillmentShipped: _shipped,
    FulfillmentDelivered: _delivered,
}
