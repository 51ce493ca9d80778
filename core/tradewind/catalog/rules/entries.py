"""What a merchant enters into the catalog, and what makes an entry acceptable."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from tradewind.catalog.rules.goods import KINDS, STATUSES, Kind, ProductStatus, handle_of
from tradewind.catalog.rules.kept import VariantFields
from tradewind.catalog.rules.options import (
    MOST_VARIANTS,
    Choice,
    Option,
    choice_errors,
    option_errors,
)
from tradewind.catalog.rules.prices import MOST_PRICES, AnyPrice, NewPrice, overlap_errors
from tradewind.contracts.errors import FieldError, InvalidInput

LARGEST_AMOUNT = 10**15
LARGEST_METADATA = 16_384
MOST_IMAGES = 50
HEAVIEST = 10**8
LARGEST_POSITION = 10**6
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[a-z]{2}")
_IMAGE = re.compile(r"(/|https?://)[^\s\x00-\x1f]{1,2000}")
_SETTLED = ("title", "options", "tax_class", "tracked", "weight_grams", "image", "position")


class NewVariant(msgspec.Struct, frozen=True, kw_only=True):
    """A variant to be created, or brought up to date by its SKU.

    What is left unset stays, or is as for a new one. `prices` are set beside those that are there;
    without `tracked`, stock is counted of what is physical.
    """

    sku: str
    title: str | msgspec.UnsetType = msgspec.UNSET
    options: Choice | msgspec.UnsetType = msgspec.UNSET
    prices: Sequence[AnyPrice] = ()
    tax_class: str | msgspec.UnsetType = msgspec.UNSET
    tracked: bool | msgspec.UnsetType | None = msgspec.UNSET
    weight_grams: int | msgspec.UnsetType | None = msgspec.UNSET
    image: str | msgspec.UnsetType | None = msgspec.UNSET
    position: int | msgspec.UnsetType = msgspec.UNSET
    metadata: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET


class NewProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product to be created; without a handle one is made of the title.

    Without `options`, the variants' own say what there is to choose.
    """

    title: str
    handle: str | None = None
    kind: str = "physical"
    status: str = "draft"
    description: str = ""
    images: Sequence[str] = ()
    category_ids: Sequence[UUID] = ()
    options: Sequence[Option] = ()
    metadata: Mapping[str, Any] = {}
    variants: Sequence[NewVariant] = ()


class ProductUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; what is left unset stays.

    `variants` is the whole list, matched by SKU. `metadata` is merged key by key. With `version`,
    nothing is changed if another has changed the product since.
    """

    title: str | msgspec.UnsetType = msgspec.UNSET
    handle: str | msgspec.UnsetType = msgspec.UNSET
    kind: Kind | str | msgspec.UnsetType = msgspec.UNSET
    status: ProductStatus | str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    images: Sequence[str] | msgspec.UnsetType = msgspec.UNSET
    category_ids: Sequence[UUID] | msgspec.UnsetType = msgspec.UNSET
    options: Sequence[Option] | msgspec.UnsetType = msgspec.UNSET
    metadata: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET
    variants: Sequence[NewVariant] | msgspec.UnsetType = msgspec.UNSET
    version: int | msgspec.UnsetType = msgspec.UNSET


class NewRegion(msgspec.Struct, frozen=True, kw_only=True):
    """A region to be created; countries are ISO 3166 alpha-2 in lower case."""

    name: str
    currency: str
    countries: Sequence[str]
    tax_inclusive: bool = False
    rounding: str = "line"


class RegionUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a region; what is left unset stays, and so does its currency."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    countries: Sequence[str] | msgspec.UnsetType = msgspec.UNSET
    tax_inclusive: bool | msgspec.UnsetType = msgspec.UNSET
    rounding: str | msgspec.UnsetType = msgspec.UNSET


def filled(entry: NewVariant, old: VariantFields) -> NewVariant:
    """The entry, with what it leaves out as it is now; metadata is merged key by key.

    A title that was made of the options follows them.
    """
    kept = {name: getattr(old, name) for name in _SETTLED if getattr(entry, name) is msgspec.UNSET}
    if "title" in kept and old.title == title_of(old.options):
        kept["title"] = ""
    kept["metadata"] = {**old.metadata, **(entry.metadata or {})}
    return msgspec.structs.replace(entry, **kept)


def settled(entry: NewVariant, variant_id: UUID, kind: str, position: int) -> VariantFields:
    """All that is to be stored of a variant; what the entry leaves out is as for a new one."""
    options = entry.options or {}
    tracked, weight = entry.tracked, entry.weight_grams
    return VariantFields(
        id=variant_id,
        sku=entry.sku,
        title=entry.title or title_of(options),
        options=options,
        tax_class=entry.tax_class or "standard",
        tracked=tracked if isinstance(tracked, bool) else kind == "physical",
        weight_grams=None if isinstance(weight, msgspec.UnsetType) else weight,
        image=entry.image or None,
        position=position if isinstance(entry.position, msgspec.UnsetType) else entry.position,
        metadata=entry.metadata or {},
    )


def title_of(options: Choice) -> str:
    """How a variant is called when nobody says otherwise."""
    return " / ".join(options.values())


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
    if len(product.images) > MOST_IMAGES:
        errors.append(FieldError("images", "out_of_range", f"At most {MOST_IMAGES}."))
    for index, image in enumerate(product.images):
        errors += _image_errors(f"images.{index}", image)
    errors += [*metadata_errors("metadata", product.metadata), *option_errors(product.options)]
    return [*errors, *variant_errors(product.variants, product.kind, product.options)]


def variant_errors(
    variants: Sequence[NewVariant], kind: str = "physical", options: Sequence[Option] = ()
) -> list[FieldError]:
    """What is wrong with a product's variants."""
    errors: list[FieldError] = []
    if len(variants) > MOST_VARIANTS:
        errors.append(FieldError("variants", "out_of_range", f"At most {MOST_VARIANTS}."))
    seen: set[str] = set()
    for index, variant in enumerate(variants):
        path = f"variants.{index}"
        errors += one_variant_errors(path, variant, kind)
        if variant.sku.upper() in seen:
            errors.append(FieldError(f"{path}.sku", "duplicate", "This SKU is listed twice."))
        seen.add(variant.sku.upper())
    choices = {f"variants.{index}": one.options or {} for index, one in enumerate(variants)}
    return [*errors, *choice_errors(options, choices)]


