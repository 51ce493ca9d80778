"""Everything under /stripe."""

from litestar import Router

from tradewind_sandbox.stripe import doors, page
from tradewind_sandbox.stripe.v1.routes import v1_router


def stripe_router() -> Router:
    """The API, the hosted pages and the test doors."""
    return Router(
        path="/stripe",
        route_handlers=[v1_router(), page.page_files(), *page.HANDLERS, *doors.HANDLERS],
    )
