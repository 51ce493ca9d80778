"""The catalog on PostgreSQL."""

from decimal import Decimal

import pytest

from tests.support.roundtrips import count_round_trips
from tests.support.shops import add_variant, make_shop
from tradewind.catalog.rules import NewProduct, NewRegion, NewVariant, ProductUpdate
from tradewind.catalog.service import (
    create_category,
    create_product,
    create_region,
    get_product,
    list_categories,
    list_products,
    region_for,
    similar_skus,
    update_product,
)
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound
from tradewind.contracts.money import Money
from tradewind.database import Database
from tradewind.pricing.service import create_tax_rate


async def test_products_are_paged_in_the_order_of_their_making(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        for number in range(5):
            await add_variant(tx, f"SKU-{number}", 1000)
        first = await list_products(tx, currency="KES", limit=3)
        second = await list_products(tx, currency="KES", limit=3, cursor=first.next_cursor)
    assert [p.variants[0].sku for p in first.items] == ["SKU-0", "SKU-1", "SKU-2"]
    assert [p.variants[0].sku for p in second.items] == ["SKU-3", "SKU-4"]
    assert second.next_cursor is None


async def test_a_page_of_products_takes_one_round_trip(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "A", 1000)
        with count_round_trips(database) as counted:
            page = await list_products(tx, currency="KES")
    assert page.items[0].variants[0].price == Money(1000, "KES")
    assert page.items[0].variants[0].available == 100
    assert counted.warm == 1


async def test_a_variant_has_no_price_in_a_currency_nobody_set(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "A", 1000)
        page = await list_products(tx, currency="USD")
    assert page.items[0].variants[0].price is None


async def test_search_forgives_a_typo_and_finds_by_sku(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "MUG-1", 1000, title="Blue coffee mug")
        await add_variant(tx, "TEE-1", 1000, title="Cotton shirt")
        typo = await list_products(tx, currency="KES", query="cofee")
        by_sku = await list_products(tx, currency="KES", query="tee-1")
    assert [p.title for p in typo.items] == ["Blue coffee mug"]
    assert [p.title for p in by_sku.items] == ["Cotton shirt"]


async def test_search_pages_on_by_its_cursor(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        for number in range(3):
            await add_variant(tx, f"MUG-{number}", 1000, title=f"Coffee mug {number}")
        first = await list_products(tx, currency="KES", query="coffee mug", limit=2)
        rest = await list_products(
            tx, currency="KES", query="coffee mug", limit=2, cursor=first.next_cursor
        )
    assert len(first.items) == 2
    assert len(rest.items) == 1
    assert rest.next_cursor is None


async def test_drafts_are_seen_by_the_merchant_alone(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "A", 1000, status="draft")
        assert (await list_products(tx, currency="KES")).items == []
        assert len((await list_products(tx, currency="KES", published_only=False)).items) == 1
        with pytest.raises(NotFound):
            await get_product(tx, str(variant.product_id), currency="KES")


async def test_a_category_contains_what_is_below_it(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        wear = await create_category(tx, "Wear")
        shirts = await create_category(tx, "Shirts", parent_id=wear.id)
        new = NewProduct(
            title="Shirt",
            status="published",
            category_ids=[shirts.id],
            variants=[NewVariant(sku="S", prices=[Money(5, "KES")])],
        )
        product = await create_product(tx, new)
        found = await list_products(tx, currency="KES", category_id=wear.id)
        counts = {c.name: c.products for c in await list_categories(tx)}
    assert [one.id for one in found.items] == [product.id]
    assert counts == {"Wear": 1, "Shirts": 1}


async def test_skus_that_a_person_may_have_meant_are_named(database: Database) -> None:
    shop = await make_shop(database)
    new = NewProduct(
        title="Shirt",
        status="published",
        variants=[
            NewVariant(sku="TEE-S", options={"size": "S"}, prices=[Money(5, "KES")]),
            NewVariant(sku="TEE-M", options={"size": "M"}, prices=[Money(6, "KES")]),
        ],
    )
    async with database.transaction(shop.store.id) as tx:
        await create_product(tx, new)
        near = await similar_skus(tx, "TEE-X")
    assert set(near) == {"TEE-S", "TEE-M"}


async def test_an_update_replaces_the_variants_by_their_sku(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        old = await add_variant(tx, "KEEP", 1000)
        variants = [
            NewVariant(sku="keep", prices=[Money(1500, "KES")]),
            NewVariant(sku="NEW", prices=[Money(2000, "KES")]),
        ]
        change = ProductUpdate(title="Renamed", variants=variants)
        new = await update_product(tx, old.product_id, change, currency="KES")
        again = await update_product(
            tx, old.product_id, ProductUpdate(variants=variants[:1]), currency="KES"
        )
    assert new.title == "Renamed"
    assert [(v.sku, v.price) for v in new.variants] == [
        ("keep", Money(1500, "KES")),
        ("NEW", Money(2000, "KES")),
    ]
    assert new.variants[0].id == old.id
    assert [v.sku for v in again.variants] == ["keep"]


async def test_what_is_wrong_with_a_product_is_told_field_by_field(database: Database) -> None:
    shop = await make_shop(database)
    variants = [
        NewVariant(sku="A", prices=[Money(-1, "KES")]),
        NewVariant(sku="a", prices=[Money(1, "kes")]),
    ]
    new = NewProduct(
        title=" ", kind="thing", status="gone", handle="Not A Handle", variants=variants
    )
    async with database.transaction(shop.store.id) as tx:
        with pytest.raises(InvalidInput) as refused:
            await create_product(tx, new)
    assert {error.path for error in refused.value.errors} == {
        "title",
        "kind",
        "status",
        "handle",
        "variants.0.prices.0.amount",
        "variants.1.sku",
        "variants.1.prices.0.currency",
    }


async def test_a_taken_sku_or_handle_is_a_conflict(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "A", 1000, title="Mug")
        with pytest.raises(Conflict) as sku:
            await add_variant(tx, "a", 1000, title="Other")
        with pytest.raises(Conflict) as handle:
            await add_variant(tx, "B", 1000, title="Mug")
    assert sku.value.reason == "sku_taken"
    assert handle.value.reason == "handle_taken"


async def test_the_first_region_is_the_default(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        new = NewRegion(name="Abroad", currency="USD", countries=["us"])
        abroad = await create_region(tx, new)
        assert (await region_for(tx)).id == shop.region.id
        assert (await region_for(tx, currency="USD")).id == abroad.id
        with pytest.raises(InvalidInput):
            await region_for(tx, currency="EUR")
        with pytest.raises(InvalidInput):
            await region_for(tx, shop.region.id, "USD")


@pytest.mark.parametrize("rate", ["-1", "100", "NaN", "1.1234567", "much"])
async def test_an_impossible_tax_rate_is_refused(database: Database, rate: str) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        with pytest.raises(InvalidInput):
            await create_tax_rate(tx, shop.region.id, rate)
        kept = await create_tax_rate(tx, shop.region.id, "8.875")
    assert kept.rate == Decimal("8.875")


async def test_another_stores_products_categories_and_regions_do_not_exist(
    database: Database,
) -> None:
    mine, theirs = await make_shop(database), await make_shop(database, "theirs")
    async with database.transaction(theirs.store.id) as tx:
        variant = await add_variant(tx, "A", 1000)
        category = await create_category(tx, "Wear")
        assert (await get_product(tx, str(variant.product_id), currency="KES")).title
    async with database.transaction(mine.store.id) as tx:
        with pytest.raises(NotFound):
            await get_product(tx, str(variant.product_id), currency="KES")
        with pytest.raises(NotFound):
            await update_product(tx, variant.product_id, ProductUpdate(title="x"), currency="KES")
        with pytest.raises(NotFound):
            await create_category(tx, "Shirts", parent_id=category.id)
        with pytest.raises(NotFound):
            await create_tax_rate(tx, theirs.region.id, "16")
        assert (await list_products(tx, currency="KES", category_id=category.id)).items == []
        await add_variant(tx, "A", 1000)
