"""What shoppers ask most, without filters: one round trip each, by functions of the database."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tradewind.database import Database

_SHELF = "SELECT * FROM shop.shelf($1, $2, $3, $4)"
_SHELF_OF = "SELECT * FROM shop.shelf_of($1, $2, $3)"

Stock = dict[UUID, tuple[int, bool]]
"""By variant what is free of it, and whether more may be ordered."""


class Plain(msgspec.Struct, frozen=True):
    """Published products with their versions, and what is free of all of them.

    `pricing_version` tells whether regions and settings are still what they were; None where the
    store was never set up.
    """

    pricing_version: int | None
    products: Sequence[tuple[UUID, int]]
    stock: Stock


async def plain_page(
    database: Database, store_id: UUID, *, newest: bool, after: UUID | None, limit: int
) -> Plain:
    """Products in the order of their making, or against it, after one of them."""
    ((version, ids, versions, *levels),) = await database.call(
        _SHELF, store_id, newest, after, limit
    )
    stock: Stock = {}
    for variant_id, available, backorder in zip(*(one or () for one in levels), strict=True):
        add_level(stock, variant_id, available, backorder)
    return Plain(version, list(zip(ids or (), versions or (), strict=True)), stock)


async def plain_product(database: Database, store_id: UUID, name: UUID | str) -> Plain:
    """One product by its id or its handle, or none."""
    by_id = (name, None) if isinstance(name, UUID) else (None, name)
    rows = await database.call(_SHELF_OF, store_id, *by_id)
    stock: Stock = {}
    for *_, variant_id, available, backorder in rows:
        if variant_id is not None:
            add_level(stock, variant_id, available, backorder)
    products = [(row["product_id"], row["version"]) for row in rows[:1] if row["product_id"]]
    return Plain(rows[0]["pricing_version"] if rows else None, products, stock)


def add_level(stock: Stock, variant_id: UUID, available: int, backorder: bool) -> None:  # noqa: FBT001 - a column
    """Goods of one kind may lie in several places."""
    if variant_id in stock:
        free, more = stock[variant_id]
        available, backorder = free + available, more or backorder
    stock[variant_id] = (available, backorder)
