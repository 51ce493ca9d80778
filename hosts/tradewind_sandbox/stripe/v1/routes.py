"""The routes of v1, and its refusals."""

from litestar import HttpMethod, Response, Router, route
from litestar.params import FromPath

from tradewind_sandbox.stripe.errors import Refused
from tradewind_sandbox.stripe.v1 import account, customers, intents, refunds, sessions
from tradewind_sandbox.stripe.wire import StripeRequest, answer, encode


def refuse(_: StripeRequest, refusal: Refused) -> Response[bytes]:
    """A refusal in Stripe's shape."""
    return answer(encode(refusal.body()), refusal.status)


@route("/{rest:path}", http_method=[HttpMethod.GET, HttpMethod.POST, HttpMethod.DELETE])
async def nowhere(request: StripeRequest, rest: FromPath[str]) -> Response[bytes]:
    """What Stripe has and the sandbox has not, or what nobody has."""
    path = f"/v1{rest}"
    raise Refused(f"Unrecognized request URL ({request.method}: {path}).", 404)


def v1_router() -> Router:
    """All routes of v1, under /v1."""
    return Router(
        path="/v1",
        route_handlers=[
            *intents.HANDLERS,
            *sessions.HANDLERS,
            *refunds.HANDLERS,
            *customers.HANDLERS,
            *account.HANDLERS,
            nowhere,
        ],
        exception_handlers={Refused: refuse},
    )