def one_variant_errors(path: str, variant: NewVariant, kind: str) -> list[FieldError]:
    """What is wrong with a variant by itself; `path` is where it stands, empty for the body."""
    above = f"{path}." if path else ""
    errors: list[FieldError] = []
    if not _SKU.fullmatch(variant.sku):
        errors.append(FieldError(f"{above}sku", "invalid", "1 to 64 letters, digits and . _ / -"))
    if len(variant.title or "") > 200:
        errors.append(FieldError(f"{above}title", "invalid", "At most 200 characters."))
    if variant.tax_class is not msgspec.UNSET:
        errors += _text_errors(f"{above}tax_class", variant.tax_class, 60)
    errors += _weight_errors(f"{above}weight_grams", variant.weight_grams or 0, kind)
    errors += position_errors(f"{above}position", variant.position or 0)
    errors += _image_errors(f"{above}image", variant.image) if variant.image else []
    errors += metadata_errors(f"{above}metadata", variant.metadata or {})
    return [*errors, *price_errors(f"{above}prices", variant.prices)]


def price_errors(path: str, prices: Sequence[AnyPrice]) -> list[FieldError]:
    """What is wrong with a variant's prices by themselves."""
    errors: list[FieldError] = []
    if len(prices) > MOST_PRICES:
        errors.append(FieldError(path, "out_of_range", f"At most {MOST_PRICES}."))
    for index, price in enumerate(prices):
        errors.extend(_currency_errors(f"{path}.{index}.currency", price.currency))
        errors.extend(amount_errors(f"{path}.{index}.amount", price.amount))
    parts = [
        one if isinstance(one, NewPrice) else NewPrice(currency=one.currency, amount=one.amount)
        for one in prices
    ]
    return [*errors, *overlap_errors(path, parts)]


def position_errors(path: str, position: int) -> list[FieldError]:
    """What is wrong with a place in a list."""
    if 0 <= position <= LARGEST_POSITION:
        return []
    return [FieldError(path, "out_of_range", f"From 0 to {LARGEST_POSITION}.")]


def metadata_errors(path: str, metadata: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with metadata: it is kept small."""
    if len(msgspec.json.encode(metadata)) > LARGEST_METADATA:
        return [FieldError(path, "too_large", f"At most {LARGEST_METADATA} bytes.")]
    return []


def _weight_errors(path: str, grams: int, kind: str) -> list[FieldError]:
    if grams and kind != "physical":
        return [FieldError(path, "not_physical", "Only what is physical has a weight.")]
    if not 0 <= grams <= HEAVIEST:
        return [FieldError(path, "out_of_range", f"From 0 to {HEAVIEST} grams.")]
    return []


def _image_errors(path: str, image: str) -> list[FieldError]:
    if _IMAGE.fullmatch(image):
        return []
    return [FieldError(path, "invalid", "An address that begins with /, http:// or https://.")]


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
    return [FieldError(path, "out_of_range", f"From 0 to {LARGEST_AMOUNT}, in minor units.")]


def _text_errors(path: str, text: str, most: int) -> list[FieldError]:
    if text.strip() and len(text) <= most:
        return []
    return [FieldError(path, "invalid", f"1 to {most} characters.")]


def _currency_errors(path: str, currency: str) -> list[FieldError]:
    if _CURRENCY.fullmatch(currency):
        return []
    return [FieldError(path, "invalid", "A code of ISO 4217, such as KES.")]
