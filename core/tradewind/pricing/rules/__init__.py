"""Pure price decisions: the arithmetic of a quote, and what a store's own tables hold."""

from tradewind.pricing.rules.arithmetic import (
    SHIPPING,
    Adjusted,
    LineAdjustment,
    Priced,
    PricedLine,
    Rate,
    Sourced,
    acceptable,
    adjust,
    built_in_taxes,
    price,
    total_up,
)
from tradewind.pricing.rules.book import (
    BuiltInShipping,
    PriceBook,
    Promotion,
    PromotionKind,
    PromotionRules,
    TaxRate,
    percent,
)

__all__ = [
    "SHIPPING",
    "Adjusted",
    "BuiltInShipping",
    "LineAdjustment",
    "PriceBook",
    "Priced",
    "PricedLine",
    "Promotion",
    "PromotionKind",
    "PromotionRules",
    "Rate",
    "Sourced",
    "TaxRate",
    "acceptable",
    "adjust",
    "built_in_taxes",
    "percent",
    "price",
    "total_up",
]
