"""The store API: what a storefront calls with a publishable key."""

from litestar import Router
from litestar.di import Provide

from tradewind_host.access import provide_access
from tradewind_host.auth import StoreDoor
from tradewind_host.flags import FlagDoor
from tradewind_host.idempotency import Idempotency
from tradewind_host.openapi import STORE_KEY
from tradewind_host.store_api import auth, catalog, customers


def store_router() -> Router:
    """Every route under `/store`."""
    return Router(
        "/store",
        route_handlers=[*catalog.ROUTES, *auth.ROUTES, *customers.ROUTES],
        middleware=[StoreDoor, FlagDoor, Idempotency],
        dependencies={"access": Provide(provide_access, sync_to_thread=False)},
        security=STORE_KEY,
        tags=["store"],
    )
