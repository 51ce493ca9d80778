"""The life of a cart before checkout. Every change raises its version and voids older quotes."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from uuid import UUID

import asyncpg
import msgspec

from tradewind.carts import queries, quote_queries
from tradewind.carts.quote_queries import Quoted
from tradewind.carts.quotes import unquoted, with_quote
from tradewind.carts.rules import (
    MOST_LINES,
    Cart,
    CartUpdate,
    NewCart,
    Offer,
    check_lines,
    check_of_customer,
    check_offer,
    check_open,
    check_quantity,
    check_update,
    contact_errors,
    metadata_errors,
    too_much,
    updated,
)
from tradewind.carts.shoppers import shopper_of
from tradewind.catalog.rules import Region, refuse
from tradewind.catalog.service import region_for
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound
from tradewind.database import Transaction
from tradewind.inventory import service as inventory
from tradewind.pricing.promotions.rules import MOST_CODES
from tradewind.pricing.promotions.service import promotion_for_code
from tradewind.pricing.rules import Priced


async def open_cart(tx: Transaction, new: NewCart) -> Cart:
    """Open a cart; a session that has an open one gets that, a customer likewise.

    Raises NotFound (region), InvalidInput (currency nobody sells in, contact, metadata).
    """
    refuse([*contact_errors(new.email, new.phone), *metadata_errors(new.metadata)])
    opened = await queries.insert_cart(tx, tx.new_id(), new)
    if opened is not None:
        return opened
    existing = await _existing(tx, new)
    if existing is None:
        await region_for(tx, new.region_id, new.currency)
        raise Conflict("The cart could not be opened; try again.", code="cart_changed")
    return existing


async def get_cart(tx: Transaction, cart_id: UUID) -> Cart:
    """A cart with its lines at today's prices. One round trip. Raises NotFound."""
    cart = await queries.cart(tx, cart_id)
    if cart is None:
        raise NotFound("There is no such cart.")
    return cart


async def lock_cart(tx: Transaction, cart_id: UUID) -> Cart:
    """The same; nobody else changes it until the transaction ends. One round trip."""
    cart = await queries.locked_cart(tx, cart_id)
    if cart is None:
        raise NotFound("There is no such cart.")
    return cart


async def _existing(tx: Transaction, new: NewCart) -> Cart | None:
    if new.session_id:
        return await cart_of_session(tx, new.session_id)
    return await cart_of_customer(tx, new.customer_id) if new.customer_id else None


async def cart_of_customer(tx: Transaction, customer_id: UUID) -> Cart | None:
    """The open cart of a customer beside those of their chats, or None. One round trip."""
    return await queries.cart_of_customer(tx, customer_id)


async def cart_of_session(tx: Transaction, session_id: str) -> Cart | None:
    """The open cart of a chat or browser session, or None. One round trip."""
    return await queries.cart_of_session(tx, session_id)


async def add_line(tx: Transaction, cart: Cart, variant_id: UUID, quantity: int) -> Cart:
    """Put `quantity` (1 to 100000) more of a variant in a cart.

    Raises InvalidInput, NotFound `unknown_variant`, OutOfStock, Conflict `cart_completed`,
    `too_many_lines` or `line_unavailable`.
    """
    check_open(cart)
    check_quantity(quantity)
    check_lines(cart, MOST_LINES - 1)
    ask = partial(queries.offer, tx, cart.id, variant_id)
    offer = await ask()
    wanted = quantity + (offer.in_cart if offer else 0)
    price = check_offer(await _freed(tx, offer, wanted, ask, cart_id=cart.id), wanted)
    try:
        added = await queries.add_line(tx, cart.id, variant_id, quantity, price)
    except asyncpg.CheckViolationError:
        raise too_much() from None
    return await _reread(tx, cart.id, done=added)


async def add_once(
    tx: Transaction, cart_id: UUID, variant_id: UUID, quantity: int, had: int
) -> Cart:
    """As `add_line` for a form that may be sent twice: the cart had `had` units when it was shown.

    A cart that has just what the form would bring about is left as it is. Raises as `add_line`,
    and NotFound for the cart.
    """
    await queries.lock(tx, cart_id, None)
    cart = await get_cart(tx, cart_id)
    now = next((one.quantity for one in cart.lines if one.variant_id == variant_id), 0)
    if now == had + quantity and cart.status == "open":
        return cart
    return await add_line(tx, cart, variant_id, quantity)


async def add_sku(tx: Transaction, session: NewCart, sku: str, quantity: int) -> Cart:
    """Put `quantity` more of a SKU (any case) in the cart of a session, opening one if needed.

    Three round trips, unless stock is short. Raises InvalidInput, NotFound `unknown_sku`,
    OutOfStock.
    """
    check_quantity(quantity)
    if session.session_id is None:
        raise InvalidInput("A session is needed.")
    ask = partial(queries.offer_by_sku, tx, session, sku.strip())
    offer = await ask()
    if offer is None or not offer.published:
        raise NotFound(f"There is no SKU {sku}.", code="unknown_sku")
    wanted = quantity + offer.in_cart
    offer_now = await _freed(tx, offer, wanted, ask, session_id=session.session_id)
    price = check_offer(offer_now, wanted)
    try:
        cart_id = await queries.add_to_session(tx, session, offer.variant_id, quantity, price)
    except asyncpg.CheckViolationError:
        raise too_much() from None
    if cart_id is None:
        raise NotFound("There is no such region.")
    return await get_cart(tx, cart_id)


