"""The admin API: what a merchant's systems call with a secret key."""

from litestar import Router
from litestar.di import Provide

from tradewind_host.access import provide_access
from tradewind_host.admin_api import (
    api_keys,
    carts,
    cases,
    catalog,
    conversations,
    customers,
    events,
    files,
    imports,
    inventory,
    media,
    messages,
    orders,
    packs,
    promotions,
    received,
    regions,
    settings,
    stores,
)
from tradewind_host.asked import admin_query
from tradewind_host.auth import AdminDoor
from tradewind_host.idempotency import Idempotency
from tradewind_host.openapi import ADMIN_KEY

_MODULES = (
    orders,
    messages,
    inventory,
    catalog,
    media,
    received,
    imports,
    files,
    regions,
    carts,
    packs,
    customers,
    promotions,
    conversations,
    events,
    cases,
    settings,
    stores,
    api_keys,
)


def admin_router() -> Router:
    """Every route under `/admin`."""
    return Router(
        "/admin",
        route_handlers=[route for module in _MODULES for route in module.ROUTES],
        middleware=[AdminDoor, Idempotency],
        dependencies={"access": Provide(provide_access, sync_to_thread=False)},
        before_request=admin_query,
        security=ADMIN_KEY,
        tags=["admin"],
    )
