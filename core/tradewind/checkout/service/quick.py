"""An order in one call: cart, quote, way to pay and placing, for whoever knows what they want."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec

from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, CartUpdate, NewCart
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import providers
from tradewind.checkout.service.completing import place
from tradewind.checkout.service.placing import check_waiting
from tradewind.checkout.service.quoting import quote
from tradewind.checkout.service.starting import offered_for
from tradewind.contracts.errors import Conflict, FieldError, InvalidInput
from tradewind.database import Store, Transaction
from tradewind.orders import service as orders
from tradewind.orders.rules import CUSTOMER_NAME, Order
from tradewind.settings.engine import Engine
from tradewind.stores.service import settings_of


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wanted, named by its SKU (in any case) or else by its variant."""

    quantity: int
    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None
    variant_id: UUID | None = None


class QuickOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is ordered by whom; without a provider the first that has a page of its own is taken.

    `session_id` is the same when the same is asked for again, and no other order's.
    """

    session_id: str
    items: Sequence[Item]
    email: str
    name: str = ""
    phone: str | None = None
    customer_id: UUID | None = None
    provider: str | None = None
    return_url: str = ""
    cancel_url: str = ""
    network_address: str = ""
    metadata: Mapping[str, Any] = {}


async def place_quickly(engine: Engine, store: Store, wanted: QuickOrder) -> Order:
    """Order in one go; asked for again, the order that it became.

    Raises InvalidInput, NotFound (`unknown_sku`, `unknown_variant`, provider), OutOfStock, Conflict
    (`too_many_holds`, and those of `place`); then nothing was ordered.
    """
    async with engine.database.transaction(store.id) as tx:
        order = await orders.order_of_session(tx, wanted.session_id)
        if order is not None:
            return order
        most = (await settings_of(tx)).holds_per_shopper
        cart = await carts.cart_of_session(tx, wanted.session_id)
        if cart is None:
            await check_waiting(tx, wanted.email, most)
            cart = await _filled(tx, wanted)
    cart = await quote(engine, store, cart.id)
    request = await _way(engine, store, cart, wanted)
    # Others may have ordered since: whoever places counts once more, one after another.
    return await place(engine, store, cart.id, request.provider, request=request, most_waiting=most)


async def _filled(tx: Transaction, wanted: QuickOrder) -> Cart:
    name = {CUSTOMER_NAME: wanted.name} if wanted.name else {}
    new = NewCart(
        source="web",
        session_id=wanted.session_id,
        customer_id=wanted.customer_id,
        locale=(await settings_of(tx)).locale,
        metadata={**wanted.metadata, **name},
    )
    cart = await carts.open_cart(tx, new)
    for index, item in enumerate(wanted.items):
        cart = await _added(tx, new, cart, item, index)
    return await carts.update(tx, cart, CartUpdate(email=wanted.email, phone=wanted.phone))


async def _added(tx: Transaction, new: NewCart, cart: Cart, item: Item, index: int) -> Cart:
    if item.sku is not None and item.variant_id is None:
        return await carts.add_sku(tx, new, item.sku, item.quantity)
    if item.variant_id is not None and item.sku is None:
        return await carts.add_line(tx, cart, item.variant_id, item.quantity)
    code = "required" if item.sku is None else "invalid"
    error = FieldError(f"items.{index}", code, "Give either sku or variant_id, one of the two.")
    raise InvalidInput("An item is named by its sku or by its variant_id.", errors=[error])


async def _way(engine: Engine, store: Store, cart: Cart, wanted: QuickOrder) -> StartRequest:
    """How it is paid: on the provider's own page where it has one."""
    name, method = wanted.provider or "", None
    if cart.total:
        if wanted.provider is not None:
            await providers.desk(engine, store, wanted.provider)
        offered = await offered_for(engine, store, cart)
        able = [one for one in offered if wanted.provider in {None, one.provider}]
        pages = [one for one in able if one.method.flow == "redirect"]
        if not pages and wanted.provider is None:
            message = "No provider of this store has a page to pay on; name one."
            raise Conflict(message, code="provider_unavailable")
        for one in pages[:1]:
            name, method = one.provider, one.method.id
    return StartRequest(
        provider=name,
        method=method,
        return_url=wanted.return_url,
        cancel_url=wanted.cancel_url,
        network_address=wanted.network_address,
    )
