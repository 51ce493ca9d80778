"""What a signed-in customer sees of themselves."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import get

from tradewind.carts import service as carts
from tradewind.checkout.service import quote, quote_in
from tradewind.contracts.errors import NotFound
from tradewind.contracts.pricing import Address
from tradewind.credits.service import credits_of
from tradewind.customers import service as customers
from tradewind.orders import service as orders
from tradewind_host.access import GivenAccess
from tradewind_host.credit_view import CreditsAnswer, credits_answer
from tradewind_host.order_view import OrderView, order_view
from tradewind_host.problems import reads, told
from tradewind_host.shapes import Cursor, Limit, id_cursor, page
from tradewind_host.store_api.auth import CustomerView, customer_view
from tradewind_host.store_api.cart_view import CartAnswer, cart_answer


class CustomerAnswer(msgspec.Struct, frozen=True):
    """The signed-in customer."""

    customer: CustomerView


class OwnOrders(msgspec.Struct, frozen=True):
    """The customer's orders, newest first."""

    orders: Sequence[OrderView]
    next_cursor: str | None


class AddressView(Address, frozen=True, kw_only=True):
    """An address the customer has used."""

    id: UUID


class AddressList(msgspec.Struct, frozen=True):
    """The customer's addresses, the one used last first."""

    addresses: Sequence[AddressView]
    next_cursor: str | None = None


@get("/customers/me", responses=reads())
async def show_me(access: GivenAccess) -> CustomerAnswer:
    """The signed-in customer."""
    async with access.transaction() as tx:
        return CustomerAnswer(customer_view(await customers.get_customer(tx, access.signed_in())))


@get("/customers/me/cart", responses=told(reads(404, 409), {409: ["cart_changed"]}))
async def show_my_cart(access: GivenAccess) -> CartAnswer:
    """The customer's one open cart, wherever they filled it. What they chat about has its own."""
    customer_id = access.signed_in()
    async with access.transaction() as tx:
        cart = await carts.cart_of_customer(tx, customer_id)
        if cart is None:
            raise NotFound("There is no open cart.")
        quoted = await quote_in(tx, access.engine, cart)
    return cart_answer(quoted or await quote(access.engine, access.store, cart.id))


@get("/customers/me/orders", responses=reads(422))
async def list_my_orders(
    access: GivenAccess, limit: Limit = 20, cursor: Cursor = None
) -> OwnOrders:
    """What the customer ordered, newest first.

    Also as a guest, with an e-mail address that a code has since shown to be theirs.
    """
    customer_id, before = access.signed_in(), id_cursor(cursor)
    async with access.transaction() as tx:
        rows = await orders.orders_for(tx, customer_id, before=before, limit=limit + 1)
    kept, following = page(rows, limit, lambda order: order.id)
    return OwnOrders([order_view(order) for order in kept], following)


@get("/customers/me/addresses", responses=reads())
async def list_my_addresses(access: GivenAccess) -> AddressList:
    """Addresses the customer has used."""
    async with access.transaction() as tx:
        kept = await customers.addresses(tx, access.signed_in())
    return AddressList(
        [AddressView(id=one.id, **msgspec.structs.asdict(one.address)) for one in kept]
    )


@get("/customers/me/credits", responses=reads())
async def show_my_credits(access: GivenAccess) -> CreditsAnswer:
    """What the customer may use of the packs they bought."""
    me = access.signed_in()
    async with access.transaction() as tx:
        return credits_answer(await credits_of(tx, me), tx.now)


ROUTES = [show_me, show_my_credits, show_my_cart, list_my_orders, list_my_addresses]
