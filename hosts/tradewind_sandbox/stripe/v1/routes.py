"""The routes of v1, in a table of their own, and its refusals: one handler serves them all."""

from litestar import HttpMethod, Response, route
from litestar.params import FromPath

from tradewind_sandbox.stripe.dependencies import GivenStripe
from tradewind_sandbox.stripe.errors import Refused
from tradewind_sandbox.stripe.v1 import account, customers, intents, refunds, sessions
from tradewind_sandbox.stripe.v1.calls import asked, caller, told
from tradewind_sandbox.stripe.wire import StripeRequest, answer, encode

ROUTES = [
    *intents.ROUTES,
    *sessions.ROUTES,
    *refunds.ROUTES,
    *customers.ROUTES,
    *account.ROUTES,
]


_BROWSERS = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Max-Age": "300",
}


def refuse(_: StripeRequest, refusal: Refused) -> Response[bytes]:
    """A refusal in Stripe's shape."""
    return answer(encode(refusal.body()), refusal.status)


@route(
    "/v1/{path:path}",
    http_method=[HttpMethod.GET, HttpMethod.POST, HttpMethod.DELETE, HttpMethod.OPTIONS],
    exception_handlers={Refused: refuse},
)
async def serve(
    request: StripeRequest, stripe: GivenStripe, path: FromPath[str]
) -> Response[bytes]:
    """The first route that fits; raises Refused (404) where Stripe or the sandbox has none."""
    if request.method == "OPTIONS":
        return answer(b"", 204, _BROWSERS)
    for one in ROUTES:
        name = one.name_in(request.method, path)
        if name is not None:
            call = await caller(request, stripe, name, public=one.public)
            work = told if one.method == "POST" else asked
            return await work(request, call, one)
    raise Refused(f"Unrecognized request URL ({request.method}: /v1{path}).", 404)


HANDLERS = [serve]
