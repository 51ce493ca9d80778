"""Payment intents."""

import re
from typing import Any

from tradewind_sandbox.stripe import amounts, shapes
from tradewind_sandbox.stripe.errors import Refused, bad_state, invalid
from tradewind_sandbox.stripe.state import SEARCH_LAG, Intent
from tradewind_sandbox.stripe.v1.calls import Call, Route, paged
from tradewind_sandbox.stripe.v1.known import (
    changed,
    check_address,
    customer_of,
    details_of,
    intent_of,
    method_of,
)
from tradewind_sandbox.stripe.v1.requests import (
    Cancellation,
    Capture,
    Confirmation,
    IntentChange,
    IntentIn,
    IntentPage,
    IntentRead,
    Search,
)

_CLAUSE = re.compile(r"(?:metadata\[(['\"])(?P<key>.+?)\1\]|(?P<name>\w+)):(['\"])(?P<value>.*?)\4")
_SEARCHED = ("currency", "customer", "status")


def create_intent(call: Call, given: IntentIn) -> dict[str, Any]:
    """Make an intent, and confirm it at once where that is wanted."""
    currency = amounts.currency_of(given.currency)
    amounts.check(given.amount, currency)
    check_address(given.return_url, "return_url")
    customer = customer_of(call.account, given.customer)
    method = method_of(call.bank, call.account, given.payment_method, given.payment_method_data)
    metadata = changed({}, given.metadata)
    intent = call.bank.new_intent(call.account, call.home, given.amount, currency)
    intent.customer, intent.metadata = customer, metadata
    intent.capture_method = given.capture_method
    intent.setup_future_usage = given.setup_future_usage
    intent.details = details_of(given)
    intent.automatic = _automatic(given)
    if method:
        intent.payment_method, intent.status = method, "requires_confirmation"
    call.bank.herald.tell(call.account, "payment_intent.created", shapes.intent(intent))
    if given.confirm:
        _confirm(
            call,
            intent,
            Confirmation(
                return_url=given.return_url,
                off_session=given.off_session,
                error_on_requires_action=given.error_on_requires_action,
            ),
        )
    return shapes.intent(intent)


def list_intents(call: Call, page: IntentPage) -> dict[str, Any]:
    """Intents, newest first."""
    found = [one for one in call.account.intents.values() if _whose(one, page.customer)]
    return paged("/v1/payment_intents", page, found, shapes.intent)


def search_intents(call: Call, given: Search) -> dict[str, Any]:
    """Intents by metadata, status, customer or currency. What changed just now is not found yet."""
    clauses = [_CLAUSE.fullmatch(part.strip()) for part in given.query.split(" AND ")]
    wanted = []
    for clause in clauses:
        if clause is None or (clause["name"] and clause["name"] not in _SEARCHED):
            raise invalid("We were unable to parse your search query.", "query")
        wanted.append((clause["key"], clause["name"], clause["value"]))
    found = []
    for intent in reversed(call.account.intents.values()):
        shown = shapes.intent(intent)
        fits = (
            intent.metadata.get(key) == value if key else shown[name] == value
            for key, name, value in wanted
        )
        if intent.changed + SEARCH_LAG <= call.now and all(fits):
            found.append(shown)
    body = shapes.listed("/v1/payment_intents/search", found[: given.limit])
    more = len(found) > given.limit
    return {**body, "object": "search_result", "has_more": more, "next_page": None}


def read_intent(call: Call, given: IntentRead) -> dict[str, Any]:
    """One intent; a browser that knows its secret may look as well."""
    return shapes.intent(_known(call, call.name, given.client_secret))


def update_intent(call: Call, given: IntentChange) -> dict[str, Any]:
    """Change an intent that nobody has paid."""
    intent = _known(call, call.name)
    _change(call, intent, given)
    return shapes.intent(intent)


def confirm_intent(call: Call, given: Confirmation) -> dict[str, Any]:
    """Pay, as the payer's browser does with the client secret, or as the store with its key."""
    intent = _known(call, call.name, given.client_secret)
    _confirm(call, intent, given)
    return shapes.intent(intent)


def capture_intent(call: Call, given: Capture) -> dict[str, Any]:
    """Take what is authorized, once; the rest is let go."""
    intent = _known(call, call.name)
    if not given.final_capture:
        raise invalid("This account is not eligible for multicapture.", "final_capture")
    call.bank.capture(call.account, intent, given.amount_to_capture)
    intent.metadata = changed(intent.metadata, given.metadata)
    return shapes.intent(intent)


