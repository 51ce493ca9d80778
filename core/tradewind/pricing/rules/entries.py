"""Which taxes and ways to deliver are acceptable, and what a change makes of them."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tradewind.catalog.rules import Region, amount_errors
from tradewind.contracts.errors import FieldError
from tradewind.pricing.rules.book import BuiltInShipping, ShippingRules, TaxRate, percent
from tradewind.pricing.rules.weights import band_errors

_LONGEST_NAME = 100
_LONGEST_ZONE = 40


class TaxZone(msgspec.Struct, frozen=True, kw_only=True):
    """Where in its region a tax holds; all that is named must fit."""

    country_code: str | None = None
    province: str | None = None
    postal_prefix: str | None = None


class TaxRateUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a tax; what is left unset stays. `rate` is percent."""

    rate: str | Decimal | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    tax_class: str | msgspec.UnsetType = msgspec.UNSET
    tax_shipping: bool | msgspec.UnsetType = msgspec.UNSET
    country_code: str | msgspec.UnsetType | None = msgspec.UNSET
    province: str | msgspec.UnsetType | None = msgspec.UNSET
    postal_prefix: str | msgspec.UnsetType | None = msgspec.UNSET


class ShippingUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a way to deliver; what is left unset stays, `rules` are set as a whole."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    price: int | msgspec.UnsetType = msgspec.UNSET
    estimate: str | msgspec.UnsetType = msgspec.UNSET
    rules: ShippingRules | msgspec.UnsetType = msgspec.UNSET
    position: int | msgspec.UnsetType = msgspec.UNSET


def changed_tax(tax: TaxRate, change: TaxRateUpdate) -> TaxRate:
    """The tax with the change in it. Raises InvalidInput for a rate that is none."""
    given = _given(change)
    if not isinstance(change.rate, msgspec.UnsetType):
        given["rate"] = percent(change.rate)
    return msgspec.structs.replace(tax, **given)


def changed_option(option: BuiltInShipping, change: ShippingUpdate) -> BuiltInShipping:
    """The way to deliver with the change in it."""
    return msgspec.structs.replace(option, **_given(change))


def _given(change: msgspec.Struct) -> dict[str, object]:
    fields = msgspec.structs.asdict(change)
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}


def tax_errors(tax: TaxRate, region: Region) -> list[FieldError]:
    """What is wrong with a tax of a region, field by field."""
    errors = _name_errors("name", tax.name) + _name_errors("tax_class", tax.tax_class)
    if tax.country_code is not None:
        errors += _country_errors("country_code", [tax.country_code], region)
    for path, text in (("province", tax.province), ("postal_prefix", tax.postal_prefix)):
        if text is not None and not (text.strip() and len(text) <= _LONGEST_ZONE):
            errors.append(FieldError(path, "invalid", f"1 to {_LONGEST_ZONE} characters."))
    return errors


def option_errors(option: BuiltInShipping, region: Region) -> list[FieldError]:
    """What is wrong with a way to deliver in a region, field by field."""
    rules = option.rules
    errors = _name_errors("name", option.name) + amount_errors("price", option.price)
    if len(option.estimate) > _LONGEST_NAME:
        errors.append(FieldError("estimate", "too_long", f"At most {_LONGEST_NAME} characters."))
    for name in ("minimum", "maximum", "free_from"):
        amount = getattr(rules, name)
        if amount is not None:
            errors += amount_errors(f"rules.{name}", amount)
    if None not in {rules.minimum, rules.maximum} and (rules.minimum or 0) > (rules.maximum or 0):
        errors.append(FieldError("rules.maximum", "invalid", "Not less than the minimum."))
    errors += band_errors("rules.weight_bands", rules.weight_bands)
    return errors + _country_errors("rules.country_codes", rules.country_codes, region)


def _name_errors(path: str, text: str) -> list[FieldError]:
    if text.strip() and len(text) <= _LONGEST_NAME:
        return []
    return [FieldError(path, "invalid", f"1 to {_LONGEST_NAME} characters.")]


def _country_errors(path: str, codes: Sequence[str], region: Region) -> list[FieldError]:
    if set(codes) <= set(region.countries):
        return []
    return [FieldError(path, "invalid", "Not a country of the region.")]
