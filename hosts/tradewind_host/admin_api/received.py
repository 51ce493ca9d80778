"""What shoppers sent: a door for the store's staff and secret keys alone."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from tradewind.contracts.errors import NotFound
from tradewind.customers.desk.service import get_record
from tradewind.messaging.received import service as received
from tradewind.messaging.received.rules import SHOWN
from tradewind.settings.service import audit
from tradewind_host.access import GivenAccess
from tradewind_host.downloads import disposition
from tradewind_host.media.incoming import named
from tradewind_host.media.serving import sent, span
from tradewind_host.problems import reads, writes

_FILE = ResponseSpec(bytes, media_type="application/octet-stream", generate_examples=False)


@get("/media/received/{message_id:uuid}", responses={200: _FILE, **reads(404)})
async def received_media(
    request: Request[Any, Any, Any], access: GivenAccess, message_id: FromPath[UUID]
) -> Response[Any]:
    """The picture or file that came with a message. Pictures are shown, all else is saved."""
    async with access.transaction() as tx:
        item = await received.get(tx, message_id)
    size = await access.engine.media.size(item.key)
    if size is None:
        raise NotFound("The file is gone.")
    shown = item.content_type in SHOWN
    headers = {
        "cache-control": "private, no-store",
        "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "content-disposition": "inline" if shown else disposition(named(item.name)),
        "content-type": item.content_type,
    }
    part = span(request.headers.get("range"), size)
    return sent(access.engine.media, item.key, size, part, headers)


@delete("/media/received/{message_id:uuid}", responses=writes())
async def forget_received(access: GivenAccess, message_id: FromPath[UUID]) -> None:
    """Remove the picture or file that came with a message; its words stay."""
    item = await received.forget(access.engine, access.store, message_id)
    async with access.transaction() as tx:
        kind = {"content_type": item.content_type}
        await audit(tx, access.actor, "media.forgotten", "message", str(message_id), kind)


@delete("/customers/{customer_id:uuid}/media", responses=writes())
async def forget_customer_media(access: GivenAccess, customer_id: FromPath[UUID]) -> None:
    """Remove every picture and file that a customer has sent, on any channel."""
    async with access.transaction() as tx:
        await get_record(tx, customer_id)
    await received.forget_all_of(access.engine, access.store, customer_id)
    async with access.transaction() as tx:
        await audit(tx, access.actor, "customer.media_forgotten", "customer", str(customer_id))


ROUTES = (received_media, forget_received, forget_customer_media)
