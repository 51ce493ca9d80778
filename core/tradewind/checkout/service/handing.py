"""What an order delivers by itself once its money is certain, and the credits that pay for it."""

from uuid import UUID

from tradewind.carts.rules import Cart
from tradewind.credits import service as packs
from tradewind.database import Transaction
from tradewind.downloads import service as downloads
from tradewind.orders.rules import Order
from tradewind.pricing.rules import credits_in


async def hand_over(tx: Transaction, order: Order) -> Order:
    """Deliver what needs no hands, in the transaction in which the order was paid, once."""
    return await packs.hand_over(tx, await downloads.hand_over(tx, order))


async def take_back(tx: Transaction, order: Order) -> None:
    """Take back what was given away in exchange for money that went back, and give back credits.

    An order that still waits for its money keeps the credits that it will be paid with.
    """
    waits = order.status in {"draft", "pending"}
    # What paid for an order is older than what it granted, and everybody locks the oldest first.
    if order.payment_status == "refunded" and not waits and credits_in(order.entries):
        await packs.give_back(tx, order.id)
    await packs.take_back(tx, order)


async def claim_credits(tx: Transaction, cart: Cart, order_id: UUID) -> None:
    """Take the credits that a cart is paid with. Raises Conflict `credits_short`."""
    wanted = credits_in(cart.adjustments)
    if wanted and cart.customer_id is not None:
        await packs.use(tx, cart.customer_id, wanted, order_id)
