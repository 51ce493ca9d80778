"""Checkout sessions."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tradewind_sandbox.stripe import amounts, shapes
from tradewind_sandbox.stripe.errors import Refused, invalid, missing, not_found
from tradewind_sandbox.stripe.state import Line, Session
from tradewind_sandbox.stripe.v1.calls import Call, Route, paged
from tradewind_sandbox.stripe.v1.known import changed, check_address, customer_of, named
from tradewind_sandbox.stripe.v1.requests import (
    LineIn,
    NewMetadata,
    Nothing,
    Page,
    SessionIn,
    SessionPage,
)
from tradewind_sandbox.stripe.wire import new_id

_SHORTEST, _LONGEST = timedelta(minutes=30), timedelta(hours=24)
_LEEWAY = timedelta(seconds=60)
_MOST_LINES = 100


def create_session(call: Call, given: SessionIn) -> dict[str, Any]:
    """Open a hosted page."""
    _check(given)
    lines, currency = _lines(given)
    total = sum(line.quantity * line.unit_amount for line in lines)
    amounts.check(total, currency, "line_items")
    data = given.payment_intent_data
    session = Session(
        id=new_id("cs_test_") + new_id(""),
        home=call.home,
        created=call.now,
        expires_at=_end(call.now, given.expires_at),
        lines=lines,
        currency=currency,
        success_url=given.success_url,
        cancel_url=given.cancel_url or None,
        customer=customer_of(call.account, given.customer),
        customer_creation=None if given.customer else given.customer_creation,
        customer_email=given.customer_email or None,
        capture_method=data.capture_method,
        setup_future_usage=data.setup_future_usage,
        intent_details={
            name: value
            for name in ("description", "receipt_email", "shipping", "statement_descriptor")
            if (value := getattr(data, name))
        },
        intent_metadata=changed({}, data.metadata),
        details={
            "client_reference_id": given.client_reference_id,
            "locale": given.locale,
            "submit_type": given.submit_type,
            "allow_promotion_codes": given.allow_promotion_codes,
            "billing_address_collection": given.billing_address_collection,
        },
        metadata=changed({}, given.metadata),
    )
    call.account.sessions[session.id] = session
    return shapes.session(session)


def list_sessions(call: Call, page: SessionPage) -> dict[str, Any]:
    """Sessions, newest first."""
    found = [one for one in call.account.sessions.values() if _fits(one, page)]
    return paged("/v1/checkout/sessions", page, found, shapes.session)


def read_session(call: Call, _: Nothing) -> dict[str, Any]:
    """One session."""
    return shapes.session(_known(call, call.name))


def update_session(call: Call, given: NewMetadata) -> dict[str, Any]:
    """Change the metadata of a session."""
    session = _known(call, call.name)
    session.metadata = changed(session.metadata, given.metadata)
    return shapes.session(session)


def list_lines(call: Call, page: Page) -> dict[str, Any]:
    """The lines of a session, in their order."""
    session = _known(call, call.name)
    lines = [shapes.line(one, session.currency) for one in session.lines]
    url = f"/v1/checkout/sessions/{call.name}/line_items"
    return shapes.listed(url, lines[: page.limit], more=len(lines) > page.limit)


def expire_session(call: Call, _: Nothing) -> dict[str, Any]:
    """Close a page that nobody has paid on."""
    session = _known(call, call.name)
    if session.status != "open":
        wrong = (
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout'
            f" Session has a status of {session.status}."
        )
        raise Refused(wrong)
    call.bank.expire_session(call.account, session)
    return shapes.session(session)


def _known(call: Call, name: str) -> Session:
    return named(call.account.sessions, name, "checkout.session")


def _fits(session: Session, page: SessionPage) -> bool:
    customer, intent = session.customer, session.intent
    return (
        page.status in {None, session.status}
        and page.customer in {"", customer.id if customer else None}
        and page.payment_intent in {"", intent.id if intent else None}
    )


def _check(given: SessionIn) -> None:
    check_address(given.success_url, "success_url")
    check_address(given.cancel_url, "cancel_url")
    if not given.success_url:
        raise missing("success_url")
    if given.customer and given.customer_email:
        wrong = "You may only specify one of these parameters: customer, customer_email."
        raise invalid(wrong, "customer")
    if given.customer_email and "@" not in given.customer_email.strip("@"):
        wrong = f"Invalid email address: {given.customer_email}"
        raise invalid(wrong, "customer_email", "email_invalid")
    if not 1 <= len(given.line_items) <= _MOST_LINES:
        raise invalid(f"You may have 1 to {_MOST_LINES} line items.", "line_items")


def _lines(given: SessionIn) -> tuple[list[Line], str]:
    """The lines with the one currency that they share."""
    lines, currencies = [], set()
    for number, one in enumerate(given.line_items):
        line, currency = _line(number, one)
        lines.append(line)
        currencies.add(currency)
    if given.currency:
        currencies.add(amounts.currency_of(given.currency))
    if len(currencies) > 1:
        raise invalid("All line items must have the same currency.", "line_items")
    return lines, currencies.pop()


def _line(number: int, given: LineIn) -> tuple[Line, str]:
    if given.price:
        raise not_found("price", given.price, f"line_items[{number}][price]")
    price = given.price_data
    if price is None:
        raise missing(f"line_items[{number}][price_data]")
    param = f"line_items[{number}][price_data]"
    if price.product:
        raise not_found("product", price.product, f"{param}[product]")
    if price.product_data is None:
        raise missing(f"{param}[product_data]")
    if price.recurring:
        raise invalid("A payment takes one-time prices alone.", f"{param}[recurring]")
    line = Line(
        id=new_id("li_"),
        name=price.product_data.name,
        quantity=given.quantity,
        unit_amount=price.unit_amount,
    )
    return line, amounts.currency_of(price.currency)


def _end(now: datetime, wanted: int | None) -> datetime:
    """When a session ends: in 24 hours, or as wanted, from 30 minutes to that."""
    if wanted is None:
        return now + _LONGEST
    end = datetime.fromtimestamp(wanted, UTC)
    if not now + _SHORTEST - _LEEWAY <= end <= now + _LONGEST + _LEEWAY:
        wrong = (
            "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from"
            " Checkout Session creation."
        )
        raise invalid(wrong, "expires_at")
    return end


ROUTES = [
    Route("POST", "/checkout/sessions", SessionIn, create_session),
    Route("GET", "/checkout/sessions", SessionPage, list_sessions),
    Route("GET", "/checkout/sessions/{name}", Nothing, read_session),
    Route("POST", "/checkout/sessions/{name}", NewMetadata, update_session),
    Route("GET", "/checkout/sessions/{name}/line_items", Page, list_lines),
    Route("POST", "/checkout/sessions/{name}/expire", Nothing, expire_session),
]
