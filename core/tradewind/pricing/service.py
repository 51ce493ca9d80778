"""Reading and keeping a store's own price tables. Every call takes the open transaction first."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec

from tradewind.catalog.rules import Region, refuse
from tradewind.catalog.service import list_regions, region_for
from tradewind.contracts.errors import NotFound
from tradewind.database import Database, Transaction
from tradewind.pricing import queries
from tradewind.pricing.promotions.service import names_of
from tradewind.pricing.promotions.shoppers import Shopper
from tradewind.pricing.rules import (
    BuiltInShipping,
    PriceBook,
    Promotion,
    ShippingRules,
    ShippingUpdate,
    TaxRate,
    TaxRateUpdate,
    TaxZone,
    changed_option,
    changed_tax,
    option_errors,
    percent,
    tax_errors,
)
from tradewind.settings.service import pricing_changed

T = TypeVar("T")
_ANYWHERE = TaxZone()
_ALWAYS = ShippingRules()
_MOST_BOOKS = 4096
_Books = OrderedDict[tuple[UUID, UUID], PriceBook]
_kept: WeakKeyDictionary[Database, _Books] = WeakKeyDictionary()


async def price_book(tx: Transaction, region_id: UUID, version: int) -> PriceBook:
    """The price tables of a region; no round trip when this process has this version of them.

    Only books that are committed are kept, each under the version that was read with it, so that
    none is ever older than `version`. Raises NotFound.
    """
    known = known_book(tx.database, tx.store_id, region_id, version)
    if known is not None:
        return known
    books, key = _kept.setdefault(tx.database, OrderedDict()), (tx.store_id, region_id)
    book = await queries.book(tx, region_id)
    if book is None:
        raise NotFound("There is no such region.")
    tx.after_commit(partial(_keep, books, key, book))
    return book


def known_book(
    database: Database, store_id: UUID, region_id: UUID, version: int
) -> PriceBook | None:
    """The price tables of a region, if this process has this version of them."""
    books, key = _kept.get(database), (store_id, region_id)
    found = None if books is None else books.get(key)
    if books is None or found is None or not found.version == version > 0:
        return None
    books.move_to_end(key)
    return found


def _keep(books: _Books, key: tuple[UUID, UUID], book: PriceBook) -> None:
    books[key] = book
    books.move_to_end(key)
    if len(books) > _MOST_BOOKS:
        books.popitem(last=False)


async def book_for_codes(
    tx: Transaction, book: PriceBook, codes: Sequence[str], shopper: Shopper
) -> PriceBook:
    """The book with what hangs on this cart: its codes, and how often limited promotions were used.

    One round trip where there is any of that, and one more for a customer; else none.
    """
    counted = [one for one in book.promotions if limited(one)]
    if not codes and not counted:
        return book
    keys = sorted({code.upper() for code in codes})
    names = await names_of(tx, shopper)
    live = await queries.live_promotions(tx, keys, [one.id for one in counted], names)
    free = [one for one in book.promotions if not limited(one)]
    return msgspec.structs.replace(book, promotions=[*free, *live])


async def categories_of(
    tx: Transaction, product_ids: Sequence[UUID]
) -> Mapping[UUID, Sequence[str]]:
    """The categories of products, and all above these; promotions may name any of them."""
    return await queries.categories_of(tx, product_ids)


def limited(promotion: Promotion) -> bool:
    """Whether uses of a promotion are counted, so that it may be used up at any moment."""
    return promotion.usage_limit is not None or promotion.limit_per_customer is not None


async def list_tax_rates(tx: Transaction, region_id: UUID) -> list[TaxRate]:
    """The taxes of a region."""
    return await queries.tax_rates(tx, region_id)


async def list_shipping_options(tx: Transaction, region_id: UUID) -> list[BuiltInShipping]:
    """The store's own delivery options in a region."""
    return await queries.shipping_options(tx, region_id)


