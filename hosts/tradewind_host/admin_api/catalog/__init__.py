"""Keeping the catalog: products, their variants and prices, categories."""

from tradewind_host.admin_api.catalog import categories, prices, products, variants

ROUTES = (*products.ROUTES, *variants.ROUTES, *prices.ROUTES, *categories.ROUTES)
