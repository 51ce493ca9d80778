"""Stores with many products, written in seconds: the volume at which a bench must still be quick.

Rows go in by COPY as the superuser, past services and row-level security; they are what the
services would have written. The same call makes the same catalog, apart from its ids.
"""

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from tests.bench.postgres import BenchPostgres
from tradewind.catalog.rules import VariantFields
from tradewind.catalog.search.rules import EDITION, Source, entry, key, near_keys
from tradewind.database.directory import hash_key
from tradewind.database.engine import SystemClock
from tradewind.database.ids import Ids
from tradewind.testing.database import DatabaseUrls

CURRENCY = "KES"
ON_HAND = 1_000_000
_SHELVES = ("Home", "Kitchen", "Garden", "Office", "Travel", "Play")
_BELOW = ("New", "Basics")
LOOKS = "Plain Woven Carved Painted Folded Striped Heavy Light Round Narrow".split()
STUFFS = "Cotton Sisal Bamboo Leather Steel Clay Linen Glass Teak Wool Brass Paper".split()
THINGS = (
    "Basket Kettle Lamp Notebook Blanket Bottle Stool Apron Tray Clock Mirror Kanga Sandals "
    "Backpack Cushion Vase Ladle Umbrella Bracelet Hammock"
).split()
_COLORS = ("Red", "Blue", "Green", "Black")
_SIZES = ("S", "M", "L")
_SYLLABLES = "ba be bi ka ke ki la le lo ma mi mu na ndo nje ra ri sa ta wa".split()
_ABOUT = "Made by hand in small numbers, checked twice and packed without plastic. "


def coined(lot: random.Random) -> str:
    """One of eight thousand names."""
    return "".join(lot.choices(_SYLLABLES, k=3)).title()


Tables = dict[str, list[tuple[Any, ...]]]

COLUMNS = {
    "control.stores": "id slug name created_at",
    "control.api_keys": "id store_id kind key_hash hint title created_at",
    "shop.store_settings": "store_id currency updated_at",
    "shop.regions": "store_id id name currency countries created_at",
    "shop.stock_locations": "store_id id name created_at",
    "shop.shipping_options": "store_id id region_id name price created_at",
    "shop.categories": "store_id id parent_id name handle position created_at",
    "shop.products": "store_id id title handle description status images created_at updated_at",
    "shop.product_categories": "store_id category_id product_id",
    "shop.variants": "store_id id product_id sku title options position created_at",
    "shop.prices": "store_id id variant_id currency amount created_at",
    "shop.inventory_levels": "store_id variant_id location_id sku on_hand updated_at",
    "shop.product_search": (
        "store_id product_id words published keys title shelves options edition version"
    ),
    "shop.search_words": "store_id word key near products seen_at",
}
"""Table → the columns that are written, in an order in which every key is known."""


class BigStore(NamedTuple):
    """A store as a caller needs it; products and variants in the order of their making."""

    id: UUID
    slug: str
    publishable_key: str
    categories: Sequence[UUID]
    products: Sequence[tuple[UUID, str]]
    variants: Sequence[UUID]


