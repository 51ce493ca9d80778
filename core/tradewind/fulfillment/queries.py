"""Shipments in SQL."""

from uuid import UUID

import msgspec

from tradewind.database import Transaction
from tradewind.fulfillment.rules import Shipment, ShippedLine


async def insert(tx: Transaction, new: Shipment) -> None:
    """Store a shipment."""
    await tx.execute(
        """INSERT INTO shop.shipments (store_id, id, order_id, status, carrier, tracking_number,
                                       tracking_url, lines, shipped_at, delivered_at,
                                       created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
        tx.store_id,
        new.id,
        new.order_id,
        new.status,
        new.carrier,
        new.tracking_number,
        new.tracking_url,
        msgspec.json.encode(new.lines).decode(),
        new.shipped_at,
        new.delivered_at,
        new.created_at,
    )


async def shipments(tx: Transaction, order_id: UUID) -> list[Shipment]:
    """An order's shipments, oldest first."""
    rows = await tx.fetch(
        """SELECT id, order_id, status, carrier, tracking_number, tracking_url, lines, shipped_at,
                  delivered_at, created_at
           FROM shop.shipments WHERE store_id = $1 AND order_id = $2 ORDER BY id""",
        tx.store_id,
        order_id,
    )
    return [
        Shipment(
            **{**dict(row), "lines": msgspec.json.decode(row["lines"], type=list[ShippedLine])}
        )
        for row in rows
    ]
