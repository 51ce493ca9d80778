"""What a catalog consists of, as it is read. Amounts are minor units."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, Literal, TypeVar
from uuid import UUID

import msgspec

from tradewind.contracts.money import Money

T = TypeVar("T")

Kind = Literal["physical", "digital", "service", "pack"]
ProductStatus = Literal["draft", "published", "archived"]
Rounding = Literal["unit", "line"]

KINDS = frozenset(("physical", "digital", "service", "pack"))
STATUSES = frozenset(("draft", "published", "archived"))


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some of a list; `next_cursor` asks for what follows, None at the end."""

    items: Sequence[T]
    next_cursor: str | None = None


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf. `products` counts the published products on it and on the shelves below it."""

    id: UUID
    name: str
    handle: str
    parent_id: UUID | None = None
    position: int = 0
    products: int = 0


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """What is put in a cart. `available` is None where stock is not tracked.

    `original_price` is the price that always holds, while one that runs for a time is below it;
    `price_until` is when a price begins or ends next.
    """

    id: UUID
    product_id: UUID
    sku: str
    title: str
    options: Mapping[str, str]
    price: Money | None
    available: int | None
    backorder: bool
    tracked: bool
    tax_class: str
    kind: Kind
    image: str | None = None
    original_price: Money | None = None
    price_until: datetime | None = None


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A product with its variants, priced in the currency that was asked for."""

    id: UUID
    title: str
    handle: str
    kind: Kind
    description: str
    images: Sequence[str]
    status: ProductStatus
    categories: Sequence[Category]
    variants: Sequence[Variant]
    version: int = 1
    created_at: datetime | None = None


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """Where one currency, one tax rule and one set of delivery options hold."""

    id: UUID
    name: str
    currency: str
    countries: Sequence[str]
    tax_inclusive: bool
    rounding: Rounding


def handle_of(title: str) -> str:
    """A title as part of an address: `Crème brûlée` becomes `creme-brulee`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:100]


def full_title(product: str, variant: str) -> str:
    """How a variant is called on a cart, an order and a receipt."""
    return f"{product} – {variant}" if variant and variant != product else product
