"""What a cart is and which changes it takes. Amounts are minor units of the cart's currency."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tradewind.catalog.rules import LARGEST_AMOUNT, Kind, Region, full_title, refuse
from tradewind.contracts.errors import (
    CartMerged,
    Conflict,
    FieldError,
    InvalidInput,
    NotFound,
    OutOfStock,
)
from tradewind.contracts.pricing import Address, QuoteLine, QuoteRequest
from tradewind.pricing.rules import LineAdjustment

MOST_PER_LINE = 100_000
MOST_LINES = 500
LARGEST_LINE = LARGEST_AMOUNT
"""What a line may come to; then all lines of a cart, with their taxes, fit into a bigint."""
LARGEST_METADATA = 16_384
MOST_CREDITS = 1_000_000
CartStatus = Literal["open", "completed", "expired", "merged"]
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\"]{2,}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,24}")


class ShippingMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A way to deliver; `plugin` is "" for the store's own options."""

    plugin: str
    id: str
    name: str
    price: int
    estimate: str = ""

    @property
    def option_id(self) -> str:
        """How a client names this option."""
        return f"{self.plugin}:{self.id}" if self.plugin else self.id


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line at today's catalog price; `sellable` is false once it can no longer be bought."""

    id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    title: str
    kind: Kind
    quantity: int
    unit_price: int
    subtotal: int
    discount: int
    tax: int
    total: int
    tax_class: str
    tracked: bool
    options: Mapping[str, str] = {}
    adjustments: Sequence[LineAdjustment] = ()
    sellable: bool = True
    image: str | None = None
    weight_grams: int | None = None


NoteCode = Literal[
    "quantity_capped",
    "no_price",
    "too_many_lines",
    "address_dropped",
    "metadata_dropped",
    "codes_dropped",
    "not_quoted",
]


class CartNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a merge could not bring along. `kept` of `wanted` units are in the cart.

    `not_quoted` is of an answer alone: what the cart comes to could not be found out.
    """

    code: NoteCode
    variant_id: UUID | None = None
    sku: str = ""
    title: str = ""
    wanted: int = 0
    kept: int = 0


class CodeStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a code on a cart: what it takes off in all, or why nothing.

    `missing` is what the subtotal lacks of the promotion's minimum, 0 where that is not the reason.
    """

    code: str
    title: str
    applied: bool
    amount: int = 0
    reason: str | None = None
    missing: int = 0


class CreditStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's credits: how many they have, and how many of these pay for the cart."""

    available: int
    applied: int


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart as it stands. Until it is `quoted` its totals hold neither tax nor discounts.

    `pricing_version` is that of the store's price tables when the cart was read; `promotions` says
    of each code, once the cart was priced, what became of it. `last_total` is what this version of
    the cart came to when it was last quoted, though prices may have moved since. At most
    `credits_wanted` credits pay for it; `credits` says, of a customer's cart that was priced, what
    became of that.
    """

    id: UUID
    version: int
    status: CartStatus
    region: Region
    currency: str
    source: str
    locale: str
    lines: Sequence[CartLine]
    subtotal: int
    discount_total: int
    shipping_total: int
    tax_total: int
    total: int
    quoted: bool
    expires_at: datetime
    created_at: datetime
    email: str | None = None
    phone: str | None = None
    customer_id: UUID | None = None
    session_id: str | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_method: ShippingMethod | None = None
    codes: Sequence[str] = ()
    metadata: Mapping[str, Any] = {}
    quote_flags: Sequence[str] = ()
    adjustments: Sequence[LineAdjustment] = ()
    repriced: bool = False
    notes: Sequence[CartNote] = ()
    merged_into: UUID | None = None
    pricing_version: int = 0
    promotions: Sequence[CodeStanding] = ()
    last_total: int | None = None
    credits_wanted: int = 0
    credits: CreditStanding | None = None

    @property
    def region_id(self) -> UUID:
        """The region whose currency, tax and delivery apply."""
        return self.region.id


class NewCart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart to be opened; without region and currency it takes the store's default region."""

    source: str
    region_id: UUID | None = None
    currency: str | None = None
    session_id: str | None = None
    customer_id: UUID | None = None
    email: str | None = None
    phone: str | None = None
    locale: str = "en"
    metadata: Mapping[str, Any] = {}


class CartUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; what is left unset stays. `metadata` is merged key by key."""

    email: str | msgspec.UnsetType | None = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET
    customer_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    region_id: UUID | msgspec.UnsetType = msgspec.UNSET
    shipping_address: Address | msgspec.UnsetType | None = msgspec.UNSET
    billing_address: Address | msgspec.UnsetType | None = msgspec.UNSET
    shipping_method: ShippingMethod | msgspec.UnsetType | None = msgspec.UNSET
    codes: Sequence[str] | msgspec.UnsetType = msgspec.UNSET
    credits_wanted: int | msgspec.UnsetType = msgspec.UNSET
    locale: str | msgspec.UnsetType = msgspec.UNSET
    metadata: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a cart can have of a variant: its price, what is free, what the cart has of it."""

    variant_id: UUID
    sku: str
    tracked: bool
    price: int | None
    published: bool
    available: int
    backorder: bool
    in_cart: int
    own_hold: int

    @property
    def left(self) -> int:
        """How many the cart may have in all; counts only where stock is tracked."""
        return max(0, self.available + self.own_hold)

    def short(self, wanted: int) -> bool:
        """Whether the cart cannot have `wanted` units in all."""
        return self.tracked and not self.backorder and self.left < wanted


class StoredLine(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A line as the database gives it: what was stored and what the catalog says now."""

    id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    product_title: str
    variant_title: str
    kind: Kind
    quantity: int
    stored_price: int
    live_price: int | None
    published: bool
    subtotal: int
    discount: int
    tax: int
    total: int
    tax_class: str
    tracked: bool
    options: Mapping[str, str]
    image: str | None
    weight_grams: int | None

    @property
    def drifted(self) -> bool:
        """Whether the catalog has moved on since the line was last priced."""
        return self.stored_price != self.live_price or not self.published

    @property
    def price(self) -> int | None:
        """What a unit costs now; None where so many cannot be had, at any price or at this one."""
        return self.live_price if fits(self.live_price, self.quantity) else None


def fits(price: int | None, quantity: int) -> bool:
    """Whether so many units at a price come to what a line may come to."""
    return price is not None and price * quantity <= LARGEST_LINE


def lines_of(
    stored: Sequence[StoredLine], adjustments: Sequence[LineAdjustment], *, quoted: bool
) -> list[CartLine]:
    """Lines at catalog prices; with their quoted figures where the quote still holds."""
    return [_line(one, adjustments if quoted else (), quoted=quoted) for one in stored]


def _line(one: StoredLine, adjustments: Sequence[LineAdjustment], *, quoted: bool) -> CartLine:
    unit_price = one.stored_price if one.price is None else one.price
    subtotal = one.subtotal if quoted else unit_price * one.quantity
    return CartLine(
        id=one.id,
        variant_id=one.variant_id,
        product_id=one.product_id,
        sku=one.sku,
        title=full_title(one.product_title, one.variant_title),
        kind=one.kind,
        quantity=one.quantity,
        unit_price=unit_price,
        subtotal=subtotal,
        discount=one.discount if quoted else 0,
        tax=one.tax if quoted else 0,
        total=one.total if quoted else subtotal,
        tax_class=one.tax_class,
        tracked=one.tracked,
        options=one.options,
        adjustments=[entry for entry in adjustments if entry.line_id == str(one.id)],
        sellable=one.published and one.price is not None,
        image=one.image,
        weight_grams=one.weight_grams,
    )


def quote_request(
    cart: Cart, categories: Mapping[UUID, Sequence[str]] | None = None
) -> QuoteRequest:
    """A cart as hooks see it, before any adjustment; `categories` are those of its products."""
    known = categories or {}
    return QuoteRequest(
        cart_id=cart.id,
        version=cart.version,
        currency=cart.currency,
        region_id=cart.region.id,
        tax_inclusive=cart.region.tax_inclusive,
        lines=[
            QuoteLine(
                line_id=str(line.id),
                sku=line.sku,
                kind=line.kind,
                tax_class=line.tax_class,
                quantity=line.quantity,
                unit_price=line.unit_price,
                subtotal=line.unit_price * line.quantity,
                product_id=str(line.product_id),
                category_ids=known.get(line.product_id, ()),
                weight_grams=line.weight_grams,
            )
            for line in cart.lines
        ],
        shipping=cart.shipping_method.price if cart.shipping_method else 0,
        address=cart.shipping_address,
        email=cart.email,
        codes=cart.codes,
        metadata=cart.metadata,
    )


def check_quantity(quantity: int, *, least: int = 1) -> int:
    """A quantity a line may have. Raises InvalidInput."""
    if least <= quantity <= MOST_PER_LINE:
        return quantity
    raise InvalidInput(
        f"A quantity is from {least} to {MOST_PER_LINE}.",
        errors=[FieldError("quantity", "out_of_range", f"From {least} to {MOST_PER_LINE}.")],
    )


def check_offer(offer: Offer | None, wanted: int) -> int:
    """The unit price, when the cart may have `wanted` units in all.

    Raises NotFound `unknown_variant`, Conflict `line_unavailable`, InvalidInput, OutOfStock.
    """
    if offer is None or not offer.published:
        raise NotFound("This is not sold here.", code="unknown_variant")
    if offer.price is None:
        raise Conflict(f"{offer.sku} has no price in this currency.", code="line_unavailable")
    check_quantity(wanted)
    if not fits(offer.price, wanted):
        raise too_much()
    if offer.short(wanted):
        raise OutOfStock(offer.sku, offer.left)
    return offer.price


def too_much() -> InvalidInput:
    """So many units come to more than a line may come to, or are more than it may have."""
    words = f"A line has at most {MOST_PER_LINE} units, and comes to at most {LARGEST_LINE}."
    return InvalidInput(words, errors=[FieldError("quantity", "amount_too_large", words)])


def check_open(cart: Cart) -> None:
    """Raises Conflict `cart_completed` for a cart that takes no change any more; CartMerged."""
    if cart.status == "merged" and cart.merged_into is not None:
        raise CartMerged(cart.merged_into)
    if cart.status != "open":
        raise Conflict("This cart is closed.", code="cart_completed")


def check_of_customer(cart: Cart) -> None:
    """Raises Conflict `cart_of_guest` for a cart whose customer is not known."""
    if cart.customer_id is None:
        raise Conflict("Credits are a customer's: sign in first.", code="cart_of_guest")


def check_lines(cart: Cart, most: int) -> None:
    """Raises Conflict `too_many_lines` for a cart with more than `most` lines."""
    if len(cart.lines) > most:
        raise Conflict(f"A cart has at most {MOST_LINES} lines.", code="too_many_lines")


def updated(cart: Cart, change: CartUpdate, region: Region) -> Cart:
    """The cart with the change in it.

    Another region drops the delivery option chosen before, and an address it does not reach;
    another customer has other credits.
    """
    given = {
        name: value
        for name in change.__struct_fields__
        if (value := getattr(change, name)) is not msgspec.UNSET
    }
    if given.pop("region_id", cart.region.id) != cart.region.id:
        given.setdefault("shipping_method", None)
        address = cart.shipping_address
        if address is not None and address.country_code not in region.countries:
            given.setdefault("shipping_address", None)
    if given.get("customer_id", cart.customer_id) != cart.customer_id:
        given["credits_wanted"] = 0
    if "metadata" in given:
        given["metadata"] = {**cart.metadata, **given["metadata"]}
    return msgspec.structs.replace(cart, region=region, currency=region.currency, **given)


def email_address(text: str) -> str | None:
    """The text as an e-mail address, or None when it is none."""
    plain = text.strip()
    return plain if len(plain) <= 254 and _EMAIL.fullmatch(plain) else None


def check_update(change: CartUpdate, after: Cart) -> None:
    """Raises InvalidInput naming every field that is not acceptable in the cart as it would be."""
    errors = contact_errors(change.email, change.phone)
    if isinstance(change.shipping_address, Address):
        errors += address_errors("shipping_address", change.shipping_address)
        if change.shipping_address.country_code not in after.region.countries:
            message = "Nothing is sent to this country."
            errors.append(FieldError("shipping_address.country_code", "not_served", message))
    if isinstance(change.billing_address, Address):
        errors += address_errors("billing_address", change.billing_address)
    if not isinstance(change.metadata, msgspec.UnsetType):
        errors += metadata_errors(after.metadata)
    refuse(errors)


def contact_errors(
    email: str | msgspec.UnsetType | None, phone: str | msgspec.UnsetType | None
) -> list[FieldError]:
    """What is wrong with the ways to reach a shopper; one that is not given is none."""
    errors = []
    if email and email_address(email) is None:
        errors.append(FieldError("email", "invalid", "Not an e-mail address."))
    if phone and not _PHONE.fullmatch(phone):
        errors.append(FieldError("phone", "invalid", "Not a phone number."))
    return errors


def address_errors(path: str, address: Address) -> list[FieldError]:
    """What is wrong with an address."""
    required = ("first_name", "address_1", "city")
    errors = [
        FieldError(f"{path}.{name}", "required", "This is needed.")
        for name in required
        if not getattr(address, name).strip()
    ]
    if not re.fullmatch("[a-z]{2}", address.country_code):
        message = "ISO 3166, two lower case letters."
        errors.append(FieldError(f"{path}.country_code", "invalid", message))
    too_long = [n for n in address.__struct_fields__ if len(getattr(address, n) or "") > 200]
    return [
        *errors,
        *(FieldError(f"{path}.{n}", "too_long", "At most 200 characters.") for n in too_long),
    ]


def metadata_errors(metadata: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with metadata: it is kept small."""
    if len(msgspec.json.encode(metadata)) > LARGEST_METADATA:
        return [FieldError("metadata", "too_large", f"At most {LARGEST_METADATA} bytes.")]
    return []
