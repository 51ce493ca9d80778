"""Reading the catalog and keeping it. Every call takes the store's open transaction first."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

from tradewind.catalog import queries
from tradewind.catalog.rules import (
    Category,
    NewProduct,
    NewRegion,
    NewVariant,
    Page,
    Product,
    ProductUpdate,
    Region,
    Variant,
    full_title,
    handle_of,
    product_errors,
    refuse,
    region_errors,
    search_words,
)
from tradewind.contracts.errors import Conflict, FieldError, InvalidInput, NotFound
from tradewind.contracts.money import Money
from tradewind.database import Transaction

MOST_PER_PAGE = 200
V = TypeVar("V")


async def list_products(
    tx: Transaction,
    *,
    currency: str,
    query: str | None = None,
    category_id: UUID | None = None,
    limit: int = 20,
    cursor: str | None = None,
    published_only: bool = True,
) -> Page[Product]:
    """A page of products, oldest first; with `query`, what sounds like it, best first.

    `category_id` includes the categories below it. One round trip. Raises InvalidInput.
    """
    size = _page_size(limit)
    words = (query or "").strip()
    if words:
        skip = _offset(cursor)
        found = await queries.search(
            tx, currency, words, category_id, skip, size + 1, published_only=published_only
        )
        return Page(found[:size], str(skip + size) if len(found) > size else None)
    after = _id(cursor)
    found = await queries.products(
        tx, currency, category_id, after, size + 1, published_only=published_only
    )
    return Page(found[:size], str(found[size - 1].id) if len(found) > size else None)


async def get_product(
    tx: Transaction, id_or_handle: str, *, currency: str, published_only: bool = True
) -> Product:
    """One product. Raises NotFound."""
    try:
        product_id = UUID(id_or_handle)
    except ValueError:
        product_id = None
    found = await queries.product(
        tx, currency, product_id, id_or_handle, published_only=published_only
    )
    if found is None:
        raise NotFound("There is no such product.")
    return found


async def list_categories(tx: Transaction) -> list[Category]:
    """Every category, in shelf order, with counts of published products."""
    return await queries.categories(tx)


async def list_regions(tx: Transaction) -> list[Region]:
    """Every region, the store's default first."""
    return await queries.regions(tx)


async def region_for(
    tx: Transaction, region_id: UUID | None = None, currency: str | None = None
) -> Region:
    """The region asked for, else the first with this currency, else the store's default.

    Raises NotFound for an unknown region, InvalidInput for a currency that no region has or for a
    region with another currency.
    """
    regions = await queries.regions(tx)
    if region_id is not None:
        regions = [one for one in regions if one.id == region_id]
        if not regions:
            raise NotFound("There is no such region.")
    if currency is not None:
        regions = [one for one in regions if one.currency == currency]
        if not regions:
            wrong = FieldError("currency_code", "unknown", f"Nothing is sold here in {currency}.")
            raise InvalidInput("Another currency is needed.", errors=[wrong])
    if not regions:
        raise Conflict("The store has no region yet.", code="no_region")
    return regions[0]


async def find_variant(tx: Transaction, sku: str, currency: str) -> Variant | None:
    """The published variant with this SKU in any case; its title names the product as well."""
    found = await queries.variant_by_sku(tx, sku, currency)
    if found is None:
        return None
    row, options = found
    return Variant(
        id=row["id"],
        product_id=row["product_id"],
        sku=row["sku"],
        title=full_title(row["product_title"], row["title"]),
        options=options,
        price=None if row["amount"] is None else Money(row["amount"], currency),
        available=(row["available"] or 0) if row["tracked"] else None,
        backorder=row["backorder"],
        tracked=row["tracked"],
        tax_class=row["tax_class"],
        kind=row["kind"],
        image=row["image"],
    )


async def similar_skus(tx: Transaction, sku: str, limit: int = 3) -> list[str]:
    """SKUs a person may have meant."""
    return await queries.similar_skus(tx, sku, limit)


async def create_category(
    tx: Transaction,
    name: str,
    *,
    parent_id: UUID | None = None,
    handle: str | None = None,
    position: int = 0,
) -> Category:
    """Add a category. Raises InvalidInput, NotFound (parent), Conflict `handle_taken`."""
    address = handle or handle_of(name)
    if not name.strip() or not address or handle_of(address) != address:
        raise InvalidInput(
            "A name is needed.", errors=[FieldError("name", "invalid", "1 to 100 characters.")]
        )
    if parent_id is not None:
        await _known_categories(tx, [parent_id])
    category = Category(
        id=tx.new_id(), name=name, handle=address, parent_id=parent_id, position=position
    )
    if not await queries.insert_category(tx, category):
        raise Conflict(f"The handle {address} is taken.", code="handle_taken")
    return category


async def create_product(tx: Transaction, new: NewProduct) -> Product:
    """Add a product with its variants and prices; stock is set by the inventory.

    Raises InvalidInput, NotFound (category), Conflict `handle_taken` or `sku_taken`.
    """
    refuse(product_errors(new))
    names = await _known_categories(tx, new.category_ids)
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
    names = await _known_categories(tx, new.category_ids)
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


async def create_region(tx: Transaction, new: NewRegion) -> Region:
    """Add a region; the store's first one becomes its default. Raises InvalidInput."""
    refuse(region_errors(new))
    region = Region(
        id=tx.new_id(),
        name=new.name,
        currency=new.currency,
        countries=list(new.countries),
        tax_inclusive=new.tax_inclusive,
        rounding="unit" if new.rounding == "unit" else "line",
    )
    await queries.insert_region(tx, region)
    return region


async def _known_categories(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
    names = await queries.category_names(tx, ids)
    if set(ids) - set(names):
        raise NotFound("There is no such category.")
    return names


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


def _page_size(limit: int) -> int:
    if not 1 <= limit <= MOST_PER_PAGE:
        message = f"From 1 to {MOST_PER_PAGE}."
        refuse([FieldError("limit", "out_of_range", message)])
    return limit


def _id(cursor: str | None) -> UUID | None:
    try:
        return None if cursor is None else UUID(cursor)
    except ValueError:
        raise _bad_cursor() from None


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 6:
        raise _bad_cursor()
    return int(cursor)


def _bad_cursor() -> InvalidInput:
    error = FieldError("cursor", "invalid", "Use next_cursor of the page before.")
    return InvalidInput("This cursor does not belong here.", errors=[error])
