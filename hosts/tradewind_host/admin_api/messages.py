"""What shoppers were written about their orders, and how far it got."""

from uuid import UUID

from litestar import get
from litestar.params import FromPath

from tradewind.messaging.service import messages_about
from tradewind.orders.service import get_order
from tradewind_host.access import GivenAccess
from tradewind_host.message_view import MessageList, message_list
from tradewind_host.problems import reads
from tradewind_host.shapes import Cursor, Limit, id_cursor


@get("/orders/{order_id:uuid}/messages", responses=reads(404, 422))
async def list_order_messages(
    access: GivenAccess, order_id: FromPath[UUID], limit: Limit = 50, cursor: Cursor = None
) -> MessageList:
    """Letters and chat notices about an order, newest first, each with the furthest it got."""
    async with access.transaction() as tx:
        await get_order(tx, order_id)
        rows = await messages_about(tx, order_id, before=id_cursor(cursor), limit=limit + 1)
    return message_list(access.engine.public_url, rows, limit)


ROUTES = (list_order_messages,)
