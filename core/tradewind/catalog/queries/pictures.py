"""Which pictures are on show."""

from tradewind.database import Transaction


async def shows(tx: Transaction, address: str) -> bool:
    """Whether a product or variant shows the picture at this address."""
    found = await tx.fetchval(
        """SELECT EXISTS (SELECT FROM shop.products
                          WHERE store_id = $1 AND images @> ARRAY[$2::text])
               OR EXISTS (SELECT FROM shop.variants
                          WHERE store_id = $1 AND image = $2 AND archived_at IS NULL)""",
        tx.store_id,
        address,
    )
    return bool(found)
