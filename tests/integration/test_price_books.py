"""A store's price tables as one book: read in one statement, kept while they stay as they are."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from tests.support.roundtrips import count_round_trips
from tests.support.shops import Shop, make_shop
from tradewind.catalog.rules import NewRegion
from tradewind.catalog.service import create_region
from tradewind.database import Database, Transaction
from tradewind.pricing.rules import PriceBook
from tradewind.pricing.service import create_shipping_option, create_tax_rate, price_book


@pytest.fixture
async def shop(database: Database) -> Shop:
    return await make_shop(database, tax="16", inclusive=True)


async def version_of(tx: Transaction) -> int:
    version: int = await tx.fetchval(
        "SELECT pricing_version FROM shop.store_settings WHERE store_id = $1", tx.store_id
    )
    return version


async def read(database: Database, shop: Shop) -> PriceBook:
    async with database.transaction(shop.store.id) as tx:
        return await price_book(tx, shop.region.id, await version_of(tx))


async def test_a_book_holds_the_taxes_and_deliveries_of_its_region(
    database: Database, shop: Shop
) -> None:
    async with database.transaction(shop.store.id) as tx:
        other = NewRegion(name="Away", currency="USD", countries=["us"])
        away = await create_region(tx, other)
        await create_tax_rate(tx, away.id, "7")
    book = await read(database, shop)
    assert (book.inclusive, book.rounding) == (True, "line")
    assert [rate.rate for rate in book.rates] == [Decimal(16)]
    assert [(option.id, option.price) for option in book.options] == [(shop.delivery, 30_000)]


async def test_a_book_is_read_once_and_again_after_any_change(
    database: Database, shop: Shop
) -> None:
    before = await read(database, shop)
    with count_round_trips(database) as counted:
        assert await read(database, shop) is before
    assert len([one for one in counted.statements if "tax_rates" in one]) == 0
    changes: list[Callable[[Transaction], Awaitable[object]]] = [
        lambda tx: create_tax_rate(tx, shop.region.id, "2"),
        lambda tx: create_shipping_option(tx, shop.region.id, "Bike", 100),
        lambda tx: create_region(tx, NewRegion(name="B", currency="USD", countries=["us"])),
    ]
    for change in changes:
        async with database.transaction(shop.store.id) as tx:
            await change(tx)
        after = await read(database, shop)
        assert after.version == before.version + 1
        before = after
    assert [len(before.rates), len(before.options)] == [2, 2]


async def thought_better(database: Database, shop: Shop, known: PriceBook) -> None:
    async with database.transaction(shop.store.id) as tx:
        await create_tax_rate(tx, shop.region.id, "50")
        seen = await price_book(tx, shop.region.id, await version_of(tx))
        assert (seen.version, len(seen.rates)) == (known.version + 1, 2)
        raise RuntimeError("thought better of it")


async def test_what_was_not_committed_is_not_kept(database: Database, shop: Shop) -> None:
    known = await read(database, shop)
    with pytest.raises(RuntimeError, match="thought better"):
        await thought_better(database, shop, known)
    async with database.transaction(shop.store.id) as tx:
        await create_tax_rate(tx, shop.region.id, "3")
    again = await read(database, shop)
    assert again.version == known.version + 1
    assert [rate.rate for rate in again.rates] == [Decimal(16), Decimal(3)]


async def test_another_store_has_other_tables(database: Database, shop: Shop) -> None:
    other = await make_shop(database, "other")
    assert (await read(database, other)).rates == []
    assert len((await read(database, shop)).rates) == 1
