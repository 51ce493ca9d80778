"""A host on a fresh database: two stores with a little in them, and a client for each API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from litestar import Litestar

from tests.integration.host.plugin import Parcels
from tests.support.apps import host_app
from tests.support.hosted import House, opened
from tests.support.thirdparty.cashier import Counter
from tradewind.catalog import service as catalog
from tradewind.catalog.rules import NewProduct, NewRegion, NewVariant
from tradewind.contracts.money import Money
from tradewind.database import Database, Store
from tradewind.database.directory import add_api_key
from tradewind.inventory.service import set_level
from tradewind.settings.engine import Engine
from tradewind.settings.keyring import new_key
from tradewind.stores.service import StoreSettings, create_store
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host import passwords
from tradewind_host.config import Config
from tradewind_host.engine import close_engine, open_engine


class Shop(NamedTuple):
    """A store with its keys and the ids of what is in it."""

    store: Store
    publishable: dict[str, str]
    secret: dict[str, str]
    product_id: str
    category_id: str
    region_id: str
    variant_id: str


@pytest.fixture
def config(database_urls: DatabaseUrls, tmp_path: Path) -> Config:
    return Config(
        database_url=database_urls.app,
        secret_keys=(new_key(),),
        public_url="https://shop.example",
        data_dir=tmp_path,
        body_limit=100_000,
    )


@pytest_asyncio.fixture
async def engine(config: Config, clock: ManualClock) -> AsyncIterator[Engine]:
    opened = await open_engine(config, clock=clock, entry_points=(), extra_plugins=[Parcels()])
    yield opened
    await close_engine(opened)


@pytest.fixture
def app(engine: Engine, config: Config) -> Litestar:
    return host_app(engine, config)


@pytest_asyncio.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as opened:
        yield opened


@pytest_asyncio.fixture
async def shop(engine: Engine) -> Shop:
    return await open_shop(engine.database, "first", "KES")


@pytest_asyncio.fixture
async def other_shop(engine: Engine) -> Shop:
    return await open_shop(engine.database, "other", "USD")


async def open_shop(database: Database, slug: str, currency: str) -> Shop:
    """A store with one category, one region and one product with two variants."""
    store = await create_store(database, slug, slug.title(), StoreSettings(currency=currency))
    async with database.transaction(store.id) as tx:
        category = await catalog.create_category(tx, f"Tea of {slug}", handle="tea")
        region = await catalog.create_region(
            tx, NewRegion(name="Home", currency=currency, countries=["ke"])
        )
        product = await catalog.create_product(
            tx,
            NewProduct(
                title=f"Black tea of {slug}",
                handle="black-tea",
                status="published",
                images=["/media/first/black-tea.jpg", "https://cdn.example/tea.jpg"],
                category_ids=[category.id],
                variants=[
                    NewVariant(sku="TEA-1", title="Small", prices=[Money(25000, currency)]),
                    NewVariant(sku="TEA-2", title="Large", prices=[Money(45000, currency)]),
                ],
            ),
        )
        await set_level(tx, "TEA-1", on_hand=10)
    await add_api_key(
        database,
        store,
        kind="publishable",
        key=f"pk_{slug}",
        title="Site",
        origins=[f"https://{slug}.example"],
    )
    await add_api_key(database, store, kind="secret", key=f"sk_{slug}", title="Office")
    return Shop(
        store=store,
        publishable={"X-Publishable-Key": f"pk_{slug}"},
        secret={"Authorization": f"Bearer sk_{slug}"},
        product_id=str(product.id),
        category_id=str(category.id),
        region_id=str(region.id),
        variant_id=str(product.variants[0].id),
    )


async def stock_of(database: Database, shop: Shop, sku: str) -> Any:
    """What is on hand of a SKU, straight from the table."""
    async with database.transaction(shop.store.id) as tx:
        return await tx.fetchval(
            "SELECT on_hand FROM shop.inventory_levels WHERE store_id = $1 AND sku = $2",
            shop.store.id,
            sku,
        )


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 as it is, with less of it."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with opened(database, tmp_path, Counter()) as house:
        yield house
