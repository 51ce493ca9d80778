"""Calls on a bare object id, which may name a number, a business, a media file or a template."""

from typing import Any

from litestar import delete, get, post
from litestar.params import FromPath

from tradewind_sandbox.whatsapp.dependencies import GivenCarrier
from tradewind_sandbox.whatsapp.errors import unknown_object
from tradewind_sandbox.whatsapp.graph.caller import GraphRequest, caller, json_body, pick
from tradewind_sandbox.whatsapp.graph.media import shown_media
from tradewind_sandbox.whatsapp.graph.numbers import change_callback, shown_number
from tradewind_sandbox.whatsapp.graph.templates import edit_template, shown_template
from tradewind_sandbox.whatsapp.state import BusinessAccount, BusinessNumber, Media
from tradewind_sandbox.whatsapp.templates import Template


@get("/{version:str}/{object_id:str}")
async def read_object(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Read a phone number, a business account, a media file's address or a template."""
    asking = caller(request, carrier.state)
    match asking.find(object_id):
        case BusinessNumber() as number:
            return shown_number(request, number)
        case BusinessAccount() as business:
            name = asking.numbers_of(business.id)[0].account.store_name
            return pick({"id": business.id, "name": name}, request, default=("name",))
        case Template() as template:
            return shown_template(template.shown(), request)
        case Media() as media:
            return shown_media(request, asking, media)


@post("/{version:str}/{object_id:str}", status_code=200)
async def change_object(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Edit a template, or set where a phone number's webhooks go."""
    asking = caller(request, carrier.state)
    body = await json_body(request)
    match asking.find(object_id):
        case Template() as template:
            return edit_template(carrier, asking.business_of(template), template, body)
        case BusinessNumber() as number:
            return await change_callback(carrier, number, body)
        case _:
            raise unknown_object(object_id)


@delete("/{version:str}/{object_id:str}", status_code=200)
async def delete_object(
    request: GraphRequest, carrier: GivenCarrier, object_id: FromPath[str]
) -> dict[str, Any]:
    """Delete a media file or a template."""
    asking = caller(request, carrier.state)
    match asking.find(object_id):
        case Media() as media:
            del carrier.state.media[media.id]
        case Template() as template:
            del asking.business_of(template).templates[template.id]
        case _:
            raise unknown_object(object_id)
    return {"success": True}


HANDLERS = [read_object, change_object, delete_object]
