"""The file of products: a row for each variant, and what the rows of a product would change.

An empty cell of `title`, `kind`, `status`, `variant_title`, `tax_class`, `tracked` or a price keeps
what there is; an empty cell of the others empties it. A column that is not there changes nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

from tradewind.bulk.rules.batches import Form, Group
from tradewind.bulk.rules.cells import BadCell, amount, parts, paths, whole, yes_or_no
from tradewind.bulk.rules.runs import RowError, row_error
from tradewind.bulk.rules.sheet import Row
from tradewind.catalog.rules import NewProduct, NewVariant, product_errors
from tradewind.contracts.errors import FieldError
from tradewind.contracts.money import Money

T = TypeVar("T")
Path = tuple[str, ...]

_OF_PRODUCT = ("title", "description", "kind", "status", "categories", "images")
_OF_VARIANT = ("variant_title", "tax_class", "tracked", "weight_grams", "variant_image")
_OPTION = re.compile(r"option([1-9]\d?)_(name|value)")
_PRICE = re.compile(r"price_([a-z]{3})")
_HEAVIEST = 10**9
MOST_CATEGORY_NAME = 100


def _canonical(word: str) -> str | None:
    if word in {"handle", "sku", *_OF_PRODUCT, *_OF_VARIANT} or _OPTION.fullmatch(word):
        return word
    price = _PRICE.fullmatch(word)
    return f"price_{price[1].upper()}" if price else None


def _handle(row: Row) -> str:
    return row.get("handle").strip()


def sku_of(row: Row) -> str:
    """The SKU that a row is about."""
    return row.get("sku").strip()


FORM = Form(
    canonical=_canonical,
    required=("handle", "sku"),
    together=_handle,
    names=lambda row: [("sku", sku_of(row).upper())],
)


def columns(options: int, currencies: Sequence[str]) -> list[str]:
    """The header of an export, for so many options of a variant at most."""
    pairs = [f"option{n}_{part}" for n in range(1, options + 1) for part in ("name", "value")]
    prices = [f"price_{currency}" for currency in currencies]
    return ["handle", *_OF_PRODUCT, "sku", _OF_VARIANT[0], *pairs, *_OF_VARIANT[1:], *prices]


class VariantRow(msgspec.Struct, kw_only=True):
    """What a row says of its variant. None keeps what there is; so does UNSET."""

    row: int
    sku: str
    title: str | None
    options: dict[str, str] | None
    tax_class: str | None
    tracked: bool | None
    weight_grams: int | msgspec.UnsetType | None
    image: str | msgspec.UnsetType | None
    prices: list[Money]


class ProductRows(msgspec.Struct, kw_only=True):
    """What the rows of a product say. None keeps what there is."""

    row: int
    handle: str
    title: str | None
    description: str | None
    kind: str | None
    status: str | None
    categories: list[Path] | None
    images: list[str] | None
    variants: list[VariantRow]


def read_product(group: Group, *, comma: bool) -> ProductRows | list[RowError]:
    """The rows of a product, or what is wrong with them. `comma`: amounts may have one."""
    first = group.rows[0]
    errors = [*group.errors, *_contradictions(group.rows)]
    if not _handle(first):
        errors.append(row_error(first.number, FieldError("handle", "required", "This is needed.")))
    variants = [_variant(row, errors, comma=comma) for row in _variant_rows(group.rows, errors)]
    categories = _given(first, "categories", paths)
    for name in (name for path in categories or () for name in path):
        if not 0 < len(name) <= MOST_CATEGORY_NAME:
            words = f"A category has 1 to {MOST_CATEGORY_NAME} characters."
            errors.append(row_error(first.number, FieldError("categories", "invalid", words)))
    if errors:
        return errors
    return ProductRows(
        row=first.number,
        handle=_handle(first),
        title=first.get("title") or None,
        description=_given(first, "description", str),
        kind=first.get("kind").strip() or None,
        status=first.get("status").strip() or None,
        categories=categories,
        images=_given(first, "images", parts),
        variants=variants,
    )


def _given(row: Row, column: str, read: Callable[[str], T]) -> T | None:
    return read(row.cells[column]) if column in row.cells else None


def _contradictions(rows: Sequence[Row]) -> list[RowError]:
    """What a product is called stands in its first row; the others repeat it or leave it out."""
    first, *others = rows
    words = "This is not what the product's first row says."
    return [
        row_error(row.number, FieldError(column, "contradiction", words))
        for row in others
        for column in _OF_PRODUCT
        if row.get(column) not in {"", first.get(column)}
    ]


def _variant_rows(rows: Sequence[Row], errors: list[RowError]) -> list[Row]:
    """Rows with a SKU; a product's only row may have none, and says nothing of a variant then."""
    found = [row for row in rows if sku_of(row)]
    for row in rows:
        spoken = [name for name, cell in row.cells.items() if cell and _is_of_variant(name)]
        if not sku_of(row) and (spoken or len(rows) > 1):
            errors.append(row_error(row.number, FieldError("sku", "required", "This is needed.")))
    return found


