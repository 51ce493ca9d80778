"""An order as its shopper sees it: by the token that came with it, or signed in."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import FromPath

from tradewind.checkout.links import opens
from tradewind.contracts.errors import NotFound
from tradewind.downloads.rules import Download, may_list
from tradewind.downloads.service import downloads_of
from tradewind.orders import service as orders
from tradewind.orders.rules import Order
from tradewind_host.access import Access, GivenAccess
from tradewind_host.order_view import DownloadView, OrderView, download_views, order_fields
from tradewind_host.problems import reads
from tradewind_host.store_api.cart_door import Token


class OwnOrderView(OrderView, frozen=True, kw_only=True):
    """An order with the files that were bought with it; none before it is paid."""

    downloads: Sequence[DownloadView]


class OrderAnswer(msgspec.Struct, frozen=True):
    """One order."""

    order: OwnOrderView


@get("/orders/{order_id:uuid}", responses=reads(404, 422))
async def get_order(
    access: GivenAccess, order_id: FromPath[UUID], token: Token = ""
) -> OrderAnswer:
    """One order, for whoever holds its token or is signed in as its customer."""
    async with access.transaction() as tx:
        order = await orders.get_order(tx, order_id)
        me = access.customer_id
        own = me is not None and await orders.may_see(tx, me, order.id)
        files = await downloads_of(tx, order)
    if not own and not opens(access.engine, access.store, order.id, "order", token):
        raise NotFound("There is no such order.")
    return OrderAnswer(_view(access, order, files))


async def own_order_view(access: Access, order: Order) -> OwnOrderView:
    """The same for whoever has just placed it; asks only where something may be fetched."""
    files: Sequence[Download] = []
    if may_list(order):
        async with access.transaction() as tx:
            files = await downloads_of(tx, order)
    return _view(access, order, files)


def _view(access: Access, order: Order, files: Sequence[Download]) -> OwnOrderView:
    views = download_views(access.engine, access.store, files)
    return OwnOrderView(**order_fields(order), downloads=views)


ROUTES = (get_order,)
