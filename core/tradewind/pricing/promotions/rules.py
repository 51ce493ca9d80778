"""Which promotions a store may make, what state one is in, and how a list of them is asked for."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec

from tradewind.contracts.errors import Conflict, FieldError
from tradewind.pricing.rules import NotApplied, Promotion, PromotionKind, PromotionRules

MOST_CODES = 10
"""Codes on one cart."""
LARGEST_COUNT = 2**31 - 1
LARGEST_AMOUNT = 10**12
LARGEST_GROUP = 1000
MOST_RULES = 500
LONGEST_TITLE = 100
PromotionState = Literal["scheduled", "active", "expired", "exhausted", "archived"]
_CODE = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_CURRENCY = re.compile("[A-Z]{3}")
_COUNTRY = re.compile("[a-z]{2}")
_PERCENT = frozenset(("percentage", "buy_x_get_y"))
_CODES = {
    "not_started": "promotion_not_started",
    "expired": "promotion_expired",
    "exhausted": "promotion_exhausted",
    "used_up_by_shopper": "promotion_exhausted",
}
_WORDS = {
    "not_started": "This code cannot be used yet.",
    "expired": "This code can no longer be used.",
    "exhausted": "This code was used as often as it may be.",
    "used_up_by_shopper": "You have used this code as often as you may.",
}


class NewPromotion(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion to be made; with a code it is for who enters that, without for everybody.

    `value`: percent for `percentage` and `buy_x_get_y`, minor units for `fixed`. Amounts are of
    `currency`; a promotion with amounts and without it takes the store's.
    """

    kind: PromotionKind
    value: Decimal = Decimal(0)
    title: str = ""
    code: str | None = None
    currency: str | None = None
    minimum: int | None = None
    usage_limit: int | None = None
    limit_per_customer: int | None = None
    stackable: bool = False
    priority: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    rules: PromotionRules = PromotionRules()


class PromotionChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a promotion; what is left unset stays, null takes a limit away."""

    kind: PromotionKind | msgspec.UnsetType = msgspec.UNSET
    value: Decimal | msgspec.UnsetType = msgspec.UNSET
    title: str | msgspec.UnsetType = msgspec.UNSET
    code: str | msgspec.UnsetType | None = msgspec.UNSET
    currency: str | msgspec.UnsetType | None = msgspec.UNSET
    minimum: int | msgspec.UnsetType | None = msgspec.UNSET
    usage_limit: int | msgspec.UnsetType | None = msgspec.UNSET
    limit_per_customer: int | msgspec.UnsetType | None = msgspec.UNSET
    stackable: bool | msgspec.UnsetType = msgspec.UNSET
    priority: int | msgspec.UnsetType = msgspec.UNSET
    starts_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    ends_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    rules: PromotionRules | msgspec.UnsetType = msgspec.UNSET


class KeptPromotion(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion as its keeper sees it: `promotion.used` are the orders that stand."""

    promotion: Promotion
    state: PromotionState
    created_at: datetime


class PromotionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which promotions to list, newest first; `q` is part of a code or title.

    Without a state all but the archived ones.
    """

    q: str | None = None
    state: PromotionState | None = None


def state_of(promotion: Promotion, archived_at: datetime | None, now: datetime) -> PromotionState:
    """Whether a promotion can be had now, and if not, why."""
    if archived_at is not None:
        return "archived"
    if promotion.ends_at is not None and promotion.ends_at <= now:
        return "expired"
    if promotion.starts_at is not None and promotion.starts_at > now:
        return "scheduled"
    limit = promotion.usage_limit
    return "exhausted" if limit is not None and promotion.used >= limit else "active"


def parse_value(given: str | int | Decimal) -> Decimal | None:
    """A promotion's value as it was written; None for what is no number."""
    try:
        value = Decimal(given)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def normal(promotion: Promotion, currency: str) -> Promotion:
    """The promotion without spaces around its words, named, its amounts in a currency."""
    code = promotion.code.strip() if promotion.code else None
    amounts = promotion.kind == "fixed" or promotion.minimum is not None
    needed = amounts or promotion.rules.maximum is not None
    return msgspec.structs.replace(
        promotion,
        code=code or None,
        title=promotion.title.strip() or code or "",
        currency=promotion.currency or (currency if needed else None),
        value=Decimal(0) if promotion.kind == "free_shipping" else promotion.value,
    )


