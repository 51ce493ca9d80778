"""What a cart costs: promotions, delivery and taxes, from the store's own tables and from plugins.

Where no other plugin has a say, a cart is priced in the open transaction, with no round trip beyond
what hangs on that one cart: its codes, promotions with limits, categories. Other plugins are asked
outside any transaction, and what they said is kept with the cart's version.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UnsetType

from tradewind.carts import service as carts
from tradewind.carts.quote_queries import Quoted, write_edit
from tradewind.carts.quotes import code_standing, with_quote
from tradewind.carts.rules import (
    Cart,
    CartNote,
    CartUpdate,
    CreditStanding,
    ShippingMethod,
    quote_request,
)
from tradewind.carts.shoppers import shopper_of
from tradewind.catalog.rules import LARGEST_AMOUNT
from tradewind.checkout import queries
from tradewind.checkout.rules import changed, has_physical
from tradewind.checkout.service.ending import call_off_closed, cart_edited
from tradewind.contracts.errors import NotFound
from tradewind.contracts.pricing import QuoteRequest, ShippingOption, TaxQuote
from tradewind.credits.service import available
from tradewind.database import Store, Transaction
from tradewind.database.sql import Writes
from tradewind.hooks import DELIVERY_HOOKS, PRICE_HOOKS
from tradewind.payments import queries as payment_rows
from tradewind.payments.queries import ClosedSession
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
    PAID_WITH_CREDITS,
    PriceBook,
    Priced,
    PromotionOutcome,
    acceptable,
    adjust,
    credits_in,
    options_of,
    prices_change_at,
    promote,
    redeem,
    taxes_of,
    total_up,
)
from tradewind.pricing.service import (
    book_for_codes,
    categories_of,
    known_book,
    limited,
    price_book,
)
from tradewind.settings.engine import Engine

ATTEMPTS = 5
_LOG = logging.getLogger(__name__)


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What a cart is priced from: itself, as hooks see it, and the store's price tables for it.

    `available` are its customer's credits, None for a guest and where nothing is paid with them.
    """

    cart: Cart
    request: QuoteRequest
    own: Context
    available: int | None

    @property
    def book(self) -> PriceBook:
        """The price tables."""
        return self.own.settings


async def quote(engine: Engine, store: Store, cart_id: UUID) -> Cart:
    """The cart with promotions, delivery and tax, kept until it or a price changes.

    Plugins are asked outside any transaction; when the cart changes meanwhile they are asked
    again, a few times. Raises NotFound, Conflict `cart_changed`.
    """
    for _ in range(ATTEMPTS):
        async with engine.database.transaction(store.id) as tx:
            cart = await carts.get_cart(tx, cart_id)
            if cart.status != "open":
                return cart
            basis = await _basis(tx, engine, cart)
            stored = await _kept(tx, engine, basis)
        if stored is None and asks_plugins(engine):
            priced = await _priced(engine, store, basis)
            async with engine.database.transaction(store.id) as tx:
                stored = await _store(tx, basis, priced)
        if stored is not None:
            return stored
    raise changed()


async def quote_in(tx: Transaction, engine: Engine, cart: Cart) -> Cart | None:
    """The same in the open transaction: None where plugins must be asked, or it has changed."""
    if cart.status != "open":
        return cart
    return await _kept(tx, engine, await _basis(tx, engine, cart))


async def price_in(tx: Transaction, engine: Engine, cart: Cart) -> Cart | None:
    """What a cart costs, for an answer: nothing is written. None where plugins must be asked.

    Whoever is to pay is given a quote instead: it is kept, and the cart has what it comes to.
    """
    if cart.status != "open":
        return cart
    return await _answered(engine, await _basis(tx, engine, cart))


async def quote_edited(engine: Engine, store: Store, cart: Cart) -> Cart:
    """The quote of a cart whose edit stands; without totals and with a note where there is none.

    Whoever is told of an error does the same again, and would have the line twice.
    """
    try:
        return await quote(engine, store, cart.id)
    except Exception as error:  # noqa: BLE001 - told in the answer and in the log
        return _unquoted(store, cart, error)


async def price_at_once(engine: Engine, store: Store, cart: Cart) -> Cart:
    """What a cart costs that was just edited, as `quote_edited`; nothing is written.

    No round trip where nothing is left to look up.
    """
    try:
        return await _priced_at_once(engine, store, cart)
    except Exception as error:  # noqa: BLE001 - told in the answer and in the log
        return _unquoted(store, cart, error)


