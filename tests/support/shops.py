"""A small shop to try things in: a region, a few products, stock."""

from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from tradewind.catalog.rules import NewProduct, NewRegion, NewVariant, Region, Variant
from tradewind.catalog.service import create_product, create_region
from tradewind.contracts.money import Money
from tradewind.database import Database, Store, Transaction
from tradewind.inventory.service import set_level
from tradewind.pricing.service import create_shipping_option, create_tax_rate
from tradewind.stores.service import StoreSettings, create_store


class Shop(NamedTuple):
    """A store with a region and one delivery option."""

    store: Store
    region: Region
    delivery: UUID


async def make_shop(
    database: Database,
    slug: str = "shop",
    *,
    currency: str = "KES",
    country: str = "ke",
    tax: str | None = None,
    inclusive: bool = False,
    delivery: int = 30_000,
) -> Shop:
    """A new store with a region, a tax of `tax` percent if any, and a delivery option."""
    settings = StoreSettings(currency=currency, unpaid_per_shopper=0, unpaid_per_address=0)
    store = await create_store(database, slug, slug.title(), settings)
    async with database.transaction(store.id) as tx:
        new = NewRegion(
            name="Home", currency=currency, countries=[country], tax_inclusive=inclusive
        )
        region = await create_region(tx, new)
        if tax is not None:
            await create_tax_rate(tx, region.id, Decimal(tax))
        option = await create_shipping_option(tx, region.id, "Courier", delivery)
    return Shop(store, region, option.id)


async def add_variant(
    tx: Transaction,
    sku: str,
    price: int,
    *,
    on_hand: int | None = 100,
    currency: str = "KES",
    title: str | None = None,
    kind: str = "physical",
    status: str = "published",
) -> Variant:
    """A product with one variant; `on_hand` None leaves it without stock."""
    new = NewProduct(
        title=title or f"Product {sku}",
        kind=kind,
        status=status,
        variants=[NewVariant(sku=sku, prices=[Money(price, currency)])],
    )
    product = await create_product(tx, new)
    if on_hand is not None:
        await set_level(tx, sku, on_hand=on_hand, reason="first stock", actor="test")
    return product.variants[0]
