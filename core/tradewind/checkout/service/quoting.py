"""What a cart costs: delivery, promotions and taxes, asked outside any transaction."""

from uuid import UUID

import msgspec

from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, CartUpdate, ShippingMethod, check_open, quote_request
from tradewind.checkout.rules import changed
from tradewind.checkout.service.ending import cart_edited
from tradewind.contracts.errors import NotFound
from tradewind.contracts.pricing import QuoteRequest, ShippingOption, TaxQuote
from tradewind.database import Store, Transaction
from tradewind.plugins import Contexts
from tradewind.pricing.builtin import (
    NAME,
    Context,
    after,
    book_context,
    price_alone,
    sourced,
    with_book,
)
from tradewind.pricing.rules import (
    PriceBook,
    Priced,
    acceptable,
    adjust,
    options_of,
    taxes_of,
    total_up,
)
from tradewind.pricing.service import list_shipping_options, list_tax_rates
from tradewind.settings.engine import Engine

ATTEMPTS = 5


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """A cart, and the store's price tables for it with the moment at which they are asked."""

    cart: Cart
    own: Context


async def quote(engine: Engine, store: Store, cart_id: UUID) -> Cart:
    """The cart with promotions, delivery and tax, kept until it or a price changes.

    Plugins are asked outside any transaction; when the cart changes meanwhile they are asked
    again, a few times. Raises NotFound, Conflict `cart_changed`.
    """
    for _ in range(ATTEMPTS):
        async with engine.database.transaction(store.id) as tx:
            cart = await carts.get_cart(tx, cart_id)
            stored = await quote_in(tx, engine, cart)
            if stored is None and _asks_plugins(engine):
                basis = await _basis(tx, cart)
        if stored is None and _asks_plugins(engine):
            priced = await _priced(engine, store, basis)
            async with engine.database.transaction(store.id) as tx:
                stored = await carts.store_quote(tx, basis.cart, priced)
        if stored is not None:
            return stored
    raise changed()


async def quote_in(tx: Transaction, engine: Engine, cart: Cart) -> Cart | None:
    """The same in the open transaction: None where plugins must be asked, or it has changed."""
    if cart.quoted or cart.status != "open":
        return cart
    if _asks_plugins(engine):
        return None
    basis = await _basis(tx, cart)
    priced = await price_alone(quote_request(basis.cart), basis.own)
    return await carts.store_quote(tx, basis.cart, priced)


async def shipping_options(engine: Engine, store: Store, cart_id: UUID) -> list[ShippingMethod]:
    """The ways to deliver a cart: the store's own, then those of plugins. Raises NotFound.

    A cart without physical goods has none; a plugin that fails is left out.
    """
    async with engine.database.transaction(store.id) as tx:
        cart = await carts.get_cart(tx, cart_id)
        own = book_context(store.id, await _book(tx, cart), tx.now)
    if not any(line.kind == "physical" for line in cart.lines):
        return []
    contexts = with_book(engine.contexts(store), own)
    asked = await engine.plugins.shipping_options(quote_request(cart), contexts)
    return [
        _method(answer.plugin, option)
        for answer in asked.answers
        for option in answer.value
        if option.price >= 0
    ]


def _method(plugin: str, option: ShippingOption) -> ShippingMethod:
    return ShippingMethod(
        plugin="" if plugin == NAME else plugin,
        id=option.id,
        name=option.name,
        price=option.price,
        estimate=option.estimate,
    )


async def shipping_option(
    engine: Engine, store: Store, cart_id: UUID, option_id: str
) -> ShippingMethod:
    """The way to deliver that a client names so. Raises NotFound `unknown_shipping_option`."""
    options = await shipping_options(engine, store, cart_id)
    chosen = next((one for one in options if one.option_id == option_id), None)
    if chosen is None:
        raise NotFound("This is not offered for the cart.", code="unknown_shipping_option")
    return chosen


async def choose_shipping(engine: Engine, store: Store, cart_id: UUID, option_id: str) -> Cart:
    """Deliver this way; attempts to pay what it cost before are called off.

    Raises NotFound `unknown_shipping_option`, Conflict.
    """
    chosen = await shipping_option(engine, store, cart_id, option_id)
    async with engine.database.transaction(store.id) as tx:
        cart = await carts.get_cart(tx, cart_id)
        after = await carts.update(tx, cart, CartUpdate(shipping_method=chosen))
        if after.version != cart.version:
            await cart_edited(tx, cart_id)
    return await quote(engine, store, cart_id)


def _asks_plugins(engine: Engine) -> bool:
    asked = {"quote_tax", "price_adjustments"}
    return any(asked.intersection(plugin.hooks) for plugin in engine.plugins.loaded.values())


async def _basis(tx: Transaction, cart: Cart) -> Basis:
    """What is needed to price a cart, its own delivery option brought up to date."""
    check_open(cart)
    book = await _book(tx, cart)
    method = cart.shipping_method
    if method is not None and not method.plugin:
        offered = [_method(NAME, one) for one in options_of(book, quote_request(cart))]
        current = next((one for one in offered if one.id == method.id), None)
        if current != method:
            cart = await carts.update(tx, cart, CartUpdate(shipping_method=current))
    return Basis(cart=cart, own=book_context(tx.store_id, book, tx.now))


async def _book(tx: Transaction, cart: Cart) -> PriceBook:
    region = cart.region
    return PriceBook(
        countries=region.countries,
        inclusive=region.tax_inclusive,
        rounding=region.rounding,
        rates=await list_tax_rates(tx, region.id),
        options=await list_shipping_options(tx, region.id),
    )


async def _priced(engine: Engine, store: Store, basis: Basis) -> Priced:
    """What the cart comes to when every plugin is asked, the store's own tables among them."""
    request = quote_request(basis.cart)
    contexts = with_book(engine.contexts(store), basis.own)
    asked = await engine.plugins.price_adjustments(request, contexts)
    adjusted = adjust(request.lines, request.shipping, sourced(asked.answers))
    book = basis.own.settings
    source, taxes, more = await _taxed(engine, after(request, adjusted), contexts, book)
    flags = [f"adjustments_failed:{failure.plugin}" for failure in asked.failures]
    adjusted = msgspec.structs.replace(adjusted, flags=[*flags, *adjusted.flags, *more])
    return total_up(adjusted, taxes, inclusive=book.inclusive, tax_source=source)


async def _taxed(
    engine: Engine, request: QuoteRequest, contexts: Contexts, book: PriceBook
) -> tuple[str, TaxQuote, list[str]]:
    """Who taxed the cart, what came of it, and a flag for every plugin whose answer was of no use.

    Where no plugin gave a sensible answer the store's own rates count.
    """
    asked = await engine.plugins.quote_tax(request, contexts)
    flags = [f"tax_failed:{failure.plugin}" for failure in asked.failures]
    if asked.answer is None:
        return NAME, taxes_of(book, request), flags
    source, taxes = asked.answer.plugin, asked.answer.value
    if acceptable(taxes, request.lines):
        return source, taxes, flags
    return NAME, taxes_of(book, request), [*flags, f"tax_not_acceptable:{source}"]
