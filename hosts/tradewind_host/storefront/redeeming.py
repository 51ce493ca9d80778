"""A signed-in shopper's credits: seen, used for the cart, let go; in the cart or before paying."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from litestar import Response, post
from litestar.params import FromPath

from tradewind.carts.rules import MOST_CREDITS, Cart
from tradewind.carts.service import use_credits
from tradewind.checkout.service import cart_edited, claim_cart
from tradewind.contracts.errors import NotFound, Refusal
from tradewind.credits.rules import Grant
from tradewind.credits.service import available
from tradewind.pricing.rules import PAID_WITH_CREDITS
from tradewind_host.operations import GivenEngine
from tradewind_host.storefront import forms
from tradewind_host.storefront.rendering import elsewhere
from tradewind_host.storefront.texts import Words
from tradewind_host.storefront.view import credit_words
from tradewind_host.storefront.visit import AnyRequest, Visit, from_here, kept, visit


class Credits(NamedTuple):
    """What a shopper has for services of their cart; `used` of it, "" where none is."""

    have: str
    used: str
    more: bool


class Left(NamedTuple):
    """Credits that came together: how many are left, and until when."""

    left: str
    until: str


@post("/{slug:str}/cart/credits", status_code=200)
async def change_credits(
    request: AnyRequest, engine: GivenEngine, slug: FromPath[str]
) -> Response[Any]:
    """Pay with as many credits as there are, or with `remove` none; `page` is `cart` or `pay`.

    Whoever is not signed in any more, or whose cart has changed, sees the page as it is now.
    """
    from_here(engine, request)
    seen = await visit(engine, request, slug)
    form: Mapping[str, Any] = await request.form()
    there = f"{seen.shop.top}/{'pay' if forms.text(form, 'page') == 'pay' else 'cart'}"
    try:
        cart = await _changed(seen, 0 if forms.text(form, "remove") else MOST_CREDITS)
    except (NotFound, Refusal):
        return elsewhere(there)
    return elsewhere(there, *([kept(engine, seen.store, cart.id)] if cart else []))


async def _changed(seen: Visit, most: int) -> Cart | None:
    """The cart with this limit; a guest's cart in this browser becomes the shopper's own."""
    cart, customer_id = seen.cart, seen.customer_id
    if cart is None or customer_id is None:
        return None
    async with seen.engine.database.transaction(seen.store.id) as tx:
        own = cart if cart.customer_id else await claim_cart(tx, cart.id, customer_id)
        after = await use_credits(tx, own, most)
        if after.version != own.version:
            await cart_edited(tx, after.id)
    return after


async def for_cart(seen: Visit, cart: Cart) -> Credits | None:
    """What is shown beside a quoted cart; None where there is nothing to pay with credits."""
    units = sum(line.quantity for line in cart.lines if line.kind == PAID_WITH_CREDITS)
    if seen.customer_id is None or not units:
        return None
    if cart.credits is None:
        async with seen.engine.database.transaction(seen.store.id) as tx:
            have, used = await available(tx, seen.customer_id), 0
    else:
        have, used = cart.credits.available, cart.credits.applied
    if not have:
        return None
    words = seen.words
    return Credits(
        have=words("credits.have", credits=credit_words(have, words)),
        used=words("credits.used", credits=credit_words(used, words)) if used else "",
        more=cart.credits_wanted < min(have, units),
    )


def left(grants: Sequence[Grant], visit: Visit) -> list[Left]:
    """What is left of a customer's credits, those that end first first."""
    now, words = visit.engine.clock.now(), visit.words
    live = [one for one in grants if one.live(now)]
    ordered = sorted(live, key=lambda one: (one.expires_at is None, one.expires_at or now))
    return [_left(one, words, visit.zone) for one in ordered]


def _left(one: Grant, words: Words, zone: ZoneInfo) -> Left:
    until = words("credits.until", date=words.when(one.expires_at, zone)) if one.expires_at else ""
    return Left(credit_words(one.remaining, words), until)
