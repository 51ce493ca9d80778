"""Which letters an event makes due, from what the order has come to. No I/O.

Events may come twice, late, and in another order than they happened: the key of a letter says once
and for all that it was written, and what it says is how the order stands when it is written.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec

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
    type_of,
)
from tradewind.orders.rules import Order

Kind = Literal[
    "confirmation",
    "receipt",
    "refund",
    "payment_failed",
    "canceled",
    "expired",
    "shipped",
    "delivered",
    "downloads",
]


class Due(msgspec.Struct, frozen=True):
    """A letter to be written; one key is written about once."""

    kind: Kind
    key: str


def due(event: Event, order: Order, newest: UUID | None = None) -> Sequence[Due]:
    """The letters that this event makes due, in the order in which they are to be read.

    `newest` is the order's latest payment: that an older attempt came to nothing is no news.
    """
    if isinstance(event, PaymentFailed) and event.payment_id != newest:
        return ()
    rule = _RULES.get(type(event))
    return rule(event, order) if rule is not None else ()


def _placed(_event: OrderPlaced, order: Order) -> list[Due]:
    """Money that came before the order stood has its receipt now."""
    return [*_confirmation(order), *_receipt(order)]


def _paid(event: PaymentPaid, order: Order) -> list[Due]:
    """Of an order that stands only because of this money, the confirmation is read first."""
    by_this = order.placed_at is not None and order.placed_at >= event.occurred_at
    return [*(_confirmation(order) if by_this else ()), *_receipt(order)]


def _confirmation(order: Order) -> list[Due]:
    """An order that was called off meanwhile is not confirmed any more."""
    stands = order.placed_at is not None and not order.closed
    return [Due("confirmation", f"confirmation:{order.id}")] if stands else []


def _receipt(order: Order) -> list[Due]:
    """One receipt, once all the money of an order that stood has come."""
    complete = order.placed_at is not None and 0 < order.total <= order.paid_total
    return [Due("receipt", f"receipt:{order.id}")] if complete else []


def _refunded(event: OrderRefunded, _order: Order) -> list[Due]:
    return [Due("refund", f"refund:{event.id}")]


def _failed(_event: PaymentFailed, order: Order) -> list[Due]:
    """Whoever tries three times is told once; who has paid meanwhile, or pays later, never."""
    waits = order.status == "pending" and order.due > 0
    return [Due("payment_failed", f"payment_failed:{order.id}")] if waits else []


def _canceled(_event: OrderCanceled, order: Order) -> list[Due]:
    return [Due("canceled", f"canceled:{order.id}")]


def _expired(_event: OrderExpired, order: Order) -> list[Due]:
    return [Due("expired", f"expired:{order.id}")] if order.status == "expired" else []


def _shipped(event: FulfillmentShipped, _order: Order) -> list[Due]:
    return [Due("shipped", f"shipped:{event.shipment_id}")]


def _delivered(event: FulfillmentDelivered, _order: Order) -> list[Due]:
    return [Due("delivered", f"delivered:{event.shipment_id}")]


_RULES: Mapping[type, Callable[[Any, Order], Sequence[Due]]] = {
    OrderPlaced: _placed,
    OrderCanceled: _canceled,
    OrderExpired: _expired,
    OrderRefunded: _refunded,
    PaymentPaid: _paid,
    PaymentFailed: _failed,
    FulfillmentShipped: _shipped,
    FulfillmentDelivered: _delivered,
}

WRITTEN = frozenset(type_of(event) for event in _RULES)
"""Event types that letters are written about."""
