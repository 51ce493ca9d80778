"""What an order delivers by itself once its money is certain."""

from tradewind.database import Transaction
from tradewind.downloads import service as downloads
from tradewind.orders.rules import Order


async def hand_over(tx: Transaction, order: Order) -> Order:
    """Deliver what needs no hands, in the transaction in which the order was paid, once."""
    return await downloads.hand_over(tx, order)