def _unquoted(store: Store, cart: Cart, error: Exception) -> Cart:
    # The id of a guest's cart opens it, so it is not named.
    _LOG.warning("a cart of %s could not be quoted", store.slug, exc_info=error)
    return msgspec.structs.replace(cart, notes=[*cart.notes, CartNote(code="not_quoted")])


async def _priced_at_once(engine: Engine, store: Store, cart: Cart) -> Cart:
    basis = _known_basis(engine, store, cart)
    if basis is not None:
        return await _answered(engine, basis) or cart
    async with engine.database.transaction(store.id) as tx:
        priced = await price_in(tx, engine, cart)
    return priced or await quote(engine, store, cart.id)


async def read_cart(engine: Engine, store: Store, cart_id: UUID) -> Cart:
    """A cart with its lines at today's prices, not quoted. One round trip. Raises NotFound."""
    cart = await queries.cart_at_once(engine.database, store.id, cart_id)
    if cart is None:
        raise NotFound("There is no such cart.")
    return cart


async def quote_at_once(engine: Engine, store: Store, cart: Cart) -> Cart:
    """The quote of a cart that was just read; no round trip where it has one that holds.

    Raises as `quote`.
    """
    if cart.status != "open":
        return cart
    return standing_quote(engine, store, cart) or await quote(engine, store, cart.id)


def standing_quote(engine: Engine, store: Store, cart: Cart) -> Cart | None:
    """An open cart with the quote that it has; None where somebody must be asked if it holds."""
    basis = _known_basis(engine, store, cart)
    outcomes = [] if basis is None else _outcomes(basis)
    if basis is None or not _stands(basis, outcomes):
        return None
    return _told(basis, basis.cart, outcomes)


async def _answered(engine: Engine, basis: Basis) -> Cart | None:
    outcomes = _outcomes(basis)
    if _stands(basis, outcomes):
        return _told(basis, basis.cart, outcomes)
    if asks_plugins(engine):
        return None
    priced = await price_alone(basis.request, basis.own)
    return _told(basis, with_quote(basis.cart, priced), outcomes)


async def shipping_options(engine: Engine, store: Store, cart_id: UUID) -> list[ShippingMethod]:
    """The ways to deliver a cart: the store's own, then those of plugins. Raises NotFound.

    A cart without physical goods has none; a plugin that fails is left out.
    """
    async with engine.database.transaction(store.id) as tx:
        cart = await carts.get_cart(tx, cart_id)
        found = await shipping_options_in(tx, engine, cart)
        if found is not None:
            return found
        basis = await _basis(tx, engine, cart)
    contexts = with_book(engine.contexts(store), basis.own)
    asked = await engine.plugins.shipping_options(basis.request, contexts)
    return [
        _method(answer.plugin, option)
        for answer in asked.answers
        for option in answer.value
        if 0 <= option.price <= LARGEST_AMOUNT
    ]


async def shipping_options_of(engine: Engine, store: Store, cart: Cart) -> list[ShippingMethod]:
    """The same of a cart that was just read; no round trip where the price tables are known."""
    book = known_book(engine.database, store.id, cart.region.id, cart.pricing_version)
    if book is None or plugins_deliver(engine):
        return await shipping_options(engine, store, cart.id)
    return _own_options(book, cart)


async def shipping_options_in(
    tx: Transaction, engine: Engine, cart: Cart
) -> list[ShippingMethod] | None:
    """The same in the open transaction; None where plugins must be asked."""
    if not has_physical(cart):
        return []
    if plugins_deliver(engine):
        return None
    return _own_options(await price_book(tx, cart.region.id, cart.pricing_version), cart)


def _own_options(book: PriceBook, cart: Cart) -> list[ShippingMethod]:
    return [_method(NAME, one) for one in options_of(book, quote_request(cart))]


async def shipping_option(
    engine: Engine, store: Store, cart_id: UUID, option_id: str
) -> ShippingMethod:
    """The way to deliver that a client names so. Raises NotFound `unknown_shipping_option`."""
    return named_option(await shipping_options(engine, store, cart_id), option_id)


