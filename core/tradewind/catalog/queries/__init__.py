"""The catalog in SQL, one statement for each question.

`shown` and `listing` what shoppers are shown, `reading` what is sold, `keeping` what its keeper
sees; `writing`, `prices` and `shelves` what a merchant changes.
"""

from tradewind.catalog.queries.keeping import (
    kept_among,
    kept_categories,
    kept_products,
    lock_products,
    product_of_variant,
    these_products,
)
from tradewind.catalog.queries.listing import (
    Listed,
    Shelf,
    among,
    choices,
    named,
    page,
    terms_of,
)
from tradewind.catalog.queries.prices import delete_price, delete_prices, set_prices
from tradewind.catalog.queries.reading import (
    categories,
    product,
    products,
    regions,
    search,
    shown,
    similar_skus,
)
from tradewind.catalog.queries.shelves import (
    category,
    drop_category,
    lock_shelves,
    mark_deleted,
    take_off,
    touch_products_on,
    update_category,
)
from tradewind.catalog.queries.shown import Plain, Stock, plain_page, plain_product
from tradewind.catalog.queries.writing import (
    archive_variant,
    archive_variants,
    category_names,
    insert_category,
    insert_product,
    insert_region,
    set_categories,
    set_status,
    sku_owners,
    touch_product,
    update_product,
    update_region,
    upsert_variants,
)

__all__ = [
    "choices",
    "archive_variant",
    "Listed",
    "Plain",
    "Shelf",
    "Stock",
    "among",
    "named",
    "plain_page",
    "plain_product",
    "page",
    "shown",
    "terms_of",
    "archive_variants",
    "categories",
    "category",
    "category_names",
    "delete_price",
    "delete_prices",
    "insert_category",
    "insert_product",
    "insert_region",
    "kept_among",
    "kept_categories",
    "kept_products",
    "lock_products",
    "lock_shelves",
    "product",
    "product_of_variant",
    "products",
    "regions",
    "search",
    "set_categories",
    "set_prices",
    "set_status",
    "similar_skus",
    "these_products",
    "sku_owners",
    "touch_product",
    "drop_category",
    "mark_deleted",
    "take_off",
    "touch_products_on",
    "update_category",
    "update_product",
    "update_region",
    "upsert_variants",
]
