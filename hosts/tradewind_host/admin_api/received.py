"""What shoppers sent: a door for the store's staff and secret keys alone."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath

from tradewind.contracts.errors import NotFound
from tradewind.messaging.received import service as received
from tradewind.messaging.received.rules import SHOWN
from tradewind_host.access import GivenAccess
from tradewind_host.downloads import disposition
from tradewind_host.media.incoming import named
from tradewind_host.media.serving import sent, span
from tradewind_host.problems import reads


@get("/media/received/{message_id:uuid}", responses=reads(404))
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


ROUTES = (received_media,)
