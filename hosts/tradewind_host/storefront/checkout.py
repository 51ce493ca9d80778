"""The checkout before paying: who buys, where the goods go, and how they get there."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from tradewind.carts.merging.service import own
from tradewind.carts.rules import Cart, ShippingMethod
from tradewind.carts.service import update
from tradewind.checkout.rules import has_physical
from tradewind.checkout.service import cart_edited, choose_shipping, shipping_options
from tradewind.contracts.errors import InvalidInput, NotFound, Refusal
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import Address
from tradewind.customers import service as customers
from tradewind.settings.engine import Engine
from tradewind_host.operations import GivenEngine
from tradewind_host.storefront import details, forms, paths, view
from tradewind_host.storefront.details import Details
from tradewind_host.storefront.rendering import SHOPPING, elsewhere, page
from tradewind_host.storefront.visit import AnyRequest, Visit, from_here, visit


class Underway(msgspec.Struct, frozen=True, kw_only=True):
    """A visit with something in its cart."""

    seen: Visit
    cart: Cart


async def underway(engine: Engine, request: AnyRequest, slug: str) -> Underway | Response[Any]:
    """The visitor's checkout, or where they go instead: to their order, or to the cart."""
    seen = await visit(engine, request, slug)
    if seen.order is not None:
        return elsewhere(paths.order_of(engine, seen.store, seen.order))
    if seen.cart is None or not seen.cart.lines or not all(one.sellable for one in seen.cart.lines):
        return elsewhere(f"{seen.shop.top}/cart")
    return Underway(seen=seen, cart=seen.cart)


async def details_page(engine: Engine, request: AnyRequest, slug: str) -> Response[Any]:
    """Who buys, and where the goods go."""
    found = await underway(engine, request, slug)
    if isinstance(found, Response):
        return found
    return _details(found, details.known(found.cart, await _customer(found.seen)))


async def _customer(seen: Visit) -> details.Known | None:
    """What a signed-in customer has told before."""
    if seen.customer_id is None:
        return None
    async with seen.engine.database.transaction(seen.store.id) as tx:
        customer = await customers.get_customer(tx, seen.customer_id)
        address = await customers.last_address(tx, seen.customer_id)
    return details.Known(customer, address)


@post("/{slug:str}/checkout", status_code=200)
async def save_details(
    request: AnyRequest, engine: GivenEngine, slug: FromPath[str]
) -> Response[Any]:
    """Keep what was filled in, and go on; what is wrong is told beside its field."""
    from_here(engine, request)
    found = await underway(engine, request, slug)
    if isinstance(found, Response):
        return found
    form: Mapping[str, Any] = await request.form()
    words, cart = found.seen.words, found.cart
    given = details.read(form, cart, words)
    if given.errors:
        return _details(found, given, status=422)
    try:
        async with engine.database.transaction(found.seen.store.id) as tx:
            change = details.change(given, cart, words)
            after = await update(tx, cart, change)
            if found.seen.customer_id and after.customer_id is None:
                after = await own(tx, after, found.seen.customer_id)
            if after.version != cart.version:
                await cart_edited(tx, cart.id)
            if found.seen.customer_id and isinstance(change.shipping_address, Address):
                customer_id = found.seen.customer_id
                await customers.remember_address(tx, customer_id, change.shipping_address)
    except InvalidInput as refusal:
        return _details(found, details.refused(given, refusal, words), status=422)
    except Refusal:
        return elsewhere(f"{found.seen.shop.top}/checkout")
    return elsewhere(f"{found.seen.shop.top}/checkout/delivery")


def _details(found: Underway, given: Details, *, status: int = 200) -> Response[Any]:
    seen, cart = found.seen, found.cart
    return page(
        seen.engine,
        "details.html",
        seen.words,
        status=status,
        headers=SHOPPING,
        shop=seen.shop,
        fields=details.fields(given, cart, seen.words),
        physical=has_physical(cart),
        steps=view.steps("details", cart, seen.words),
        total=Money(cart.total, cart.currency).text(),
    )


@get("/{slug:str}/checkout/delivery")
async def delivery_page(
    request: AnyRequest, engine: GivenEngine, slug: FromPath[str]
) -> Response[Any]:
    """How the goods get there; a single way is chosen without asking."""
    found = await underway(engine, request, slug)
    if isinstance(found, Response):
        return found
    seen, cart = found.seen, found.cart
    if view.undescribed(cart):
        return elsewhere(f"{seen.shop.top}/checkout")
    options = await shipping_options(engine, seen.store, cart.id)
    if len(options) == 1 and cart.shipping_method is None:
        await choose_shipping(engine, seen.store, cart.id, options[0].option_id)
    if len(options) <= 1:
        return elsewhere(f"{seen.shop.top}/pay")
    return _delivery(found, options)


@post("/{slug:str}/checkout/delivery", status_code=200)
async def choose_delivery(
    request: AnyRequest, engine: GivenEngine, slug: FromPath[str]
) -> Response[Any]:
    """Deliver this way, and go on to pay."""
    from_here(engine, request)
    found = await underway(engine, request, slug)
    if isinstance(found, Response):
        return found
    seen, cart = found.seen, found.cart
    wanted = forms.text(await request.form(), "option")
    try:
        await choose_shipping(engine, seen.store, cart.id, wanted)
    except (NotFound, Refusal):
        options = await shipping_options(engine, seen.store, cart.id)
        return _delivery(found, options, seen.words("error.delivery"))
    return elsewhere(f"{seen.shop.top}/pay")


def _delivery(found: Underway, options: list[ShippingMethod], trouble: str = "") -> Response[Any]:
    seen, cart = found.seen, found.cart
    chosen = cart.shipping_method.option_id if cart.shipping_method else options[0].option_id
    address = cart.shipping_address
    return page(
        seen.engine,
        "delivery.html",
        seen.words,
        status=422 if trouble else 200,
        headers=SHOPPING,
        shop=seen.shop,
        options=[(one, Money(one.price, cart.currency).text()) for one in options],
        chosen=chosen,
        trouble=trouble,
        address=view.address_lines(address, seen.words) if address else [],
        steps=view.steps("delivery", cart, seen.words),
    )
