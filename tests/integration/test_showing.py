"""What shoppers are shown: written once per version, and never older than the database."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from tests.support.shops import Shop, add_variant, make_shop
from tradewind.catalog.rules import (
    Filters,
    NewProduct,
    NewRegion,
    NewVariant,
    Product,
    ProductUpdate,
    Variant,
    Where,
)
from tradewind.catalog.service import (
    Asked,
    Documents,
    browse,
    choices,
    create_category,
    create_product,
    create_region,
    list_categories,
    list_documents,
    product_document,
    update_product,
)
from tradewind.contracts.errors import InvalidInput, NotFound
from tradewind.contracts.money import Money
from tradewind.database import Database, Transaction
from tradewind.inventory.service import set_level
from tradewind.stores.service import change_settings
from tradewind.testing.clock import ManualClock
from tradewind.testing.database import DatabaseUrls
from tradewind_host.store_api.catalog import product_writer


class Window:
    """A shop, and what a host that has shown it before shows of it now."""

    def __init__(self, database: Database, shop: Shop) -> None:
        self.database = database
        self.shop = shop
        self.written: list[Product] = []
        write = product_writer("https://shop.example")

        def noted(product: Product) -> Sequence[bytes]:
            self.written.append(product)
            return write(product)

        self.documents = Documents(noted)

    async def product(self, name: str, where: Where | None = None) -> dict[str, Any]:
        found = await product_document(
            self.database, self.shop.store.id, self.documents, name, where or Where()
        )
        return dict(msgspec.json.decode(found))

    async def list(self, **asked: Any) -> list[dict[str, Any]]:
        found, _ = await list_documents(
            self.database, self.shop.store.id, self.documents, Asked(**asked)
        )
        return [msgspec.json.decode(one) for one in found]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest_asyncio.fixture
async def elsewhere(database_urls: DatabaseUrls, clock: ManualClock) -> AsyncIterator[Database]:
    """The database as another process sees it, which changes what this one shows."""
    other = Database(database_urls.app, clock=clock)
    await other.open(maximum=2)
    yield other
    await other.close()


@pytest_asyncio.fixture
async def window(database: Database) -> Window:
    return Window(database, await make_shop(database))


async def change(window: Window, elsewhere: Database, act: Callable[[Transaction], Any]) -> Any:
    async with elsewhere.transaction(window.shop.store.id) as tx:
        return await act(tx)


async def mug(window: Window, elsewhere: Database) -> Variant:
    found: Variant = await change(window, elsewhere, lambda tx: add_variant(tx, "MUG", 500))
    return found


async def test_what_has_not_changed_is_written_out_once(
    window: Window, elsewhere: Database
) -> None:
    one = await mug(window, elsewhere)
    first = await window.product(str(one.product_id))
    assert first["variants"][0]["price"] == {"amount": 500, "currency": "KES"}
    assert await window.product(first["handle"]) == first
    assert await window.list() == [first]
    assert len(window.written) == 1


async def test_stock_is_never_older_than_the_request(window: Window, elsewhere: Database) -> None:
    await mug(window, elsewhere)
    assert (await window.list())[0]["variants"][0]["available"] == 100

    async def sell(tx: Transaction) -> None:
        await set_level(tx, "MUG", on_hand=3, backorder=True, reason="count", actor="test")

    await change(window, elsewhere, sell)
    (shown,) = (await window.list())[0]["variants"]
    assert (shown["available"], shown["backorder"]) == (3, True)
    assert len(window.written) == 1


async def test_every_change_of_a_product_is_seen_by_the_next_request(
    window: Window, elsewhere: Database
) -> None:
    one = await mug(window, elsewhere)
    name = str(one.product_id)
    shelf = await change(window, elsewhere, lambda tx: create_category(tx, "Cups"))
    assert (await window.product(name))["title"] == "Product MUG"
    dearer = [NewVariant(sku="MUG", prices=[Money(700, "KES")]), NewVariant(sku="MUG-2")]
    for update in (
        ProductUpdate(title="Cup"),
        ProductUpdate(category_ids=[shelf.id]),
        ProductUpdate(variants=dearer),
        ProductUpdate(variants=dearer[:1]),
    ):

        async def act(tx: Transaction, update: ProductUpdate = update) -> None:
            await update_product(tx, one.product_id, update, currency="KES")

        before = await window.product(name)
        await change(window, elsewhere, act)
        after = await window.product(name)
        assert after != before
        assert await window.list() == [after]
    assert after["title"] == "Cup"
    assert [one["sku"] for one in after["variants"]] == ["MUG"]
    assert after["variants"][0]["price"]["amount"] == 700


async def test_what_is_withdrawn_is_not_shown_any_more(window: Window, elsewhere: Database) -> None:
    one = await mug(window, elsewhere)
    assert await window.list()

    async def withdraw(tx: Transaction) -> None:
        await update_product(tx, one.product_id, ProductUpdate(status="draft"), currency="KES")

    await change(window, elsewhere, withdraw)
    assert await window.list() == []
    with pytest.raises(NotFound):
        await window.product(str(one.product_id))


async def test_prices_begin_and_end_on_time_with_the_price_they_replace_beside_them(
    window: Window, elsewhere: Database, clock: ManualClock
) -> None:
    one = await mug(window, elsewhere)
    name, hour = str(one.product_id), 3600.0
    begin = clock.now() + timedelta(seconds=hour)
    sale = (begin, begin + timedelta(seconds=hour))
    await change(window, elsewhere, lambda tx: price(tx, one, 400, None, *sale))

    async def seen() -> tuple[int, int | None]:
        (shown,) = (await window.product(name))["variants"]
        original = shown["original_price"]
        return shown["price"]["amount"], None if original is None else original["amount"]

    assert await seen() == (500, None)
    assert await seen() == (500, None)
    clock.advance(hour)
    assert await seen() == (400, 500)
    clock.advance(hour)
    assert await seen() == (500, None)
    clock.advance(-hour)
    assert await seen() == (400, 500)


async def test_each_region_sees_its_own_price_and_others_the_plain_one(
    window: Window, elsewhere: Database
) -> None:
    one = await mug(window, elsewhere)
    coast = NewRegion(name="Coast", currency="KES", countries=["tz"])
    region = await change(window, elsewhere, lambda tx: create_region(tx, coast))
    await change(window, elsewhere, lambda tx: price(tx, one, 450, region.id))

    async def seen(where: Where) -> int:
        found = await window.product(str(one.product_id), where)
        return int(found["variants"][0]["price"]["amount"])

    assert await seen(Where()) == 500
    assert await seen(Where(currency="KES")) == 500
    assert await seen(Where(region_id=window.shop.region.id)) == 500
    assert await seen(Where(region_id=region.id)) == 450
    with pytest.raises(NotFound):
        await seen(Where(region_id=one.id))
    with pytest.raises(InvalidInput):
        await seen(Where(region_id=region.id, currency="USD"))


async def test_a_currency_that_nothing_is_priced_in_shows_no_price(
    window: Window, elsewhere: Database
) -> None:
    await mug(window, elsewhere)
    (shown,) = await window.list(where=Where(currency="USD"))
    assert shown["variants"][0]["price"] is None
    assert await window.list(where=Where(currency="USD"), sort="price") == []


async def test_another_default_region_or_currency_is_seen_by_the_next_request(
    window: Window, elsewhere: Database
) -> None:
    one = await mug(window, elsewhere)
    coast = NewRegion(name="Coast", currency="KES", countries=["tz"])
    region = await change(window, elsewhere, lambda tx: create_region(tx, coast))
    await change(window, elsewhere, lambda tx: price(tx, one, 450, region.id))

    async def seen() -> Any:
        (shown,) = (await window.product(str(one.product_id)))["variants"]
        assert (await window.list())[0]["variants"] == [shown]
        return shown["price"]

    async def set_to(**settings: Any) -> None:
        await change(window, elsewhere, lambda tx: change_settings(tx, settings, "test"))

    assert await seen() == {"amount": 500, "currency": "KES"}
    await set_to(default_region_id=str(region.id))
    assert await seen() == {"amount": 450, "currency": "KES"}
    await set_to(default_region_id=None, currency="USD")
    assert await seen() is None


async def test_little_is_kept_where_little_may_be(window: Window, elsewhere: Database) -> None:
    async with elsewhere.transaction(window.shop.store.id) as tx:
        for number in range(5):
            await add_variant(tx, f"MUG-{number}", 500)
    documents = Documents(product_writer(""), most=3_000)
    window.documents = documents
    first = await window.list()
    assert len(documents) == 2
    assert await window.list() == first


async def test_a_document_of_one_store_is_not_shown_in_another(
    window: Window, elsewhere: Database
) -> None:
    one = await mug(window, elsewhere)
    await window.product(str(one.product_id))
    other = Window(window.database, await make_shop(window.database, "other"))
    other.documents = window.documents
    with pytest.raises(NotFound):
        await other.product(str(one.product_id))


async def price(
    tx: Transaction,
    variant: Variant,
    amount: int,
    region: Any,
    begins: Any = None,
    ends: Any = None,
) -> None:
    await tx.execute(
        """INSERT INTO shop.prices (store_id, id, variant_id, currency, amount, region_id,
                                    starts_at, ends_at, created_at)
           VALUES ($1, $2, $3, 'KES', $4, $5, $6, $7, $8)""",
        *(tx.store_id, tx.new_id(), variant.id, amount, region, begins, ends, tx.now),
    )
    await tx.execute(
        "UPDATE shop.products SET version = version + 1 WHERE store_id = $1 AND id = $2",
        tx.store_id,
        variant.product_id,
    )


# Ten products: their prices fall as they are made, every third is blue, every fourth sold out.
COLORS = ("Red", "Green", "Blue")


@pytest_asyncio.fixture
async def shelves(window: Window) -> Window:
    async with window.database.transaction(window.shop.store.id) as tx:
        wear = await create_category(tx, "Wear")
        hats = await create_category(tx, "Hats", parent_id=wear.id)
        for number in range(10):
            new = NewProduct(
                title=f"{'ABCDEFGHIJ'[(number * 3) % 10]} hat",
                kind="digital" if number == 5 else "physical",
                status="published",
                category_ids=[(wear, hats)[number % 2].id] if number < 6 else [],
                variants=[
                    NewVariant(
                        sku=f"HAT-{number}-{size}",
                        options={"Color": COLORS[number % 3], "Size": size},
                        prices=[Money(1000 - number // 2 * 10 + more, "KES")],
                        tracked=True,
                    )
                    for size, more in (("M", 5), ("S", 0))
                ],
            )
            await create_product(tx, new)
            free = 0 if number % 4 == 0 else 5
            await set_level(tx, f"HAT-{number}-M", on_hand=free, reason="count", actor="test")
        await create_product(tx, NewProduct(title="Draft hat"))
    return window


async def numbers(window: Window, size: int = 3, **asked: Any) -> list[int]:
    """The products of all pages, by their number."""
    found: list[int] = []
    cursor = None
    while True:
        async with window.database.transaction(window.shop.store.id) as tx:
            page = await browse(tx, Asked(limit=size, cursor=cursor, **asked))
        found += [int(one.variants[0].sku.split("-")[1]) for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


SORTED = {
    "oldest": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    "newest": [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    "title": [0, 7, 4, 1, 8, 5, 2, 9, 6, 3],
    "price": [8, 9, 6, 7, 4, 5, 2, 3, 0, 1],
    "-price": [1, 0, 3, 2, 5, 4, 7, 6, 9, 8],
}


@pytest.mark.parametrize("narrow", [0, 2_000])
@pytest.mark.parametrize("sort", list(SORTED))
async def test_each_order_goes_on_from_page_to_page(
    shelves: Window, sort: str, narrow: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind.catalog.queries.listing.NARROW", narrow)
    expected = SORTED[sort]
    assert await numbers(shelves, sort=sort) == expected
    assert await numbers(shelves, size=50, sort=sort) == expected
    async with shelves.database.transaction(shelves.shop.store.id) as tx:
        wear = await tx.fetchval(
            "SELECT id FROM shop.categories WHERE store_id = $1 AND handle = 'wear'", tx.store_id
        )
    for filters, fits in (
        (Filters(category_id=wear), lambda n: n < 6),
        (Filters(min_price=970, max_price=980), lambda n: 4 <= n <= 7),
        (Filters(category_id=wear, max_price=980), lambda n: n in {4, 5}),
        (Filters(kind="digital"), lambda n: n == 5),
        (Filters(available=True), lambda n: n % 4),
        (Filters(options={"Color": ["Blue"]}), lambda n: n % 3 == 2),
        (Filters(options={"Color": ["Blue", "Red"], "Size": ["S"]}), lambda n: n % 3 != 1),
        (Filters(options={"Size": ["S"]}, available=True), lambda _: False),
    ):
        found = await numbers(shelves, sort=sort, filters=filters)
        assert found == [n for n in expected if fits(n)], filters


async def test_what_sounds_like_a_query_is_filtered_and_sorted_too(shelves: Window) -> None:
    assert sorted(await numbers(shelves, query="hat")) == list(range(10))
    blue = Filters(options={"Color": ["Blue"]})
    assert sorted(await numbers(shelves, query="hat", filters=blue)) == [2, 5, 8]
    assert await numbers(shelves, query="hat", sort="-price", filters=blue) == [2, 5, 8]


async def test_a_cursor_belongs_to_its_order(shelves: Window) -> None:
    async with shelves.database.transaction(shelves.shop.store.id) as tx:
        page = await browse(tx, Asked(limit=2, sort="price"))
        for sort in ("title", "newest", "-price", None):
            with pytest.raises(InvalidInput):
                await browse(tx, Asked(limit=2, sort=sort, cursor=page.next_cursor))
        for cursor in ("", "x", "bm9uc2Vuc2U", "WyJwcmljZSIsbnVsbCwwXQ", "é", "\0"):
            with pytest.raises(InvalidInput):
                await browse(tx, Asked(sort="price", cursor=cursor))
        with pytest.raises(InvalidInput):
            await browse(tx, Asked(sort="cheapest"))


async def test_drafts_hide_nothing_that_can_be_chosen(shelves: Window) -> None:
    async with shelves.database.transaction(shelves.shop.store.id) as tx:
        (hats,) = [one.id for one in await list_categories(tx) if one.name == "Hats"]
        asked = Asked(filters=Filters(category_id=hats))
        before = await choices(tx, asked)
        assert before
        await tx.execute(
            """WITH drafts AS (
                   INSERT INTO shop.products
                       (store_id, id, title, handle, status, created_at, updated_at)
                   SELECT $1, ('ffffffff-ffff-7fff-bfff-' || lpad(i::text, 12, '0'))::uuid,
                          'Draft', 'draft-' || i, 'draft', $3, $3
                   FROM generate_series(1, 1000) AS i RETURNING id)
               INSERT INTO shop.product_categories (store_id, category_id, product_id)
               SELECT $1, $2, id FROM drafts""",
            tx.store_id,
            hats,
            tx.now,
        )
        assert sorted(await choices(tx, asked)) == sorted(before)


@pytest.mark.parametrize("narrow", [0, 2_000])
async def test_all_that_fits_says_what_can_be_chosen(
    shelves: Window, narrow: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradewind.catalog.queries.listing.NARROW", narrow)
    async with shelves.database.transaction(shelves.shop.store.id) as tx:
        (hats,) = [one.id for one in await list_categories(tx) if one.name == "Hats"]
        for query, filters in (
            ("", Filters()),
            ("", Filters(kind="digital")),
            ("", Filters(category_id=hats)),
            ("", Filters(category_id=hats, min_price=980, max_price=990)),
            ("", Filters(min_price=990)),
            ("", Filters(max_price=965, available=True)),
            ("", Filters(max_price=1)),
            ("j hat", Filters()),
            ("hat", Filters(category_id=hats, min_price=990)),
        ):
            asked = Asked(query=query, filters=filters, limit=200)
            page = await browse(tx, asked)
            variants = [variant for one in page.items for variant in one.variants]
            expected = {pair for one in variants for pair in one.options.items()}
            red = msgspec.structs.replace(filters, options={"Color": ["Red"]})
            found = await choices(tx, msgspec.structs.replace(asked, filters=red, limit=1))
            assert sorted(found) == sorted(expected), (query, filters)
