"""The seeding itself: products, then orders, a batch at a time, each in a transaction of its own.

Repeated with the same seed it adds what is missing, so what was interrupted goes on. No event is
recorded, so no plugin hears of the orders and no letter goes out.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

import msgspec

from tradewind.catalog import service as catalog
from tradewind.catalog.rules import Region, handle_of
from tradewind.catalog.search import service as search
from tradewind.contracts.errors import Conflict
from tradewind.database import Store, Transaction, directory
from tradewind.inventory.queries import default_location
from tradewind.settings.engine import Engine
from tradewind_host.volume import writing
from tradewind_host.volume.goods import Dated, Place, product, shelves, sku_of
from tradewind_host.volume.rows import CustomerRow, MovementRow, ProductRow, Row
from tradewind_host.volume.sales import (
    ORDERS_PER_CUSTOMER,
    YEAR,
    Market,
    customer,
    operation_of,
    order,
)

AT_ONCE = 500

Told = Callable[[str, int, int], None]
"""Told after each batch: what, how many are there, how many there are to be."""


class Wanted(NamedTuple):
    """How much a store is to have of this seed."""

    products: int
    orders: int
    seed: int


class Added(NamedTuple):
    """How much of it was missing."""

    products: int
    orders: int


async def seed(engine: Engine, store: Store, wanted: Wanted, told: Told) -> Added:
    """Fill a store. Raises Conflict `no_region`, `nothing_to_sell`."""
    products = await _products(engine, store, wanted, told)
    orders = await _orders(engine, store, wanted, told)
    if products:
        await search.count_words(engine, store)
    return Added(products, orders)


def _batches(count: int) -> Iterator[range]:
    for start in range(0, count, AT_ONCE):
        yield range(start, min(start + AT_ONCE, count))


# --- products -------------------------------------------------------------------------------------


async def _products(engine: Engine, store: Store, wanted: Wanted, told: Told) -> int:
    if not wanted.products:
        return 0
    async with engine.database.transaction(store.id) as tx:
        place = await _place(tx, wanted.seed)
    added = 0
    for batch in _batches(wanted.products):
        async with engine.database.transaction(store.id) as tx:
            added += await _add_products(tx, place, batch)
        told("products", batch.stop, wanted.products)
    return added


async def _place(tx: Transaction, seed_: int) -> Place:
    regions = await catalog.list_regions(tx)
    if not regions:
        raise Conflict("The store has no region yet.", code="no_region")
    known = {one.handle: one.id for one in await catalog.list_categories(tx)}
    for name in shelves():
        if handle_of(name) not in known:
            made = await catalog.create_category(tx, name)
            known[made.handle] = made.id
    return Place(
        seed=seed_,
        shelves={name: known[handle_of(name)] for name in shelves()},
        currencies=sorted({one.currency for one in regions}),
        location=await default_location(tx),
        began=_midnight(tx.now) - YEAR - timedelta(days=35),
    )


async def _add_products(tx: Transaction, place: Place, numbers: range) -> int:
    skus = {sku_of(place.seed, number): number for number in numbers}
    known = await writing.known_seeds(tx, list(skus))
    made = [
        row for sku, number in skus.items() if sku not in known for row in product(place, number)
    ]
    await writing.write(tx, made)
    ids = [row.id for row in made if isinstance(row, ProductRow)]
    await search.index(tx, ids)
    return len(ids)


# --- orders ---------------------------------------------------------------------------------------


async def _orders(engine: Engine, store: Store, wanted: Wanted, told: Told) -> int:
    if not wanted.orders:
        return 0
    async with engine.database.transaction(store.id) as tx:
        market = await _market(tx, await catalog.region_for(tx), wanted.seed)
    if not market.articles:
        raise Conflict("The store has nothing that could have sold.", code="nothing_to_sell")
    added = 0
    for batch in _batches(wanted.orders):
        added += await _add_orders(engine, store, market, batch)
        told("orders", batch.stop, wanted.orders)
    return added


async def _market(tx: Transaction, region: Region, seed_: int) -> Market:
    tax_name, tax_rate = await writing.tax_of(tx, region.id)
    return Market(
        seed=seed_,
        region_id=region.id,
        currency=region.currency,
        country=region.countries[0],
        locale="en",
        tax_inclusive=region.tax_inclusive,
        tax_name=tax_name,
        tax_rate=tax_rate,
        delivery=await writing.delivery_of(tx, region.id),
        location=await default_location(tx),
        accounts=await writing.accounts(tx, region.currency),
        articles=await writing.articles(tx, region.currency),
        now=tx.now,
    )


async def _add_orders(engine: Engine, store: Store, market: Market, numbers: range) -> int:
    names = {operation_of(market.seed, number): number for number in numbers}
    async with engine.database.transaction(store.id) as tx:
        known = await writing.known_orders(tx, list(names))
    missing = [number for name, number in names.items() if name not in known]
    if not missing:
        return 0
    first = await directory.take_order_numbers(engine.database, store.id, len(missing))
    async with engine.database.transaction(store.id) as tx:
        buyers = {number: customer(market, number // ORDERS_PER_CUSTOMER) for number in missing}
        new = await _new_customers(tx, buyers)
        rows = await asyncio.to_thread(_sold, market, buyers, first)
        moved = [row for row in rows if isinstance(row, MovementRow)]
        lot = Dated(Random(f"{market.seed}:deliveries:{numbers.start}"))
        # Orders of the year come in no order of time; no batch knows which of them was first.
        before = market.now - YEAR - timedelta(days=1)
        came = await writing.move_stock(tx, market.location, moved, before, lot)
        await writing.write(tx, [*new, *rows, *came])
    return len(missing)


async def _new_customers(tx: Transaction, buyers: dict[int, CustomerRow]) -> list[CustomerRow]:
    """Who is not known yet; whoever is known keeps the id that they have."""
    by_email = {one.email: one for one in buyers.values()}
    known = await writing.known_customers(tx, list(by_email))
    for number, one in buyers.items():
        if one.email in known:
            buyers[number] = msgspec.structs.replace(one, id=known[one.email])
    return [one for email, one in by_email.items() if email not in known]


def _sold(market: Market, buyers: dict[int, CustomerRow], first: int) -> list[Row]:
    return [
        row
        for place, (number, buyer) in enumerate(buyers.items())
        for row in order(market, number, first + place, buyer)
    ]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
