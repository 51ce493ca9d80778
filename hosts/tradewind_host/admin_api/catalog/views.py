"""A product as its keeper sees it, and what is done at the end of every change of one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.catalog.rules import (
    KeptProduct,
    KeptVariant,
    Kind,
    Option,
    Price,
    ProductStatus,
    counting,
    inferred,
)
from tradewind.catalog.service import Changed
from tradewind.contracts.money import Money
from tradewind.database import Transaction
from tradewind.inventory.service import set_level
from tradewind.settings.service import audit
from tradewind_host.access import Access
from tradewind_host.admin_api.catalog.bodies import VariantDetails
from tradewind_host.changes import changes
from tradewind_host.media import absolute
from tradewind_host.store_api.catalog import CategoryName, default_currency

_UNTOLD = ("version", "updated_at", "variants")
_STOCK = ("available", "backorder")


class AdminVariantView(msgspec.Struct, frozen=True, kw_only=True):
    """A variant with all its prices.

    `price` is what counts now in the currency asked for, without a region; `available` is null
    where stock is not counted. `weight_grams` are grams.
    """

    id: UUID
    sku: str
    title: str
    options: Mapping[str, str]
    price: Money | None
    prices: Sequence[Price]
    available: int | None
    backorder: bool
    tracked: bool
    tax_class: str
    weight_grams: int | None
    image: str | None
    position: int
    metadata: Mapping[str, Any]


class AdminProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product as its keeper sees it.

    `options` are those declared, or else those its variants name. `archived_variants` are off sale.
    """

    id: UUID
    title: str
    handle: str
    kind: Kind
    status: ProductStatus
    description: str
    images: Sequence[str]
    options: Sequence[Option]
    categories: Sequence[CategoryName]
    variants: Sequence[AdminVariantView]
    archived_variants: Sequence[AdminVariantView]
    metadata: Mapping[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


class Showing(msgspec.Struct, frozen=True, kw_only=True):
    """How products are shown: prices in which currency, addresses below which base, when."""

    base: str
    currency: str
    now: datetime


async def showing(access: Access, tx: Transaction, currency: str | None = None) -> Showing:
    """How this request wants products shown; in the store's currency unless it says another."""
    return Showing(
        base=access.engine.public_url, currency=currency or await default_currency(tx), now=tx.now
    )


def product_view(product: KeptProduct, how: Showing) -> AdminProductView:
    """A product as it travels."""
    views = {one.id: variant_view(one, how) for one in product.variants}
    live = product.live
    return AdminProductView(
        id=product.id,
        title=product.title,
        handle=product.handle,
        kind=product.kind,
        status=product.status,
        description=product.description,
        images=[absolute(how.base, image) for image in product.images],
        options=product.options or inferred([one.options for one in live]),
        categories=[
            CategoryName(id=one.id, name=one.name, handle=one.handle) for one in product.categories
        ],
        variants=[views[one.id] for one in live],
        archived_variants=[views[one.id] for one in product.variants if one.archived],
        metadata=product.metadata,
        version=product.version,
        created_at=product.created_at,
        updated_at=product.updated_at,
    )


def variant_view(variant: KeptVariant, how: Showing) -> AdminVariantView:
    """A variant as it travels."""
    price = counting(variant.prices, how.currency, None, how.now)
    return AdminVariantView(
        id=variant.id,
        sku=variant.sku,
        title=variant.title,
        options=variant.options,
        price=None if price is None else Money(price.amount, price.currency),
        prices=variant.prices,
        available=variant.available,
        backorder=variant.backorder,
        tracked=variant.tracked,
        tax_class=variant.tax_class,
        weight_grams=variant.weight_grams,
        image=None if variant.image is None else absolute(how.base, variant.image),
        position=variant.position,
        metadata=variant.metadata,
    )


async def stock(access: Access, tx: Transaction, given: Mapping[str, VariantDetails]) -> None:
    """Set the stock that came with variants, by their SKUs."""
    for sku, one in given.items():
        if one.on_hand is not None or one.backorder is not None:
            await set_level(
                tx, sku, on_hand=one.on_hand, backorder=one.backorder, actor=access.actor
            )


async def record(access: Access, tx: Transaction, action: str, changed: Changed) -> None:
    """Write what was changed of a product into the audit log."""
    detail = changes(_told(changed.before), _told(changed.after))
    await audit(tx, access.actor, action, "product", str(changed.after.id), detail)


def _told(product: KeptProduct) -> dict[str, Any]:
    fields = msgspec.to_builtins(product)
    variants = {str(one["id"]): one for one in fields["variants"]}
    for one in variants.values():
        for name in _STOCK:
            del one[name]
    told = {name: value for name, value in fields.items() if name not in _UNTOLD}
    return {**told, "variants": variants}
