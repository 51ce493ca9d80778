"""The routes of v4, and its refusals."""

from litestar import Response, Router

from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.v4 import charges, customers, methods, refunds
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest, answer


def refuse(_: FlutterwaveRequest, refusal: Refused) -> Response[bytes]:
    """A refusal in v4's envelope."""
    return answer(refusal.v4(), refusal.status)


def v4_router() -> Router:
    """All routes of v4, under /v4."""
    return Router(
        path="/v4",
        route_handlers=[
            *customers.HANDLERS,
            *methods.HANDLERS,
            *charges.HANDLERS,
            *refunds.HANDLERS,
        ],
        exception_handlers={Refused: refuse},
    )
