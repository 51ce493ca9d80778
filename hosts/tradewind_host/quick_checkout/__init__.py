"""Quick checkout, under `/api`: order in one call, pay on the provider's page, look at the order.

Ordering takes a publishable key. The order's token opens it from then on, and says which store it
is of, because these links are followed without a key.
"""

from litestar import Router
from litestar.di import Provide

from tradewind_host.access import provide_access
from tradewind_host.flags import FlagDoor
from tradewind_host.idempotency import Idempotency
from tradewind_host.openapi import STORE_KEY
from tradewind_host.quick_checkout.door import TokenDoor
from tradewind_host.quick_checkout.initiate import initiate
from tradewind_host.quick_checkout.orders import get_order, place_order
from tradewind_host.storefront.rendering import FAULTS

__all__ = ["quick_routers"]


def quick_routers() -> list[Router]:
    """The routes for programs, and the one that a person's browser follows."""
    calls = Router(
        "/api",
        route_handlers=[place_order, get_order],
        middleware=[TokenDoor, FlagDoor, Idempotency],
        dependencies={"access": Provide(provide_access, sync_to_thread=False)},
        security=STORE_KEY,
        tags=["quick checkout"],
    )
    links = Router(
        "/api/payments",
        route_handlers=[initiate],
        exception_handlers=FAULTS,
        include_in_schema=False,
    )
    return [calls, links]
