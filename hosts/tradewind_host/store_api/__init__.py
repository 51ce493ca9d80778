"""The store API: what a storefront calls with a publishable key."""

from litestar import Router
from litestar.di import Provide

from tradewind_host.access import provide_access
from tradewind_host.asked import store_query
from tradewind_host.auth import StoreDoor
from tradewind_host.flags import FlagDoor
from tradewind_host.idempotency import Idempotency
from tradewind_host.openapi import STORE_KEY
from tradewind_host.store_api import auth, carts, catalog, customers, orders, payments, whatsapp
from tradewind_host.store_api.cart_door import provide_cart


def store_router() -> Router:
    """Every route under `/store`."""
    return Router(
        "/store",
        route_handlers=[
            *catalog.ROUTES,
            *auth.ROUTES,
            *customers.ROUTES,
            *orders.ROUTES,
            *whatsapp.ROUTES,
            cart_router(),
        ],
        middleware=[StoreDoor, FlagDoor, Idempotency],
        dependencies={
            "access": Provide(provide_access, sync_to_thread=False),
            "filters": Provide(catalog.provide_filters, sync_to_thread=False),
        },
        before_request=store_query,
        security=STORE_KEY,
        tags=["store"],
    )


def cart_router() -> Router:
    """The cart API, from an empty cart to its order."""
    return Router(
        "/carts",
        route_handlers=[*carts.ROUTES, *payments.ROUTES],
        dependencies={"cart": Provide(provide_cart, sync_to_thread=False)},
    )
