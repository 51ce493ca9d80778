"""Which promotions a cart gets, and what they take off which line. Amounts are minor units.

Promotions are tried by priority, the highest first; equal ones in the order of their ids, which is
the order in which they were made. One that gives something is applied. A promotion that is not
stackable is applied only when nothing was applied before it, and nothing is applied after it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Literal

import msgspec

from tradewind.contracts.money import allocate, share
from tradewind.contracts.pricing import Adjustment, QuoteLine, QuoteRequest
from tradewind.pricing.rules.arithmetic import SHIPPING
from tradewind.pricing.rules.book import Promotion

NotApplied = Literal[
    "not_started",
    "expired",
    "exhausted",
    "used_up_by_shopper",
    "other_currency",
    "other_region",
    "minimum_not_reached",
    "nothing_eligible",
    "excluded_by_other",
]


class PromotionOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a promotion: what it takes off in all, or why it takes nothing off."""

    promotion: Promotion
    amount: int = 0
    reason: NotApplied | None = None

    @property
    def applied(self) -> bool:
        """Whether it changed a price."""
        return self.reason is None


class Promoted(msgspec.Struct, frozen=True, kw_only=True):
    """The promotions of a cart: `adjustments` are negative and refer to a promotion by its id."""

    adjustments: Sequence[Adjustment]
    outcomes: Sequence[PromotionOutcome]


def promote(promotions: Iterable[Promotion], request: QuoteRequest, now: datetime) -> Promoted:
    """Apply promotions one after the other, each to what the ones before it left.

    One with a code is left aside unless the cart has that code, in any case of letters. The answer
    does not depend on the order of lines or of promotions.
    """
    codes = {code.strip().upper() for code in request.codes}
    cart = _Cart(request)
    outcomes: list[PromotionOutcome] = []
    for promotion in sorted(promotions, key=lambda one: (-one.priority, one.id)):
        if promotion.code is None or promotion.code.upper() in codes:
            outcomes.append(_tried(promotion, cart, outcomes, now))
    return Promoted(adjustments=cart.adjustments, outcomes=outcomes)


def prices_change_at(promotions: Iterable[Promotion], now: datetime) -> datetime | None:
    """When the next of these begins or ends; None when none will."""
    moments = (
        moment
        for promotion in promotions
        for moment in (promotion.starts_at, promotion.ends_at)
        if moment is not None and moment > now
    )
    return min(moments, default=None)


def not_usable(promotion: Promotion, now: datetime) -> NotApplied | None:
    """Why nobody, or not this shopper, gets a promotion at this time, whatever the cart."""
    if promotion.starts_at is not None and now < promotion.starts_at:
        return "not_started"
    if promotion.ends_at is not None and now >= promotion.ends_at:
        return "expired"
    if promotion.usage_limit is not None and promotion.used >= promotion.usage_limit:
        return "exhausted"
    limit = promotion.limit_per_customer
    if limit is not None and promotion.used_by_shopper >= limit:
        return "used_up_by_shopper"
    return None


class _Cart:
    """What is left of each line and of the delivery while promotions are applied."""

    def __init__(self, request: QuoteRequest) -> None:
        self.request = request
        # In an order that the shopper has no part in.
        self.lines = sorted(request.lines, key=lambda line: (line.sku, line.line_id))
        self.subtotal = sum(line.subtotal for line in request.lines)
        self.left = {line.line_id: line.subtotal - line.discount for line in request.lines}
        self.left[SHIPPING] = request.shipping
        self.adjustments: list[Adjustment] = []

    def take(self, promotion: Promotion, amounts: Mapping[str, int]) -> None:
        for line_id, amount in amounts.items():
            self.left[line_id] -= amount
            entry = Adjustment(
                line_id=line_id,
                code=promotion.code or "",
                title=promotion.title,
                amount=-amount,
                reference=str(promotion.id),
            )
            self.adjustments.append(entry)


