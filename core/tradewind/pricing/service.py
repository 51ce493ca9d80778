"""Reading and keeping a store's own price tables. Every call takes the open transaction first."""

from decimal import Decimal
from uuid import UUID

from tradewind.catalog.rules import amount_errors, refuse
from tradewind.catalog.service import region_for
from tradewind.database import Transaction
from tradewind.pricing import queries
from tradewind.pricing.rules import BuiltInShipping, TaxRate, percent


async def list_tax_rates(tx: Transaction, region_id: UUID) -> list[TaxRate]:
    """The taxes of a region."""
    return await queries.tax_rates(tx, region_id)


async def list_shipping_options(tx: Transaction, region_id: UUID) -> list[BuiltInShipping]:
    """The store's own delivery options in a region."""
    return await queries.shipping_options(tx, region_id)


async def create_tax_rate(
    tx: Transaction,
    region_id: UUID,
    rate: str | Decimal,
    *,
    tax_class: str = "standard",
    tax_shipping: bool = False,
    name: str = "Tax",
    province: str | None = None,
) -> TaxRate:
    """Add a tax of `rate` percent to a region. Raises InvalidInput, NotFound."""
    await region_for(tx, region_id)
    tax = TaxRate(
        id=tx.new_id(),
        region_id=region_id,
        name=name,
        rate=percent(rate),
        tax_class=tax_class,
        tax_shipping=tax_shipping,
        province=province,
    )
    await queries.insert_tax_rate(tx, tax)
    return tax


async def create_shipping_option(
    tx: Transaction,
    region_id: UUID,
    name: str,
    price: int,
    *,
    estimate: str = "",
    minimum: int | None = None,
    maximum: int | None = None,
    position: int = 0,
) -> BuiltInShipping:
    """Add a way to deliver, offered for subtotals from `minimum` to `maximum` (minor units).

    Raises InvalidInput, NotFound.
    """
    await region_for(tx, region_id)
    refuse(amount_errors("price", price))
    bounds = {"minimum": minimum, "maximum": maximum}
    option = BuiltInShipping(
        id=tx.new_id(),
        region_id=region_id,
        name=name,
        price=price,
        estimate=estimate,
        rules={key: bound for key, bound in bounds.items() if bound is not None},
        position=position,
    )
    await queries.insert_shipping_option(tx, option)
    return option
