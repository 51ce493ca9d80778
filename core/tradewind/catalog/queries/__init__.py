"""The catalog in SQL: `reading` what is sold, `writing` what a merchant changes."""

from tradewind.catalog.queries.reading import (
    categories,
    product,
    products,
    regions,
    search,
    similar_skus,
    variant_by_sku,
)
from tradewind.catalog.queries.writing import (
    archive_variants,
    category_names,
    insert_category,
    insert_product,
    insert_region,
    set_categories,
    set_search_words,
    sku_owners,
    update_product,
    upsert_variants,
)

__all__ = [
    "archive_variants",
    "categories",
    "category_names",
    "insert_category",
    "insert_product",
    "insert_region",
    "product",
    "products",
    "regions",
    "search",
    "set_categories",
    "set_search_words",
    "similar_skus",
    "sku_owners",
    "update_product",
    "upsert_variants",
    "variant_by_sku",
]
