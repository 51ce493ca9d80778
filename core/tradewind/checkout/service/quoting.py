"""What a cart costs: delivery, promotions and taxes, asked outside any transaction."""

from uuid import UUID

import msgspec

from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, CartUpdate, ShippingMethod, check_open, quote_request
from tradewind.checkout.rules import changed, offered_shipping, rates_of
from tradewind.checkout.service.ending import cart_edited
from tradewind.contracts.errors import NotFound
from tradewind.contracts.pricing import QuoteRequest, TaxQuote
from tradewind.database import Store, Transaction
from tradewind.pricing.rules import (
    Adjusted,
    Priced,
    Sourced,
    TaxRate,
    acceptable,
    adjust,
    built_in_taxes,
    total_up,
)
from tradewind.pricing.service import list_shipping_options, list_tax_rates
from tradewind.settings.engine import Engine

ATTEMPTS = 5


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """A cart and the taxes of its region."""

    cart: Cart
    rates: list[TaxRate]


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
    priced = _total(basis, _adjusted(basis.cart, [], []), None)
    return await carts.store_quote(tx, basis.cart, priced)


async def shipping_options(engine: Engine, store: Store, cart_id: UUID) -> list[ShippingMethod]:
    """The ways to deliver a cart: the store's own, then those of plugins. Raises NotFound.

    A cart without physical goods has none; a plugin that fails is left out.
    """
    async with engine.database.transaction(store.id) as tx:
        cart = await carts.get_cart(tx, cart_id)
        own = await list_shipping_options(tx, cart.region.id)
    if not any(line.kind == "physical" for line in cart.lines):
        return []
    asked = await engine.plugins.shipping_options(quote_request(cart), engine.contexts(store))
    return [
        *offered_shipping(own, _subtotal(cart)),
        *(
            ShippingMethod(
                plugin=answer.plugin,
                id=option.id,
                name=option.name,
                price=option.price,
                estimate=option.estimate,
            )
            for answer in asked.answers
            for option in answer.value
            if option.price >= 0
        ),
    ]


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
    rates = await list_tax_rates(tx, cart.region.id)
    method = cart.shipping_method
    if method is not None and not method.plugin:
        options = await list_shipping_options(tx, cart.region.id)
        offered = offered_shipping(options, _subtotal(cart))
        current = next((one for one in offered if one.id == method.id), None)
        if current != method:
            cart = await carts.update(tx, cart, CartUpdate(shipping_method=current))
    return Basis(cart=cart, rates=rates)


def _subtotal(cart: Cart) -> int:
    return sum(line.unit_price * line.quantity for line in cart.lines)


async def _priced(engine: Engine, store: Store, basis: Basis) -> Priced:
    request = quote_request(basis.cart)
    contexts = engine.contexts(store)
    asked = await engine.plugins.price_adjustments(request, contexts)
    given = [
        Sourced(answer.plugin, "price", one) for answer in asked.answers for one in answer.value
    ]
    flags = [f"adjustments_failed:{failure.plugin}" for failure in asked.failures]
    adjusted = _adjusted(basis.cart, given, flags)
    request = msgspec.structs.replace(request, lines=adjusted.lines, shipping=adjusted.shipping)
    return _total(basis, *await _taxed(engine, store, request, adjusted))


async def _taxed(
    engine: Engine, store: Store, request: QuoteRequest, adjusted: Adjusted
) -> tuple[Adjusted, tuple[str, TaxQuote] | None]:
    """A tax plugin's answer, if one gave a sensible one; failures are flagged on the quote."""
    asked = await engine.plugins.quote_tax(request, engine.contexts(store))
    flags = [*adjusted.flags, *(f"tax_failed:{failure.plugin}" for failure in asked.failures)]
    found = None
    if asked.answer is not None:
        if acceptable(asked.answer.value, adjusted.lines):
            found = (asked.answer.plugin, asked.answer.value)
        else:
            flags.append(f"tax_not_acceptable:{asked.answer.plugin}")
    return msgspec.structs.replace(adjusted, flags=flags), found


def _adjusted(cart: Cart, given: list[Sourced], flags: list[str]) -> Adjusted:
    request = quote_request(cart)
    adjusted = adjust(request.lines, request.shipping, given)
    return msgspec.structs.replace(adjusted, flags=[*flags, *adjusted.flags])


def _total(basis: Basis, adjusted: Adjusted, answer: tuple[str, TaxQuote] | None) -> Priced:
    region = basis.cart.region
    if answer is not None:
        source, taxes = answer
        inclusive = region.tax_inclusive
        return total_up(adjusted, taxes, inclusive=inclusive, tax_source=source)
    address = basis.cart.shipping_address
    taxes = built_in_taxes(
        adjusted.lines,
        adjusted.shipping,
        rates_of(basis.rates, address.province if address else None),
        inclusive=region.tax_inclusive,
        rounding=region.rounding,
    )
    return total_up(adjusted, taxes, inclusive=region.tax_inclusive)
