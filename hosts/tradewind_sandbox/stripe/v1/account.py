"""The account itself: who it is, what it owns, what happened, and who is told of it."""

import secrets
from typing import Any

from litestar import Response, delete, get, post
from litestar.params import FromPath

from tradewind_sandbox.stripe import shapes
from tradewind_sandbox.stripe.dependencies import GivenStripe
from tradewind_sandbox.stripe.errors import invalid
from tradewind_sandbox.stripe.state import API_VERSION, Account, Endpoint
from tradewind_sandbox.stripe.v1.calls import Call, asked, paged, told
from tradewind_sandbox.stripe.v1.known import changed, check_address, named
from tradewind_sandbox.stripe.v1.requests import (
    EndpointChange,
    EndpointIn,
    EventPage,
    MovementPage,
    Nothing,
    Page,
)
from tradewind_sandbox.stripe.wire import StripeRequest, new_id

_MOST_ENDPOINTS = 16


@get("/account")
async def read_account(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """The account whose key this is."""
    return await asked(request, stripe, Nothing, lambda call, _: _account(call.account))


@get("/balance")
async def read_balance(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """What the account owns, by currency."""
    return await asked(request, stripe, Nothing, lambda call, _: _balance(call.account))


@get("/balance_transactions")
async def list_movements(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """Money that came and went, newest first."""

    def work(call: Call, page: MovementPage) -> dict[str, Any]:
        found = [
            one
            for one in call.account.movements.values()
            if page.currency.lower() in {"", one.currency}
            and page.source in {"", one.source}
            and page.type in {"", one.type}
        ]
        return paged("/v1/balance_transactions", page, found, shapes.movement)

    return await asked(request, stripe, MovementPage, work)


@get("/balance_transactions/{name:str}")
async def read_movement(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """One of them."""

    def work(call: Call, _: Nothing) -> dict[str, Any]:
        return shapes.movement(named(call.account.movements, name, "balance transaction"))

    return await asked(request, stripe, Nothing, work)


@get("/events")
async def list_events(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """What happened, newest first; also what no webhook told."""

    def work(call: Call, page: EventPage) -> dict[str, Any]:
        wanted = {*(page.types or ()), *([page.type] if page.type else ())}
        found = [one for one in call.account.events.values() if not wanted or one.type in wanted]
        return paged("/v1/events", page, found, lambda one: shapes.event(one, API_VERSION))

    return await asked(request, stripe, EventPage, work)


@get("/events/{name:str}")
async def read_event(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """One event."""

    def work(call: Call, _: Nothing) -> dict[str, Any]:
        return shapes.event(named(call.account.events, name, "event"), API_VERSION)

    return await asked(request, stripe, Nothing, work)


@post("/webhook_endpoints", status_code=200)
async def create_endpoint(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """Have events told at an address. The secret that signs them is in this answer alone."""

    def work(call: Call, given: EndpointIn) -> dict[str, Any]:
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

    return await told(request, stripe, EndpointIn, work)


@get("/webhook_endpoints")
async def list_endpoints(request: StripeRequest, stripe: GivenStripe) -> Response[bytes]:
    """Where events are told, newest first."""

    def work(call: Call, page: Page) -> dict[str, Any]:
        known = list(call.account.endpoints.values())
        return paged("/v1/webhook_endpoints", page, known, shapes.endpoint)

    return await asked(request, stripe, Page, work)


@get("/webhook_endpoints/{name:str}")
async def read_endpoint(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """One endpoint."""
    return await asked(
        request, stripe, Nothing, lambda call, _: shapes.endpoint(_endpoint(call, name))
    )


@post("/webhook_endpoints/{name:str}", status_code=200)
async def update_endpoint(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """Change an endpoint."""

    def work(call: Call, given: EndpointChange) -> dict[str, Any]:
        endpoint = _endpoint(call, name)
        check_address(given.url, "url")
        endpoint.url = given.url or endpoint.url
        endpoint.events = given.enabled_events or endpoint.events
        endpoint.description = given.description or endpoint.description
        endpoint.enabled = endpoint.enabled if given.disabled is None else not given.disabled
        endpoint.metadata = changed(endpoint.metadata, given.metadata)
        return shapes.endpoint(endpoint)

    return await told(request, stripe, EndpointChange, work)


@delete("/webhook_endpoints/{name:str}", status_code=200)
async def delete_endpoint(
    request: StripeRequest, stripe: GivenStripe, name: FromPath[str]
) -> Response[bytes]:
    """Tell nothing there any more."""

    def work(call: Call, _: Nothing) -> dict[str, Any]:
        del call.account.endpoints[_endpoint(call, name).id]
        return {"id": name, "object": "webhook_endpoint", "deleted": True}

    return await asked(request, stripe, Nothing, work)


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


HANDLERS = [
    read_account,
    read_balance,
    list_movements,
    read_movement,
    list_events,
    read_event,
    create_endpoint,
    list_endpoints,
    read_endpoint,
    update_endpoint,
    delete_endpoint,
]
