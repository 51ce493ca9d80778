"""What a cart comes to, in the words of the chat: what is taken off and why, and what is not."""

from collections.abc import Mapping

from tradewind.carts.rules import Cart, CodeStanding, ShippingMethod
from tradewind.checkout import service as checkout
from tradewind.conversations.script.turn import Turn
from tradewind.conversations.texts import Words
from tradewind.pricing.rules import PAID_WITH_CREDITS, NotApplied, credits_in

WHY: Mapping[NotApplied, str] = {
    "not_started": "why.not_started",
    "expired": "why.expired",
    "exhausted": "why.exhausted",
    "used_up_by_shopper": "why.used_up_by_shopper",
    "other_currency": "why.other_currency",
    "other_region": "why.other_region",
    "minimum_not_reached": "why.minimum_not_reached",
    "nothing_eligible": "why.nothing_eligible",
    "excluded_by_other": "why.excluded_by_other",
}
"""Why a code takes nothing off; ends a sentence."""


async def priced(turn: Turn, cart: Cart) -> Cart:
    """The cart with what codes and credits make of it, where it may have any.

    Where plugins must be asked it stays as it is: the summary before ordering asks them.
    """
    if not cart.codes and not _services(cart):
        return cart
    return await checkout.price_in(turn.tx, turn.engine, cart) or cart


def told(cart: Cart) -> bool:
    """Whether a cart is to be shown with all its figures."""
    return bool(cart.promotions or cart.credits_wanted) and cart.quoted


def offers_credits(cart: Cart) -> bool:
    """Whether more credits than now could pay for services of a priced cart."""
    if cart.credits is None:
        return False
    return cart.credits_wanted < min(cart.credits.available, _services(cart))


def lines(turn: Turn, cart: Cart) -> list[str]:
    """Every figure of a priced cart."""
    words = turn.words
    found = [words("review.subtotal", amount=words.money(cart.subtotal, cart.currency))]
    found += _discounts(words, cart)
    if cart.shipping_method is not None:
        found.append(_delivery(words, cart, cart.shipping_method))
    if cart.tax_total:
        key = "review.tax_included" if cart.region.tax_inclusive else "review.tax"
        found.append(words(key, amount=words.money(cart.tax_total, cart.currency)))
    found.append(words("review.total", amount=words.money(cart.total, cart.currency)))
    return found


def remarks(turn: Turn, cart: Cart) -> list[str]:
    """Codes that take nothing off so far, and what credits there are."""
    words = turn.words
    found = [
        words("code.waits", code=one.code, why=why(words, one, cart.currency))
        for one in cart.promotions
        if not one.applied
    ]
    have = cart.credits.available if cart.credits else 0
    if have and _services(cart):
        found.append(words.count("credits.have", have))
    return found


def why(words: Words, one: CodeStanding, currency: str) -> str:
    """Why a code takes nothing off, to end a sentence with."""
    if one.missing:
        return words("why.missing", amount=words.money(one.missing, currency))
    return words(next((key for reason, key in WHY.items() if reason == one.reason), "why.other"))


def price(words: Words, amount: int, currency: str) -> str:
    """An amount; nothing is free."""
    return words.money(amount, currency) if amount else words("review.free")


def _discounts(words: Words, cart: Cart) -> list[str]:
    """What is taken off lines by reason; in one figure where reasons do not add up to it."""
    taken: dict[str, int] = {}
    used = credits_in(cart.adjustments)
    for entry in cart.adjustments:
        if entry.line_id is not None and entry.kind != "tax" and entry.amount < 0:
            own = entry.kind == "credit"
            title = words.count("credits.title", used) if own else entry.title
            taken[title] = taken.get(title, 0) - entry.amount
    if sum(taken.values()) == cart.discount_total:
        return [
            words("review.discount_of", title=title, amount=words.money(amount, cart.currency))
            for title, amount in taken.items()
        ]
    return [words("review.discount", amount=words.money(cart.discount_total, cart.currency))]


def _delivery(words: Words, cart: Cart, method: ShippingMethod) -> str:
    amount = price(words, cart.shipping_total, cart.currency)
    if not method.estimate:
        return words("review.delivery", name=method.name, amount=amount)
    return words(
        "review.delivery_estimate", name=method.name, estimate=method.estimate, amount=amount
    )


def _services(cart: Cart) -> int:
    return sum(line.quantity for line in cart.lines if line.kind == PAID_WITH_CREDITS)
