"""What the dashboard knows of an order."""

from collections.abc import Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tradewind.contracts.payment import Fact
from tradewind.database import Transaction
from tradewind.fulfillment.rules import Shipment
from tradewind.fulfillment.service import shipments_of
from tradewind.orders import service
from tradewind.orders.rules import Order, TimelineEntry
from tradewind.payments import queries as payment_rows
from tradewind.payments import service as payments
from tradewind.payments.rules import Capture, Payment, Refund
from tradewind.stores import staff
from tradewind.stores.service import settings_of


class PaymentKnown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment with what its provider said of it, what was taken later, and what went back."""

    payment: Payment
    facts: Sequence[Fact]
    captures: Sequence[Capture]
    refunds: Sequence[Refund]


class OrderKnown(msgspec.Struct, frozen=True, kw_only=True):
    """All that an order's page shows; `actors` are names of those who act, by their code."""

    order: Order
    zone: ZoneInfo
    timeline: Sequence[TimelineEntry]
    payments: Sequence[PaymentKnown]
    shipments: Sequence[Shipment]
    actors: Mapping[str, str]
    conversation_id: UUID | None


async def read_order(tx: Transaction, order_id: UUID) -> OrderKnown:
    """Everything about an order. Raises NotFound."""
    order = await service.get_order(tx, order_id)
    known = await service.payments_of(tx, order_id)
    captures = await payments.captures_of(tx, known)
    refunds = await payments.refunds_of(tx, known)
    return OrderKnown(
        order=order,
        zone=await zone_of(tx),
        timeline=await service.timeline(tx, order_id),
        payments=[
            PaymentKnown(
                payment=one,
                facts=await payment_rows.facts(tx, one.id),
                captures=[taken for taken in captures if taken.payment_id == one.id],
                refunds=[refund for refund in refunds if refund.payment_id == one.id],
            )
            for one in known
        ],
        shipments=await shipments_of(tx, order_id),
        actors={
            f"account:{one.account_id}": one.name or one.email for one in await staff.members(tx)
        },
        conversation_id=await _conversation(tx, order),
    )


async def _conversation(tx: Transaction, order: Order) -> UUID | None:
    """The chat in which the order was made, if it was one."""
    if order.customer_id is None or order.source == "web":
        return None
    found: UUID | None = await tx.fetchval(
        """SELECT id FROM shop.conversations
           WHERE store_id = $1 AND customer_id = $2 AND channel = $3
           ORDER BY last_message_at DESC LIMIT 1""",
        tx.store_id,
        order.customer_id,
        order.source,
    )
    return found


async def zone_of(tx: Transaction) -> ZoneInfo:
    """The store's clock."""
    return ZoneInfo((await settings_of(tx)).time_zone)
