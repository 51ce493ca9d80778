"""Before the summary: the cart learns what was answered, is delivered, priced, offered payment."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, CartUpdate, ShippingMethod
from tradewind.checkout import service as checkout
from tradewind.checkout.rules import OfferedMethod
from tradewind.contracts.errors import NotFound
from tradewind.conversations.rules import to_address
from tradewind.conversations.script import ways
from tradewind.conversations.script.turn import Turn
from tradewind.database.engine import Transaction
from tradewind.pricing.service import list_shipping_options

NOTHING = UUID(int=0)
ANOTHER = "?"
"""Stands for a way of delivery that is yet to be chosen, also where there is only one."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A cart with all that was told; `methods` is empty until a way of delivery is chosen."""

    cart: Cart
    options: Sequence[ShippingMethod] = ()
    methods: Sequence[OfferedMethod] = ()
    complete: bool = False


async def prepare(turn: Turn) -> Prepared:
    """Tell the cart what was answered, have it delivered and priced."""
    engine, store = turn.engine, turn.store
    cart = await _tell(turn)
    if turn.state.delivers:
        found = await _deliver(turn, cart)
        if isinstance(found, Prepared):
            return found
    cart = await checkout.quote(engine, store, cart.id)
    offered = await checkout.payment_methods(engine, store, cart.id)
    return Prepared(cart=cart, methods=ways.shown(offered), complete=True)


async def _tell(turn: Turn) -> Cart:
    async with turn.engine.database.transaction(turn.store.id) as tx:
        cart = await own_cart(turn, tx)
        change = _told(turn, cart)
        return cart if change is None else await carts.update(tx, cart, change)


async def _deliver(turn: Turn, cart: Cart) -> Prepared | None:
    """Have the cart delivered as chosen; the ways to choose from where nothing is chosen yet."""
    engine, store, wanted = turn.engine, turn.store, turn.state.delivery
    if wanted and wanted == delivery_of(cart):
        return None
    options = await checkout.shipping_options(engine, store, cart.id)
    chosen = _chosen(options, wanted)
    if chosen is not None:
        await checkout.choose_shipping(engine, store, cart.id, chosen)
        return None
    return Prepared(cart=cart, options=options) if options or await _has_ways(turn, cart) else None


async def _has_ways(turn: Turn, cart: Cart) -> bool:
    """Whether the store charges for delivery at all; one that does not just delivers."""
    async with turn.engine.database.transaction(turn.store.id) as tx:
        return bool(await list_shipping_options(tx, cart.region.id))


async def own_cart(turn: Turn, tx: Transaction) -> Cart:
    """The cart of this checkout. Raises NotFound for anybody else's."""
    cart = await carts.get_cart(tx, turn.state.cart or NOTHING)
    if cart.session_id != turn.talk.session_id:
        raise NotFound("There is no such cart.")
    return cart


def _told(turn: Turn, cart: Cart) -> CartUpdate | None:
    """What the shopper said that the cart does not know yet; elsewhere delivery costs anew."""
    state, talk = turn.state, turn.talk
    address, method = cart.shipping_address, cart.shipping_method
    if state.delivers and state.place is not None:
        address = to_address(state.place, state.name, talk.phone)
        method = method if address == cart.shipping_address else None
    told = CartUpdate(
        email=state.email,
        phone=talk.phone or cart.phone,
        customer_id=talk.customer_id,
        shipping_address=address,
        shipping_method=method,
    )
    known = (cart.email, cart.phone, cart.customer_id, cart.shipping_address)
    same = known == (told.email, told.phone, told.customer_id, told.shipping_address)
    return None if same else told


def delivery_of(cart: Cart) -> str:
    """The way of delivery that a cart has; "" for none."""
    return cart.shipping_method.option_id if cart.shipping_method else ""


def countries_of(cart: Cart) -> list[str]:
    """Where the shopper's phone may be at home: where the goods go, then the whole region."""
    address = cart.shipping_address
    return [*([address.country_code] if address else []), *cart.region.countries]


def _chosen(options: Sequence[ShippingMethod], wanted: str) -> str | None:
    """The way of delivery: the one asked for, or the only one."""
    offered = [one.option_id for one in options]
    if wanted in offered:
        return wanted
    return offered[0] if len(offered) == 1 and wanted != ANOTHER else None
