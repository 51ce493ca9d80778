"""The account itself: who it is, what it owns, what happened, and who is told of it."""

import secrets
from typing import Any

from tradewind_sandbox.stripe import shapes
from tradewind_sandbox.stripe.errors import invalid
from tradewind_sandbox.stripe.state import API_VERSION, Account, Endpoint
from tradewind_sandbox.stripe.v1.calls import Call, Route, paged
from tradewind_sandbox.stripe.v1.known import changed, check_address, named
from tradewind_sandbox.stripe.v1.requests import (
    EndpointChange,
    EndpointIn,
    EventPage,
    MovementPage,
    Nothing,
    Page,
)
from tradewind_sandbox.stripe.wire import new_id

_MOST_ENDPOINTS = 16


def read_account(call: Call, _: Nothing) -> dict[str, Any]:
    """The account whose key this is."""
    return _account(call.account)


def read_balance(call: Call, _: Nothing) -> dict[str, Any]:
    """What the account owns, by currency."""
    return _balance(call.account)


def list_movements(call: Call, page: MovementPage) -> dict[str, Any]:
    """Money that came and went, newest first."""
    found = [
        one
        for one in call.account.movements.values()
        if page.currency.lower() in {"", one.currency}
        and page.source in {"", one.source}
        and page.type in {"", one.type}
    ]
    return paged("/v1/balance_transactions", page, found, shapes.movement)


def read_movement(call: Call, _: Nothing) -> dict[str, Any]:
    """One of them."""
    return shapes.movement(named(call.account.movements, call.name, "balance transaction"))


def list_events(call: Call, page: EventPage) -> dict[str, Any]:
    """What happened, newest first; also what no webhook told."""
    wanted = {*(page.types or ()), *([page.type] if page.type else ())}
    found = [one for one in call.account.events.values() if not wanted or one.type in wanted]
    return paged("/v1/events", page, found, lambda one: shapes.event(one, API_VERSION))


def read_event(call: Call, _: Nothing) -> dict[str, Any]:
    """One event."""
    return shapes.event(named(call.account.events, call.name, "event"), API_VERSION)


def create_endpoint(call: Call, given: EndpointIn) -> dict[str, Any]:
    """Have events told at an address. The secret that signs them is in this answer alone."""
    check_address(given.url or "?", "url")
    if not given.enabled_events:
        raise invalid("Missing required param: enabled_events.", "enabled_events")
    if len(call.account.endpoints) >= _MOST_ENDPOINTS:
        raise invalid("You have reached the maximum of 16 test webhook endpoints.", "")
    made = Endpoint(
        id=new_id("we_"),
        created=call.now,
        url=given.url,
        secret=f"whsec_{secrets.token_hex(16)}",
        events=given.enabled_events,
        description=given.description or None,
        api_version=given.api_version or None,
        metadata=changed({}, given.metadata),
    )
    call.account.endpoints[made.id] = made
    return {**shapes.endpoint(made), "secret": made.secret}


def list_endpoints(call: Call, page: Page) -> dict[str, Any]:
    """Where events are told, newest first."""
    known = list(call.account.endpoints.values())
    return paged("/v1/webhook_endpoints", page, known, shapes.endpoint)


def read_endpoint(call: Call, _: Nothing) -> dict[str, Any]:
    """One endpoint."""
    return shapes.endpoint(_endpoint(call, call.name))


def update_endpoint(call: Call, given: EndpointChange) -> dict[str, Any]:
    """Change an endpoint."""
    endpoint = _endpoint(call, call.name)
    check_address(given.url, "url")
    endpoint.url = given.url or endpoint.url
    endpoint.events = given.enabled_events or endpoint.events
    endpoint.description = given.description or endpoint.description
    endpoint.enabled = endpoint.enabled if given.disabled is None else not given.disabled
    endpoint.metadata = changed(endpoint.metadata, given.metadata)
    return shapes.endpoint(endpoint)


def delete_endpoint(call: Call, _: Nothing) -> dict[str, Any]:
    """Tell nothing there any more."""
    del call.account.endpoints[_endpoint(call, call.name).id]
    return {"id": call.name, "object": "webhook_endpoint", "deleted": True}


def _endpoint(call: Call, name: str) -> Endpoint:
    return named(call.account.endpoints, name, "webhook endpoint")


def _account(account: Account) -> dict[str, Any]:
    known = account.known
    return {
        "id": account.id,
        "object": "account",
        "business_profile": {"name": known.store_name},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": known.country,
        "default_currency": known.currency,
        "details_submitted": True,
        "email": None,
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": known.store_name, "timezone": "Etc/UTC"}},
        "type": "standard",
    }


def _balance(account: Account) -> dict[str, Any]:
    owned: dict[str, int] = {account.known.currency: 0}
    for one in account.movements.values():
        owned[one.currency] = owned.get(one.currency, 0) + one.amount - one.fee
    available = [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(owned.items())
    ]
    pending = [{**one, "amount": 0, "source_types": {"card": 0}} for one in available]
    return {"object": "balance", "available": available, "livemode": False, "pending": pending}


ROUTES = [
    Route("GET", "/account", Nothing, read_account),
    Route("GET", "/balance", Nothing, read_balance),
    Route("GET", "/balance_transactions", MovementPage, list_movements),
    Route("GET", "/balance_transactions/{name}", Nothing, read_movement),
    Route("GET", "/events", EventPage, list_events),
    Route("GET", "/events/{name}", Nothing, read_event),
    Route("POST", "/webhook_endpoints", EndpointIn, create_endpoint),
    Route("GET", "/webhook_endpoints", Page, list_endpoints),
    Route("GET", "/webhook_endpoints/{name}", Nothing, read_endpoint),
    Route("POST", "/webhook_endpoints/{name}", EndpointChange, update_endpoint),
    Route("DELETE", "/webhook_endpoints/{name}", Nothing, delete_endpoint),
]
