"""The phone page: a shopper's WhatsApp in the browser, and the payments it is asked to approve."""

from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response, Router, get, post
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.static_files import create_static_files_router

from tradewind_sandbox.flutterwave.amounts import shown
from tradewind_sandbox.flutterwave.bank import Bank
from tradewind_sandbox.flutterwave.dependencies import GivenBank
from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.state import Transaction
from tradewind_sandbox.whatsapp import inbound
from tradewind_sandbox.whatsapp.bubbles import draw
from tradewind_sandbox.whatsapp.carrier import Carrier
from tradewind_sandbox.whatsapp.dependencies import GivenCarrier
from tradewind_sandbox.whatsapp.doors import known_number
from tradewind_sandbox.whatsapp.limits import TEXT_LENGTH, digits, is_user_id
from tradewind_sandbox.whatsapp.markup import chat_text
from tradewind_sandbox.whatsapp.state import BusinessNumber, Message, Shopper

_HERE = Path(__file__).parent

_pages = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters["chat_text"] = chat_text

_SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src * data:; frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
}


class Typed(msgspec.Struct):
    """Text typed into the composer."""

    account: str
    shopper: str
    text: str


class Tap(msgspec.Struct):
    """A tap on a row or button of a message."""

    account: str
    shopper: str
    message_id: str
    kind: str
    id: str


class PromptAnswer(msgspec.Struct):
    """What the shopper says to a payment that their phone was asked to approve."""

    shopper: str
    prompt_id: str
    approved: bool


@get("/", media_type=MediaType.HTML)
async def phone_page(
    carrier: GivenCarrier,
    account: FromQuery[str | None] = None,
    shopper: FromQuery[str | None] = None,
    other: FromQuery[str] = "",
) -> Response[str]:
    """The phone of one shopper in the chat with one store; `other` is a typed-in number."""
    state = carrier.state
    number = known_number(carrier, account or next(iter(state.numbers)))
    known = _known_shopper(carrier, other or shopper or state.people.prepared[0].key)
    people = state.people.prepared
    html = _pages.get_template("phone.html").render(
        number=number,
        shopper=known,
        accounts=[n.account for n in state.numbers.values()],
        people=people if known in people else [*people, known],
    )
    return Response(html, headers=_SECURITY)


@get("/thread")
async def thread(
    carrier: GivenCarrier,
    bank: GivenBank,
    account: FromQuery[str],
    shopper: FromQuery[str],
    after: FromQuery[int] = 0,
) -> dict[str, Any]:
    """What changed in the chat since revision `after`, and the payments to approve now.

    Looking at it reads what has arrived.
    """
    number, known = known_number(carrier, account), _known_shopper(carrier, shopper)
    carrier.seen(account, known)
    messages = carrier.state.thread(account, known)
    typing_until = carrier.state.window(account, known).typing_until
    return {
        "revision": max((m.revision for m in messages), default=0),
        "typing": typing_until is not None and carrier.state.now() < typing_until,
        "messages": [
            {"id": m.id, "html": _bubble(carrier, number, m)}
            for m in messages
            if m.revision > after
        ],
        "prompts": [{"id": str(t.id), "html": _prompt(t)} for t in _prompts(bank, known)],
    }


@post("/send", status_code=200)
async def send_text(data: JSONBody[Typed], carrier: GivenCarrier) -> dict[str, int | None]:
    """Send typed text to the store."""
    text = data.text.strip()
    if not 1 <= len(text) <= TEXT_LENGTH:
        raise ValidationException(f"text must have 1 to {TEXT_LENGTH} characters")
    return await _send(carrier, data.account, data.shopper, inbound.text(text))


@post("/tap", status_code=200)
async def tap(data: JSONBody[Tap], carrier: GivenCarrier) -> dict[str, int | None]:
    """Tap a row or button of a message that the store sent."""
    asked = carrier.state.messages.get(data.message_id)
    shopper = _known_shopper(carrier, data.shopper)
    if asked is None or asked.shopper is not shopper or asked.from_shopper or asked.error:
        raise NotFoundException("no such message on this phone")
    option = draw(asked).option(data.kind, data.id)
    if option is None:
        raise NotFoundException("the message has no such row or button")
    return await _send(carrier, data.account, data.shopper, inbound.tap(asked, option, shopper))


@post("/prompt", status_code=200)
async def answer_prompt(
    data: JSONBody[PromptAnswer], carrier: GivenCarrier, bank: GivenBank
) -> dict[str, bool]:
    """Approve or reject a payment; 404 when the phone is not asked any more."""
    shopper = _known_shopper(carrier, data.shopper)
    try:
        bank.respond(shopper.phone or "", data.prompt_id, approved=data.approved)
    except Refused as gone:
        raise NotFoundException(gone.message) from gone
    return {"approved": data.approved}


@get("/media/{media_id:str}")
async def media(carrier: GivenCarrier, media_id: FromPath[str]) -> Response[bytes]:
    """An uploaded file, as the phone shows it."""
    found = carrier.state.media.get(media_id)
    if found is None:
        raise NotFoundException("no such media")
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
    return Response(found.content, media_type=found.mime_type, headers=headers)


async def _send(
    carrier: Carrier, account: str, shopper: str, content: dict[str, Any]
) -> dict[str, int | None]:
    number, known = known_number(carrier, account), _known_shopper(carrier, shopper)
    identity = inbound.usual_identity(known)
    message = inbound.message(known, identity, carrier.state.now(), content)
    contacts = inbound.contacts(known, identity)
    return {"status": await carrier.receive(number, known, message, contacts)}


def _known_shopper(carrier: Carrier, name: str) -> Shopper:
    if not is_user_id(name) and not 7 <= len(digits(name)) <= 15:
        raise ValidationException("a shopper is a phone number with country code or a user id")
    return carrier.state.people.find(name)


def _bubble(carrier: Carrier, number: BusinessNumber, message: Message) -> str:
    context = message.body.get("context")
    quoted_id = context.get("id") if isinstance(context, dict) else None
    quoted = carrier.state.messages.get(str(quoted_id))
    return _pages.get_template("message.html").render(
        bubble=draw(message),
        message=message,
        quote=draw(quoted).text if quoted else "",
        store_name=number.account.store_name,
    )


def _prompts(bank: Bank, shopper: Shopper) -> list[Transaction]:
    return bank.prompts(shopper.phone) if shopper.phone else []


def _prompt(transaction: Transaction) -> str:
    return _pages.get_template("prompt.html").render(
        prompt=transaction,
        amount=shown(transaction.amount, transaction.currency),
        store_name=transaction.store.account.store_name,
    )


def phone_router() -> Router:
    """The page and its files under /phone."""
    files = create_static_files_router("/static", [_HERE / "static"], name="phone-static")
    return Router(
        path="/phone",
        route_handlers=[phone_page, thread, send_text, tap, answer_prompt, media, files],
    )
