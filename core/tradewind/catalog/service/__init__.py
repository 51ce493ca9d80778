"""Reading the catalog and keeping it. Every call takes the store's open transaction first."""

from tradewind.catalog.service.browsing import (
    MOST_PER_PAGE,
    find_variant,
    get_product,
    list_categories,
    list_products,
    similar_skus,
)
from tradewind.catalog.service.keeping import (
    Changed,
    archive_product,
    change_product,
    create_product,
    kept_product,
    list_kept,
    set_status,
    update_product,
)
from tradewind.catalog.service.regions import (
    change_region,
    create_region,
    list_regions,
    region_for,
)
from tradewind.catalog.service.shelves import (
    CategoryUpdate,
    create_category,
    delete_category,
    list_kept_categories,
    update_category,
)
from tradewind.catalog.service.variants import (
    archive_variant,
    create_variant,
    delete_price,
    generate_variants,
    kept_variant,
    replace_prices,
    set_price,
    update_variant,
)

__all__ = [
    "CategoryUpdate",
    "Changed",
    "MOST_PER_PAGE",
    "archive_product",
    "archive_variant",
    "change_product",
    "create_category",
    "create_product",
    "change_region",
    "create_region",
    "create_variant",
    "delete_category",
    "delete_price",
    "find_variant",
    "generate_variants",
    "get_product",
    "kept_product",
    "kept_variant",
    "list_categories",
    "list_kept",
    "list_kept_categories",
    "list_products",
    "list_regions",
    "region_for",
    "replace_prices",
    "set_price",
    "set_status",
    "similar_skus",
    "update_category",
    "update_product",
    "update_variant",
]
