"""Keeping products, their variants and their prices."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

from tradewind.catalog import queries
from tradewind.catalog.rules import (
    NewProduct,
    NewVariant,
    Product,
    ProductUpdate,
    handle_of,
    product_errors,
    refuse,
    search_words,
)
from tradewind.catalog.service.browsing import get_product
from tradewind.catalog.service.shelves import known_categories
from tradewind.contracts.errors import Conflict
from tradewind.database import Transaction

V = TypeVar("V")


async def create_product(tx: Transaction, new: NewProduct) -> Product:
    """Add a product with its variants and prices; stock is set by the inventory.

    Raises InvalidInput, NotFound (category), Conflict `handle_taken` or `sku_taken`.
    """
    refuse(product_errors(new))
    names = await known_categories(tx, new.category_ids)
    owners = await queries.sku_owners(tx, [one.sku for one in new.variants])
    if owners:
        raise Conflict(f"The SKU {min(owners)} is taken.", code="sku_taken")
    product_id = tx.new_id()
    handle = new.handle or handle_of(new.title) or str(product_id)
    if not await queries.insert_product(tx, product_id, handle, new):
        raise Conflict(f"The handle {handle} is taken.", code="handle_taken")
    await queries.set_categories(tx, product_id, list(names))
    await queries.upsert_variants(tx, product_id, new.kind, new.variants, {})
    words = search_words(new.title, new.description, names.values(), new.variants)
    await queries.set_search_words(tx, product_id, words)
    return await get_product(
        tx, str(product_id), currency=_any_currency(new.variants), published_only=False
    )


async def update_product(
    tx: Transaction, product_id: UUID, change: ProductUpdate, *, currency: str
) -> Product:
    """Change a product; a list of variants replaces the present one, matched by SKU.

    Raises NotFound, InvalidInput, Conflict `handle_taken` or `sku_taken`.
    """
    old = await get_product(tx, str(product_id), currency=currency, published_only=False)
    new = _merged(old, change)
    refuse(product_errors(new))
    names = await known_categories(tx, new.category_ids)
    if change.variants is not msgspec.UNSET:
        owners = await queries.sku_owners(tx, [one.sku for one in new.variants])
        if any(owner != product_id for _, owner in owners.values()):
            raise Conflict("A SKU of the list is taken.", code="sku_taken")
        known = {sku: variant_id for sku, (variant_id, _) in owners.items()}
        await queries.archive_variants(tx, product_id, keep=list(known.values()))
        await queries.upsert_variants(tx, product_id, new.kind, new.variants, known)
    if not await queries.update_product(tx, product_id, new):
        raise Conflict(f"The handle {new.handle} is taken.", code="handle_taken")
    await queries.set_categories(tx, product_id, list(names))
    words = search_words(new.title, new.description, names.values(), new.variants)
    await queries.set_search_words(tx, product_id, words)
    return await get_product(tx, str(product_id), currency=currency, published_only=False)


def _merged(old: Product, change: ProductUpdate) -> NewProduct:
    kept = [
        NewVariant(sku=one.sku, title=one.title, options=one.options, tax_class=one.tax_class)
        for one in old.variants
    ]
    return NewProduct(
        title=_or(change.title, old.title),
        handle=_or(change.handle, old.handle),
        kind=_or(change.kind, old.kind),
        status=_or(change.status, old.status),
        description=_or(change.description, old.description),
        images=_or(change.images, old.images),
        category_ids=_or(change.category_ids, [one.id for one in old.categories]),
        variants=_or(change.variants, kept),
    )


def _or(value: V | msgspec.UnsetType, otherwise: V) -> V:
    return otherwise if isinstance(value, msgspec.UnsetType) else value


def _any_currency(variants: Sequence[NewVariant]) -> str:
    return next((price.currency for one in variants for price in one.prices), "")
