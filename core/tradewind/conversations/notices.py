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
    OrderPlaced,
    OrderRefunded,
    PaymentFailed,
    PaymentPaid,
)
from tradewind.conversations import queries
from tradewind.conversations.queries import ChatOrder
from tradewind.conversations.rules import tap
from tradewind.conversations.texts import Words
from tradewind.database.engine import Transaction
from tradewind.orders.rules import CLOSED

PLACED = "order.placed:{}"
CANCELED = "order.canceled:{}"
FAILED = "payment.failed:{}"
UNSEEN = "payment.unseen:{}"
"""Keys of what is said once, by the answer that brought it about or else by a notice: of an order,
of an order, of a payment, of a payment."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Messages for one conversation; `dedupe_key` is the same on every delivery of the event."""

    conversation_id: UUID
    order_id: UUID
    bodies: Sequence[OutboundBody]
    dedupe_key: str


async def notice_for(tx: Transaction, event: Event) -> Notice | None:
    """What to tell the shopper; None for events, and orders, that no chat waits for.

    That an order was placed at once is told by the answer that placed it.
    """
    telling = TELLINGS.get(type(event))
    order_id = getattr(event, "order_id", None)
    if telling is None or order_id is None:
        return None
    order = await queries.chat_order(tx, order_id)
    body = telling(Words(order.locale), order, event) if order else None
    if order is None or body is None:
        return None
    return Notice(
        conversation_id=order.conversation_id,
        order_id=order_id,
        bodies=[body],
        dedupe_key=_key(event),
    )


async def unseen_for(tx: Transaction, session_id: UUID) -> Notice | None:
    """That no approval was seen; None once the payment is decided, replaced or called off."""
    order_id = await queries.order_of_session(tx, session_id)
    order = await queries.chat_order(tx, order_id) if order_id else None
    if order is None or order_id is None or order.session_id != session_id:
        return None
    if order.status != "pending" or order.session_status != "open":
        return None
    words = Words(order.locale)
    return Notice(
        conversation_id=order.conversation_id,
        order_id=order_id,
        bodies=[_payable(words, order, words("notice.unseen", number=order.number))],
        dedupe_key=UNSEEN.format(order.payment_id),
    )


def _key(event: Event) -> str:
    match event:
        case OrderPlaced():
            return PLACED.format(event.order_id)
        case OrderCanceled():
            return CANCELED.format(event.order_id)
        case PaymentFailed():
            return FAILED.format(event.payment_id)
    return f"notice:{event.id}"


def _tracked(words: Words, order: ChatOrder, text: str) -> Choice:
    return Choice(text=text, buttons=[_button(words, "track", "order", order.number)])


def _payable(words: Words, order: ChatOrder, text: str) -> Choice:
    again = [_button(words, "try_again", "retry", order.session_id)] if order.session_id else []
    return Choice(
        text=text,
        buttons=[
            *again,
            _button(words, "another_way", "another", order.number),
            _button(words, "call_off", "call_off", order.number),
        ],
    )


def _button(words: Words, name: str, kind: str, argument: UUID | int) -> Button:
    return Button(tap(kind, argument), words(f"button.{name}"))


def _placed(words: Words, order: ChatOrder, event: OrderPlaced) -> Choice | None:
    if event.sequence == 1:
        return None
    key = "notice.confirmed" if order.paid_total else "notice.placed"
    return _tracked(words, order, words(key, amount=order.came, number=order.number))


def _paid(words: Words, order: ChatOrder, event: PaymentPaid) -> Choice | None:
    """Money by which the order came to stand is told with that."""
    if order.placed is not None and event.sequence < order.placed:
        return None
    amount = event.amount.text()
    key = "notice.paid"
    if order.status in CLOSED:
        key = "notice.paid_late"
    elif order.paid_total > order.total:
        key = "notice.paid_twice"
    return _tracked(words, order, words(key, amount=amount, number=order.number))


def _failed(words: Words, order: ChatOrder, event: PaymentFailed) -> Choice | None:
    """An older attempt that was replaced, or that nobody waits for any more, is not news."""
    if order.status != "pending" or order.payment_id != event.payment_id:
        return None
    reason = words.reason(event.code)
    return _payable(words, order, words("notice.failed", number=order.number, reason=reason))


def _canceled(words: Words, order: ChatOrder, event: OrderCanceled) -> Choice:
    return _tracked(words, order, words("notice.canceled", number=order.number))


def _expired(words: Words, order: ChatOrder, event: OrderExpired) -> Choice:
    return _tracked(words, order, words("notice.expired", number=order.number))


def _refunded(words: Words, order: ChatOrder, event: OrderRefunded) -> Choice:
    amount = event.amount.text()
    return _tracked(words, order, words("notice.refunded", amount=amount, number=order.number))


def _shipped(words: Words, order: ChatOrder, event: FulfillmentShipped) -> Choice:
    parcel = " ".join(part for part in (event.carrier, event.tracking_number) if part)
    lines = [words("notice.shipped", number=order.number), parcel, event.tracking_url]
    return _tracked(words, order, "\n".join(line for line in lines if line))


def _delivered(words: Words, order: ChatOrder, event: FulfillmentDelivered) -> Choice:
    return _tracked(words, order, words("notice.delivered", number=order.number))


TELLINGS: Mapping[type, Callable[[Words, ChatOrder, Any], Choice | None]] = {
    OrderPlaced: _placed,
    PaymentPaid: _paid,
    PaymentFailed: _failed,
    OrderCanceled: _canceled,
    OrderExpired: _expired,
    OrderRefunded: _refunded,
    FulfillmentShipped: _shipped,
    FulfillmentDelivered: _delivered,
}