def promotion_errors(promotion: Promotion) -> list[FieldError]:
    """What is wrong with a promotion, field by field."""
    return [
        *_word_errors(promotion),
        *_value_errors(promotion),
        *_limit_errors(promotion),
        *_rule_errors(promotion.rules),
    ]


def _word_errors(promotion: Promotion) -> Iterator[FieldError]:
    if not 1 <= len(promotion.title) <= LONGEST_TITLE:
        yield FieldError("title", "required", f"1 to {LONGEST_TITLE} characters.")
    if promotion.code is not None and not _CODE.fullmatch(promotion.code):
        message = "1 to 40 letters, digits, dots, hyphens and underscores."
        yield FieldError("code", "invalid", message)
    if promotion.currency is not None and not _CURRENCY.fullmatch(promotion.currency):
        yield FieldError("currency", "invalid_currency", "Use the three capitals of ISO 4217.")


def _value_errors(promotion: Promotion) -> Iterator[FieldError]:
    value = promotion.value
    if promotion.kind in _PERCENT:
        if not 0 < value <= 100 or value != round(value, 6):
            message = "Percent, over 0 and up to 100, with at most six decimals."
            yield FieldError("value", "invalid", message)
    elif promotion.kind == "fixed" and (not 0 < value <= LARGEST_AMOUNT or value != int(value)):
        yield FieldError("value", "invalid", "A whole number of minor units, over 0.")


def _limit_errors(promotion: Promotion) -> Iterator[FieldError]:
    if promotion.minimum is not None and not 0 <= promotion.minimum <= LARGEST_AMOUNT:
        yield FieldError("minimum", "out_of_range", "Minor units, from 0.")
    for path, limit in (
        ("limit", promotion.usage_limit),
        ("limit_per_customer", promotion.limit_per_customer),
    ):
        if limit is not None and not 1 <= limit <= LARGEST_COUNT:
            yield FieldError(path, "out_of_range", f"From 1 to {LARGEST_COUNT}.")
    if not -LARGEST_COUNT <= promotion.priority <= LARGEST_COUNT:
        yield FieldError("priority", "out_of_range", f"Up to {LARGEST_COUNT}.")
    starts, ends = promotion.starts_at, promotion.ends_at
    if starts is not None and ends is not None and starts >= ends:
        yield FieldError("ends_at", "out_of_range", "Later than starts_at.")


def _rule_errors(rules: PromotionRules) -> Iterator[FieldError]:
    for name in ("skus", "category_ids", "region_ids", "country_codes"):
        if len(getattr(rules, name)) > MOST_RULES:
            yield FieldError(f"rules.{name}", "too_long", f"At most {MOST_RULES}.")
    for name in ("buy", "get"):
        if not 1 <= getattr(rules, name) <= LARGEST_GROUP:
            yield FieldError(f"rules.{name}", "out_of_range", f"From 1 to {LARGEST_GROUP}.")
    if rules.maximum is not None and not 1 <= rules.maximum <= LARGEST_AMOUNT:
        yield FieldError("rules.maximum", "out_of_range", "Minor units, from 1.")
    if any(not _COUNTRY.fullmatch(code) for code in rules.country_codes):
        message = "ISO 3166, two lower case letters."
        yield FieldError("rules.country_codes", "invalid", message)


def refusal(reason: NotApplied | None) -> Conflict | None:
    """What a shopper is told who cannot use a code whatever their cart; None for who can."""
    if reason not in _CODES:
        return None
    return Conflict(_WORDS[reason], code=_CODES[reason])


def exhausted(title: str) -> Conflict:
    """The refusal for an order whose promotion was used up before it was placed."""
    words = f"{title!r} was used as often as it may be; look at the cart again."
    return Conflict(words, code="promotion_exhausted")
