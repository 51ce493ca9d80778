"""What two carts come to together. Nothing that either of them had is lost without a note."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec

from tradewind.carts.rules import (
    LARGEST_LINE,
    MOST_LINES,
    MOST_PER_LINE,
    Cart,
    CartLine,
    CartNote,
    CartStatus,
    ShippingMethod,
    metadata_errors,
)
from tradewind.catalog.rules import Region
from tradewind.contracts.pricing import Address
from tradewind.pricing.promotions.rules import MOST_CODES


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """A cart that is locked, as far as it matters whose it is."""

    id: UUID
    status: CartStatus
    customer_id: UUID | None
    session_id: str | None
    merged_into: UUID | None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the merged cart can have of a variant: its price there, and how many units in all.

    `most` is None where stock does not limit it.
    """

    price: int | None
    most: int | None


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """The cart that stays, as it will be; `lines` are variant, units and unit price."""

    region: Region
    lines: Sequence[tuple[UUID, int, int]]
    notes: Sequence[CartNote]
    email: str | None
    phone: str | None
    shipping_address: Address | None
    billing_address: Address | None
    shipping_method: ShippingMethod | None
    codes: Sequence[str]
    metadata: Mapping[str, Any]


def region_of(kept: Cart, absorbed: Cart) -> Region:
    """Where the merged cart is: where the shopper was looking, unless they saw nothing there."""
    return absorbed.region if absorbed.lines else kept.region


def merge(
    kept: Cart, absorbed: Cart, terms: Mapping[UUID, Terms], email: str | None = None
) -> Merged:
    """The customer's own cart `kept` with what a guest put in `absorbed`.

    What the customer had told before wins; `email` is theirs by proof, and fills a gap.
    """
    region = region_of(kept, absorbed)
    lines, notes = _lines(kept, absorbed, terms)
    metadata = {**absorbed.metadata, **kept.metadata}
    if metadata_errors(metadata):
        metadata = dict(kept.metadata)
        notes.append(CartNote(code="metadata_dropped"))
    codes = list(dict.fromkeys([*kept.codes, *absorbed.codes]))
    if len(codes) > MOST_CODES:
        notes.append(CartNote(code="codes_dropped"))
    told = [one for one in (kept.shipping_address, absorbed.shipping_address) if one is not None]
    reached = [one for one in told if one.country_code in region.countries]
    if told and not reached:
        notes.append(CartNote(code="address_dropped"))
    return Merged(
        region=region,
        lines=lines,
        notes=notes,
        email=kept.email or absorbed.email or email,
        phone=kept.phone or absorbed.phone,
        shipping_address=reached[0] if reached else None,
        billing_address=kept.billing_address or absorbed.billing_address,
        shipping_method=_method(kept, absorbed, region),
        codes=codes[:MOST_CODES],
        metadata=metadata,
    )


def _method(kept: Cart, absorbed: Cart, region: Region) -> ShippingMethod | None:
    """A way to deliver that was chosen in the region where the cart is now."""
    chosen = [one.shipping_method for one in (kept, absorbed) if one.region.id == region.id]
    return next((one for one in chosen if one is not None), None)


def _lines(
    kept: Cart, absorbed: Cart, terms: Mapping[UUID, Terms]
) -> tuple[list[tuple[UUID, int, int]], list[CartNote]]:
    lines: list[tuple[UUID, int, int]] = []
    notes: list[CartNote] = []
    currency = region_of(kept, absorbed).currency
    for one, own, other in _pairs(kept, absorbed):
        price = terms[one.variant_id].price
        if price is None and (kept if own else absorbed).currency == currency:
            price = one.unit_price
        wanted, quantity = own + other, _together(own, other, terms[one.variant_id].most)
        if price:
            quantity = min(quantity, LARGEST_LINE // price)
        if price is None or len(lines) == MOST_LINES:
            notes.append(_note("no_price" if price is None else "too_many_lines", one, wanted))
            continue
        lines.append((one.variant_id, quantity, price))
        if quantity < wanted:
            notes.append(_note("quantity_capped", one, wanted, quantity))
    return lines, notes


def _together(own: int, other: int, most: int | None) -> int:
    """Both quantities, within stock; but no fewer than one of the carts had before."""
    wanted = min(own + other, MOST_PER_LINE)
    return wanted if most is None else max(min(wanted, most), own, other)


def _pairs(kept: Cart, absorbed: Cart) -> Iterator[tuple[CartLine, int, int]]:
    """Each variant once, with the units it has in each cart; the customer's first."""
    own = {line.variant_id: line.quantity for line in kept.lines}
    other = {line.variant_id: line.quantity for line in absorbed.lines}
    every = {line.variant_id: line for line in chain(absorbed.lines, kept.lines)}
    for variant_id in dict.fromkeys([*own, *other]):
        yield every[variant_id], own.get(variant_id, 0), other.get(variant_id, 0)


def _note(code: Any, line: CartLine, wanted: int, kept: int = 0) -> CartNote:
    return CartNote(
        code=code,
        variant_id=line.variant_id,
        sku=line.sku,
        title=line.title,
        wanted=wanted,
        kept=kept,
    )
