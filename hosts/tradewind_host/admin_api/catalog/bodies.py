"""What a merchant sends of products and variants; amounts in minor units."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from tradewind.catalog.rules import NewPrice, NewVariant, Option
from tradewind_host.media import relative
from tradewind_host.shapes import Body

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class PriceInput(Body, frozen=True, kw_only=True):
    """A price in minor units, for all regions or one, at any time or from when until when."""

    amount: int
    currency: str
    region_id: UUID | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class OptionInput(Body, frozen=True):
    """Something to choose, and what may be chosen."""

    name: str
    values: Sequence[str]


class VariantDetails(Body, frozen=True, kw_only=True):
    """What may be said of a variant; what is left out stays, or is as for a new one.

    `prices` are set beside those that are there. `on_hand` and `backorder` are set when given.
    """

    title: str | msgspec.UnsetType = msgspec.UNSET
    options: Mapping[str, str] | msgspec.UnsetType = msgspec.UNSET
    prices: Sequence[PriceInput] = ()
    tax_class: str | msgspec.UnsetType = msgspec.UNSET
    tracked: bool | None = None
    weight_grams: int | msgspec.UnsetType | None = msgspec.UNSET
    image: str | msgspec.UnsetType | None = msgspec.UNSET
    position: int | msgspec.UnsetType = msgspec.UNSET
    metadata: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET
    on_hand: int | None = None
    backorder: bool | None = None


class VariantInput(VariantDetails, frozen=True, kw_only=True):
    """A variant by its SKU."""

    sku: str


class VariantEntry(VariantInput, frozen=True, kw_only=True):
    """A variant to be added; with `version`, only if the product is in it."""

    version: int | msgspec.UnsetType = msgspec.UNSET


class VariantChange(VariantDetails, frozen=True, kw_only=True):
    """What to change of a variant; with `version`, only if the product is in it."""

    sku: str | msgspec.UnsetType = msgspec.UNSET
    version: int | msgspec.UnsetType = msgspec.UNSET


def new_price(given: PriceInput) -> NewPrice:
    """A price as the catalog takes it."""
    return NewPrice(**msgspec.structs.asdict(given))


def new_variant(given: VariantDetails, sku: str, base: str) -> NewVariant:
    """A variant as the catalog takes it, for a host at `base`; what was left out stays unset."""
    return NewVariant(
        sku=sku,
        title=given.title,
        options=given.options,
        prices=[new_price(one) for one in given.prices],
        tax_class=given.tax_class,
        tracked=msgspec.UNSET if given.tracked is None else given.tracked,
        weight_grams=given.weight_grams,
        image=relative(base, given.image) if given.image else given.image,
        position=given.position,
        metadata=given.metadata,
    )


def options_of(given: Sequence[OptionInput]) -> list[Option]:
    """Options as the catalog takes them."""
    return [Option(one.name, one.values) for one in given]
