"""What a shipment is and what it makes of an order's fulfillment status."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from tradewind.orders.rules import FulfillmentStatus, Order

ShipmentStatus = Literal["created", "shipped", "delivered", "canceled"]


class ShippedLine(msgspec.Struct, frozen=True, kw_only=True):
    """Units of an order line in a shipment."""

    line_id: UUID
    quantity: int


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """Goods on their way."""

    id: UUID
    order_id: UUID
    status: ShipmentStatus
    lines: Sequence[ShippedLine]
    created_at: datetime
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None


def everything_left(order: Order) -> list[ShippedLine]:
    """All units that have not left the house."""
    return [
        ShippedLine(line_id=line.id, quantity=line.outstanding)
        for line in order.lines
        if line.outstanding
    ]


def with_shipped(order: Order, shipped: Sequence[ShippedLine]) -> Order:
    """The order's lines after a shipment left."""
    units = {one.line_id: one.quantity for one in shipped}
    lines = [
        msgspec.structs.replace(line, fulfilled=line.fulfilled + units.get(line.id, 0))
        for line in order.lines
    ]
    return msgspec.structs.replace(order, lines=lines)


def status_after(order: Order, how: ShipmentStatus) -> FulfillmentStatus:
    """The fulfillment status that follows from what has left the house, the last of it `how`.

    What was sent before is on its way still, though the rest was delivered at once.
    """
    if any(line.outstanding for line in order.lines):
        return "partially_fulfilled"
    all_at_once = order.fulfillment_status == "unfulfilled"
    return "delivered" if how == "delivered" and all_at_once else "shipped"
