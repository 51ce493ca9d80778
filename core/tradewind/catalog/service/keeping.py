"""Keeping products. Whoever changes one holds its row, so that changes come one after another."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from tradewind.catalog import queries
from tradewind.catalog.pictures import service as pictures
from tradewind.catalog.pictures.rules import own
from tradewind.catalog.rules import (
    KeptProduct,
    NewProduct,
    NewVariant,
    Page,
    Product,
    ProductStatus,
    ProductUpdate,
    Sought,
    VariantFields,
    filled,
    handle_of,
    product_errors,
    refuse,
    settled,
)
from tradewind.catalog.search import service as search
from tradewind.catalog.service.browsing import get_product, id_of, offset_of, page_size
from tradewind.catalog.service.prices import refuse_ambiguous, write_prices
from tradewind.catalog.service.shelves import known_categories
from tradewind.contracts.errors import Conflict, FieldError, NotFound
from tradewind.database import Transaction
from tradewind.settings.service import pricing_changed

MOST_AT_ONCE = 200
MOST_FOUND = 1000
V = TypeVar("V")


class Changed(NamedTuple):
    """A product before and after a change."""

    before: KeptProduct
    after: KeptProduct


async def list_kept(
    tx: Transaction, sought: Sought, *, limit: int = 50, cursor: str | None = None
) -> Page[KeptProduct]:
    """A page of products in any state, oldest first; with words, what sounds like them, best first.

    Raises InvalidInput.
    """
    size = page_size(limit)
    if sought.words:
        skip = offset_of(cursor)
        ids = await search.find(tx, sought.words, sought.category_id, MOST_FOUND)
        found = await queries.kept_among(tx, sought, ids, skip, size + 1)
        return Page(found[:size], str(skip + size) if len(found) > size else None)
    found = await queries.kept_products(tx, sought, id_of(cursor), size + 1)
    return Page(found[:size], str(found[size - 1].id) if len(found) > size else None)


async def kept_product(tx: Transaction, product_id: UUID) -> KeptProduct:
    """One product in any state. Raises NotFound."""
    found = await queries.these_products(tx, [product_id])
    if not found:
        raise _no_product()
    return found[0]


async def locked_product(
    tx: Transaction, product_id: UUID, version: int | msgspec.UnsetType = msgspec.UNSET
) -> KeptProduct:
    """A product that nobody else changes until the end.

    Raises NotFound, and Conflict `product_changed` when it is not in the version expected.
    """
    present = (await queries.lock_products(tx, [product_id])).get(product_id)
    if present is None:
        raise _no_product()
    if version not in {msgspec.UNSET, present}:
        raise Conflict("The product was changed meanwhile; look again.", code="product_changed")
    return await kept_product(tx, product_id)


async def create_product(tx: Transaction, new: NewProduct) -> Product:
    """Add a product with its variants and prices; stock is set by the inventory.

    Raises InvalidInput, NotFound (category), Conflict `handle_taken` or `sku_taken`.
    """
    refuse([*product_errors(new), *_publishing_errors(new)])
    names = await known_categories(tx, new.category_ids)
    if owners := await queries.sku_owners(tx, [one.sku for one in new.variants]):
        raise sku_taken(min(owners))
    new = await _with_own_pictures(tx, new)
    product_id = tx.new_id()
    handle = new.handle or handle_of(new.title) or str(product_id)
    if not await queries.insert_product(tx, product_id, handle, new):
        raise _handle_taken(handle)
    await queries.set_categories(tx, product_id, list(names))
    variants = [
        settled(one, tx.new_id(), new.kind, place) for place, one in enumerate(new.variants)
    ]
    await write_variants(tx, product_id, new.variants, variants)
    await pictures.want(tx, [(product_id, image) for image in new.images])
    await search.index(tx, [product_id])
    return await get_product(
        tx, str(product_id), currency=_any_currency(new.variants), published_only=False
    )


async def update_product(
    tx: Transaction, product_id: UUID, change: ProductUpdate, *, currency: str
) -> Product:
    """As `change_product`, for one that is not archived; it comes back as a shop shows it."""
    await change_product(tx, product_id, change)
    return await get_product(tx, str(product_id), currency=currency, published_only=False)


async def change_product(tx: Transaction, product_id: UUID, change: ProductUpdate) -> Changed:
    """Change a product; a list of variants replaces the present one, matched by SKU.

    What is not sent stays, also of variants that are listed. Raises NotFound, InvalidInput,
    Conflict `handle_taken`, `sku_taken`, `nothing_to_sell` or `product_changed`.
    """
    old = await locked_product(tx, product_id, change.version)
    new = _merged(old, change)
    refuse(product_errors(new))
    new = await _with_own_pictures(tx, new)
    shelves = None
    if change.category_ids is not msgspec.UNSET:
        going = {one.id for one in old.categories if one.deleting}
        shelves = await known_categories(tx, [one for one in new.category_ids if one not in going])
    if change.variants is not msgspec.UNSET:
        await _replace_variants(tx, old, new)
    if not await queries.update_product(tx, product_id, new):
        raise _handle_taken(new.handle or "")
    if shelves is not None:
        await queries.set_categories(tx, product_id, list(shelves))
    await pictures.want(tx, [(product_id, image) for image in new.images])
    kept = await kept_product(tx, product_id)
    if new.status == "published":
        refuse_unsellable(kept, tx.now, before=old)
    await void_quotes(tx, old, kept)
    await search.index(tx, [product_id])
    return Changed(old, kept)


async def archive_product(tx: Transaction, product_id: UUID) -> Changed:
    """Take a product off sale for good, or until it is published again; orders keep their lines.

    Raises NotFound.
    """
    (changed,) = await set_status(tx, [product_id], "archived")
    return changed


async def set_status(
    tx: Transaction, product_ids: Sequence[UUID], status: ProductStatus
) -> list[Changed]:
    """Publish, withdraw or archive several products: all of them, or none.

    Raises NotFound, InvalidInput, Conflict `nothing_to_sell`.
    """
    ids = list(dict.fromkeys(product_ids))
    if not 1 <= len(ids) <= MOST_AT_ONCE:
        refuse([FieldError("ids", "out_of_range", f"From 1 to {MOST_AT_ONCE}.")])
    if set(await queries.lock_products(tx, ids)) != set(ids):
        raise _no_product()
    before = await queries.these_products(tx, ids)
    for old in before if status == "published" else ():
        refuse_unsellable(old, tx.now, before=old)
    await queries.set_status(tx, ids, status)
    await search.index(tx, ids)
    after = await queries.these_products(tx, ids)
    return [Changed(old, new) for old, new in zip(before, after, strict=True)]


async def write_variants(
    tx: Transaction,
    product_id: UUID,
    entries: Sequence[NewVariant],
    variants: Sequence[VariantFields],
    path: str = "variants",
) -> None:
    """Store variants with the prices of their entries; our own copies stand in for pictures.

    Raises InvalidInput, Conflict `sku_taken` or `price_overlaps`.
    """
    copies = await pictures.kept(tx, [one.image for one in variants])
    variants = [_with_own_picture(one, copies) for one in variants]
    try:
        await queries.upsert_variants(tx, product_id, variants)
    except asyncpg.UniqueViolationError:
        raise sku_taken(variants[0].sku) from None
    await pictures.want(tx, [(product_id, one.image) for one in variants])
    above = [f"{path}.{place}." if path else "" for place, _ in enumerate(entries)]
    await refuse_ambiguous(
        tx, {f"{one}prices": entry.prices for one, entry in zip(above, entries, strict=True)}
    )
    pairs = zip(variants, entries, strict=True)
    await write_prices(tx, [(one.id, price) for one, entry in pairs for price in entry.prices])


async def void_quotes(tx: Transaction, before: KeptProduct, after: KeptProduct) -> None:
    """Have carts priced anew when a product counts otherwise for taxes, deliveries, promotions."""
    if _counts_as(before) != _counts_as(after):
        await pricing_changed(tx)


def _counts_as(product: KeptProduct) -> object:
    categories = {one.id for one in product.categories}
    parts = {one.id: (one.sku, one.tax_class, one.weight_grams) for one in product.live}
    return product.kind, categories, parts


def refuse_unsellable(product: KeptProduct, now: datetime, *, before: KeptProduct) -> None:
    """Raises Conflict `nothing_to_sell` for a product that nobody could buy once it is published.

    One that was published so already may be changed in other ways.
    """
    was_so = before.status == "published" and not before.sellable(now)
    if not product.sellable(now) and not was_so:
        raise Conflict(
            f"{product.title} has no variant with a price; add one before it is published.",
            code="nothing_to_sell",
        )


def sku_taken(sku: str) -> Conflict:
    """Another variant has this SKU, perhaps an archived one."""
    return Conflict(f"The SKU {sku} is taken.", code="sku_taken")


async def _replace_variants(tx: Transaction, old: KeptProduct, new: NewProduct) -> None:
    owners = await queries.sku_owners(tx, [one.sku for one in new.variants])
    if foreign := [sku for sku, (_, owner) in owners.items() if owner != old.id]:
        raise sku_taken(min(foreign))
    variants = []
    for place, one in enumerate(new.variants):
        variant_id, _ = owners.get(one.sku.upper()) or (tx.new_id(), None)
        variants.append(settled(one, variant_id, new.kind, place))
    await queries.archive_variants(tx, old.id, keep=[one.id for one in variants])
    await write_variants(tx, old.id, new.variants, variants)


def _merged(old: KeptProduct, change: ProductUpdate) -> NewProduct:
    """All of a product as it is to be, with every field of its variants."""
    known = {one.sku.upper(): one for one in old.variants}
    if isinstance(change.variants, msgspec.UnsetType):
        variants = [filled(NewVariant(sku=one.sku), one) for one in old.live]
    else:
        variants = [_listed(one, known.get(one.sku.upper())) for one in change.variants]
    return NewProduct(
        title=_or(change.title, old.title),
        handle=_or(change.handle, old.handle),
        kind=_or(change.kind, old.kind),
        status=_or(change.status, old.status),
        description=_or(change.description, old.description),
        images=_or(change.images, old.images),
        category_ids=_or(change.category_ids, [one.id for one in old.categories]),
        options=_or(change.options, old.options),
        metadata={**old.metadata, **_or(change.metadata, {})},
        variants=variants,
    )


def _listed(entry: NewVariant, old: VariantFields | None) -> NewVariant:
    """An entry of a whole list: its place is that in the list unless it says another."""
    if old is None:
        return entry
    return msgspec.structs.replace(filled(entry, old), position=entry.position)


async def _with_own_pictures(tx: Transaction, new: NewProduct) -> NewProduct:
    """The product with our own copies in place of pictures that were fetched before."""
    copies = await pictures.kept(tx, new.images)
    if not copies:
        return new
    return msgspec.structs.replace(new, images=[own(image, copies) for image in new.images])


def _with_own_picture(variant: VariantFields, copies: Mapping[str, str]) -> VariantFields:
    if variant.image is None or not copies:
        return variant
    return msgspec.structs.replace(variant, image=own(variant.image, copies))


def _or(value: V | msgspec.UnsetType, otherwise: V) -> V:
    return otherwise if isinstance(value, msgspec.UnsetType) else value


def _any_currency(variants: Sequence[NewVariant]) -> str:
    return next((price.currency for one in variants for price in one.prices), "")


def _publishing_errors(new: NewProduct) -> list[FieldError]:
    if new.status != "published" or any(one.prices for one in new.variants):
        return []
    message = "Only what has a variant with a price can be published."
    return [FieldError("status", "nothing_to_sell", message)]


def _no_product() -> NotFound:
    return NotFound("There is no such product.")


def _handle_taken(handle: str) -> Conflict:
    return Conflict(f"The handle {handle} is taken.", code="handle_taken")
