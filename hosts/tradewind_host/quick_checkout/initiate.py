"""`GET /api/payments/initiate`: from a link to the page on which its order is paid.

Whoever follows the link comes to the page of the attempt that is open: that begins nothing, however
often it is done. Where none is open, one is begun only for a browser that says a person is going
there (`Sec-Fetch-Mode: navigate`, a header no page and no plain program can set by accident);
everybody else goes on to our own page, where a form begins it. Programs that preview links get a
page that says what the link is for.
"""

import re
from typing import Any

from litestar import Request, Response, route
from litestar.datastructures import Headers
from litestar.params import FromQuery

from tradewind.checkout.links import slug_in
from tradewind.checkout.rules import StartRequest
from tradewind.checkout.service import pay_order
from tradewind.contracts.errors import ProviderFault, Refusal
from tradewind.contracts.payment import Redirect
from tradewind.payments.rules import PaymentSession
from tradewind.settings.engine import Engine
from tradewind_host.limits import address_of
from tradewind_host.operations import GivenEngine
from tradewind_host.quick_checkout.returning import is_on, known_origins
from tradewind_host.storefront import paths, view
from tradewind_host.storefront.reading import Link, Seen, see, see_settled
from tradewind_host.storefront.rendering import elsewhere, page
from tradewind_host.storefront.texts import Words

_PREVIEWERS = re.compile(
    r"bot\b|crawl|spider|preview|facebookexternalhit|facebookcatalog|whatsapp|skypeuripreview"
    r"|slack|embedly|vkshare",
    re.IGNORECASE,
)


@route("/initiate", http_method=["GET", "HEAD"])
async def initiate(
    request: Request[Any, Any, Any],
    engine: GivenEngine,
    order: FromQuery[str] = "",
    token: FromQuery[str] = "",
) -> Response[Any]:
    """To the page of the open attempt; see above for who gets what else."""
    link = Link(slug=slug_in(token), order=order, token=token)
    if is_preview(request.method, request.headers):
        return _preview(engine, await see(engine, link, "pay"))
    seen = await see_settled(engine, link, "pay")
    if not seen.waits:
        return elsewhere(paths.order_page(engine, seen))
    live = seen.live
    if live is None and is_person(request.headers):
        live = await _begun(request, engine, seen)
    url = _page_of(live)
    return elsewhere(url or paths.pay_page(engine, seen))


def is_preview(method: str, headers: Headers) -> bool:
    """Whether nobody is going there: a look at the link, a page loaded ahead, a known program."""
    ahead = " ".join(
        headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz")
    )
    if method == "HEAD" or re.search("prefetch|prerender|preview", ahead, re.IGNORECASE):
        return True
    return _PREVIEWERS.search(headers.get("user-agent", "")) is not None


def is_person(headers: Headers) -> bool:
    """Whether a browser says that somebody goes there, in a window of its own."""
    wanted = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    return all(headers.get(name, "").lower() == value for name, value in wanted.items())


async def _begun(
    request: Request[Any, Any, Any], engine: Engine, seen: Seen
) -> PaymentSession | None:
    """Another attempt by the way of the last one, if that had a page; None where it cannot be."""
    last = seen.session
    if last is None or last.flow != "redirect" or seen.in_part:
        return None
    state = request.app.state
    listed = await state["api_keys"].origins_of(seen.store.id)
    known = known_origins(engine, state["config"], listed)
    wanted = StartRequest(
        provider=last.provider,
        method=last.method,
        return_url=_back(seen, "success_url", known),
        cancel_url=_back(seen, "cancel_url", known),
        network_address=address_of(request.scope),
    )
    try:
        return await pay_order(engine, seen.store, seen.order.id, wanted, replaces=last.id)
    except (Refusal, ProviderFault):
        return None


def _back(seen: Seen, name: str, known: set[str]) -> str:
    """Where the order says the payer goes; metadata may say anything."""
    url = seen.order.metadata.get(name)
    return url if isinstance(url, str) and is_on(url, known) else ""


def _page_of(live: PaymentSession | None) -> str:
    if live is None or live.status != "open" or not isinstance(live.action, Redirect):
        return ""
    return view.web_address(live.action.url)


def _preview(engine: Engine, seen: Seen) -> Response[Any]:
    """What the link is for, with a way on that begins nothing either."""
    return page(
        engine,
        "preview.html",
        Words(seen.order.locale),
        store=seen.store.name,
        url=paths.pay_page(engine, seen),
    )
