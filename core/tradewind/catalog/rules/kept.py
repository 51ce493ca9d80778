"""The catalog as its keeper sees it: drafts and archived products, every price, every field."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.catalog.rules.goods import Kind, ProductStatus
from tradewind.catalog.rules.options import Choice, Option
from tradewind.catalog.rules.prices import Price, still_to_count


class VariantFields(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant says of a variant, all of it."""

    id: UUID
    sku: str
    title: str = ""
    options: Choice = {}
    tax_class: str = "standard"
    tracked: bool = True
    weight_grams: int | None = None
    image: str | None = None
    position: int = 0
    metadata: Mapping[str, Any] = {}


class KeptVariant(VariantFields, frozen=True, kw_only=True):
    """A variant with its prices and its stock, which is None where stock is not tracked."""

    prices: Sequence[Price] = ()
    available: int | None = None
    backorder: bool = False
    archived: bool = False


class KeptCategory(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf; `products` counts what is published on it and on those below it, `drafts` drafts.

    One that is `deleting` goes when the last product has been taken off it.
    """

    id: UUID
    name: str
    handle: str
    parent_id: UUID | None = None
    position: int = 0
    products: int = 0
    drafts: int = 0
    deleting: bool = False


class KeptProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product; `options` are those that were declared. Archived variants come last."""

    id: UUID
    title: str
    handle: str
    kind: Kind
    status: ProductStatus
    description: str
    images: Sequence[str]
    options: Sequence[Option]
    metadata: Mapping[str, Any]
    categories: Sequence[KeptCategory]
    variants: Sequence[KeptVariant]
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def live(self) -> list[KeptVariant]:
        """The variants that are not archived."""
        return [one for one in self.variants if not one.archived]

    def sellable(self, now: datetime) -> bool:
        """Whether a variant has a price that counts now or will."""
        return any(still_to_count(one.prices, now) for one in self.live)


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which products of the admin's list are wanted; without a status, all but archived ones."""

    status: ProductStatus | None = None
    kind: Kind | None = None
    category_id: UUID | None = None
    sku: str | None = None
    words: str = ""
