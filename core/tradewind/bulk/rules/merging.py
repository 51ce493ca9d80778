"""What the rows of a product make of what is stored, and what the catalog's rules say to that."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar
from uuid import UUID

import msgspec

from tradewind.bulk.rules.cells import foreign
from tradewind.bulk.rules.products import ProductRows, VariantRow
from tradewind.bulk.rules.runs import RowError, row_error
from tradewind.catalog.pictures.rules import own
from tradewind.catalog.rules import NewProduct, NewVariant, Option, product_errors
from tradewind.catalog.rules.entries import title_of
from tradewind.contracts.errors import FieldError

T = TypeVar("T")


class KnownVariant(msgspec.Struct, frozen=True, kw_only=True):
    """A variant as it is stored. `prices` are the plain ones, by currency.

    `priced`: some price of it counts now or will.
    """

    id: UUID
    sku: str
    title: str
    options: dict[str, str]
    tax_class: str
    tracked: bool
    weight_grams: int | None
    image: str | None
    position: int
    archived: bool
    priced: bool
    prices: dict[str, int]


class KnownProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it is stored; `options` are those that were declared."""

    id: UUID
    handle: str
    title: str
    description: str
    kind: str
    status: str
    images: list[str]
    options: list[Option]
    categories: list[UUID]
    variants: list[KnownVariant]

    @property
    def sellable(self) -> bool:
        """Whether somebody could buy it once it is published."""
        return any(one.priced and not one.archived for one in self.variants)


def check(
    rows: ProductRows, old: KnownProduct | None, owners: Mapping[str, UUID]
) -> list[RowError]:
    """What the catalog's own rules say against the product that the rows make of it.

    `owners` are products by upper-case SKU.
    """
    if old is None and rows.title is None:
        return [row_error(rows.row, FieldError("title", "required", "This is needed."))]
    others = variants_beside(rows, old)
    wanted = merged(rows, old)
    whole = msgspec.structs.replace(wanted, variants=[*others, *wanted.variants])
    found = [_placed(rows, len(others), error) for error in product_errors(whole)]
    errors = [error for error in found if error is not None]
    return [*errors, *_unsellable(rows, old, wanted), *_taken(rows, old, owners)]


def _placed(rows: ProductRows, others: int, error: FieldError) -> RowError | None:
    """An error of a product's field, by its row and column; None if no row speaks of it."""
    words = error.path.split(".", 3)
    if words[0] != "variants" or len(words) < 3:
        column = "sku" if words[0] == "variants" else words[0]
        return row_error(rows.row, FieldError(column, error.code, error.message))
    if int(words[1]) < others:
        return None
    variant = rows.variants[int(words[1]) - others]
    column = _column(variant, words[2], words[3] if words[3:] else "")
    return row_error(variant.row, FieldError(column, error.code, error.message))


def _column(variant: VariantRow, field: str, part: str) -> str:
    if field == "options":
        return variant.columns.get(part) or next(iter(variant.columns.values()), "option1_value")
    if field == "prices" and part:
        return f"price_{variant.prices[int(part.split('.', maxsplit=1)[0])].currency}"
    return {"title": "variant_title", "image": "variant_image"}.get(field, field)


def _unsellable(rows: ProductRows, old: KnownProduct | None, wanted: NewProduct) -> list[RowError]:
    """Nobody could buy what is published without a price; what was so before may stay so."""
    priced = any(one.prices for one in rows.variants) or (old is not None and old.sellable)
    was_so = old is not None and old.status == "published"
    if wanted.status != "published" or priced or was_so:
        return []
    words = "Only what has a variant with a price can be published."
    return [row_error(rows.row, FieldError("status", "nothing_to_sell", words))]


def _taken(
    rows: ProductRows, old: KnownProduct | None, owners: Mapping[str, UUID]
) -> list[RowError]:
    own = old.id if old else None
    return [
        row_error(one.row, FieldError("sku", "sku_taken", "Another product has this SKU."))
        for one in rows.variants
        if owners.get(one.sku.upper(), own) != own
    ]


def foreign_prices(
    rows: ProductRows, old: KnownProduct | None, currencies: AbstractSet[str]
) -> list[RowError]:
    """Prices in money that the store sells nowhere in, unless the variant has such a price."""
    return [
        row_error(one.row, foreign(f"price_{price.currency}", price.currency))
        for one in rows.variants
        for price in one.prices
        if price.currency not in currencies and not _has_price(old, one.sku, price.currency)
    ]


def _has_price(old: KnownProduct | None, sku: str, currency: str) -> bool:
    known = variant_of(old, sku)
    return known is not None and currency in known.prices


def merged(rows: ProductRows, old: KnownProduct | None) -> NewProduct:
    """The product with what the rows say laid over what is stored; variants of the rows alone."""
    return NewProduct(
        title=rows.title or (old.title if old else ""),
        handle=rows.handle,
        kind=rows.kind or (old.kind if old else "physical"),
        status=rows.status or (old.status if old else "draft"),
        description=_or(rows.description, old.description if old else ""),
        images=_or(rows.images, old.images if old else []),
        options=[_extended(one, rows) for one in old.options] if old else [],
        variants=[merged_variant(one, variant_of(old, one.sku)) for one in rows.variants],
    )


def with_own_pictures(rows: ProductRows, copies: Mapping[str, str]) -> ProductRows:
    """The rows with our own copies in place of pictures that were fetched before."""
    if not copies:
        return rows
    variants = [
        msgspec.structs.replace(one, image=own(one.image, copies)) if one.image else one
        for one in rows.variants
    ]
    images = None if rows.images is None else [own(image, copies) for image in rows.images]
    return msgspec.structs.replace(rows, images=images, variants=variants)


def _extended(option: Option, rows: ProductRows) -> Option:
    """A declared option with the values that rows add to it."""
    said = [(one.options or {}).get(option.name) for one in rows.variants]
    added = dict.fromkeys(value for value in said if value and value not in option.values)
    return Option(option.name, [*option.values, *added])


def variants_beside(rows: ProductRows, old: KnownProduct | None) -> Sequence[NewVariant]:
    """The variants on sale that no row speaks of."""
    said = {one.sku.upper() for one in rows.variants}
    return [
        NewVariant(sku=one.sku, title=one.title, options=one.options)
        for one in (old.variants if old else ())
        if not one.archived and one.sku.upper() not in said
    ]


def variant_of(old: KnownProduct | None, sku: str) -> KnownVariant | None:
    """The stored variant of a product with this SKU in any case."""
    wanted = sku.upper()
    return next((one for one in old.variants if one.sku.upper() == wanted), None) if old else None


def merged_variant(row: VariantRow, old: KnownVariant | None) -> NewVariant:
    """A variant with what its row says laid over what is stored.

    A title that was made of the options follows them.
    """
    options = _or(row.options, dict(old.options) if old else {})
    made = old is None or old.title == title_of(old.options)
    return NewVariant(
        sku=row.sku,
        title=row.title or (title_of(options) if old is None or made else old.title),
        options=options,
        prices=row.prices,
        tax_class=row.tax_class or (old.tax_class if old else "standard"),
        tracked=row.tracked if row.tracked is not None or old is None else old.tracked,
        weight_grams=_set(row.weight_grams, old.weight_grams if old else None),
        image=_set(row.image, old.image if old else None),
    )


def _or(value: T | None, otherwise: T) -> T:
    return otherwise if value is None else value


def _set(value: T | msgspec.UnsetType, otherwise: T) -> T:
    return otherwise if isinstance(value, msgspec.UnsetType) else value
