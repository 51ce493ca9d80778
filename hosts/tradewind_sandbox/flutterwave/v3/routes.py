"""The routes of v3, and its refusals."""

from litestar import Response, Router

from tradewind_sandbox.flutterwave.errors import Refused
from tradewind_sandbox.flutterwave.v3 import charges, payments, refunds, transactions
from tradewind_sandbox.flutterwave.wire import FlutterwaveRequest, answer


def refuse(_: FlutterwaveRequest, refusal: Refused) -> Response[bytes]:
    """A refusal in v3's envelope."""
    return answer(refusal.v3(), refusal.status)


def v3_router() -> Router:
    """All routes of v3, under /v3."""
    return Router(
        path="/v3",
        route_handlers=[
            *payments.HANDLERS,
            *charges.HANDLERS,
            *transactions.HANDLERS,
            *refunds.HANDLERS,
        ],
        exception_handlers={Refused: refuse},
    )