def _is_of_variant(column: str) -> bool:
    return column not in {"handle", *_OF_PRODUCT}


def _variant(row: Row, errors: list[RowError], *, comma: bool) -> VariantRow:
    def read(column: str, how: Callable[[str], T]) -> T | None:
        if not row.get(column).strip():
            return None
        try:
            return how(row.get(column))
        except BadCell as bad:
            errors.append(row_error(row.number, bad.at(column)))
            return None

    prices = [
        read(column, lambda cell, code=column[-3:]: amount(cell, code, comma=comma))  # type: ignore[misc]
        for column in row.cells
        if column.startswith("price_")
    ]
    weight = read("weight_grams", _weight)
    return VariantRow(
        row=row.number,
        sku=sku_of(row),
        title=row.get("variant_title") or None,
        options=_options(row, errors),
        tax_class=row.get("tax_class").strip() or None,
        tracked=read("tracked", yes_or_no),
        weight_grams=weight if "weight_grams" in row.cells else msgspec.UNSET,
        image=(row.cells["variant_image"].strip() or None)
        if "variant_image" in row.cells
        else msgspec.UNSET,
        prices=[price for price in prices if price is not None],
    )


def _weight(cell: str) -> int:
    grams = whole(cell)
    if not 0 <= grams <= _HEAVIEST:
        raise BadCell("out_of_range", "Not negative, in grams.")
    return grams


def _options(row: Row, errors: list[RowError]) -> dict[str, str] | None:
    """The pairs of names and values; a name without a value is no option of this variant."""
    names = [column for column in row.cells if column.startswith("option")]
    if not names:
        return None
    found: dict[str, str] = {}
    for number in sorted({int(re.findall(r"\d+", name)[0]) for name in names}):
        name, value = row.get(f"option{number}_name"), row.get(f"option{number}_value")
        if not value:
            continue
        if not name.strip() or name in found:
            words = "Each option has a name of its own."
            wrong = FieldError(f"option{number}_name", "invalid", words)
            errors.append(row_error(row.number, wrong))
        found[name] = value
    return found


# --- what is known of the products that a file names -------------------------------------------


class KnownVariant(msgspec.Struct, frozen=True, kw_only=True):
    """A variant as it is stored. `prices` are the plain ones, by currency."""

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
    prices: dict[str, int]


class KnownProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it is stored."""

    id: UUID
    handle: str
    title: str
    description: str
    kind: str
    status: str
    images: list[str]
    categories: list[UUID]
    variants: list[KnownVariant]


class PriceWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A plain price to be set."""

    id: UUID
    variant_id: UUID
    currency: str
    amount: int


def check(rows: ProductRows, old: KnownProduct | None) -> list[RowError]:
    """What the catalog's own rules say against the product that the rows make of it."""
    wanted = merged(rows, old)
    if old is None and rows.title is None:
        return [row_error(rows.row, FieldError("title", "required", "This is needed."))]
    return [_placed(rows, error) for error in product_errors(wanted)]


def _placed(rows: ProductRows, error: FieldError) -> RowError:
    """An error of a product's field, by its row and column."""
    words = error.path.split(".")
    if words[0] != "variants" or len(words) < 3:
        return row_error(rows.row, FieldError(words[0], error.code, error.message))
    variant = rows.variants[int(words[1])]
    column = {"title": "variant_title", "image": "variant_image"}.get(words[2], words[2])
    if column == "prices":
        column = f"price_{variant.prices[int(words[3])].currency}" if words[3:] else "price"
    return row_error(variant.row, FieldError(column, error.code, error.message))


def merged(rows: ProductRows, old: KnownProduct | None) -> NewProduct:
    """The product with what the rows say laid over what is stored; variants of the rows alone."""
    return NewProduct(
        title=rows.title or (old.title if old else ""),
        handle=rows.handle,
        kind=rows.kind or (old.kind if old else "physical"),
        status=rows.status or (old.status if old else "draft"),
        description=_or(rows.description, old.description if old else ""),
        images=_or(rows.images, old.images if old else []),
        variants=[merged_variant(one, variant_of(old, one.sku)) for one in rows.variants],
    )


def variant_of(old: KnownProduct | None, sku: str) -> KnownVariant | None:
    """The stored variant of a product with this SKU in any case."""
    wanted = sku.upper()
    return next((one for one in old.variants if one.sku.upper() == wanted), None) if old else None


def merged_variant(row: VariantRow, old: KnownVariant | None) -> NewVariant:
    """A variant with what its row says laid over what is stored."""
    options = _or(row.options, dict(old.options) if old else {})
    return NewVariant(
        sku=row.sku,
        title=row.title or (old.title if old else " / ".join(options.values())),
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


def sku_errors(
    rows: ProductRows, old: KnownProduct | None, owners: Mapping[str, UUID]
) -> list[RowError]:
    """SKUs that belong to other products; `owners` are products by upper-case SKU."""
    own = old.id if old else None
    return [
        row_error(one.row, FieldError("sku", "sku_taken", "Another product has this SKU."))
        for one in rows.variants
        if owners.get(one.sku.upper(), own) != own
    ]
