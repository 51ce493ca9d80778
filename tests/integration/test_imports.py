"""Files of products, prices and stock on PostgreSQL: in, out, in part, twice, and side by side."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.sheets_in import Office
from tests.support.shops import make_shop
from tradewind.bulk.rules.runs import Counts
from tradewind.catalog.service import list_products
from tradewind.contracts.money import Money
from tradewind.database import Database
from tradewind.inventory.service import levels

HEADER = (
    "handle,title,description,kind,status,categories,images,sku,option1_name,option1_value,"
    "tracked,weight_grams,price_KES,price_USD\n"
)
TEAS = HEADER + (
    "purple-tea,Purple tea,From Kericho,physical,published,Drinks > Tea | Gifts,/media/tea.jpg,"
    "TEA-50,Size,50 g,true,50,450.00,3.5\n"
    "purple-tea,,,,,,,TEA-100,Size,100 g,true,100,800.50,6.25\n"
    "e-book,Tea: a book,,digital,draft,Books,,BOOK,,,,,1200,\n"
)


@pytest_asyncio.fixture
async def office(database: Database, tmp_path: Path) -> AsyncIterator[Office]:
    shop = await make_shop(database)
    yield Office(database, shop.store, tmp_path)


async def test_a_file_of_products_makes_them_with_categories_variants_and_prices(
    office: Office,
) -> None:
    said = await office.take_in("products", TEAS)
    assert said == (Counts(created=3), [])
    async with office.database.transaction(office.store.id) as tx:
        page = await list_products(tx, currency="KES", published_only=False)
        found = await list_products(tx, currency="KES", query="kericho")
    tea, book = page.items
    assert (tea.handle, tea.title, tea.status) == ("purple-tea", "Purple tea", "published")
    assert sorted(one.name for one in tea.categories) == ["Gifts", "Tea"]
    assert [(v.sku, v.title, v.options) for v in tea.variants] == [
        ("TEA-50", "50 g", {"Size": "50 g"}),
        ("TEA-100", "100 g", {"Size": "100 g"}),
    ]
    assert tea.variants[1].price == Money(80050, "KES")
    assert (book.variants[0].tracked, book.variants[0].price) == (False, Money(120000, "KES"))
    assert [one.id for one in found.items] == [tea.id]


async def test_the_same_file_again_changes_nothing(office: Office) -> None:
    await office.take_in("products", TEAS)
    before = await office.everything()
    assert await office.take_in("products", TEAS) == (Counts(unchanged=3), [])
    after = await office.everything()
    for table in set(before) - {"imports", "audit_log"}:
        assert after[table] == before[table], table


async def test_a_dry_run_says_what_an_import_then_does_and_writes_nothing(office: Office) -> None:
    await office.take_in("products", TEAS)
    changed = TEAS.replace("450.00", "475.00").replace("BOOK", "BOOK!") + "mug,Mug,,,,,,MUG,,,,,9,"
    before = await office.everything()
    said = await office.rehearse("products", changed)
    assert await office.everything() == before
    assert said.counts == Counts(created=1, changed=1, unchanged=1, refused=1)
    assert said.errors == [(4, "sku", "invalid")]
    assert await office.take_in("products", changed) == said


async def test_stock_is_set_and_moved(office: Office) -> None:
    await office.take_in("products", TEAS)
    said = await office.take_in("stock", "sku,on_hand,adjust\ntea-50,7,\nTEA-100,,5\nNONE,1,\n")
    assert said == (Counts(created=2, refused=1), [(4, "sku", "unknown_sku")])
    said = await office.take_in("stock", "sku;on_hand;adjust\nTEA-50;7;\nTEA-100;;-1\n")
    assert said.counts == Counts(changed=1, unchanged=1)
    async with office.database.transaction(office.store.id) as tx:
        assert (await levels(tx, "TEA-100")).on_hand == 4


async def test_exports_come_back_unchanged(office: Office) -> None:
    await office.take_in("products", TEAS)
    await office.take_in("stock", "sku,on_hand,low_at,backorder\nTEA-50,7,2,true\n")
    await office.take_in(
        "prices",
        "sku,currency,amount,region,starts_at,ends_at\n"
        "TEA-50,KES,400,Home,,\nTEA-50,KES,300,,2026-12-01,2026-12-24T18:00:00+03:00\n",
    )
    for kind in ("products", "prices", "stock"):
        text = await office.export(kind)
        said = await office.rehearse(kind, text)
        assert said == (Counts(unchanged=text.count(b"\r\n") - 1), []), text
