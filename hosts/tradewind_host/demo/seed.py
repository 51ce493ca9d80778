"""Fills the demo's stores: catalog, stock, pictures, keys, flags, plugins. No orders, no people.

Everything a store sells is written in one transaction, so a store is either whole or empty.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from tradewind.catalog import service as catalog
from tradewind.catalog.rules import NewProduct, NewRegion, NewVariant
from tradewind.contracts.errors import InvalidInput, NotFound
from tradewind.contracts.money import Money
from tradewind.database import Store, Transaction, directory
from tradewind.inventory.service import set_level
from tradewind.pricing import service as pricing
from tradewind.pricing.rules import ShippingRules, WeightBand
from tradewind.settings.engine import Engine
from tradewind.settings.rules import FLAGS
from tradewind.settings.service import configure, set_flag
from tradewind.stores.service import StoreSettings, create_store
from tradewind.stores.staff import account_by_email, role_of, set_password
from tradewind_host.demo.accounts import (
    OWNER,
    DemoAccounts,
    Outside,
    places,
    plugin_settings,
)
from tradewind_host.demo.catalog import STORES, DemoProduct, DemoShipping, DemoStore
from tradewind_host.demo.pictures import draw
from tradewind_host.logs import logger
from tradewind_host.media import PREFIX, media_folder
from tradewind_host.passwords import hashed
from tradewind_host.staffing import NewMember, let_in

ACTOR = "demo"
ORIGINS = ("http://localhost:3000", "http://localhost:5173", "http://127.0.0.1:3000")
_ROOM = 2000
"""Carts that may hold stock at a time, of one shopper and of one network address."""


async def seed(engine: Engine, data_dir: Path) -> None:
    """Create the stores that are missing, and draw the pictures that are missing."""
    drawing = asyncio.ensure_future(asyncio.to_thread(draw_pictures, media_folder(data_dir)))
    async with asyncio.TaskGroup() as group:
        for plan in STORES:
            group.create_task(_seed_store(engine, plan))
    await drawing


async def missing(engine: Engine) -> bool:
    """Whether a store of the demo is not there yet."""
    known = {store.slug for store in await directory.all_stores(engine.database)}
    return not known.issuperset(plan.slug for plan in STORES)


async def _seed_store(engine: Engine, plan: DemoStore) -> Store:
    try:
        return await directory.store_by_slug(engine.database, plan.slug)
    except NotFound:
        settings = StoreSettings(
            currency=plan.currency,
            time_zone=plan.timezone,
            holds_per_shopper=_ROOM,
            holds_per_address=_ROOM,
            unpaid_per_shopper=0,
            unpaid_per_address=0,
        )
    store = await create_store(engine.database, plan.slug, plan.name, settings)
    async with engine.database.transaction(store.id) as tx:
        await fill(tx, plan)
    for flag in FLAGS:
        await set_flag(engine, store, flag, enabled=True, actor=ACTOR)
    return store


async def register_keys(engine: Engine, accounts: DemoAccounts) -> bool:
    """Let the demo's keys open its stores; true when they did not before."""
    anew = False
    for plan in STORES:
        store = await directory.store_by_slug(engine.database, plan.slug)
        keys = accounts.stores[plan.slug]
        for kind, key in (("publishable", keys.publishable_key), ("secret", keys.secret_key)):
            if await directory.api_key(engine.database, key) is None:
                origins = ORIGINS if kind == "publishable" else ()
                await directory.add_api_key(
                    engine.database, store, kind=kind, key=key, title="Demo", origins=origins
                )
                anew = True
    return anew


async def register_owner(engine: Engine, accounts: DemoAccounts, *, anew: bool) -> None:
    """Let the demo's owner into both stores, with the demo's password where it has another."""
    password, known = accounts.owner_password, await account_by_email(engine.database, OWNER)
    if known is not None and anew:
        await set_password(engine.database, known.id, await hashed(password))
    for plan in STORES:
        store = await directory.store_by_slug(engine.database, plan.slug)
        async with engine.database.transaction(store.id) as tx:
            role = await role_of(tx, known.id) if known else None
        if role is None:
            await let_in(engine, store, NewMember(plan.slug, OWNER, "owner"), password, ACTOR)


