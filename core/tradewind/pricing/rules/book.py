"""What a store's own price tables hold, and which entries are acceptable. Amounts: minor units."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Literal
from uuid import UUID

import msgspec

from tradewind.catalog.rules import refuse
from tradewind.contracts.errors import FieldError

PromotionKind = Literal["percentage", "fixed", "free_shipping", "buy_x_get_y"]


class TaxRate(msgspec.Struct, frozen=True, kw_only=True):
    """A tax; `rate` is in percent. `tax_shipping`: it is due on the delivery as well.

    It holds for the whole region, or for the country, province or postal codes that it names.
    """

    id: UUID
    region_id: UUID
    name: str
    rate: Decimal
    tax_class: str
    tax_shipping: bool
    country_code: str | None = None
    province: str | None = None
    postal_prefix: str | None = None


class WeightBand(msgspec.Struct, frozen=True, kw_only=True):
    """What a parcel costs that weighs more than `over_grams` and at most `up_to_grams`.

    Without `up_to_grams` there is no heaviest; `over_grams` 0 is where the lightest begin.
    """

    price: int
    over_grams: int = 0
    up_to_grams: int | None = None


class ShippingRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For which carts a delivery option is offered, what it costs by weight, when it is free.

    `minimum`, `maximum` and `free_from` are compared with the subtotal before promotions; the first
    two may be met exactly. Without `country_codes` it is for every country of the region. With
    `weight_bands`, each beginning where the one before it ends, the option's own price is that of
    carts whose weight is not known.
    """

    minimum: int | None = None
    maximum: int | None = None
    free_from: int | None = None
    country_codes: Sequence[str] = ()
    weight_bands: Sequence[WeightBand] = ()


class BuiltInShipping(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery option of the store itself; `rules` say for which carts it is offered."""

    id: UUID
    region_id: UUID
    name: str
    price: int
    estimate: str
    rules: ShippingRules
    position: int


class PromotionRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which lines a promotion is about, and how far it goes; empty lists mean no limit.

    `buy` and `get` are the units of `buy_x_get_y`: who buys `buy` gets `get` more at the
    promotion's percentage off. `maximum` caps the whole discount.
    """

    skus: Sequence[str] = ()
    category_ids: Sequence[UUID] = ()
    region_ids: Sequence[UUID] = ()
    country_codes: Sequence[str] = ()
    buy: int = 1
    get: int = 1
    maximum: int | None = None


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """A discount, with a code that the shopper enters or without.

    `value`: percent for `percentage` and `buy_x_get_y`, minor units of `currency` for `fixed`,
    unused for `free_shipping`. `minimum` is the least subtotal of the cart. `used` counts the
    orders that stand, `used_by_shopper` those of the shopper in question.
    """

    id: UUID
    title: str
    kind: PromotionKind
    value: Decimal
    code: str | None = None
    currency: str | None = None
    minimum: int | None = None
    usage_limit: int | None = None
    limit_per_customer: int | None = None
    stackable: bool = False
    priority: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    rules: PromotionRules = PromotionRules()
    used: int = 0
    used_by_shopper: int = 0


class PriceBook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A store's own tables for one region, and the promotions that one cart may get.

    `version` is the store's `pricing_version`: whatever was computed from another one is void.
    `countries` are those of the region, in lower case; `credits` may pay for the cart.
    """

    version: int = 0
    countries: Sequence[str] = ()
    inclusive: bool = False
    rounding: Literal["unit", "line"] = "line"
    rates: Sequence[TaxRate] = ()
    options: Sequence[BuiltInShipping] = ()
    promotions: Sequence[Promotion] = ()
    credits: int = 0


def percent(text: str | Decimal) -> Decimal:
    """A tax rate in percent, 0 to under 100 with at most six decimals. Raises InvalidInput."""
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal(-1)
    if not rate.is_finite() or not 0 <= rate < 100 or rate != round(rate, 6):
        message = "A percentage of 0 to under 100 with at most six decimals."
        refuse([FieldError("rate", "invalid", message)])
    return rate
