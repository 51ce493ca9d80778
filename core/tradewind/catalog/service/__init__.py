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
    create_product,
    update_product,
)
from tradewind.catalog.service.regions import (
    create_region,
    list_regions,
    region_for,
)
from tradewind.catalog.service.shelves import (
    create_category,
)

__all__ = [
    "MOST_PER_PAGE",
    "create_category",
    "create_product",
    "create_region",
    "find_variant",
    "get_product",
    "list_categories",
    "list_products",
    "list_regions",
    "region_for",
    "similar_skus",
    "update_product",
]
