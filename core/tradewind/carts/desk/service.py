"""What a merchant looks up about carts."""

from collections.abc import Sequence
from uuid import UUID

from tradewind.carts.desk import queries
from tradewind.carts.desk.rules import CartFilter, CartRow
from tradewind.contracts.errors import NotFound
from tradewind.database import Transaction


async def list_carts(tx: Transaction, wanted: CartFilter) -> Sequence[CartRow]:
    """Carts that match, newest first: one more than `limit` where there are more."""
    return await queries.carts(tx, wanted, wanted.limit + 1)


async def get_row(tx: Transaction, cart_id: UUID) -> CartRow:
    """One cart as the list has it. Raises NotFound."""
    row = await queries.cart(tx, cart_id)
    if row is None:
        raise NotFound("There is no such cart.")
    return row
