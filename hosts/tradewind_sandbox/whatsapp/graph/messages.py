"""The messages endpoint: send, mark as read, show typing."""

from typing import Any

from litestar import post
from litestar.params import FromPath

from tradewind_sandbox.whatsapp import limits
from tradewind_sandbox.whatsapp.dependencies import GivenCarrier
from tradewind_sandbox.whatsapp.graph.caller import GraphRequest, caller, json_body


@post("/{version:str}/{object_id:str}/messages", status_code=200)
async def messages(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Send a message, or mark one as read."""
    number = caller(request, carrier.state).number(object_id)
    body = await json_body(request)
    if limits.is_receipt(body):
        return carrier.mark_read(number, body)
    return carrier.send(number, body)


HANDLERS = [messages]
