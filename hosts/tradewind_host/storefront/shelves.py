"""The list of products, and the page of one, from which it is put in the cart."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from tradewind.carts.rules import NewCart
from tradewind.carts.service import add_once, open_cart
from tradewind.catalog import service as catalog
from tradewind.catalog.rules import Category, Page, Product
from tradewind.checkout.service import cart_edited
from tradewind.contracts.errors import InvalidInput, NotFound, OutOfStock, Refusal
from tradewind_host.operations import GivenEngine
from tradewind_host.storefront import forms, goods
from tradewind_host.storefront.chat import chat_link
from tradewind_host.storefront.rendering import PUBLIC, elsewhere, page
from tradewind_host.storefront.visit import AnyRequest, Visit, from_here, kept, visit
from tradewind_host.storefront.wishes import Wishes, facets, orders, wishes_of

PER_PAGE = 24


@get("/{slug:str}")
async def list_page(
    request: AnyRequest,
    engine: GivenEngine,
    slug: FromPath[str],
    after: FromQuery[str] = "",
) -> Response[Any]:
    """What the shop sells: all of it, one shelf, or what sounds like `q`; sorted and filtered."""
    seen = await visit(engine, request, slug)
    query = request.query_params
    wishes = wishes_of(query, query.getall("options", []))
    clear = wishes.readable(seen.currency)
    async with engine.database.transaction(seen.store.id) as tx:
        categories = await catalog.list_categories(tx)
        chosen = _chosen(categories, wishes.category)
        try:
            asked = catalog.Asked(
                where=seen.where,
                query=clear.q,
                filters=clear.filters(chosen, seen.currency),
                sort=clear.sort or None,
                limit=PER_PAGE,
                cursor=after or None,
            )
            found = await catalog.browse(tx, asked)
            choices = await catalog.choices(tx, asked)
        except InvalidInput:
            return elsewhere(seen.shop.top)
    return _listed(seen, _Found(categories, chosen, found, choices), wishes)


def _chosen(categories: Sequence[Category], handle: str) -> Category | None:
    if not handle:
        return None
    found = next((one for one in categories if one.handle == handle), None)
    if found is None:
        raise NotFound("There is no such category.")
    return found


class _Found(NamedTuple):
    """What a list shows, and what can be chosen in it."""

    categories: Sequence[Category]
    chosen: Category | None
    page: Page[Product]
    choices: Sequence[tuple[str, str]]


def _listed(seen: Visit, found: _Found, wishes: Wishes) -> Response[Any]:
    shop, words, clear = seen.shop, seen.words, wishes.readable(seen.currency)
    return page(
        seen.engine,
        "list.html",
        words,
        headers=PUBLIC,
        shop=shop,
        wishes=wishes,
        unread={name for name in ("low", "high") if getattr(wishes, name) != getattr(clear, name)},
        currency=seen.currency,
        chosen=found.chosen,
        shelves=goods.shelves(found.categories, found.chosen, shop),
        orders=orders(wishes, words),
        facets=facets(found.choices, wishes),
        cards=[goods.card(one, shop, words) for one in found.page.items],
        more=clear.address(shop.top, found.page.next_cursor),
    )


@get("/{slug:str}/products/{handle:str}")
async def product_page(
    request: AnyRequest, engine: GivenEngine, slug: FromPath[str], handle: FromPath[str]
) -> Response[Any]:
    """One product, by its handle or its id."""
    seen = await visit(engine, request, slug)
    return await _shown(seen, await _product(seen, handle))


@post("/{slug:str}/products/{handle:str}", status_code=200)
async def add_to_cart(
    request: AnyRequest, engine: GivenEngine, slug: FromPath[str], handle: FromPath[str]
) -> Response[Any]:
    """Put a variant in the cart; a form that is sent twice puts it there once."""
    from_here(engine, request)
    seen = await visit(engine, request, slug)
    product = await _product(seen, handle)
    form: Mapping[str, Any] = await request.form()
    variant = forms.text(form, "variant")
    quantity = forms.whole(forms.text(form, "quantity"))
    one = next((one for one in product.variants if str(one.id) == variant), None)
    if one is None:
        return await _shown(seen, product, seen.words("goods.choose"), status=422)
    if not quantity:
        return await _shown(seen, product, seen.words("error.quantity"), variant, status=422)
    had = forms.whole(forms.text(form, f"had.{variant}")) or 0
    try:
        cart_id = await _added(seen, one.id, quantity, had)
    except OutOfStock as error:
        return await _shown(seen, product, _short(seen, error), variant, status=409)
    except Refusal:
        text = seen.words("error.unavailable")
        return await _shown(seen, product, text, variant, status=409)
    return elsewhere(f"{seen.shop.top}/cart", kept(engine, seen.store, cart_id))


async def _added(seen: Visit, variant_id: UUID, quantity: int, had: int) -> UUID:
    """Put units in the visitor's cart, opening one if needed; the cart's id."""
    async with seen.engine.database.transaction(seen.store.id) as tx:
        cart = seen.cart
        if cart is None:
            new = NewCart(source="web", locale=seen.words.language, customer_id=seen.customer_id)
            cart = await open_cart(tx, new)
        after = await add_once(tx, cart.id, variant_id, quantity, had)
        if after.version != cart.version:
            await cart_edited(tx, cart.id)
        return cart.id


def _short(seen: Visit, error: OutOfStock) -> str:
    key = "error.left" if error.left else "error.sold_out"
    return seen.words(key, left=error.left) if error.left else seen.words(key)


async def _product(seen: Visit, handle: str) -> Product:
    async with seen.engine.database.transaction(seen.store.id) as tx:
        return await catalog.shown_product(tx, handle, seen.where)


async def _shown(
    seen: Visit, product: Product, trouble: str = "", variant: str = "", *, status: int = 200
) -> Response[Any]:
    shop, words = seen.shop, seen.words
    found = goods.choices(product, words)
    free = [one for one in found if not one.sold_out]
    asked = words("chat.product", title=product.title)
    chosen = variant or (str(free[0].id) if len(free) == 1 else "")
    return page(
        seen.engine,
        "product.html",
        words,
        status=status,
        headers=PUBLIC,
        shop=shop,
        product=product,
        image=goods.picture(shop, product.images),
        price=goods.price(product, words),
        was=goods.was(product, words),
        choices=found,
        chosen=chosen,
        free=free,
        had={str(one.id): seen.had(one.id) for one in product.variants if seen.had(one.id)},
        trouble=trouble,
        chat=await chat_link(seen.engine, seen.store, asked),
        here=goods.product_url(shop, product.handle),
    )
