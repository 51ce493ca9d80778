"""A store's own price tables in SQL, one statement for each question."""

from uuid import UUID

import msgspec

from tradewind.database import Transaction
from tradewind.pricing.rules import BuiltInShipping, TaxRate


async def tax_rates(tx: Transaction, region_id: UUID) -> list[TaxRate]:
    """The taxes of a region."""
    rows = await tx.fetch(
        """SELECT id, region_id, name, rate, tax_class, tax_shipping, province
           FROM shop.tax_rates WHERE store_id = $1 AND region_id = $2 ORDER BY id""",
        tx.store_id,
        region_id,
    )
    return [TaxRate(**dict(row)) for row in rows]


async def shipping_options(tx: Transaction, region_id: UUID) -> list[BuiltInShipping]:
    """The store's own delivery options in a region."""
    rows = await tx.fetch(
        """SELECT id, region_id, name, price, estimate, rules, position
           FROM shop.shipping_options
           WHERE store_id = $1 AND region_id = $2 AND archived_at IS NULL ORDER BY position, id""",
        tx.store_id,
        region_id,
    )
    return [
        BuiltInShipping(**{**dict(row), "rules": msgspec.json.decode(row["rules"])}) for row in rows
    ]


async def insert_tax_rate(tx: Transaction, tax: TaxRate) -> None:
    """Store a tax."""
    await tx.execute(
        """INSERT INTO shop.tax_rates (store_id, id, region_id, name, rate, tax_class,
                                       tax_shipping, province, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        tx.store_id,
        tax.id,
        tax.region_id,
        tax.name,
        tax.rate,
        tax.tax_class,
        tax.tax_shipping,
        tax.province,
        tx.now,
    )


async def insert_shipping_option(tx: Transaction, option: BuiltInShipping) -> None:
    """Store a delivery option."""
    await tx.execute(
        """INSERT INTO shop.shipping_options (store_id, id, region_id, name, price, estimate,
                                              rules, position, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        tx.store_id,
        option.id,
        option.region_id,
        option.name,
        option.price,
        option.estimate,
        msgspec.json.encode(option.rules).decode(),
        option.position,
        tx.now,
    )
