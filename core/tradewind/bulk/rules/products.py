"""The file of products: a row for each variant, and what the rows of a product would change.

An empty cell of `title`, `kind`, `status`, `variant_title`, `tax_class`, `tracked` or a price keeps
what there is; an empty cell of the others empties it. A column that is not there changes nothing.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from tradewind.bulk.rules.batches import Form, Group
from tradewind.bulk.rules.cells import BadCell, amount, parts, paths, whole, yes_or_no
from tradewind.bulk.rules.runs import RowError, row_error
from tradewind.bulk.rules.sheet import Row
from tradewind.contracts.errors import FieldError
from tradewind.contracts.money import Money

T = TypeVar("T")
Path = tuple[str, ...]

_OF_PRODUCT = ("title", "description", "kind", "status", "categories", "images")
_OF_VARIANT = ("variant_title", "tax_class", "tracked", "weight_grams", "variant_image")
_OPTION = re.compile(r"option([1-9]\d?)_(name|value)")
_PRICE = re.compile(r"price_([a-z]{3})")
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
    """What a row says of its variant. None keeps what there is; so does UNSET.

    `columns` are those in which its options stand, by their names.
    """

    row: int
    sku: str
    title: str | None
    options: dict[str, str] | None
    columns: dict[str, str]
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
    # Of a row that cannot be read, that is all there is to say.
    sound = [row for row in group.rows if row.fault is None]
    if not sound:
        return group.errors
    first = sound[0]
    errors = [*group.errors, *_contradictions(sound)]
    if not _handle(first):
        errors.append(row_error(first.number, FieldError("handle", "required", "This is needed.")))
    variants = [_variant(row, errors, comma=comma) for row in _variant_rows(sound, errors)]
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


def pictures_of(row: Row) -> list[str]:
    """The addresses of pictures that a row names."""
    return [*parts(row.get("images")), row.get("variant_image").strip()]


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
    weight = read("weight_grams", whole)
    options, columns_of = _options(row, errors)
    return VariantRow(
        row=row.number,
        sku=sku_of(row),
        title=row.get("variant_title") or None,
        options=options,
        columns=columns_of,
        tax_class=row.get("tax_class").strip() or None,
        tracked=read("tracked", yes_or_no),
        weight_grams=weight if "weight_grams" in row.cells else msgspec.UNSET,
        image=(row.cells["variant_image"].strip() or None)
        if "variant_image" in row.cells
        else msgspec.UNSET,
        prices=[price for price in prices if price is not None],
    )


def _options(row: Row, errors: list[RowError]) -> tuple[dict[str, str] | None, dict[str, str]]:
    """The pairs of names and values, and the columns of the values by those names.

    A name without a value is no option of this variant.
    """
    found, places = dict[str, str](), dict[str, str]()
    numbers = {int(match[1]) for column in row.cells if (match := _OPTION.fullmatch(column))}
    for number in sorted(numbers):
        name, column = row.get(f"option{number}_name"), f"option{number}_value"
        if not row.get(column):
            continue
        if not name.strip() or name in found:
            words = "Each option has a name of its own."
            wrong = FieldError(f"option{number}_name", "invalid", words)
            errors.append(row_error(row.number, wrong))
        found[name], places[name] = row.get(column), column
    return (found if numbers else None), places