async def shipping_by_region(tx: Transaction) -> list[tuple[Region, list[BuiltInShipping]]]:
    """Every region with the store's own delivery options there. Two round trips."""
    regions = await list_regions(tx)
    options = await queries.all_shipping_options(tx)
    return [(one, [way for way in options if way.region_id == one.id]) for one in regions]


async def create_tax_rate(
    tx: Transaction,
    region_id: UUID,
    rate: str | Decimal,
    *,
    tax_class: str = "standard",
    tax_shipping: bool = False,
    name: str = "Tax",
    zone: TaxZone = _ANYWHERE,
) -> TaxRate:
    """Add a tax of `rate` percent to a region or a zone of it. Raises InvalidInput, NotFound."""
    region = await region_for(tx, region_id)
    tax = TaxRate(
        id=tx.new_id(),
        region_id=region_id,
        name=name,
        rate=percent(rate),
        tax_class=tax_class,
        tax_shipping=tax_shipping,
        country_code=zone.country_code,
        province=zone.province,
        postal_prefix=zone.postal_prefix,
    )
    refuse(tax_errors(tax, region))
    await queries.insert_tax_rate(tx, tax)
    await pricing_changed(tx)
    return tax


async def change_tax_rate(
    tx: Transaction, tax_id: UUID, change: TaxRateUpdate
) -> tuple[TaxRate, TaxRate]:
    """Change a tax; returns it before and after. Raises InvalidInput, NotFound."""
    before = _found(await queries.tax_rate(tx, tax_id), "tax")
    after = changed_tax(before, change)
    refuse(tax_errors(after, await region_for(tx, after.region_id)))
    if after != before:
        await queries.update_tax_rate(tx, after)
        await pricing_changed(tx)
    return before, after


async def delete_tax_rate(tx: Transaction, tax_id: UUID) -> TaxRate:
    """Remove a tax; orders keep what they were taxed. Raises NotFound."""
    tax = _found(await queries.tax_rate(tx, tax_id), "tax")
    await queries.delete_tax_rate(tx, tax_id)
    await pricing_changed(tx)
    return tax


async def create_shipping_option(
    tx: Transaction,
    region_id: UUID,
    name: str,
    price: int,
    *,
    estimate: str = "",
    rules: ShippingRules = _ALWAYS,
    position: int = 0,
) -> BuiltInShipping:
    """Add a way to deliver, offered as its rules say. Raises InvalidInput, NotFound."""
    region = await region_for(tx, region_id)
    option = BuiltInShipping(
        id=tx.new_id(),
        region_id=region_id,
        name=name,
        price=price,
        estimate=estimate,
        rules=rules,
        position=position,
    )
    refuse(option_errors(option, region))
    await queries.insert_shipping_option(tx, option)
    await pricing_changed(tx)
    return option


async def shipping_option(tx: Transaction, option_id: UUID) -> BuiltInShipping:
    """One way to deliver, which nobody else changes until the end. Raises NotFound."""
    return _found(await queries.shipping_option(tx, option_id), "way to deliver")


async def change_shipping_option(
    tx: Transaction, option_id: UUID, change: ShippingUpdate
) -> tuple[BuiltInShipping, BuiltInShipping]:
    """Change a way to deliver; returns it before and after. Raises InvalidInput, NotFound."""
    before = _found(await queries.shipping_option(tx, option_id), "way to deliver")
    after = changed_option(before, change)
    refuse(option_errors(after, await region_for(tx, after.region_id)))
    if after != before:
        await queries.update_shipping_option(tx, after)
        await pricing_changed(tx)
    return before, after


async def archive_shipping_option(tx: Transaction, option_id: UUID) -> BuiltInShipping:
    """Offer a way to deliver no longer. Raises NotFound."""
    option = _found(await queries.shipping_option(tx, option_id), "way to deliver")
    await queries.archive_shipping_option(tx, option_id)
    await pricing_changed(tx)
    return option


def _found(one: T | None, what: str) -> T:
    if one is None:
        raise NotFound(f"There is no such {what}.")
    return one
