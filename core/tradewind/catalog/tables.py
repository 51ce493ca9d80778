"""Piccolo tables of what a store sells, where, and at which price."""

from piccolo.columns import JSONB, UUID, Array, BigInt, Boolean, Integer, Text, Timestamptz
from piccolo.table import Table

from tradewind.database.engine import TABLES
from tradewind.database.natural_keys import ManyColumnKey


class Region(Table, tablename="regions", schema="shop", db=TABLES):
    """Countries that share a currency and a way of showing tax."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    name = Text(default=None)
    currency = Text(default=None)
    countries = Array(base_column=Text(), default=None)
    tax_inclusive = Boolean(default=False)
    rounding = Text(default="line")
    created_at = Timestamptz(default=None)


class Category(Table, tablename="categories", schema="shop", db=TABLES):
    """A shelf of the shop; shelves may stand within shelves."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    parent_id = UUID(null=True, default=None)
    name = Text(default=None)
    handle = Text(default=None)
    position = Integer(default=0)
    created_at = Timestamptz(default=None)
    deleted_at = Timestamptz(null=True, default=None)


class Product(Table, tablename="products", schema="shop", db=TABLES):
    """What is sold, in one or more variants."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    title = Text(default=None)
    handle = Text(default=None)
    description = Text(default="")
    kind = Text(default="physical")
    status = Text(default="draft")
    images = Array(base_column=Text(), default=list)
    options = JSONB(default="[]")
    metadata = JSONB(default="{}")
    version = Integer(default=1)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
    title_key = Text(null=True, default=None)


class ProductCategory(
    ManyColumnKey, Table, tablename="product_categories", schema="shop", db=TABLES
):
    """A product on a shelf."""

    store_id = UUID(default=None)
    category_id = UUID(primary_key=True, default=None)
    product_id = UUID(primary_key=True, default=None)


class Variant(Table, tablename="variants", schema="shop", db=TABLES):
    """What is put into a cart: it has a SKU, a stock and prices."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    product_id = UUID(default=None)
    sku = Text(default=None)
    sku_key = Text(default=None)
    title = Text(default="")
    options = JSONB(default="{}")
    tax_class = Text(default="standard")
    tracked = Boolean(default=True)
    weight_grams = Integer(null=True, default=None)
    position = Integer(default=0)
    image = Text(null=True, default=None)
    metadata = JSONB(default="{}")
    created_at = Timestamptz(default=None)
    archived_at = Timestamptz(null=True, default=None)


class Price(Table, tablename="prices", schema="shop", db=TABLES):
    """What a variant costs, in minor units of a currency."""

    store_id = UUID(default=None)
    id = UUID(primary_key=True, default=None)
    variant_id = UUID(default=None)
    currency = Text(default=None)
    amount = BigInt(default=None)
    region_id = UUID(null=True, default=None)
    starts_at = Timestamptz(null=True, default=None)
    ends_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)


class ProductSearch(Table, tablename="product_search", schema="shop", db=TABLES):
    """What a product is found by; read through `shop.search_products`."""

    store_id = UUID(default=None)
    product_id = UUID(primary_key=True, default=None)
    words = Text(default=None)
    published = Boolean(default=False)
    keys = Array(base_column=BigInt(), default=list)
    title = Array(base_column=BigInt(), default=list)
    shelves = Array(base_column=BigInt(), default=list)
    options = Array(base_column=BigInt(), default=list)
    edition = Integer(default=0)
    version = Integer(default=0)


class SearchWord(Table, tablename="search_words", schema="shop", db=TABLES):
    """A word of a store's catalog; read through `shop.known_words`."""

    store_id = UUID(default=None)
    word = Text(primary_key=True, default=None)
    key = BigInt(default=None)
    near = Array(base_column=BigInt(), default=list)
    products = Integer(default=1)
    seen_at = Timestamptz(default=None)
