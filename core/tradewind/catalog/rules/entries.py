"""What a merchant enters into the catalog, and what makes an entry acceptable."""

import re
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from tradewind.catalog.rules.goods import KINDS, STATUSES, handle_of
from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind.contracts.money import Money

LARGEST_AMOUNT = 10**15
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[a-z]{2}")


class NewVariant(msgspec.Struct, frozen=True, kw_only=True):
    """A variant to be created, or brought up to date by its SKU."""

    sku: str
    title: str = ""
    options: Mapping[str, str] = {}
    prices: Sequence[Money] = ()
    tax_class: str = "standard"
    tracked: bool | None = None
    weight_grams: int | None = None
    image: str | None = None


class NewProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product to be created; without a handle one is made of the title."""

    title: str
    handle: str | None = None
    kind: str = "physical"
    status: str = "draft"
    description: str = ""
    images: Sequence[str] = ()
    category_ids: Sequence[UUID] = ()
    variants: Sequence[NewVariant] = ()


class ProductUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; what is left unset stays. `variants` is the whole list, matched by SKU."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    handle: str | msgspec.UnsetType = msgspec.UNSET
    kind: str | msgspec.UnsetType = msgspec.UNSET
    status: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    images: Sequence[str] | msgspec.UnsetType = msgspec.UNSET
    category_ids: Sequence[UUID] | msgspec.UnsetType = msgspec.UNSET
    variants: Sequence[NewVariant] | msgspec.UnsetType = msgspec.UNSET


class NewRegion(msgspec.Struct, frozen=True, kw_only=True):
    """A region to be created; countries are ISO 3166 alpha-2 in lower case."""

    name: str
    currency: str
    countries: Sequence[str]
    tax_inclusive: bool = False
    rounding: str = "line"


def search_words(
    title: str, description: str, categories: Iterable[str], variants: Iterable[NewVariant]
) -> str:
    """The text in which a product is looked for."""
    named = [word for one in variants for word in (one.sku, one.title, *one.options.values())]
    return " ".join([title, *categories, *named, description[:500]]).lower()


def refuse(errors: Sequence[FieldError]) -> None:
    """Raise InvalidInput when there are errors."""
    if errors:
        raise InvalidInput("Some fields are not acceptable.", errors=errors)


def product_errors(product: NewProduct) -> list[FieldError]:
    """What is wrong with a product, field by field."""
    errors = [*_text_errors("title", product.title, 200)]
    if product.handle is not None and handle_of(product.handle) != product.handle:
        errors.append(FieldError("handle", "invalid", "Use lower case letters, digits and dashes."))
    if product.kind not in KINDS:
        errors.append(FieldError("kind", "invalid", f"One of {', '.join(sorted(KINDS))}."))
    if product.status not in STATUSES:
        errors.append(FieldError("status", "invalid", f"One of {', '.join(sorted(STATUSES))}."))
    return [*errors, *variant_errors(product.variants)]


def variant_errors(variants: Sequence[NewVariant]) -> list[FieldError]:
    """What is wrong with a product's variants."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, variant in enumerate(variants):
        path = f"variants.{index}"
        if not _SKU.fullmatch(variant.sku):
            errors.append(
                FieldError(f"{path}.sku", "invalid", "1 to 64 letters, digits and . _ / -")
            )
        if variant.sku.upper() in seen:
            errors.append(FieldError(f"{path}.sku", "duplicate", "This SKU is listed twice."))
        seen.add(variant.sku.upper())
        errors.extend(_price_errors(path, variant.prices))
    return errors


def _price_errors(path: str, prices: Sequence[Money]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, price in enumerate(prices):
        here = f"{path}.prices.{index}"
        errors.extend(_currency_errors(f"{here}.currency", price.currency))
        errors.extend(amount_errors(f"{here}.amount", price.amount))
        if price.currency in seen:
            errors.append(FieldError(f"{here}.currency", "duplicate", "One price per currency."))
        seen.add(price.currency)
    return errors


def region_errors(region: NewRegion) -> list[FieldError]:
    """What is wrong with a region, field by field."""
    errors = [
        *_text_errors("name", region.name, 100),
        *_currency_errors("currency", region.currency),
    ]
    if not region.countries or not all(_COUNTRY.fullmatch(code) for code in region.countries):
        errors.append(
            FieldError("countries", "invalid", "ISO 3166 codes of two lower case letters.")
        )
    if region.rounding not in {"unit", "line"}:
        errors.append(FieldError("rounding", "invalid", "Either unit or line."))
    return errors


def amount_errors(path: str, amount: int) -> list[FieldError]:
    """What is wrong with an amount that must not be negative."""
    if 0 <= amount <= LARGEST_AMOUNT:
        return []
    return [FieldError(path, "out_of_range", "Not negative, in minor units.")]


def _text_errors(path: str, text: str, most: int) -> list[FieldError]:
    if text.strip() and len(text) <= most:
        return []
    return [FieldError(path, "invalid", f"1 to {most} characters.")]


def _currency_errors(path: str, currency: str) -> list[FieldError]:
    if _CURRENCY.fullmatch(currency):
        return []
    return [FieldError(path, "invalid", "A code of ISO 4217, such as KES.")]
