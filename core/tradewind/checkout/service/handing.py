"""What an order delivers by itself once its money is certain."""

from tradewind.credits import service as packs
from tradewind.database import Transaction
from tradewind.downloads import service as downloads
from tradewind.orders.rules import Order


async def hand_over(tx: Transaction, order: Order) -> Order:
    """Deliver what needs no hands, in the transaction in which the order was paid, once."""
    return await packs.hand_over(tx, await downloads.hand_over(tx, order))


async def take_back(tx: Transaction, order: Order) -> None:
    """Take back what was given away in exchange for money that went back."""
    await packs.take_back(tx, order)