async def fill(
    server: BenchPostgres,
    urls: DatabaseUrls,
    *,
    stores: int,
    products: int,
    findable: bool = False,
) -> list[BigStore]:
    """Write `stores` new stores that have `products` published products together.

    Stores are called `volume-0` …; every second product comes in three variants. The number of
    products is a multiple of the number of stores. Only `findable` ones have the words that a
    search finds them by, which take most of the time.
    """
    maker = _Maker(findable)
    made = [maker.store(number, products // stores) for number in range(stores)]
    connection: asyncpg.Connection[Any] = await asyncpg.connect(server.cluster.dsn(urls.name))
    try:
        async with connection.transaction():
            # The keys fit; checking each of a million would take longer than writing them.
            await connection.execute("SET LOCAL session_replication_role = replica")
            for name, columns in COLUMNS.items():
                schema, _, table = name.partition(".")
                await connection.copy_records_to_table(
                    table,
                    schema_name=schema,
                    columns=columns.split(),
                    records=maker.tables[name],
                )
            await connection.execute(
                """UPDATE shop.store_settings s SET default_region_id = r.id
                   FROM shop.regions r
                   WHERE r.store_id = s.store_id AND s.default_region_id IS NULL"""
            )
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return made


class _Maker:
    """Collects the rows of stores."""

    def __init__(self, findable: bool) -> None:  # noqa: FBT001 - one word of its caller's
        self._findable = findable
        self.tables: Tables = {name: [] for name in COLUMNS}
        self._new_id = Ids(SystemClock()).new
        self._now = datetime.now(UTC)
        self._lot = random.Random(20)
        self._words: Counter[str] = Counter()

    def store(self, number: int, products: int) -> BigStore:
        """One store with all that belongs to it."""
        store_id, slug, secret = self._new_id(), f"volume-{number}", f"pk_volume_{number}"
        region, location = self._new_id(), self._new_id()
        self._add("control.stores", store_id, slug, f"Volume {number}", self._now)
        self._add(
            "control.api_keys",
            *(
                self._new_id(),
                store_id,
                "publishable",
                hash_key(secret),
                "pk_…",
                "bench",
                self._now,
            ),
        )
        self._add("shop.store_settings", store_id, CURRENCY, self._now)
        self._add("shop.regions", store_id, region, "Home", CURRENCY, ["ke"], self._now)
        self._add("shop.stock_locations", store_id, location, "Main", self._now)
        self._add(
            "shop.shipping_options", store_id, self._new_id(), region, "Courier", 30_000, self._now
        )
        shelves = list(self._shelves(store_id))
        self._words.clear()
        goods = [self._product(store_id, location, shelves, n) for n in range(products)]
        for word, times in self._words.items():
            keys = key(store_id, word), near_keys(store_id, word)
            self._add("shop.search_words", store_id, word, *keys, times, self._now)
        return BigStore(
            id=store_id,
            slug=slug,
            publishable_key=secret,
            categories=[shelf for shelf, _ in shelves],
            products=[(product_id, handle) for product_id, handle, _ in goods],
            variants=list(itertools.chain.from_iterable(variants for *_, variants in goods)),
        )

    def _add(self, table: str, *row: Any) -> None:
        self.tables[table].append(row)

    def _shelves(self, store_id: UUID) -> Iterator[tuple[UUID, str]]:
        """Categories that products stand on: two below each of the first level."""
        for position, name in enumerate(_SHELVES):
            above = self._new_id()
            root = (store_id, above, None, name, name.lower(), position, self._now)
            self._add("shop.categories", *root)
            for place, kind in enumerate(_BELOW):
                shelf, title = self._new_id(), f"{kind} {name}"
                handle = f"{kind}-{name}".lower()
                row = (store_id, shelf, above, title, handle, place, self._now)
                self._add("shop.categories", *row)
                yield shelf, title

    def _product(
        self, store_id: UUID, location: UUID, shelves: Sequence[tuple[UUID, str]], number: int
    ) -> tuple[UUID, str, Sequence[UUID]]:
        product_id, choose = self._new_id(), self._lot.choice
        title = f"{choose(LOOKS)} {choose(STUFFS)} {choose(THINGS)}"
        handle = f"{title.lower().replace(' ', '-')}-{number}"
        images = [f"/media/volume/{number}-{side}.svg" for side in ("front", "back")]
        about = f"{_ABOUT * 4}Called {coined(self._lot)}."
        shelf, shelf_name = choose(shelves)
        row = (store_id, product_id, title, handle, about, "published", images)
        self._add("shop.products", *row, self._now, self._now)
        self._add("shop.product_categories", store_id, shelf, product_id)
        variants = list(self._choices(number))
        source = Source(
            product_id=product_id,
            version=1,
            published=True,
            title=title,
            description=about,
            categories={shelf: shelf_name},
            options=[text for one in variants for text in (one.title, *one.options.values())],
            skus=[one.sku for one in variants],
        )
        if self._findable:
            self._found_by(store_id, source)
        ids = self._variants(store_id, product_id, location, variants)
        return product_id, handle, ids

    def _found_by(self, store_id: UUID, source: Source) -> None:
        one = entry(store_id, source)
        self._words.update(one.words)
        places = one.keys, one.title, one.shelves, one.options
        row = (store_id, one.product_id, one.names, True, *places, EDITION, 1)
        self._add("shop.product_search", *row)

    def _choices(self, number: int) -> Iterable[VariantFields]:
        if number % 2:
            yield VariantFields(id=self._new_id(), sku=f"V-{number}")
            return
        color = self._lot.choice(_COLORS)
        for size in _SIZES:
            options = {"Color": color, "Size": size}
            yield VariantFields(
                id=self._new_id(),
                sku=f"V-{number}-{size}",
                title=f"{color} / {size}",
                options=options,
            )

    def _variants(
        self, store_id: UUID, product_id: UUID, location: UUID, variants: Sequence[VariantFields]
    ) -> list[UUID]:
        price = self._lot.randrange(100, 20_000) * 50
        for position, one in enumerate(variants):
            options = msgspec.json.encode(one.options).decode()
            its, words = (store_id, one.id, product_id), (one.sku, one.title, options)
            self._add("shop.variants", *its, *words, position, self._now)
            amount = price + 500 * position
            priced = (store_id, self._new_id(), one.id, CURRENCY, amount, self._now)
            self._add("shop.prices", *priced)
            level = (store_id, one.id, location, one.sku, ON_HAND, self._now)
            self._add("shop.inventory_levels", *level)
        return [one.id for one in variants]