def cancel_intent(call: Call, given: Cancellation) -> dict[str, Any]:
    """Call an intent off."""
    intent = _known(call, call.name)
    call.bank.cancel(call.account, intent, given.cancellation_reason)
    return shapes.intent(intent)


def _known(call: Call, name: str, client_secret: str = "") -> Intent:
    return intent_of(call.account, name, client_secret, public=call.public)


def _automatic(given: IntentIn) -> dict[str, Any] | None:
    """Ways to pay are the account's own unless the call says otherwise."""
    wanted = given.automatic_payment_methods
    if wanted is None:
        return {"allow_redirects": "always", "enabled": True}
    return {"allow_redirects": wanted.allow_redirects, "enabled": True} if wanted.enabled else None


def _change(call: Call, intent: Intent, given: IntentChange) -> None:
    paid = intent.status in {"requires_capture", "succeeded", "canceled"}
    if paid and (given.amount is not None or given.currency or given.payment_method):
        wrong = (
            f"This PaymentIntent's amount could not be updated because it has a status of"
            f" {intent.status}."
        )
        raise bad_state(wrong, shapes.intent(intent))
    currency = amounts.currency_of(given.currency) if given.currency else intent.currency
    amount = intent.amount if given.amount is None else given.amount
    amounts.check(amount, currency)
    customer = customer_of(call.account, given.customer)
    method = method_of(call.bank, call.account, given.payment_method, given.payment_method_data)
    intent.metadata = changed(intent.metadata, given.metadata)
    intent.amount, intent.currency = amount, currency
    intent.customer = customer or intent.customer
    intent.capture_method = given.capture_method or intent.capture_method
    intent.details |= details_of(given)
    if given.setup_future_usage is not None:
        intent.setup_future_usage = given.setup_future_usage or None
    if method:
        intent.payment_method, intent.status = method, "requires_confirmation"
    intent.changed = call.now


def _confirm(call: Call, intent: Intent, given: Confirmation) -> None:
    check_address(given.return_url, "return_url")
    method = method_of(call.bank, call.account, given.payment_method, given.payment_method_data)
    if intent.session:
        raise bad_state("A Checkout Session confirms this PaymentIntent.", shapes.intent(intent))
    if method and intent.status not in {"requires_capture", "succeeded", "canceled"}:
        intent.payment_method = method
        if intent.status == "requires_payment_method":
            intent.status = "requires_confirmation"
    _check_way_back(call, intent, given)
    intent.return_url = given.return_url or intent.return_url
    if given.receipt_email:
        intent.details["receipt_email"] = given.receipt_email
    if given.shipping:
        intent.details["shipping"] = given.shipping
    if given.setup_future_usage is not None:
        intent.setup_future_usage = given.setup_future_usage or None
    intent.capture_method = given.capture_method or intent.capture_method
    alone = bool(given.off_session) or given.error_on_requires_action
    call.bank.confirm(call.account, intent, off_session=alone)


def _check_way_back(call: Call, intent: Intent, given: Confirmation) -> None:
    """Ways to pay that are the account's own may lead the payer away: they must come back."""
    redirects = (intent.automatic or {}).get("allow_redirects") == "always"
    may_leave = redirects and not call.public and not given.off_session
    if may_leave and intent.payment_method and not (given.return_url or intent.return_url):
        raise Refused(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard."
            " Because some of these payment methods might redirect your customer off of your page,"
            " you must provide a `return_url`. If you don't want to accept redirect-based payment"
            " methods, set `automatic_payment_methods[enabled]` to `true` and"
            " `automatic_payment_methods[allow_redirects]` to `never`.",
            param="return_url",
        )


def _whose(intent: Intent, customer: str) -> bool:
    return not customer or (intent.customer is not None and intent.customer.id == customer)


ROUTES = [
    Route("POST", "/payment_intents", IntentIn, create_intent),
    Route("GET", "/payment_intents", IntentPage, list_intents),
    Route("GET", "/payment_intents/search", Search, search_intents),
    Route("GET", "/payment_intents/{name}", IntentRead, read_intent, public=True),
    Route("POST", "/payment_intents/{name}", IntentChange, update_intent),
    Route("POST", "/payment_intents/{name}/confirm", Confirmation, confirm_intent, public=True),
    Route("POST", "/payment_intents/{name}/capture", Capture, capture_intent),
    Route("POST", "/payment_intents/{name}/cancel", Cancellation, cancel_intent),
]
