"""An order as its shopper sees it: by the token that came with it, or signed in."""

from uuid import UUID

import msgspec
from litestar import get
from litestar.params import FromPath

from tradewind.checkout.links import opens
from tradewind.contracts.errors import NotFound
from tradewind.orders import service as orders
from tradewind_host.access import GivenAccess
from tradewind_host.order_view import OrderView, order_view
from tradewind_host.problems import reads
from tradewind_host.store_api.cart_door import Token


class OrderAnswer(msgspec.Struct, frozen=True):
    """One order."""

    order: OrderView


@get("/orders/{order_id:uuid}", responses=reads(404, 422))
async def get_order(
    access: GivenAccess, order_id: FromPath[UUID], token: Token = ""
) -> OrderAnswer:
    """One order, for whoever holds its token or is signed in as its customer."""
    async with access.transaction() as tx:
        order = await orders.get_order(tx, order_id)
        me = access.customer_id
        own = me is not None and await orders.may_see(tx, me, order.id)
    if not own and not opens(access.engine, access.store, order.id, "order", token):
        raise NotFound("There is no such order.")
    return OrderAnswer(order_view(order))


ROUTES = (get_order,)
