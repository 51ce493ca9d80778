"""Search on PostgreSQL, over the goods of the demo's first store."""

import random
from typing import Any
from uuid import UUID

import pytest

from tests.support.searching import demo_shop, options, titles
from tests.support.shops import add_variant, make_shop
from tradewind.catalog.rules import NewProduct
from tradewind.catalog.search.rules import words_of
from tradewind.catalog.service import (
    create_category,
    create_product,
    list_products,
    similar_skus,
)
from tradewind.database import Database, Transaction
from tradewind_host.demo.catalog import STORES

FIRST = {
    "tea": "Kericho Black Tea",
    "kericho": "Kericho Black Tea",
    "KERICHO TEA": "Kericho Black Tea",
    "tea kericho": "Kericho Black Tea",
    "kerico tea": "Kericho Black Tea",
    "keircho": "Kericho Black Tea",
    "ker te": "Kericho Black Tea",
    "ker": "Kericho Black Tea",
    "blak tea": "Kericho Black Tea",
    "tea-250": "Kericho Black Tea",
    "TEA-2": "Kericho Black Tea",
    "green tea": "Nandi Green Tea",
    "hibiscuss": "Dried Hibiscus Tea",
    "cofee": "Nyeri AA Coffee",
    "coffee peaberry": "Peaberry Harvest Coffee",
    "coffee-pea-250": "Peaberry Harvest Coffee",
    "hony": "Acacia Honey",
    "rice": "Mwea Pishori Rice",
    "pishori rise": "Mwea Pishori Rice",
    "peanut buter": "Roasted Peanut Butter",
    "macademia": "Salted Macadamia Nuts",
    "sufuria pot": "Aluminum Sufuria Pot",
    "aluminium sufuria": "Aluminum Sufuria Pot",
    "mug-red": "Enamel Mug",
    "red mug": "Enamel Mug",
    "lantern": "Solar Lantern",
    "solar lamp": "Sisal Table Lamp",
    "hurricane lamp": "Hurricane Lantern",
    "kiondo": "Kiondo Basket",
    "basket wall": "Woven Wall Basket",
    "t-shirt": "Cotton T-Shirt",
    "tshirt": "Cotton T-Shirt",
    "the shirt of cotton": "Cotton T-Shirt",
    "kitenge shirts": "Kitenge Shirt",
    "shuka": "Maasai Shuka Blanket",
    "sandals 41": "Leather Sandals",
    "soap lavander": "Lavender Soap",
    "shampo": "Aloe Shampoo",
    "note-a5": "A5 Notebook",
    "swahili book": "Swahili Phrase Book",
    "e-book": "Coast Recipes E-Book",
    "pens pack": "Ballpoint Pens, Pack of 10",
}
"""What is typed, and the product that comes first."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"


async def test_what_is_meant_comes_first(database: Database) -> None:
    store = await demo_shop(database)
    async with database.transaction(store.id) as tx:
        first = {query: (await titles(tx, query))[:1] for query in FIRST}
    assert first == {query: [title] for query, title in FIRST.items()}


def mistyped(word: str, draw: random.Random) -> str:
    """One letter too many, too few, another one, or two in the wrong order."""
    at = draw.randrange(len(word) - 1)
    letter = draw.choice(LETTERS)
    edits = [
        word[:at] + letter + word[at:],
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ]
    return draw.choice(edits)


async def test_with_any_one_typo_a_product_is_among_the_first_five(database: Database) -> None:
    store = await demo_shop(database)
    draw = random.Random(5)
    words = {
        word: [one.title for one in STORES[0].products if word in words_of(one.title)]
        for product in STORES[0].products
        for word in words_of(product.title)
        if len(word) >= 5
    }
    lost = []
    async with database.transaction(store.id) as tx:
        for word, owners in words.items():
            typed = mistyped(word, draw)
            if not set(owners[:5]) & set(await titles(tx, typed, limit=5)):
                lost.append((word, typed))
    assert len(words) > 80
    assert lost == []


async def test_the_title_counts_more_than_the_category_than_options_than_the_description(
    database: Database,
) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        shelf = await create_category(tx, "Indigo")
        goods: dict[str, dict[str, Any]] = {
            "D": {"title": "Scarf", "description": "Dyed with indigo."},
            "O": {"title": "Belt", "variants": [options("O", colour="Indigo")]},
            "C": {"title": "Hat", "category_ids": [shelf.id]},
            "T": {"title": "Indigo cap"},
        }
        for sku, given in goods.items():
            new: dict[str, Any] = {"status": "published", "variants": [options(sku)], **given}
            await create_product(tx, NewProduct(**new))
        found = await titles(tx, "indigo")
    assert found == ["Indigo cap", "Hat", "Belt", "Scarf"]


async def test_accents_joints_and_case_do_not_matter(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "A", 1, title="Crème brûlée à l’orange")
        await add_variant(tx, "B", 1, title="Men's Œuvre T-shirt")
        for query in ("creme brulee", "CRÈME", "brulée orange", "l'orange", "crem brul"):
            assert await titles(tx, query) == ["Crème brûlée à l’orange"], query
        for query in ("mens tshirt", "men's t-shirt", "oeuvre", "shirt for men"):
            assert await titles(tx, query) == ["Men's Œuvre T-shirt"], query


async def test_every_word_is_needed_and_nonsense_finds_nothing(database: Database) -> None:
    store = await demo_shop(database)
    async with database.transaction(store.id) as tx:
        for query in ("kericho kettle", "zzzzqqq", "tea zzzzqqq", "?", "%", "🍵", "x" * 9000):
            assert await titles(tx, query) == [], query


HOSTILE = [
    "'; DROP TABLE shop.products; --",
    'tea" OR 1=1',
    "te%",
    "te_",
    "\\",
    "\\tea\\",
    "tea\0tea",
    "$1 $2 {1,2} [1:2]",
    "((tea & | ! <-> :*",
    "🍵 tea 🍵",
    "tea " * 3000,
    "\ud83d tea",
    "١٢٣",
    "-",
    "--",
    "ﷺ" * 50,
]


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
async def test_whatever_is_typed_is_only_looked_for(database: Database, query: str) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "GREEN", 1, title="Green tea")
        await titles(tx, query)
        assert await titles(tx, "tea") == ["Green tea"]
        assert await similar_skus(tx, query) in ([], ["GREEN"])


async def test_a_sku_comes_first_then_those_that_begin_like_it(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "AB-10", 1, title="Ten")
        await add_variant(tx, "AB-1", 1, title="One")
        await add_variant(tx, "AB-2", 1, title="Two")
        await add_variant(tx, "X", 1, title="Goes with ab-1")
        assert await titles(tx, "ab-1") == ["One", "Ten", "Goes with ab-1"]
        assert await titles(tx, "AB-") == ["One", "Ten", "Two", "Goes with ab-1"]


async def test_an_exact_word_comes_before_a_longer_one_and_both_before_a_typo(
    database: Database,
) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        await add_variant(tx, "A", 1, title="Skirt")
        await add_variant(tx, "B", 1, title="Shirts")
        await add_variant(tx, "C", 1, title="Shirt")
        assert await titles(tx, "shirt") == ["Shirt", "Shirts", "Skirt"]


async def test_filters_and_pages_lose_nothing(database: Database) -> None:
    shop = await make_shop(database)
    async with database.transaction(shop.store.id) as tx:
        shelf = await create_category(tx, "Kitchen")
        below = await create_category(tx, "Shelf", parent_id=shelf.id)
        made = []
        for n in range(60):
            new = NewProduct(
                title=f"Mug {n}" if n % 3 else f"Muk {n}",
                status="draft" if n % 2 else "published",
                category_ids=[below.id] if n % 5 else [],
                variants=[options(f"M-{n}")],
            )
            made.append(await create_product(tx, new))
        for given, expected in (
            ({}, lambda one: one.status == "published"),
            ({"published_only": False}, lambda _: True),
            (
                {"category_id": shelf.id},
                lambda one: one.status == "published" and one.categories,
            ),
        ):
            wanted = {one.id for one in made if expected(one) and one.title.startswith("Mug")}
            assert await everything(tx, "mug", **given) == wanted


async def everything(tx: Transaction, query: str, **given: Any) -> set[UUID]:
    """All that is found, page by page; a product that comes twice is an error."""
    found: list[UUID] = []
    cursor = None
    while True:
        page = await list_products(tx, currency="KES", query=query, limit=7, cursor=cursor, **given)
        found += [one.id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            assert len(found) == len(set(found))
            return set(found)
