"""The test doors: be a shopper, and read what a business sent."""

from typing import Any

import msgspec
from litestar import Router, get, post
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import FromQuery, JSONBody

from tradewind_sandbox.whatsapp import inbound
from tradewind_sandbox.whatsapp.carrier import Carrier
from tradewind_sandbox.whatsapp.dependencies import GivenCarrier
from tradewind_sandbox.whatsapp.inbound import Identity
from tradewind_sandbox.whatsapp.state import BusinessNumber, Message, Shopper


class InboundRequest(msgspec.Struct, kw_only=True):
    """A message to send as a shopper: typed `text`, or a whole `messages[]` object as `message`.

    `identity` chooses what the business learns of the shopper, `name` the profile name;
    `contacts` replaces the webhook's contacts altogether.
    """

    phone_number_id: str
    from_: str | None = msgspec.field(default=None, name="from")
    user_id: str | None = None
    identity: Identity | None = None
    name: str | None = None
    username: str | None = None
    text: str | None = None
    message: dict[str, Any] | None = None
    contacts: list[dict[str, Any]] | None = None


@post("/inbound", status_code=200)
async def send_inbound(
    data: JSONBody[InboundRequest], carrier: GivenCarrier
) -> dict[str, int | None]:
    """Send a message as a shopper; answers when the business has answered the webhook."""
    number = known_number(carrier, data.phone_number_id)
    raw = data.message or {}
    shopper = _shopper(carrier, data, raw)
    identity = data.identity or _identity(data, raw, shopper)
    shopper.hides_phone = identity == "user_id"
    content = raw or inbound.text(data.text or "")
    message = inbound.message(shopper, identity, carrier.state.now(), content)
    if raw:
        message = _as_given(message, raw)
    contacts = inbound.contacts(shopper, identity) if data.contacts is None else data.contacts
    return {"status": await carrier.receive(number, shopper, message, contacts)}


@get("/messages")
async def list_messages(
    carrier: GivenCarrier,
    to: FromQuery[str | None] = None,
    phone_number_id: FromQuery[str | None] = None,
) -> list[dict[str, Any]]:
    """The bodies accepted at the messages endpoint, oldest first, without read and typing."""
    shopper = carrier.state.people.find(to) if to else None
    return [
        message.body
        for message in _outgoing(carrier, shopper)
        if phone_number_id in (None, message.account.phone_number_id)
    ]


def known_number(carrier: Carrier, phone_number_id: str) -> BusinessNumber:
    """The business number with this id, or 404."""
    number = carrier.state.numbers.get(phone_number_id)
    if number is None:
        raise NotFoundException(f"no business number {phone_number_id}")
    return number


def _shopper(carrier: Carrier, data: InboundRequest, raw: dict[str, Any]) -> Shopper:
    phone = data.from_ or raw.get("from")
    user_id = data.user_id or raw.get("from_user_id")
    if not phone and not user_id:
        raise ValidationException("from or user_id is required")
    if data.text is None and data.message is None:
        raise ValidationException("text or message is required")
    for key in ("id", "from", "from_user_id"):
        if not isinstance(raw.get(key, ""), str):
            raise ValidationException(f"{key} of a message must be text")
    shopper = carrier.state.people.identify(phone=phone, user_id=user_id)
    shopper.name = data.name or shopper.name
    shopper.username = data.username or shopper.username
    return shopper


def _identity(data: InboundRequest, raw: dict[str, Any], shopper: Shopper) -> Identity:
    named_by_phone = data.from_ or raw.get("from")
    return "phone_and_user_id" if named_by_phone and shopper.phone else "user_id"


def _as_given(message: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
    """A raw message keeps exactly what it has; only an id, a time and a sender are added."""
    if "from" in raw or "from_user_id" in raw:
        return {"id": message["id"], "timestamp": message["timestamp"]} | raw
    return message


def _outgoing(carrier: Carrier, shopper: Shopper | None) -> list[Message]:
    messages = carrier.state.of_shopper(shopper) if shopper else carrier.state.messages.values()
    return [message for message in messages if not message.from_shopper]


def doors_router() -> Router:
    """The doors under /whatsapp."""
    return Router(path="/whatsapp", route_handlers=[send_inbound, list_messages])
