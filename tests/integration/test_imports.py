"""Files of products, prices and stock on PostgreSQL: in, out, in part, twice, and side by side."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.integration.test_stock import buy, check_journal
from tests.support.sheets_in import Office, Said
from tests.support.shops import make_shop
from tests.support.tills import open_till
from tradewind.bulk.rules.runs import Counts, Import
from tradewind.bulk.service import importing, runs
from tradewind.catalog.rules import NewProduct, NewRegion, NewVariant, Option
from tradewind.catalog.service import create_product, create_region, kept_product, list_products
from tradewind.contracts.errors import Conflict, NotFound, OutOfStock
from tradewind.contracts.money import Money
from tradewind.database import Database
from tradewind.inventory.service import levels
from tradewind.orders.rules import Order
from tradewind.testing.clock import ManualClock

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
    async with database.transaction(shop.store.id) as tx:
        await create_region(tx, NewRegion(name="Abroad", currency="USD", countries=["us"]))
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


async def test_carts_are_priced_anew_once_products_stand_elsewhere(office: Office) -> None:
    async def version() -> int:
        async with office.database.transaction(office.store.id) as tx:
            found: int = await tx.fetchval(
                "SELECT pricing_version FROM shop.store_settings WHERE store_id = $1", tx.store_id
            )
            return found

    before = await version()
    await office.take_in("products", TEAS)
    await office.take_in("products", TEAS)
    await office.rehearse("products", TEAS.replace("Gifts", "Offers"))
    assert await version() == before
    await office.take_in("products", TEAS.replace("Gifts", "Offers"))
    assert await version() == before + 1


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


def mugs(number: int, price: str = "4.50") -> str:
    rows = "".join(f"mug-{n},Mug {n},MUG-{n},{price}\n" for n in range(number))
    return f"handle,title,sku,price_KES\n{rows}"


async def test_a_products_rows_stand_or_fall_together_and_others_go_in(office: Office) -> None:
    text = HEADER + (
        "tea,Tea,,,,,,T1,,,,,1,\n"
        "tea,,,,,,,T2,,,maybe,,1.005,\n"
        "mug,Mug,,,,,,M1,,,,,1,\n"
        "bag,Bag,,,,,,M1,,,,,1,\n"
    )
    said = await office.take_in("products", text)
    assert said.counts == Counts(created=1, refused=3)
    assert said.errors == [
        (3, "price_KES", "too_many_decimals"),
        (3, "tracked", "invalid"),
        (5, "sku", "repeated"),
    ]
    exported = (await office.export("products")).decode()
    assert [line.split(",")[0] for line in exported.splitlines()[1:]] == ["mug"]


async def test_what_the_catalog_would_refuse_is_refused_by_row_and_column(office: Office) -> None:
    await office.take_in("products", TEAS)
    text = HEADER + (
        "Bad Handle,Tea,,,,,,T1,,,,,1,\n"
        f"long,{'x' * 201},,,,,,T2,,,,,1,\n"
        "kind,Kind,,paper,sold,,,T3,,,,,1,\n"
        "taken,Taken,,,,,,tea-50,,,,,1,\n"
        "new,,,,,,,T4,,,,,1,\n"
        ",Nameless,,,,,,T5,,,,,1,\n"
        "a,A,,,,> x,,T6,,,,heavy,1,\n"
        "b,B,,,,,,T7,,Red,,,1,\n"
        "c,C,,digital,,,ftp://x,T8,,,,-5,1,\n"
    )
    said = await office.take_in("products", text)
    assert said.counts == Counts(refused=9)
    assert said.errors == [
        (2, "handle", "invalid"),
        (3, "title", "invalid"),
        (4, "kind", "invalid"),
        (4, "status", "invalid"),
        (5, "sku", "sku_taken"),
        (6, "title", "required"),
        (7, "handle", "required"),
        (8, "weight_grams", "invalid"),
        (8, "categories", "invalid"),
        (9, "option1_name", "invalid"),
        (10, "images", "invalid"),
        (10, "weight_grams", "not_physical"),
    ]


async def test_of_a_row_that_cannot_be_read_nothing_else_is_said(office: Office) -> None:
    text = 'handle,title,sku\na,A,1\nb,B,"2"x\n'
    assert (await office.take_in("products", text)).errors == [(3, "", "malformed")]


async def test_a_price_in_money_that_the_store_sells_nowhere_in_is_refused(
    office: Office,
) -> None:
    await office.take_in("products", mugs(2))
    text = "handle,sku,price_KES,price_ZAR\nmug-0,MUG-0,4.50,9\nmug-1,MUG-1,5,\n"
    said = await office.take_in("products", text)
    assert said == (Counts(changed=1, refused=1), [(2, "price_ZAR", "unknown_currency")])
    async with office.database.transaction(office.store.id) as tx:
        new = NewVariant(sku="PLATE", prices=[Money(500, "ZAR")])
        await create_product(tx, NewProduct(title="Plate", variants=[new]))
    # What the store has, it may keep and change.
    said = await office.take_in("products", "handle,sku,price_ZAR\nplate,PLATE,6\n")
    assert said == (Counts(changed=1), [])
    said = await office.take_in("prices", "sku,currency,amount\nPLATE,ZAR,7\nMUG-0,ZAR,7\n")
    assert said == (Counts(changed=1, refused=1), [(3, "currency", "unknown_currency")])


async def test_stock_below_nothing_is_refused_in_the_column_that_says_so(office: Office) -> None:
    await office.take_in("products", mugs(2))
    said = await office.take_in("stock", "sku,on_hand,adjust\nMUG-0,-1,\nMUG-1,,-3\n")
    assert said.errors == [(2, "on_hand", "out_of_range"), (3, "adjust", "out_of_range")]


async def test_statements_are_planned_for_the_names_that_they_are_given(office: Office) -> None:
    """A kept plan would compare each of a store's SKUs with each of a batch's, one by one."""
    await office.rehearse("stock", "sku,on_hand\n" + "".join(f"S{n},1\n" for n in range(4000)))
    async with office.database.transaction(office.store.id) as tx:
        plans = await tx.fetch(
            """SELECT custom_plans, generic_plans FROM pg_prepared_statements
               WHERE statement LIKE 'SELECT sku_key%'"""
        )
    assert [(row["custom_plans"], row["generic_plans"]) for row in plans] == [(8, 0)]


async def test_what_is_published_has_a_price_and_each_choice_is_one_variants(
    office: Office,
) -> None:
    header = "handle,title,status,sku,option1_name,option1_value,price_KES\n"
    said = await office.take_in(
        "products",
        header + "a,A,published,A1,,,\n"
        "b,B,draft,B1,Size,S,\nb,,,B2,Size,S,\n"
        "c,C,draft,C1,Size,S,\n",
    )
    assert said.counts == Counts(created=1, refused=3)
    assert said.errors == [(2, "status", "nothing_to_sell"), (4, "option1_value", "duplicate")]
    said = await office.take_in("products", header + "c,,published,C2,Size,S,5\n")
    assert said.errors == [(2, "option1_value", "duplicate")]
    said = await office.take_in("products", header + "c,,published,C2,Size,M,5\n")
    assert said.counts == Counts(created=1)


async def test_declared_options_take_new_values_and_no_new_names(office: Office) -> None:
    async with office.database.transaction(office.store.id) as tx:
        new = NewProduct(
            title="Shirt",
            options=[Option("Size", ["S"])],
            variants=[NewVariant(sku="S", options={"Size": "S"})],
        )
        made = await create_product(tx, new)
    header = "handle,sku,option1_name,option1_value,option2_name,option2_value\n"
    said = await office.take_in("products", header + "shirt,M,Size,M,,\n")
    assert said.counts == Counts(created=1)
    async with office.database.transaction(office.store.id) as tx:
        kept = await kept_product(tx, made.id)
    assert kept.options == [Option("Size", ["S", "M"])]
    assert [(one.sku, one.title) for one in kept.variants] == [("S", "S"), ("M", "M")]
    said = await office.take_in("products", header + "shirt,L,Size,L,Color,Red\n")
    assert said.errors == [(2, "option2_value", "unknown")]
    said = await office.take_in("products", header + "shirt,XL,,,,\n")
    assert said.errors == [(2, "option1_value", "required")]
    said = await office.take_in("products", header + "shirt,M,Size,XL,,\n")
    assert said.counts == Counts(changed=1)
    assert "XL,Size,XL" in (await office.export("products")).decode()


async def test_a_changed_product_gets_a_version_and_new_words_and_others_are_let_be(
    office: Office,
) -> None:
    await office.take_in("products", TEAS)
    said = await office.take_in("products", "handle,sku,title\npurple-tea,TEA-100,Violet tea\n")
    assert said.counts == Counts(changed=1)
    async with office.database.transaction(office.store.id) as tx:
        page = await list_products(tx, currency="KES", published_only=False)
        found = await list_products(tx, currency="KES", query="violet")
    tea, book = page.items
    assert (tea.title, tea.description, tea.version) == ("Violet tea", "From Kericho", 2)
    assert [variant.sku for variant in tea.variants] == ["TEA-50", "TEA-100"]
    assert book.version == 1
    assert [one.id for one in found.items] == [tea.id]


async def test_prices_of_regions_and_times_are_set_changed_and_taken_away(office: Office) -> None:
    await office.take_in("products", TEAS)
    header = "sku,currency,amount,region,starts_at,ends_at\n"
    said = await office.take_in(
        "prices",
        header + "tea-50,kes,400,Home,,\n"
        "TEA-50,KES,300,,2026-12-01,2026-12-24\n"
        "TEA-50,KES,200,,2026-12-20,\n"
        "TEA-50,USD,1,Home,,\n"
        "TEA-50,KES,1,Away,,\n"
        "TEA-50,KES,1,,,2026-12-24\n"
        "NONE,KES,1,,,\n"
        "TEA-50,UGX,0.5,,,\n"
        "BOOK,KES,,,,\n"
        "BOOK,ZAR,5,,,\n",
    )
    assert said.counts == Counts(created=2, changed=1, refused=7)
    assert said.errors == [
        (4, "starts_at", "overlapping"),
        (5, "currency", "wrong_currency"),
        (6, "region", "unknown_region"),
        (7, "ends_at", "invalid"),
        (8, "sku", "unknown_sku"),
        (9, "amount", "too_many_decimals"),
        (11, "currency", "unknown_currency"),
    ]
    exported = (await office.export("prices")).decode()
    assert exported.splitlines() == [
        "sku,currency,amount,region,starts_at,ends_at",
        "TEA-50,KES,450.00,,,",
        "TEA-50,KES,300.00,,2026-12-01T00:00:00Z,2026-12-24T00:00:00Z",
        "TEA-50,KES,400.00,Home,,",
        "TEA-50,USD,3.50,,,",
        "TEA-100,KES,800.50,,,",
        "TEA-100,USD,6.25,,,",
    ]
    said = await office.take_in("prices", header + "TEA-50,KES,350,Home,,\nTEA-50,USD,,,,\n")
    assert said.counts == Counts(changed=2)
    assert "USD,3.50" not in (await office.export("prices")).decode()


async def test_an_import_goes_on_where_it_was_left_and_only_with_the_same_file(
    office: Office,
) -> None:
    text = mugs(1100) + "mug-x,,MUG-X,1\n"
    run = await office.begin("products", text)
    run = await office.go_on(run, text, batches=1)
    assert (run.state, run.counts) == ("running", Counts(created=500))
    with pytest.raises(Conflict, match="not finished"):
        await office.begin("products", text)
    desk = await importing.open_desk(office.database, office.store, "products", "test")
    other = await runs.look_at(desk, office.file(mugs(3), "other.csv"), "other.csv")
    with pytest.raises(Conflict, match=r"file\.csv, and this is not that file"):
        await runs.resume(desk, other)
    same = await runs.look_at(desk, office.file(text), "file.csv")
    run = await office.go_on(await runs.resume(desk, same), text)
    assert (run.state, run.counts) == ("done", Counts(created=1100, refused=1))
    with pytest.raises(NotFound):
        await runs.resume(desk, same)


async def test_two_that_go_on_at_once_do_nothing_twice(office: Office) -> None:
    await office.take_in("products", mugs(1200))
    text = "sku,adjust\n" + "".join(f"MUG-{n},1\n" for n in range(1200))
    run = await office.begin("stock", text)
    ended = await asyncio.gather(
        *(office.go_on(run, text) for _ in range(3)), return_exceptions=True
    )
    assert {type(one) for one in ended} <= {Import, Conflict}
    assert [one.state for one in ended if isinstance(one, Import)].count("done") >= 1
    async with office.database.transaction(office.store.id) as tx:
        level = "SELECT sum(on_hand) FROM shop.inventory_levels WHERE store_id = $1"
        moves = "SELECT sum(on_hand) FROM shop.stock_movements WHERE store_id = $1"
        assert await tx.fetchval(level, tx.store_id) == 1200
        assert await tx.fetchval(moves, tx.store_id) == 1200


async def test_what_only_the_database_refuses_is_an_error_of_its_row(
    office: Office, owner: "asyncpg.Connection[Any]"
) -> None:
    await owner.execute("ALTER TABLE shop.products ADD CHECK (title <> 'Mug 1')")
    said = await office.take_in("products", mugs(3))
    assert said == (Counts(created=2, refused=1), [(3, "", "refused")])


async def test_a_line_that_never_ends_fails_the_import_behind_what_went_in(office: Office) -> None:
    text = mugs(600)
    endless = text + "x" * (1 << 21)
    desk = await importing.open_desk(office.database, office.store, "products", "test")
    known = await runs.look_at(desk, office.file(text), "file.csv")
    run = await runs.start(desk, known)
    run = await office.go_on(run, endless)
    assert (run.state, run.created) == ("failed", 500)
    assert "longer than 1 MB" in run.error


async def test_old_imports_are_forgotten(office: Office, clock: ManualClock) -> None:
    await office.take_in("stock", "sku,on_hand\nNONE,1\n")
    await runs.forget_old(office.database, office.store)
    assert (await office.everything())["import_errors"]
    clock.advance(31 * 24 * 60 * 60)
    await runs.forget_old(office.database, office.store)
    left = await office.everything()
    assert (left["imports"], left["import_errors"]) == ([], [])


async def test_stock_is_taken_in_while_shoppers_order_and_nothing_is_oversold(
    database: Database, tmp_path: Path
) -> None:
    async with open_till(database) as till:
        office = Office(database, till.store, tmp_path)
        skus = [f"S-{number}" for number in range(8)]
        for sku in skus:
            await till.stock(sku, on_hand=6)
        carts = [
            await till.cart(*((sku, 1) for sku in random.Random(n).sample(skus, 3)))
            for n in range(24)
        ]
        rows = [f"{sku},{figure}" for sku, figure in zip(skus, (2, 0, 5, 3) * 2, strict=True)]
        texts = ["sku,on_hand\n" + "\n".join(order) + "\n" for order in (rows, rows[::-1])]
        outcomes = await asyncio.gather(
            *(buy(till, cart) for cart in carts[:12]),
            office.take_in("stock", texts[0]),
            *(buy(till, cart) for cart in carts[12:]),
            office.take_in("stock", texts[1]),
            return_exceptions=True,
        )
        assert {type(one) for one in outcomes} <= {Order, OutOfStock, Said}, outcomes
        said = [one for one in outcomes if isinstance(one, Said)]
        assert all(code == "stock_promised" for one in said for *_, code in one.errors)
        levels = await till.rows(
            "SELECT * FROM shop.inventory_levels WHERE store_id = $1 ORDER BY sku"
        )
        sold = [
            sku for o in outcomes if isinstance(o, Order) for sku in (line.sku for line in o.lines)
        ]
        assert sold
        for level in levels:
            assert level["reserved"] == sold.count(level["sku"]) <= level["on_hand"], level
        await check_journal(till)


async def test_less_than_is_promised_is_refused_by_row(database: Database, tmp_path: Path) -> None:
    async with open_till(database) as till:
        office = Office(database, till.store, tmp_path)
        for sku in ("A", "B"):
            await till.stock(sku, on_hand=5)
            await buy(till, await till.cart((sku, 3)))
        text = "sku,on_hand,backorder\nA,2,\nB,2,true\n"
        foretold = await office.rehearse("stock", text)
        assert foretold == (Counts(changed=1, refused=1), [(2, "on_hand", "stock_promised")])
        assert await office.take_in("stock", text) == foretold
        await check_journal(till)
