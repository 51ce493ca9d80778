"""Sending goods: a shipment uses up reserved stock and moves the order's fulfillment."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from tradewind.contracts.errors import Conflict
from tradewind.contracts.events import Event, FulfillmentDelivered, FulfillmentShipped
from tradewind.database import Transaction
from tradewind.database.sql import Writes
from tradewind.fulfillment import queries
from tradewind.fulfillment.rules import (
    Shipment,
    ShippedLine,
    everything_left,
    status_after,
    with_shipped,
)
from tradewind.inventory import service as inventory
from tradewind.inventory.rules import Wanted
from tradewind.orders import queries as order_rows
from tradewind.orders import service as orders
from tradewind.orders.rules import Entry, Order, complete_if_done, move_fulfillment


async def shipments_of(tx: Transaction, order_id: UUID) -> list[Shipment]:
    """An order's shipments, oldest first."""
    return await queries.shipments(tx, order_id)


async def add_shipment(
    tx: Transaction,
    order_id: UUID,
    actor: str,
    *,
    carrier: str,
    tracking_number: str,
    tracking_url: str = "",
) -> Shipment:
    """Everything that has not left the house leaves it now: `fulfillment.shipped`.

    Raises NotFound, Conflict `order_closed`, `nothing_to_ship`.
    """
    order = await orders.lock_order(tx, order_id)
    _check_shippable(order)
    shipment = Shipment(
        id=tx.new_id(),
        order_id=order.id,
        status="shipped",
        lines=everything_left(order),
        created_at=tx.now,
        carrier=carrier,
        tracking_number=tracking_number,
        tracking_url=tracking_url,
        shipped_at=tx.now,
    )
    await queries.insert(tx, shipment)
    await _consume(tx, order, shipment)
    await _move(tx, order, shipment, actor)
    return shipment


async def deliver(tx: Transaction, order: Order, lines: Sequence[ShippedLine], actor: str) -> Order:
    """Units of a locked order are with the buyer without having travelled."""
    delivery = Shipment(
        id=tx.new_id(),
        order_id=order.id,
        status="delivered",
        lines=lines,
        created_at=tx.now,
        delivered_at=tx.now,
    )
    await queries.insert(tx, delivery)
    await _consume(tx, order, delivery)
    return await _move(tx, order, delivery, actor)


def _check_shippable(order: Order) -> None:
    if order.status not in {"processing", "completed"}:
        raise Conflict(f"This order is {order.status}.", code="order_closed")
    if not everything_left(order):
        raise Conflict("Everything has left the house.", code="nothing_to_ship")


async def _consume(tx: Transaction, order: Order, shipment: Shipment) -> None:
    units = {one.line_id: one.quantity for one in shipment.lines}
    gone = [
        Wanted(line.variant_id, line.sku, units[line.id], line.location_id)
        for line in order.lines
        if line.tracked and line.id in units
    ]
    await inventory.consume(tx, order.id, gone)
    writes = Writes()
    for one in shipment.lines:
        order_rows.write_fulfilled(writes, tx, one.line_id, one.quantity)
    await writes.run(tx)


async def _move(tx: Transaction, order: Order, shipment: Shipment, actor: str) -> Order:
    shipped = with_shipped(order, shipment.lines)
    status = move_fulfillment(order.fulfillment_status, status_after(shipped, shipment.status))
    moved = msgspec.structs.replace(shipped, fulfillment_status=status)
    moved = complete_if_done(moved, tx.now)
    detail = {"shipment_id": shipment.id, "from": order.fulfillment_status, "to": status}
    entries = [Entry(type=f"fulfillment.{shipment.status}", actor=actor, detail=detail)]
    if moved.status != order.status:
        entries.append(Entry(type="order.completed", actor="tradewind"))
    return await orders.apply(tx, moved, entries, [_event(tx, order, shipment)])


def _event(tx: Transaction, order: Order, shipment: Shipment) -> Event:
    told: dict[str, Any] = {
        "id": tx.new_id(),
        "store_id": tx.store_id,
        "occurred_at": tx.now,
        "sequence": order.version + 1,
        "order_id": order.id,
        "number": str(order.number),
        "shipment_id": shipment.id,
        "carrier": shipment.carrier,
        "tracking_number": shipment.tracking_number,
        "tracking_url": shipment.tracking_url,
    }
    if shipment.status == "delivered":
        return FulfillmentDelivered(**told)
    return FulfillmentShipped(**told)
