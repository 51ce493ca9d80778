"""The life of a cart before checkout. Every change raises its version and voids older quotes."""

from uuid import UUID

from tradewind.carts import queries
from tradewind.carts.rules import Cart
from tradewind.contracts.errors import NotFound
from tradewind.database import Transaction


async def get_cart(tx: Transaction, cart_id: UUID) -> Cart:
    """A cart with its lines at today's prices. One round trip. Raises NotFound."""
    cart = await queries.cart(tx, cart_id)
    if cart is None:
        raise NotFound("There is no such cart.")
    return cart


async def cart_of_session(tx: Transaction, session_id: str) -> Cart | None:
    """The open cart of a chat or browser session, or None. One round trip."""
    return await queries.cart_of_session(tx, session_id)