def named_option(options: list[ShippingMethod], option_id: str) -> ShippingMethod:
    """One of these ways to deliver. Raises NotFound `unknown_shipping_option`."""
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
        after_choice = await carts.update(tx, cart, CartUpdate(shipping_method=chosen))
        if after_choice.version != cart.version:
            await cart_edited(tx, cart_id)
    return await quote(engine, store, cart_id)


def plugins_deliver(engine: Engine) -> bool:
    """Whether anybody but the store itself has ways to deliver."""
    return _implemented(engine, DELIVERY_HOOKS)


def asks_plugins(engine: Engine) -> bool:
    """Whether anybody but the store's own tables has a say in what a cart costs."""
    return _implemented(engine, PRICE_HOOKS)


def _implemented(engine: Engine, hooks: frozenset[str]) -> bool:
    return any(hooks.intersection(plugin.hooks) for plugin in engine.plugins.loaded.values())


async def _basis(tx: Transaction, engine: Engine, cart: Cart) -> Basis:
    """What is needed to price an open cart, its own way of delivery brought up to date."""
    book = await price_book(tx, cart.region.id, cart.pricing_version)
    book = await book_for_codes(tx, book, cart.codes, shopper_of(cart))
    left = await _credits_of(tx, cart)
    book = msgspec.structs.replace(book, credits=min(cart.credits_wanted, left or 0))
    categories = None
    if asks_plugins(engine) or any(one.rules.category_ids for one in book.promotions):
        categories = await categories_of(tx, [line.product_id for line in cart.lines])
    return _based(tx.store_id, tx.now, cart, book, left, categories)


def _known_basis(engine: Engine, store: Store, cart: Cart) -> Basis | None:
    """What `_basis` finds, if the price tables are known and nothing else hangs on the cart."""
    database = engine.database
    book = known_book(database, store.id, cart.region.id, cart.pricing_version)
    if book is None or cart.status != "open" or asks_plugins(engine):
        return None
    if cart.codes or any(limited(one) or one.rules.category_ids for one in book.promotions):
        return None
    if cart.customer_id is not None and _credits_count(cart):
        return None
    book = msgspec.structs.replace(book, credits=0)
    return _based(store.id, database.clock.now(), cart, book, None, None)


def _based(
    store_id: UUID,
    now: datetime,
    cart: Cart,
    book: PriceBook,
    left: int | None,
    categories: Mapping[UUID, Sequence[str]] | None,
) -> Basis:
    request = quote_request(cart, categories)
    method = cart.shipping_method
    if method is not None and not method.plugin and not cart.quoted:
        offered = [_method(NAME, one) for one in options_of(book, request)]
        current = next((one for one in offered if one.id == method.id), None)
        if current != method:
            cart = msgspec.structs.replace(cart, shipping_method=current, repriced=True)
            request = quote_request(cart, categories)
    own = book_context(store_id, book, now)
    return Basis(cart=cart, request=request, own=own, available=left)


async def _credits_of(tx: Transaction, cart: Cart) -> int | None:
    """Its customer's credits; not asked for where they have no say in what the cart costs."""
    if cart.customer_id is None or not _credits_count(cart):
        return None
    return await available(tx, cart.customer_id)


def _credits_count(cart: Cart) -> bool:
    return bool(cart.credits_wanted) or any(line.kind == PAID_WITH_CREDITS for line in cart.lines)


def _method(plugin: str, option: ShippingOption) -> ShippingMethod:
    return ShippingMethod(
        plugin="" if plugin == NAME else plugin,
        id=option.id,
        name=option.name,
        price=option.price,
        estimate=option.estimate,
    )


async def _kept(tx: Transaction, engine: Engine, basis: Basis) -> Cart | None:
    """The stored quote, or a new one of the store's own tables."""
    outcomes = _outcomes(basis)
    if _stands(basis, outcomes):
        return _told(basis, basis.cart, outcomes)
    if asks_plugins(engine):
        return None
    return await _store(tx, basis, await price_alone(basis.request, basis.own))


async def _store(tx: Transaction, basis: Basis, priced: Priced) -> Cart | None:
    """Keep a quote; attempts to pay what the cart came to before are called off.

    Whoever saw that total saw another version; one that is paid stays what it was.
    """
    book, cart = basis.book, basis.cart
    until = prices_change_at(book.promotions, tx.now)
    moved = cart.last_total not in {None, priced.total}
    if moved and not await payment_rows.is_paid(tx, cart.id, cart.version):
        cart = msgspec.structs.replace(cart, repriced=True)
    stored = await carts.store_quote(tx, cart, priced, book.version, until)
    if stored is not None and moved:
        await cart_edited(tx, cart.id)
    return None if stored is None else _told(basis, stored, _outcomes(basis))