async def fill(tx: Transaction, plan: DemoStore) -> None:
    """The region with its tax and deliveries, the shelves, and what stands on them."""
    region = await catalog.create_region(
        tx,
        NewRegion(
            name=plan.region_name,
            currency=plan.currency,
            countries=[plan.country],
            tax_inclusive=plan.tax_inclusive,
        ),
    )
    await pricing.create_tax_rate(tx, region.id, plan.tax_rate_percent, tax_shipping=True)
    for position, way in enumerate(plan.shipping_options):
        await pricing.create_shipping_option(
            tx,
            region.id,
            way.name,
            way.price,
            estimate=way.estimate,
            rules=_rules(way),
            position=position,
        )
    shelves: dict[str, UUID] = {}
    for position, one in enumerate(plan.categories):
        made = await catalog.create_category(
            tx,
            one.name,
            handle=one.handle,
            parent_id=shelves[one.parent] if one.parent else None,
            position=position,
        )
        shelves[one.handle] = made.id
    for product in plan.products:
        await _add_product(tx, plan, product, shelves)


def _rules(way: DemoShipping) -> ShippingRules:
    """The bands of weight of a way of delivery, the first of them at its own price."""
    if not way.heavier:
        return ShippingRules()
    starts, ends = (0, *(grams for grams, _ in way.heavier)), [grams for grams, _ in way.heavier]
    prices = (way.price, *(price for _, price in way.heavier))
    bands = [
        WeightBand(over_grams=over, up_to_grams=up_to, price=price)
        for over, up_to, price in zip(starts, (*ends, None), prices, strict=True)
    ]
    return ShippingRules(weight_bands=bands)


async def _add_product(
    tx: Transaction, plan: DemoStore, product: DemoProduct, shelves: dict[str, UUID]
) -> None:
    weight = plan.weights[product.categories[0]] if product.kind == "physical" else None
    await catalog.create_product(
        tx,
        NewProduct(
            title=product.title,
            handle=product.handle,
            kind=product.kind,
            status="published",
            description=product.description,
            images=[f"{PREFIX}{plan.slug}/{product.handle}.jpg"],
            category_ids=[shelves[handle] for handle in product.categories],
            variants=[
                NewVariant(
                    sku=variant.sku,
                    title=variant.title,
                    options=variant.options,
                    prices=[Money(variant.price, plan.currency)],
                    tracked=variant.tracked,
                    weight_grams=weight,
                )
                for variant in product.variants
            ],
        ),
    )
    for variant in product.variants:
        if variant.on_hand is not None:
            await set_level(
                tx,
                variant.sku,
                on_hand=variant.on_hand,
                backorder=variant.backorder,
                reason="First stock",
                actor=ACTOR,
            )


def draw_pictures(folder: Path) -> None:
    """Draw every product that has no picture yet."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for plan in STORES:
            (folder / plan.slug).mkdir(parents=True, exist_ok=True)
            for product in plan.products:
                target = folder / plan.slug / f"{product.handle}.jpg"
                if not target.exists():
                    pool.submit(_draw, product, target)


def _draw(product: DemoProduct, target: Path) -> None:
    aside = target.with_suffix(".new")
    aside.write_bytes(draw(product.title, product.handle, product.categories[0]))
    aside.rename(target)


async def connect_plugins(
    engine: Engine, accounts: DemoAccounts, outside: Outside, *, anew: bool
) -> None:
    """Configure and enable plugins that the stores do not know yet; follow the sandbox about.

    What a merchant changed since stays: of a known plugin only its place in the sandbox is brought
    up to date, unless the demo has new accounts (`anew`).
    """
    for plan in STORES:
        store = await directory.store_by_slug(engine.database, plan.slug)
        state = await engine.state(store)
        for name in engine.plugins.loaded:
            wanted = plugin_settings(name, plan.slug, accounts, outside)
            place = places(name, outside)
            if anew or name not in state.rows:
                await _connect(engine, store, name, wanted, enabled=True)
            elif _moved(state.settings.get(name), place):
                await _connect(engine, store, name, place, enabled=None)


def _moved(settings: msgspec.Struct | None, place: dict[str, Any]) -> bool:
    return settings is not None and any(
        getattr(settings, field) != value for field, value in place.items()
    )


async def _connect(
    engine: Engine, store: Store, name: str, settings: dict[str, Any], *, enabled: bool | None
) -> None:
    try:
        await configure(
            engine, store, name, actor=ACTOR, enabled=enabled, settings=settings, operator=True
        )
    except InvalidInput as error:
        wrong = [one.path for one in error.errors]
        logger.warning(
            "a plugin needs settings of its own", plugin=name, store=store.slug, settings=wrong
        )
