"""The shape of demo merchandise, and the one constructor that lets a catalog read like a list."""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal["physical", "digital", "service", "pack"]

Row = tuple[str, str, int, int | None]
"""SKU, chosen values as `"Blue / M"`, price in minor units, stock (`None`: not counted)."""


class DemoCategory(msgspec.Struct, frozen=True):
    """A shelf of the store; `parent` is the handle of the shelf it belongs to."""

    handle: str
    name: str
    parent: str | None = None


class DemoOption(msgspec.Struct, frozen=True):
    """One thing a shopper chooses, with every value on offer in display order."""

    name: str
    values: tuple[str, ...]


class DemoVariant(msgspec.Struct, frozen=True):
    """What is bought: `price` in minor units of the store's currency, `on_hand` in pieces."""

    sku: str
    options: dict[str, str]
    price: int
    on_hand: int | None
    backorder: bool = False

    @property
    def tracked(self) -> bool:
        """Whether stock is counted: digital goods, services and packs never run out."""
        return self.on_hand is not None

    @property
    def title(self) -> str:
        """The chosen values as one line, empty where there is nothing to choose."""
        return " / ".join(self.options.values())


class DemoProduct(msgspec.Struct, frozen=True):
    """A product with its variants; the first of `categories` is the most specific one."""

    title: str
    handle: str
    description: str
    categories: tuple[str, ...]
    options: tuple[DemoOption, ...]
    variants: tuple[DemoVariant, ...]
    kind: Kind = "physical"


class DemoShipping(msgspec.Struct, frozen=True):
    """A way of delivery: `price` in minor units, `estimate` as the shopper reads it.

    `heavier` are prices from a weight in grams on; below the first of them `price` counts.
    """

    name: str
    price: int
    estimate: str
    heavier: tuple[tuple[int, int], ...] = ()


class DemoStore(msgspec.Struct, frozen=True):
    """A whole store with one region; products stand in the order in which lists show them."""

    slug: str
    name: str
    currency: str
    country: str
    region_name: str
    timezone: str
    categories: tuple[DemoCategory, ...]
    products: tuple[DemoProduct, ...]
    shipping_options: tuple[DemoShipping, ...]
    tax_rate_percent: str
    tax_inclusive: bool
    weights: Mapping[str, int]
    """Grams of a packed piece, by the most specific category of its product."""


def product(
    title: str,
    categories: tuple[str, ...],
    description: str,
    *rows: Row,
    choose: str = "",
    kind: Kind = "physical",
    backorder: bool = False,
) -> DemoProduct:
    """Build a product from one row for each variant.

    `choose` names the options as `"Color / Size"`, in the order of the values in the rows; a
    product without it has a single row with empty values. The handle follows from the title.
    """
    names = choose.split(" / ") if choose else []
    variants = tuple(
        DemoVariant(sku, _chosen(names, values), price, on_hand, backorder)
        for sku, values, price, on_hand in rows
    )
    options = tuple(DemoOption(name, _offered(name, variants)) for name in names)
    return DemoProduct(title, _handle(title), description, categories, options, variants, kind)


def _chosen(names: list[str], values: str) -> dict[str, str]:
    return dict(zip(names, values.split(" / ") if values else [], strict=True))


def _offered(name: str, variants: tuple[DemoVariant, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(variant.options[name] for variant in variants))


def _handle(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