async def set_quantity(tx: Transaction, cart: Cart, line_id: UUID, quantity: int) -> Cart:
    """Change a line to `quantity`; 0 removes it.

    Raises InvalidInput, NotFound, OutOfStock, Conflict `cart_completed`.
    """
    check_open(cart)
    check_quantity(quantity, least=0)
    line = next((one for one in cart.lines if one.id == line_id), None)
    if line is None:
        raise NotFound("There is no such line.")
    if quantity == 0:
        await queries.remove_lines(tx, cart.id, [line_id])
        return await get_cart(tx, cart.id)
    price = line.unit_price
    if quantity > line.quantity:
        ask = partial(queries.offer, tx, cart.id, line.variant_id)
        offer = await _freed(tx, await ask(), quantity, ask, cart_id=cart.id)
        price = check_offer(offer, quantity)
    changed = await queries.set_quantity(tx, cart.id, line_id, quantity, price)
    return await _reread(tx, cart.id, done=changed)


async def clear(tx: Transaction, cart: Cart) -> Cart:
    """Take every line out. Raises Conflict `cart_completed`."""
    check_open(cart)
    await queries.remove_lines(tx, cart.id, [line.id for line in cart.lines])
    return await get_cart(tx, cart.id)


async def update(tx: Transaction, cart: Cart, change: CartUpdate) -> Cart:
    """Change what is not lines. Another region means another currency and its prices.

    What changes nothing leaves the version as it is. Raises InvalidInput with each wrong field,
    NotFound (region), Conflict `cart_completed` or `cart_changed`.
    """
    check_open(cart)
    region = await _region(tx, cart, change)
    after = updated(cart, change, region)
    check_update(change, after)
    if after == cart:
        return cart
    done = await queries.update_cart(tx, cart.id, after)
    return await _reread(tx, cart.id, done=done)


def edited(cart: Cart, change: CartUpdate) -> Cart:
    """The cart with a change in it that leaves its region, not stored and to be quoted anew.

    Itself where that changes nothing. Raises as `update`.
    """
    check_open(cart)
    after = updated(cart, change, cart.region)
    check_update(change, after)
    return cart if after == cart else unquoted(after)


async def add_code(tx: Transaction, cart: Cart, code: str) -> Cart:
    """Enter the code of a promotion, in any case of letters; one that is there stays.

    Whether the cart fulfills its conditions shows when it is priced. Raises NotFound
    `unknown_promotion`, Conflict (`promotion_not_started`, `promotion_expired`,
    `promotion_exhausted`, `too_many_promotions`, `cart_completed`, `cart_changed`).
    """
    check_open(cart)
    promotion = await promotion_for_code(tx, code, shopper_of(cart))
    named = promotion.code or code
    others = [one for one in cart.codes if one.upper() != named.upper()]
    if len(others) < len(cart.codes):
        return cart
    if len(others) >= MOST_CODES:
        raise Conflict(f"A cart has at most {MOST_CODES} codes.", code="too_many_promotions")
    return await update(tx, cart, CartUpdate(codes=[*others, named]))


async def remove_code(tx: Transaction, cart: Cart, code: str) -> Cart:
    """Take a code off, in any case of letters.

    Raises NotFound `unknown_promotion` when it is not there, Conflict (`cart_completed`,
    `cart_changed`).
    """
    check_open(cart)
    others = [one for one in cart.codes if one.upper() != code.strip().upper()]
    if len(others) == len(cart.codes):
        raise NotFound("The cart has no such code.", code="unknown_promotion")
    return await update(tx, cart, CartUpdate(codes=others))


async def use_credits(tx: Transaction, cart: Cart, most: int) -> Cart:
    """Pay with at most `most` of the customer's credits; 0 pays without them.

    How many there are, and what they pay, shows when the cart is priced. Raises Conflict
    (`cart_of_guest`, `cart_completed`, `cart_changed`).
    """
    check_open(cart)
    check_of_customer(cart)
    return await update(tx, cart, CartUpdate(credits_wanted=most))


async def store_quote(
    tx: Transaction, cart: Cart, priced: Priced, version: int, until: datetime | None
) -> Cart | None:
    """Keep what a cart comes to; None when it has changed since it was read. One round trip.

    `version` is that of the price tables, `until` when these next change by themselves.
    """
    new = Quoted(cart=cart, priced=priced, version=version, until=until)
    if not await quote_queries.store_quote(tx, new):
        return None
    after = cart.version + 1 if cart.repriced else cart.version
    return msgspec.structs.replace(with_quote(cart, priced), version=after)


async def _freed(
    tx: Transaction,
    offer: Offer | None,
    wanted: int,
    ask: Callable[[], Awaitable[Offer | None]],
    *,
    cart_id: UUID | None = None,
    session_id: str | None = None,
) -> Offer | None:
    """The offer; where it falls short, asked for again once lapsed holds have made way."""
    if offer is None or not offer.short(wanted):
        return offer
    # The cart before the levels, as everybody locks them.
    await queries.lock(tx, cart_id, session_id)
    released = await inventory.release_lapsed(tx, [offer.variant_id])
    return await ask() if released else offer


async def _region(tx: Transaction, cart: Cart, change: CartUpdate) -> Region:
    if isinstance(change.region_id, msgspec.UnsetType) or change.region_id == cart.region.id:
        return cart.region
    return await region_for(tx, change.region_id)


async def _reread(tx: Transaction, cart_id: UUID, *, done: bool) -> Cart:
    cart = await get_cart(tx, cart_id)
    if not done:
        check_open(cart)
        raise Conflict("The cart was changed meanwhile.", code="cart_changed")
    return cart
