"""The pages of a payer: where a card is typed, and where the bank asks who they are."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from tradewind_sandbox.stripe import cards, shapes
from tradewind_sandbox.stripe.amounts import shown
from tradewind_sandbox.stripe.bank import Bank
from tradewind_sandbox.stripe.dependencies import GivenStripe
from tradewind_sandbox.stripe.errors import Refused
from tradewind_sandbox.stripe.state import Account, Intent, Session

_HERE = Path(__file__).parent
_SHOWN_CARDS = 7
_SESSION_ID = "{CHECKOUT_SESSION_ID}"

_pages = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Typed(msgspec.Struct):
    """What a payer has typed."""

    number: str = ""
    email: str = ""
    name: str = ""


class Choice(msgspec.Struct):
    """What a payer tells their bank."""

    outcome: Literal["approve", "fail"]
    client_secret: str = ""


@get("/c/pay/{name:str}", media_type=MediaType.HTML)
async def show(stripe: GivenStripe, name: FromPath[str]) -> Response[str]:
    """What is to be paid; or that there is nothing more to do."""
    _, session = _known(stripe, name)
    return _render(session)


@post("/c/pay/{name:str}", media_type=MediaType.HTML)
async def pay(
    stripe: GivenStripe,
    name: FromPath[str],
    data: Annotated[Typed, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Try to pay with a card: back to the store, on to the bank, or once more."""
    account, session = _known(stripe, name)
    if session.status != "open":
        return _render(session, status=409)
    billing = {"email": data.email or None, "name": data.name or None}
    try:
        method = stripe.card(account, cards.numbered(data.number), billing)
        intent = stripe.pay(account, session, method)
    except Refused as refusal:
        return _render(session, refusal.message, 402)
    return Redirect(_next(session, intent), status_code=303)


@get("/authenticate/{name:str}", media_type=MediaType.HTML)
async def ask(
    stripe: GivenStripe, name: FromPath[str], client_secret: FromQuery[str] = ""
) -> Response[Any]:
    """The bank asks the payer; whoever comes too late is sent on."""
    account, intent = _intent(stripe, name, client_secret)
    if intent.status != "requires_action":
        return _onwards(intent)
    html = _pages.get_template("authenticate.html").render(
        title=account.known.store_name,
        amount=shown(intent.amount, intent.currency),
        client_secret=client_secret,
    )
    return Response(html, headers=_SECURITY, media_type=MediaType.HTML)


@post("/authenticate/{name:str}", media_type=MediaType.HTML)
async def decide(
    stripe: GivenStripe,
    name: FromPath[str],
    data: Annotated[Choice, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Approve or fail, and go back."""
    account, intent = _intent(stripe, name, data.client_secret)
    if intent.status == "requires_action":
        try:
            stripe.authenticate(account, intent, approved=data.outcome == "approve")
        except Refused as refusal:
            if intent.session:
                return _render(intent.session, refusal.message, 402)
    return _onwards(intent)


def _known(bank: Bank, name: str) -> tuple[Account, Session]:
    bank.expire()
    for account in bank.state.accounts:
        if name in account.sessions:
            return account, account.sessions[name]
    raise NotFoundException("there is no such payment")


def _intent(bank: Bank, name: str, client_secret: str) -> tuple[Account, Intent]:
    bank.expire()
    for account in bank.state.accounts:
        intent = account.intents.get(name)
        if intent and intent.client_secret == client_secret:
            return account, intent
    raise NotFoundException("there is no such payment")


def _next(session: Session, intent: Intent) -> str:
    if intent.status == "requires_action":
        return shapes.authentication_page(intent)
    return success_link(session)


def success_link(session: Session) -> str:
    """Where a payer goes who has paid."""
    return session.success_url.replace(_SESSION_ID, session.id)


def _onwards(intent: Intent) -> Response[Any]:
    """Back to whoever sent the payer to the bank; where nobody says so, a page that ends it."""
    session = intent.session
    if session:
        done = session.status == "complete"
        return Redirect(success_link(session) if done else session.url, status_code=303)
    if intent.return_url:
        return Redirect(_return_link(intent, intent.return_url), status_code=303)
    html = _pages.get_template("done.html").render(approved=_approved(intent))
    return Response(html, headers=_SECURITY, media_type=MediaType.HTML)


def _return_link(intent: Intent, address: str) -> str:
    """The store's address with what Stripe adds; it is not signed, and no store must believe it."""
    parts = urlsplit(address)
    told = {
        "payment_intent": intent.id,
        "payment_intent_client_secret": intent.client_secret,
        "redirect_status": "succeeded" if _approved(intent) else "failed",
    }
    query = [*parse_qsl(parts.query, keep_blank_values=True), *told.items()]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _approved(intent: Intent) -> bool:
    return intent.status in {"succeeded", "requires_capture"}


def _render(session: Session, problem: str = "", status: int = 200) -> Response[str]:
    last = session.intent.last_error if session.intent else None
    html = _pages.get_template("pay.html").render(
        lines=[
            {
                "name": line.name,
                "quantity": line.quantity,
                "amount": shown(line.quantity * line.unit_amount, session.currency),
            }
            for line in session.lines
        ],
        amount=shown(session.amount_total, session.currency),
        email=session.customer.email if session.customer else session.customer_email,
        status=session.status,
        problem=problem or (last["message"] if last else ""),
        cards=cards.CARDS[:_SHOWN_CARDS],
        cancel=session.cancel_url and session.cancel_url.replace(_SESSION_ID, session.id),
        back=success_link(session),
    )
    return Response(html, status_code=status, headers=_SECURITY, media_type=MediaType.HTML)


def page_files() -> Router:
    """The pages' style sheet, under /static."""
    return create_static_files_router("/static", [_HERE / "static"], name="stripe-static")


HANDLERS = [show, pay, ask, decide]
