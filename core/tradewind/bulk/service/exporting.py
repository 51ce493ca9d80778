"""A store's products, prices and stock as CSV, a page of rows at a time.

Each page is read in a short transaction of its own, so that an export holds nothing up however long
it takes; what changes meanwhile may stand in it as it was or as it is.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from uuid import UUID

from tradewind.bulk.queries import prices, products, runs, stock
from tradewind.bulk.rules.cells import listed, major, moment_text, paths_listed
from tradewind.bulk.rules.merging import KnownProduct, KnownVariant
from tradewind.bulk.rules.prices import COLUMNS as PRICE_COLUMNS
from tradewind.bulk.rules.products import columns
from tradewind.bulk.rules.runs import Kind
from tradewind.bulk.rules.sheet import written
from tradewind.bulk.rules.shelves import Shelves
from tradewind.bulk.rules.stock import COLUMNS as STOCK_COLUMNS
from tradewind.contracts.money import Money
from tradewind.database import Database, Store

_PAGE = 500


def export(database: Database, store: Store, kind: Kind) -> AsyncIterator[bytes]:
    """The file in pieces, its header first."""
    return _EXPORTS[kind](database, store)


async def _products(database: Database, store: Store) -> AsyncIterator[bytes]:
    async with database.transaction(store.id) as tx:
        options = await products.most_options(tx)
        currencies = await products.currencies(tx)
        shelves = Shelves(await products.shelves(tx), tx.new_id)
    names = columns(options, currencies)
    yield written([names])
    after: UUID | None = None
    while True:
        async with database.transaction(store.id) as tx:
            await runs.plan_afresh(tx)
            page = await products.page(tx, after, _PAGE)
        if not page:
            return
        after = page[-1].id
        rows = [row for product in page for row in _product_rows(product, shelves)]
        yield written([row.get(name, "") for name in names] for row in rows)


def _product_rows(product: KnownProduct, shelves: Shelves) -> Sequence[Mapping[str, str]]:
    """A row for each variant on sale; a product without any has one as well."""
    common = {
        "handle": product.handle,
        "title": product.title,
        "description": product.description,
        "kind": product.kind,
        "status": product.status,
        "categories": paths_listed(
            [shelves.path(one) for one in shelves.standing(product.categories)]
        ),
        "images": listed(product.images),
    }
    rows = [_variant_cells(one) for one in product.variants if not one.archived]
    return [{**common, **cells} for cells in rows or [{}]]


def _variant_cells(variant: KnownVariant) -> Mapping[str, str]:
    cells = {
        "sku": variant.sku,
        "variant_title": variant.title,
        "tax_class": variant.tax_class,
        "tracked": _truth(variant.tracked),
        "weight_grams": _number(variant.weight_grams),
        "variant_image": variant.image or "",
    }
    for number, (name, value) in enumerate(variant.options.items(), 1):
        cells |= {f"option{number}_name": name, f"option{number}_value": value}
    for currency, amount in variant.prices.items():
        cells[f"price_{currency}"] = major(Money(amount, currency))
    return cells


async def _prices(database: Database, store: Store) -> AsyncIterator[bytes]:
    yield written([PRICE_COLUMNS])
    after: UUID | None = None
    while True:
        async with database.transaction(store.id) as tx:
            await runs.plan_afresh(tx)
            page, after = await prices.page(tx, after, _PAGE)
        if after is None:
            return
        yield written(_price_row(line) for line in page)


def _price_row(line: prices.PriceLine) -> Sequence[str]:
    price = line.price
    return (
        line.sku,
        price.currency,
        major(Money(price.amount, price.currency)),
        line.region or "",
        moment_text(price.starts_at) if price.starts_at else "",
        moment_text(price.ends_at) if price.ends_at else "",
    )


async def _stock(database: Database, store: Store) -> AsyncIterator[bytes]:
    yield written([STOCK_COLUMNS])
    after: UUID | None = None
    while True:
        async with database.transaction(store.id) as tx:
            await runs.plan_afresh(tx)
            page, after = await stock.page(tx, after, _PAGE)
        if after is None:
            return
        yield written(
            (
                line.sku,
                line.location or "",
                _number(line.on_hand),
                "" if line.backorder is None else _truth(line.backorder),
                _number(line.low_at),
            )
            for line in page
        )


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _truth(value: bool) -> str:  # noqa: FBT001 - it is the value that is written
    return "true" if value else "false"


_EXPORTS: Mapping[Kind, Callable[[Database, Store], AsyncIterator[bytes]]] = {
    "products": _products,
    "prices": _prices,
    "stock": _stock,
}
