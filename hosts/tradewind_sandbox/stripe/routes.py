"""Everything under /stripe."""

from litestar import Router

from tradewind_sandbox.stripe import doors, page
from tradewind_sandbox.stripe.v1 import routes as v1


def stripe_router() -> Router:
    """The API, the hosted pages and the test doors."""
    return Router(
        path="/stripe",
        route_handlers=[*v1.HANDLERS, page.page_files(), *page.HANDLERS, *doors.HANDLERS],
    )
