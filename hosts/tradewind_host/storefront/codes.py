"""Codes of promotions: entered in the cart or before paying, and taken off again."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, post
from litestar.params import FromPath

from tradewind.carts.rules import Cart
from tradewind.carts.service import add_code, remove_code
from tradewind.checkout.service import cart_edited
from tradewind.contracts.errors import Limited, Refusal
from tradewind_host.limits import GivenLimiter, Limiter, address_of
from tradewind_host.operations import GivenEngine
from tradewind_host.promotion_codes import entering
from tradewind_host.storefront import cart as cart_pages
from tradewind_host.storefront import forms, till
from tradewind_host.storefront.paying import Trouble
from tradewind_host.storefront.rendering import elsewhere
from tradewind_host.storefront.visit import AnyRequest, Visit, from_here, kept, visit

TROUBLES: Mapping[str, str] = {
    "unknown_promotion": "code.unknown",
    "promotion_not_started": "code.not_started",
    "promotion_expired": "code.expired",
    "promotion_exhausted": "code.exhausted",
    "too_many_promotions": "code.too_many",
}
"""Why a code is not taken, by the code of the refusal; any other one means a changed cart."""

LONGEST = 40


@post("/{slug:str}/cart/codes", status_code=200)
async def change_codes(
    request: AnyRequest, engine: GivenEngine, limiter: GivenLimiter, slug: FromPath[str]
) -> Response[Any]:
    """Enter a code, or take one off with `remove`; `page` says where to go on: `cart` or `pay`."""
    from_here(engine, request)
    seen = await visit(engine, request, slug)
    form: Mapping[str, Any] = await request.form()
    paying = forms.text(form, "page") == "pay"
    there = f"{seen.shop.top}/{'pay' if paying else 'cart'}"
    if seen.cart is None:
        return elsewhere(there)
    trouble = await _changed(request, limiter, seen, seen.cart, form)
    if trouble is None:
        return elsewhere(there, kept(engine, seen.store, seen.cart.id))
    if not paying:
        return await cart_pages.shown(seen, code=trouble)
    bill = await till.bill_of(engine, request, slug)
    return bill if isinstance(bill, Response) else await bill.shown(trouble)


async def _changed(
    request: AnyRequest, limiter: Limiter, seen: Visit, cart: Cart, form: Mapping[str, Any]
) -> Trouble | None:
    """Change the codes of the cart; says what was wrong, in words."""
    words, removed = seen.words, forms.text(form, "remove")
    code = removed or forms.text(form, "code")
    if not code or len(code) > LONGEST:
        return Trouble(422, words("code.unknown" if code else "code.needed"))
    try:
        with entering(limiter, cart.id, address_of(request.scope)):
            async with seen.engine.database.transaction(seen.store.id) as tx:
                after = await (remove_code if removed else add_code)(tx, cart, code)
                if after.version != cart.version:
                    await cart_edited(tx, cart.id)
    except Limited:
        return Trouble(429, words("code.often"))
    except Refusal as error:
        if removed:
            return None
        return Trouble(409, words(TROUBLES.get(error.reason, "error.changed")))
    return None
