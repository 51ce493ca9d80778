"""The cart: change how many, take something out, see what it comes to, go on to the checkout."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from tradewind.carts.rules import Cart, NoteCode
from tradewind.carts.service import set_quantity
from tradewind.checkout.rules import has_physical
from tradewind.checkout.service import cart_edited, quote
from tradewind.contracts.errors import NotFound, OutOfStock, Refusal
from tradewind_host.operations import GivenEngine
from tradewind_host.storefront import chat, forms, goods, paths, redeeming, view
from tradewind_host.storefront.paying import Trouble
from tradewind_host.storefront.rendering import SHOPPING, elsewhere, page
from tradewind_host.storefront.texts import Words
from tradewind_host.storefront.visit import AnyRequest, Visit, from_here, kept, visit

_NOTES: Mapping[NoteCode, str] = {
    "quantity_capped": "merged.quantity_capped",
    "no_price": "merged.no_price",
    "too_many_lines": "merged.too_many_lines",
    "address_dropped": "merged.address_dropped",
    "codes_dropped": "merged.codes_dropped",
}


@get("/{slug:str}/cart")
async def cart_page(request: AnyRequest, engine: GivenEngine, slug: FromPath[str]) -> Response[Any]:
    """What is in the cart."""
    return await shown(await visit(engine, request, slug))


@post("/{slug:str}/cart", status_code=200)
async def change_cart(
    request: AnyRequest, engine: GivenEngine, slug: FromPath[str]
) -> Response[Any]:
    """Change how many of a line there are; none takes it out."""
    from_here(engine, request)
    seen = await visit(engine, request, slug)
    form: Mapping[str, Any] = await request.form()
    here = f"{seen.shop.top}/cart"
    line = _line(seen.cart, forms.text(form, "line"))
    if seen.cart is None or line is None:
        return elsewhere(here)
    quantity = forms.whole(forms.text(form, "quantity"))
    if quantity is None:
        return await shown(seen, line, seen.words("error.quantity"), status=422)
    try:
        async with engine.database.transaction(seen.store.id) as tx:
            after = await set_quantity(tx, seen.cart, line, quantity)
            if after.version != seen.cart.version:
                await cart_edited(tx, after.id)
    except NotFound:
        return elsewhere(here)
    except OutOfStock as error:
        text = seen.words("error.left", left=error.left)
        return await shown(seen, line, text, status=409)
    except Refusal:
        return await shown(seen, line, seen.words("error.changed"), status=409)
    return elsewhere(here, kept(engine, seen.store, seen.cart.id))


def _line(cart: Cart | None, text: str) -> UUID | None:
    lines = cart.lines if cart else ()
    return next((one.id for one in lines if str(one.id) == text), None)


def _notes(cart: Cart | None, words: Words) -> list[str]:
    """What did not come along when this cart and another one became one."""
    return [
        words(_NOTES[one.code], title=one.title, wanted=one.wanted, kept=one.kept)
        for one in (cart.notes if cart else ())
        if one.code in _NOTES
    ]


async def shown(
    seen: Visit,
    wrong: UUID | None = None,
    trouble: str = "",
    *,
    status: int = 200,
    code: Trouble | None = None,
) -> Response[Any]:
    """The cart, with what is wrong with a line, or with a code that was entered."""
    engine, words, cart = seen.engine, seen.words, seen.cart
    repriced = cart is not None and cart.repriced
    if cart is not None and cart.lines:
        cart = await quote(engine, seen.store, cart.id)
    asked = chat.about_cart(cart, words) if cart else ""
    lines = goods.rows(cart, seen.shop, words) if cart else []
    return page(
        engine,
        "cart.html",
        words,
        status=code.status if code else status,
        headers=SHOPPING,
        shop=seen.shop,
        rows=lines,
        figures=view.cart_figures(cart, words) if cart and lines else [],
        chosen=bool(cart and (cart.shipping_method or not has_physical(cart))),
        repriced=repriced,
        notes=_notes(cart, words),
        codes=view.codes(cart, words) if cart else [],
        credits=await redeeming.for_cart(seen, cart) if cart and lines else None,
        code_trouble=code.text if code else "",
        gone=any(not one.sellable for one in lines),
        chat=await chat.chat_link(engine, seen.store, asked) if lines else None,
        wrong=wrong,
        trouble=trouble,
        order=paths.order_of(engine, seen.store, seen.order) if seen.order else "",
        number=seen.order.number if seen.order else "",
    )
