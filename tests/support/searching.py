"""The goods of the demo's first store, and looking for them."""

from typing import Any

from tradewind.catalog.rules import NewVariant
from tradewind.catalog.service import (
    list_products,
)
from tradewind.contracts.money import Money
from tradewind.database import Database, Store, Transaction
from tradewind.stores.service import StoreSettings, create_store
from tradewind_host.demo import seed
from tradewind_host.demo.catalog import STORES


async def demo_shop(database: Database) -> Store:
    """The demo's first store."""
    store = await create_store(database, "demo", "Demo", StoreSettings(currency="KES"))
    async with database.transaction(store.id) as tx:
        await seed.fill(tx, STORES[0])
    return store


async def titles(tx: Transaction, query: str, **given: Any) -> list[str]:
    page = await list_products(tx, currency="KES", query=query, **given)
    return [one.title for one in page.items]


def options(sku: str, **given: str) -> NewVariant:
    return NewVariant(sku=sku, options=given, prices=[Money(100, "KES")])
