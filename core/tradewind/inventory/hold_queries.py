"""Holding stock in SQL, where it takes one round trip."""

from collections.abc import Sequence

from tradewind.database import Transaction
from tradewind.inventory.queries import outcome
from tradewind.inventory.rules import Caps, NewHold, Taken, Wanted


async def hold_at_once(
    tx: Transaction, new: NewHold, wanted: Sequence[Wanted], caps: Caps
) -> list[Taken] | None:
    """Hold stock for a cart whose row is locked; says what was not to be had.

    None, and nothing is held, where anything has to be looked at first: the cart holds stock, holds
    have lapsed, a limit is reached, or there is no level at all.
    """
    rows = await tx.fetch(
        "SELECT * FROM shop.hold_stock($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        tx.store_id,
        tx.now,
        new.cart_id,
        new.shopper_key,
        new.network_address,
        new.expires_at,
        [one.variant_id for one in wanted],
        [one.quantity for one in wanted],
        [tx.new_id() for _ in wanted],
        [tx.new_id() for _ in wanted],
        caps.per_shopper,
        caps.per_address,
    )
    return outcome(wanted, rows) if rows else None
