"""Everything under /flutterwave."""

from litestar import Router

from tradewind_sandbox.flutterwave import doors, page
from tradewind_sandbox.flutterwave.v3.routes import v3_router
from tradewind_sandbox.flutterwave.v4 import tokens
from tradewind_sandbox.flutterwave.v4.routes import v4_router


def flutterwave_router() -> Router:
    """The APIs, the hosted page and the test doors."""
    return Router(
        path="/flutterwave",
        route_handlers=[
            v3_router(),
            v4_router(),
            *tokens.HANDLERS,
            page.page_files(),
            *page.HANDLERS,
            *doors.HANDLERS,
        ],
    )
