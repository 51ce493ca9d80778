"""What tax, shipping, price and risk plugins and the engine exchange. Amounts are minor units."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A postal address; `country_code` is ISO 3166 alpha-2 in lower case."""

    first_name: str
    last_name: str
    address_1: str
    city: str
    country_code: str
    company: str | None = None
    address_2: str | None = None
    province: str | None = None
    postal_code: str | None = None
    phone: str | None = None


class QuoteLine(msgspec.Struct, frozen=True, kw_only=True):
    """One cart line before hooks: `subtotal` is quantity times unit price.

    `category_ids` are the categories of its product, `weight_grams` is what one unit weighs, None
    where the store does not say.
    """

    line_id: str
    sku: str
    kind: str
    tax_class: str
    quantity: int
    unit_price: int
    subtotal: int
    discount: int = 0
    product_id: str = ""
    category_ids: Sequence[str] = ()
    weight_grams: int | None = None


class QuoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A cart as tax, shipping and price hooks see it."""

    cart_id: UUID
    version: int
    currency: str
    region_id: UUID
    tax_inclusive: bool
    lines: Sequence[QuoteLine]
    shipping: int
    address: Address | None
    email: str | None
    codes: Sequence[str] = ()
    metadata: Mapping[str, Any] = {}


class TaxLine(msgspec.Struct, frozen=True, kw_only=True):
    """The tax on one line; `line_id` is "shipping" for the delivery. `rate` is 0.16 for 16 %."""

    line_id: str
    name: str
    rate: Decimal
    amount: int


class TaxQuote(msgspec.Struct, frozen=True, kw_only=True):
    """The tax of a whole cart."""

    lines: Sequence[TaxLine]


class ShippingOption(msgspec.Struct, frozen=True, kw_only=True):
    """A way to deliver; `id` is unique within the plugin that offers it."""

    id: str
    name: str
    price: int
    estimate: str = ""


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """A change of price on one line ("shipping" for the delivery); discounts are negative.

    `reference` is the giver's own id of the reason, such as a promotion's.
    """

    line_id: str
    code: str
    title: str
    amount: int
    reference: str = ""


class RiskQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that is about to be started."""

    cart_id: UUID
    amount: int
    currency: str
    provider: str
    method: str
    email: str | None
    phone: str | None
    channel: str
    network_address: str | None = None


class RiskAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`veto` stops the payment; `review` lets it pass and opens a case."""

    verdict: Literal["allow", "review", "veto"]
    reason: str = ""


class ChatQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Words that no command matched."""

    conversation_id: UUID
    channel: str
    locale: str
    text: str


class ChatIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What the words meant: a command of the chat with its argument, or a plain answer."""

    command: str | None = None
    argument: str = ""
    answer: str | None = None