def _tried(
    promotion: Promotion, cart: _Cart, before: Sequence[PromotionOutcome], now: datetime
) -> PromotionOutcome:
    reason = not_usable(promotion, now) or _not_for(promotion, cart)
    if reason is not None:
        return PromotionOutcome(promotion=promotion, reason=reason)
    amounts = {key: amount for key, amount in _amounts(promotion, cart).items() if amount > 0}
    if not amounts:
        return PromotionOutcome(promotion=promotion, reason="nothing_eligible")
    if _excluded(promotion, before):
        return PromotionOutcome(promotion=promotion, reason="excluded_by_other")
    cart.take(promotion, amounts)
    return PromotionOutcome(promotion=promotion, amount=sum(amounts.values()))


def _not_for(promotion: Promotion, cart: _Cart) -> NotApplied | None:
    """Why a promotion is not for this cart, by what the merchant asked for."""
    request, rules = cart.request, promotion.rules
    if promotion.currency is not None and promotion.currency != request.currency:
        return "other_currency"
    if rules.region_ids and request.region_id not in rules.region_ids:
        return "other_region"
    if rules.country_codes and (
        request.address is None or request.address.country_code not in rules.country_codes
    ):
        return "other_region"
    if promotion.minimum is not None and cart.subtotal < promotion.minimum:
        return "minimum_not_reached"
    return None if _eligible(promotion, cart.lines) else "nothing_eligible"


def _excluded(promotion: Promotion, before: Sequence[PromotionOutcome]) -> bool:
    applied = [one.promotion for one in before if one.applied]
    alone = any(not one.stackable for one in applied)
    return alone or (bool(applied) and not promotion.stackable)


def _eligible(promotion: Promotion, lines: Sequence[QuoteLine]) -> list[QuoteLine]:
    """The lines a promotion is about: by SKU or by category, all where it names neither."""
    skus = {sku.upper() for sku in promotion.rules.skus}
    categories = {str(category) for category in promotion.rules.category_ids}
    if not skus and not categories:
        return list(lines)
    return [
        line
        for line in lines
        if line.sku.upper() in skus or not categories.isdisjoint(line.category_ids)
    ]


def _amounts(promotion: Promotion, cart: _Cart) -> dict[str, int]:
    """What a promotion takes off each line, or off the delivery, within its maximum."""
    lines = _eligible(promotion, cart.lines)
    rate = Fraction(promotion.value) / 100
    match promotion.kind:
        case "percentage":
            amounts = {line.line_id: share(cart.left[line.line_id], rate) for line in lines}
        case "fixed":
            left = {line.line_id: cart.left[line.line_id] for line in lines}
            amounts = _spread(int(promotion.value), lines, left)
        case "free_shipping":
            amounts = {SHIPPING: cart.left[SHIPPING]}
        case "buy_x_get_y":
            amounts = _given_away(promotion, lines, cart.left, rate)
    most = promotion.rules.maximum
    if most is None or sum(amounts.values()) <= most:
        return amounts
    return {SHIPPING: most} if SHIPPING in amounts else _spread(most, lines, amounts)


def _spread(amount: int, lines: Sequence[QuoteLine], over: Mapping[str, int]) -> dict[str, int]:
    """An amount over lines in proportion to `over`, never more than that; ties by SKU, line id."""
    keys = {f"{line.sku}\0{line.line_id}": line.line_id for line in lines}
    weights = {key: over.get(line_id, 0) for key, line_id in keys.items()}
    parts = allocate(min(amount, sum(weights.values())), weights)
    return {keys[key]: part for key, part in parts.items()}


def _given_away(
    promotion: Promotion, lines: Sequence[QuoteLine], left: Mapping[str, int], rate: Fraction
) -> dict[str, int]:
    """The cheapest units by catalog price; what is left of a line lies evenly on its units."""
    units = _units_given(promotion, sum(line.quantity for line in lines))
    amounts: dict[str, int] = {}
    for line in sorted(lines, key=lambda line: (line.unit_price, line.sku, line.line_id)):
        taken = min(units, line.quantity)
        units -= taken
        amounts[line.line_id] = share(left[line.line_id], Fraction(taken, line.quantity) * rate)
    return amounts


def _units_given(promotion: Promotion, units: int) -> int:
    """Who buys `buy` gets `get` more: of five with 2 + 1, one; of six, two."""
    buy, get = promotion.rules.buy, promotion.rules.get
    groups, over = divmod(units, buy + get)
    return groups * get + max(0, over - buy)
