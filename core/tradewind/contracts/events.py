"""Everything that can happen in a store, one struct each, told apart by a dotted `type`.

The same event always carries the same `id`, however often it is delivered. `sequence` counts up
within one aggregate (one order, one conversation, one variant). Sign-in codes and secrets are
never events. Amounts are minor units.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.contracts.money import Money


class EventBase(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What all events share."""

    id: UUID
    store_id: UUID
    occurred_at: datetime
    sequence: int


class OrderEvent(EventBase, frozen=True, kw_only=True):
    """An event of one order; ask `context.shop.order` for its lines."""

    order_id: UUID
    number: str
    source: str
    total: Money
    customer_id: UUID | None = None
    email: str | None = None
    metadata: Mapping[str, Any] = {}


class OrderPlaced(OrderEvent, frozen=True, kw_only=True, tag="order.placed"):
    """An order stands: paid, or on terms that allow paying later."""


class OrderCanceled(OrderEvent, frozen=True, kw_only=True, tag="order.canceled"):
    """An order was called off."""

    reason: str = ""


class OrderExpired(OrderEvent, frozen=True, kw_only=True, tag="order.expired"):
    """An unpaid order ran out of time."""


class OrderRefunded(OrderEvent, frozen=True, kw_only=True, tag="order.refunded"):
    """Money went back; `amount` is this refund alone."""

    amount: Money


class OrderDisputed(OrderEvent, frozen=True, kw_only=True, tag="order.disputed"):
    """The payer asked their bank for the money."""

    amount: Money


class PaymentEvent(EventBase, frozen=True, kw_only=True):
    """An event of one payment; its aggregate is the order, or the session before there is one."""

    payment_id: UUID
    provider: str
    method: str
    amount: Money
    order_id: UUID | None = None


class PaymentAuthorized(PaymentEvent, frozen=True, kw_only=True, tag="payment.authorized"):
    """The money is held for us."""


class PaymentPaid(PaymentEvent, frozen=True, kw_only=True, tag="payment.paid"):
    """The money is ours."""


class PaymentFailed(PaymentEvent, frozen=True, kw_only=True, tag="payment.failed"):
    """An attempt to pay failed."""

    code: str = ""


class FulfillmentEvent(EventBase, frozen=True, kw_only=True):
    """An event of one shipment."""

    order_id: UUID
    number: str
    shipment_id: UUID
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


class FulfillmentCreated(FulfillmentEvent, frozen=True, kw_only=True, tag="fulfillment.created"):
    """Goods were set aside for an order."""


class FulfillmentShipped(FulfillmentEvent, frozen=True, kw_only=True, tag="fulfillment.shipped"):
    """Goods are on their way."""


class FulfillmentDelivered(
    FulfillmentEvent, frozen=True, kw_only=True, tag="fulfillment.delivered"
):
    """Goods arrived."""


class FulfillmentReturned(FulfillmentEvent, frozen=True, kw_only=True, tag="fulfillment.returned"):
    """Goods came back."""


class CartAbandoned(EventBase, frozen=True, kw_only=True, tag="cart.abandoned"):
    """A cart with lines has been idle for the time the store set.

    Without `customer_id` and `session_id` it is a guest's, which `cart_id` opens: a secret.
    """

    cart_id: UUID
    session_id: str | None
    total: Money
    customer_id: UUID | None = None
    email: str | None = None


class MessageReceived(EventBase, frozen=True, kw_only=True, tag="message.received"):
    """A person wrote; the words are in the message log, not here."""

    message_id: UUID
    conversation_id: UUID
    channel: str
    kind: str


class MessageStatusChanged(EventBase, frozen=True, kw_only=True, tag="message.status_changed"):
    """A message of ours got further."""

    message_id: UUID
    conversation_id: UUID | None
    channel: str
    status: str
    error_code: str = ""


class StockLow(EventBase, frozen=True, kw_only=True, tag="stock.low"):
    """A variant fell to or below its threshold."""

    variant_id: UUID
    sku: str
    available: int


class CustomerMerged(EventBase, frozen=True, kw_only=True, tag="customer.merged"):
    """Two profiles turned out to be one person; `merged_id` is no longer used."""

    customer_id: UUID
    merged_id: UUID


class CustomerErased(EventBase, frozen=True, kw_only=True, tag="customer.erased"):
    """A customer was erased: whatever else is kept of them under this id is to be forgotten too."""

    customer_id: UUID


Event = (
    OrderPlaced
    | OrderCanceled
    | OrderExpired
    | OrderRefunded
    | OrderDisputed
    | PaymentAuthorized
    | PaymentPaid
    | PaymentFailed
    | FulfillmentCreated
    | FulfillmentShipped
    | FulfillmentDelivered
    | FulfillmentReturned
    | CartAbandoned
    | MessageReceived
    | MessageStatusChanged
    | StockLow
    | CustomerMerged
    | CustomerErased
)

EVENT_TYPES: tuple[type[EventBase], ...] = Event.__args__


def type_of(event_class: type[EventBase]) -> str:
    """The dotted type of an event class, for example `order.placed`."""
    return str(event_class.__struct_config__.tag)
