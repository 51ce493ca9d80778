"""Keeping the catalog on PostgreSQL: what the tables refuse, and what happens at the same time."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.support.shops import Shop, add_variant, make_shop
from tradewind.catalog.rules import (
    NewPrice,
    NewProduct,
    NewVariant,
    ProductUpdate,
    Sought,
)
from tradewind.catalog.service import (
    CategoryUpdate,
    archive_variant,
    change_product,
    create_category,
    create_product,
    create_variant,
    delete_category,
    kept_product,
    list_kept,
    list_kept_categories,
    replace_prices,
    set_price,
    set_status,
    update_category,
    update_variant,
)
from tradewind.contracts.errors import Conflict, InvalidInput
from tradewind.contracts.money import Money
from tradewind.database import Database, Transaction

# What may be done to a product, each a change that a reader sees.
CHANGES = (
    "title",
    "pictures",
    "categories",
    "kind",
    "status",
    "variant added",
    "variant changed",
    "variant archived",
    "price set",
    "prices replaced",
    "category renamed",
    "category moved",
    "category deleted",
)


@pytest.fixture
async def shop(database: Database) -> Shop:
    return await make_shop(database)


async def tree(database: Database, shop: Shop, *names: str) -> list[UUID]:
    async with database.transaction(shop.store.id) as tx:
        return [(await create_category(tx, name)).id for name in names]


async def change(tx: Transaction, what: str, product_id: UUID, shelf: UUID, other: UUID) -> None:
    variants = (await kept_product(tx, product_id)).live
    new = NewVariant(sku="B", prices=[Money(1, "KES")])
    deeds: dict[str, Any] = {
        "title": lambda: change_product(tx, product_id, ProductUpdate(title="Other")),
        "pictures": lambda: change_product(tx, product_id, ProductUpdate(images=["/media/a.jpg"])),
        "categories": lambda: change_product(tx, product_id, ProductUpdate(category_ids=[other])),
        "kind": lambda: change_product(tx, product_id, ProductUpdate(kind="service")),
        "status": lambda: set_status(tx, [product_id], "draft"),
        "variant added": lambda: create_variant(tx, product_id, new),
        "variant changed": lambda: update_variant(
            tx, product_id, variants[0].id, NewVariant(sku="A", title="Little")
        ),
        "variant archived": lambda: archive_variant(tx, product_id, variants[1].id),
        "price set": lambda: set_price(tx, variants[0].id, Money(7, "KES")),
        "prices replaced": lambda: replace_prices(tx, variants[0].id, [Money(7, "KES")]),
        "category renamed": lambda: update_category(tx, shelf, CategoryUpdate(name="Other")),
        "category moved": lambda: update_category(tx, shelf, CategoryUpdate(parent_id=other)),
        "category deleted": lambda: delete_category(tx, shelf),
    }
    await deeds[what]()


@pytest.mark.parametrize("what", CHANGES)
async def test_every_change_that_a_reader_sees_is_a_new_version(
    database: Database, shop: Shop, what: str
) -> None:
    shelf, other = await tree(database, shop, "Wear", "Sale")
    new = NewProduct(
        title="Shirt",
        status="published",
        category_ids=[shelf],
        variants=[NewVariant(sku=sku, prices=[Money(5, "KES")]) for sku in ("A", "C")],
    )
    async with database.transaction(shop.store.id) as tx:
        product_id = (await create_product(tx, new)).id
        await change(tx, what, product_id, shelf, other)
        assert (await kept_product(tx, product_id)).version == 2


async def test_moves_at_the_same_time_tie_no_ring(database: Database, shop: Shop) -> None:
    shelves = await tree(database, shop, *"ABCDEF")

    async def move(one: UUID, under: UUID) -> bool:
        try:
            async with database.transaction(shop.store.id) as tx:
                await update_category(tx, one, CategoryUpdate(parent_id=under))
        except InvalidInput:
            return False
        return True

    ring = zip(shelves, [*shelves[1:], shelves[0]], strict=True)
    moved = await asyncio.gather(*(move(one, under) for one, under in ring))
    assert moved.count(False) == 1
    async with database.transaction(shop.store.id) as tx:
        parents = {one.id: one.parent_id for one in await list_kept_categories(tx)}
    assert list(parents.values()).count(None) == 1


async def test_changes_at_the_same_time_are_all_kept(database: Database, shop: Shop) -> None:
    async with database.transaction(shop.store.id) as tx:
        product_id = (await add_variant(tx, "A", 5)).product_id
    changes = [
        ProductUpdate(title="Other"),
        ProductUpdate(description="Words."),
        ProductUpdate(images=["/media/a.jpg"]),
        ProductUpdate(metadata={"origin": "Kitui"}),
    ]

    async def apply(one: ProductUpdate) -> None:
        async with database.transaction(shop.store.id) as tx:
            await change_product(tx, product_id, one)

    await asyncio.gather(*map(apply, changes))
    async with database.transaction(shop.store.id) as tx:
        kept = await kept_product(tx, product_id)
    assert (kept.title, kept.description, list(kept.images), kept.metadata, kept.version) == (
        "Other",
        "Words.",
        ["/media/a.jpg"],
        {"origin": "Kitui"},
        5,
    )


async def test_of_two_products_with_one_sku_at_the_same_time_one_is_made(
    database: Database, shop: Shop
) -> None:
    async def make(title: str) -> str:
        try:
            async with database.transaction(shop.store.id) as tx:
                await create_product(tx, NewProduct(title=title, variants=[NewVariant(sku="ONE")]))
        except Conflict as refused:
            return refused.reason
        return "made"

    made = await asyncio.gather(*(make(f"Shirt {number}") for number in range(4)))
    assert sorted(made) == ["made", "sku_taken", "sku_taken", "sku_taken"]


# Rows that the table itself refuses beside a plain price, a region's, and one of January.
AMBIGUOUS = {
    "a second plain price": ("KES", False, None, None),
    "a second one of a region": ("KES", True, None, None),
    "one that runs into another": ("KES", False, 20, 40),
    "one without an end over another": ("KES", False, 0, None),
    "an end before the beginning": ("KES", False, 50, 45),
    "a region's in another currency": ("USD", True, None, None),
}


async def insert_price(
    database: Database, shop: Shop, variant_id: UUID, row: tuple[str, UUID | None, Any, Any]
) -> None:
    async with database.transaction(shop.store.id) as tx:
        await tx.execute(
            """INSERT INTO shop.prices (store_id, id, variant_id, currency, amount, region_id,
                                        starts_at, ends_at, created_at)
               VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8)""",
            tx.store_id,
            tx.new_id(),
            variant_id,
            *row,
            tx.now,
        )


@pytest.mark.parametrize("case", AMBIGUOUS)
async def test_the_table_refuses_what_would_be_ambiguous(
    database: Database, shop: Shop, case: str
) -> None:
    currency, regional, starts, ends = AMBIGUOUS[case]
    async with database.transaction(shop.store.id) as tx:
        variant = await add_variant(tx, "A", 5)
        day = timedelta(days=1)
        january = NewPrice(currency="KES", amount=3, starts_at=tx.now, ends_at=tx.now + 30 * day)
        await set_price(tx, variant.id, january)
        home = NewPrice(currency="KES", amount=4, region_id=shop.region.id)
        await set_price(tx, variant.id, home)
        after = ("KES", None, tx.now + 30 * day, tx.now + 40 * day)
        times = [None if one is None else tx.now + one * day for one in (starts, ends)]
    await insert_price(database, shop, variant.id, after)
    row = (currency, shop.region.id if regional else None, times[0], times[1])
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await insert_price(database, shop, variant.id, row)


async def test_a_search_of_the_keeper_finds_drafts_and_archived_products(
    database: Database, shop: Shop
) -> None:
    async with database.transaction(shop.store.id) as tx:
        one = (await add_variant(tx, "A", 5, title="Blue mug", status="draft")).product_id
        two = (await add_variant(tx, "B", 5, title="Blue cup")).product_id
        await set_status(tx, [two], "archived")
        open_ones = await list_kept(tx, Sought(words="blue"))
        archived = await list_kept(tx, Sought(words="blue", status="archived"))
    assert [found.id for found in open_ones.items] == [one]
    assert [found.id for found in archived.items] == [two]