async def change_in(tx: Transaction, engine: Engine, cart: Cart, change: CartUpdate) -> Cart:
    """Change what is not lines of a cart whose row is locked.

    Where nobody else has a say it is quoted again, and attempts to pay what it was are called off,
    in the same statement; else it comes back without a quote. Raises as `carts.service.update`.
    """
    region = change.region_id
    if asks_plugins(engine) or not (isinstance(region, UnsetType) or region == cart.region.id):
        return await carts.update(tx, cart, change)
    after = carts.edited(cart, change)
    if after is cart:
        return cart
    basis = await _basis(tx, engine, after)
    priced = await price_alone(basis.request, basis.own)
    until = prices_change_at(basis.book.promotions, tx.now)
    await _edit(tx, Quoted(cart=basis.cart, priced=priced, version=basis.book.version, until=until))
    kept = msgspec.structs.replace(with_quote(basis.cart, priced), version=cart.version + 1)
    return _told(basis, kept, _outcomes(basis))


async def _edit(tx: Transaction, new: Quoted) -> None:
    writes = Writes()
    kept = write_edit(writes, tx, new)
    voided = payment_rows.write_voided(writes, tx, new.cart.id)
    row = await writes.run(
        tx, f"SELECT (SELECT json_agg({voided}) FROM {voided}) AS voided FROM {kept}"
    )
    if row is None:
        raise changed()
    closed = msgspec.json.decode(row["voided"] or "[]", type=list[ClosedSession])
    await call_off_closed(tx, closed)


def _outcomes(basis: Basis) -> list[PromotionOutcome]:
    """What becomes of the promotions that hang on this cart; others cannot have moved."""
    if not basis.cart.codes and not any(limited(one) for one in basis.book.promotions):
        return []
    now = basis.own.clock.now()
    return list(promote(basis.book.promotions, basis.request, now).outcomes)


def _stands(basis: Basis, outcomes: list[PromotionOutcome]) -> bool:
    """Whether the stored quote is what the cart costs: a limit may be used up meanwhile."""
    if not basis.cart.quoted or not _credits_stand(basis):
        return False
    given: dict[str, int] = {}
    for entry in basis.cart.adjustments:
        if entry.source == NAME and entry.kind == "promotion":
            given[entry.reference] = given.get(entry.reference, 0) - entry.amount
    now = {str(one.promotion.id): one.amount for one in outcomes if one.applied}
    return not outcomes or given == now


def _credits_stand(basis: Basis) -> bool:
    """Whether the stored quote is paid with as many credits as it would be now."""
    cart, may = basis.cart, basis.book.credits
    used = credits_in(cart.adjustments)
    services = [line for line in cart.lines if line.kind == PAID_WITH_CREDITS]
    unpaid = any(line.discount < line.subtotal for line in services)
    return used == may or (used < may and not unpaid)


def _told(basis: Basis, cart: Cart, outcomes: list[PromotionOutcome]) -> Cart:
    """The cart, saying of its credits and of each of its codes what became of it."""
    if basis.available is not None:
        used = CreditStanding(available=basis.available, applied=credits_in(cart.adjustments))
        cart = msgspec.structs.replace(cart, credits=used)
    if not cart.codes:
        return cart
    known = {one.promotion.code.upper(): one for one in outcomes if one.promotion.code}
    subtotal = sum(line.subtotal for line in basis.request.lines)
    standings = [code_standing(code, known.get(code.upper()), subtotal) for code in cart.codes]
    return msgspec.structs.replace(cart, promotions=standings)


async def _priced(engine: Engine, store: Store, basis: Basis) -> Priced:
    """What the cart comes to when every plugin is asked, the store's own tables among them."""
    request = basis.request
    contexts = with_book(engine.contexts(store), basis.own)
    asked = await engine.plugins.price_adjustments(request, contexts)
    adjusted = adjust(request.lines, request.shipping, sourced(asked.answers))
    adjusted = redeem(adjusted, basis.book.credits)
    book = basis.book
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
