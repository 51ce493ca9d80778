"""The pay page: how an order that waits for its money can be paid, and the beginning of it.

Looking at a page begins nothing, because programs that preview links look at it as well. Paying
begins with a form. A provider's own page is reached from a page of ours that leads on, not by
answering the form with a redirect: browsers apply `form-action` to wherever that would end.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tradewind.checkout.rules import OfferedMethod, Snapshot, StartRequest
from tradewind.checkout.service import order_payment_methods, pay_order
from tradewind.contracts.errors import Conflict, InvalidInput, NotFound, ProviderFault, Refusal
from tradewind.contracts.payment import AwaitPhone, Instructions, Redirect
from tradewind.payments.rules import PaymentSession
from tradewind.settings.engine import Engine
from tradewind_host.logs import logger
from tradewind_host.operations import GivenEngine
from tradewind_host.storefront import forms, paths, view
from tradewind_host.storefront.forms import Filled
from tradewind_host.storefront.reading import Link, Seen, see, see_settled
from tradewind_host.storefront.rendering import elsewhere, page
from tradewind_host.storefront.texts import Words

REFUSALS: Mapping[str, str] = {
    "amount_not_accepted": "error.amount",
    "provider_unavailable": "error.gone",
    "unknown_payment_method": "error.gone",
    "payment_declined": "failed.declined",
    "payment_replaced": "error.replaced",
    "too_many_attempts": "error.often",
}
"""What to say when an attempt was not begun, by the code of the refusal."""

MOVED_ON = frozenset(("order_closed", "nothing_to_pay"))
BEGUN = frozenset(("payment_replaced", "in_progress"))
"""Refusals because the same button was pressed elsewhere at the same moment."""


class Trouble(NamedTuple):
    """Why the page is shown again: its status, a text, and what was filled in."""

    status: int
    text: str
    filled: Filled | None = None


@get(["/{slug:str}/pay", "/{slug:str}/checkout"])
async def pay_page(
    engine: GivenEngine,
    slug: FromPath[str],
    order: FromQuery[str] = "",
    token: FromQuery[str] = "",
    other: FromQuery[str] = "",
    still: FromQuery[str] = "",
) -> Response[Any]:
    """How to pay, or what is being waited for. `other` asks for the other ways meanwhile."""
    seen = await see_settled(engine, Link(slug=slug, order=order, token=token), "pay")
    if not seen.waits:
        return elsewhere(paths.order_page(engine, seen))
    live = seen.live
    if live is not None and not other and not seen.in_part and _on_the_phone(live):
        return _waiting(engine, seen, live, still=bool(still))
    return await _shown(engine, seen)


@post("/{slug:str}/pay", status_code=200)
async def pay(
    request: Request[Any, Any, Any], engine: GivenEngine, slug: FromPath[str]
) -> Response[Any]:
    """Begin to pay, or go on with what was begun by the same way: twice pressed is once paid."""
    form: Mapping[str, Any] = await request.form()
    link = Link(slug=slug, order=forms.text(form, "order"), token=forms.text(form, "token"))
    seen = await see(engine, link, "pay")
    if not seen.waits:
        return elsewhere(paths.order_page(engine, seen))
    if "session" in form:
        return await _gone_on(engine, seen, forms.text(form, "session"))
    host = request.client.host if request.client else ""
    return await _chosen(engine, seen, form, host)


async def _gone_on(engine: Engine, seen: Seen, session: str) -> Response[Any]:
    """To the provider's page of an attempt that was begun elsewhere, if it is still under way."""
    live = seen.live
    if live is None or str(live.id) != session:
        return elsewhere(paths.pay_page(engine, seen))
    return await _next(engine, seen, live)


async def _chosen(engine: Engine, seen: Seen, form: Mapping[str, Any], host: str) -> Response[Any]:
    words = Words(seen.order.locale)
    wanted = (forms.text(form, "provider"), forms.text(form, "method"))
    offered = await _offered(engine, seen)
    way = next((one for one in offered if (one.provider, one.method.id) == wanted), None)
    if way is None:
        return await _shown(engine, seen, Trouble(409, words("error.gone")))
    filled = forms.read(way, form, _country(seen), words)
    if filled.errors:
        return await _shown(engine, seen, Trouble(422, "", filled))
    under_way = _under_way(engine, seen, way, filled, forms.text(form, "seen"))
    if under_way is not None:
        return await _next(engine, seen, under_way)
    request = StartRequest(
        provider=way.provider, method=way.method.id, inputs=filled.values, network_address=host
    )
    try:
        session = await pay_order(
            engine, seen.store, seen.order.id, request, replaces=_replaced(seen, form)
        )
    except (Refusal, ProviderFault) as error:
        return await _not_begun(engine, await _again(engine, seen), error, way, filled)
    return await _next(engine, seen, session)


def _under_way(
    engine: Engine, seen: Seen, way: OfferedMethod, filled: Filled, known: str
) -> PaymentSession | None:
    """The attempt by this very way that goes on.

    One that still waits for the provider's answer is gone on with by a form that did not know of
    it: the same button was pressed twice. Who knew of it and chooses again wants another try.
    """
    live = seen.live
    if live is None or live.expires_at <= engine.clock.now():
        return None
    same = (live.provider, live.method) == (way.provider, way.method.id)
    if not same or dict(live.inputs) != dict(filled.values):
        return None
    stuck = live.status == "starting" and str(live.id) == known
    nowhere = isinstance(live.action, Redirect) and not _page_of(live)
    return None if stuck or nowhere else live


def _replaced(seen: Seen, form: Mapping[str, Any]) -> UUID | None:
    """The attempt that the form knew of, else the newest: nothing is begun beside a newer one."""
    try:
        return UUID(forms.text(form, "seen"))
    except ValueError:
        return seen.session.id if seen.session else None


async def _not_begun(
    engine: Engine,
    seen: Seen,
    error: Refusal | ProviderFault,
    way: OfferedMethod,
    filled: Filled,
) -> Response[Any]:
    """What to show when nothing was begun; `seen` is the order as it is now."""
    words = Words(seen.order.locale)
    if isinstance(error, ProviderFault):
        return await _shown(engine, seen, Trouble(503, words("error.fault"), filled))
    if isinstance(error, InvalidInput):
        return await _shown(engine, seen, Trouble(422, "", forms.refused(filled, error, words)))
    begun = error.reason in BEGUN
    if error.reason in MOVED_ON or not seen.waits or (begun and seen.live is None):
        return elsewhere(paths.pay_page(engine, seen))
    under_way = _under_way(engine, seen, way, filled, "") if begun else None
    if under_way is not None:
        return await _next(engine, seen, under_way)
    text = words(REFUSALS.get(error.reason, "error.refused"), store=seen.store.name)
    return await _shown(engine, seen, Trouble(409, text, filled))


async def _again(engine: Engine, seen: Seen) -> Seen:
    """What was seen, as it is now."""
    link = Link(slug=seen.store.slug, order=str(seen.order.id), token=seen.token)
    return await see(engine, link, "pay")


async def _next(engine: Engine, seen: Seen, session: PaymentSession) -> Response[Any]:
    """Where the shopper goes on: to the provider's page, or to ours that says what to do."""
    if session.status != "open" or not isinstance(session.action, Redirect):
        return elsewhere(paths.pay_page(engine, seen))
    words, url = Words(seen.order.locale), _page_of(session)
    if not url:
        logger.error("a payment provider gave no web address", provider=session.provider)
        again = await _again(engine, seen)
        return await _shown(engine, again, Trouble(503, words("error.fault")))
    return page(
        engine,
        "leaving.html",
        words,
        store=seen.store.name,
        url=url,
        refresh=f"0; url={url}",
    )


def _waiting(engine: Engine, seen: Seen, live: PaymentSession, *, still: bool) -> Response[Any]:
    return page(
        engine,
        "waiting.html",
        Words(seen.order.locale),
        refresh=0 if still else view.patience(engine.clock.now() - live.created_at),
        seen=seen,
        store=seen.store.name,
        live=live,
        due=_due(seen),
        look=paths.pay_page(engine, seen),
        still=paths.pay_page(engine, seen, still="1"),
        other=paths.pay_page(engine, seen, other="1"),
    )


async def _shown(engine: Engine, seen: Seen, trouble: Trouble | None = None) -> Response[Any]:
    """The ways to pay; also again, with what was wrong."""
    words, order, live = Words(seen.order.locale), seen.order, seen.live
    return page(
        engine,
        "pay.html",
        words,
        status=trouble.status if trouble else 200,
        refresh=0,
        seen=seen,
        store=seen.store.name,
        due=_due(seen),
        until=words.when(order.expires_at, seen.zone) if order.expires_at else "",
        in_part=view.in_part(seen, words) if seen.in_part else "",
        trouble=trouble.text if trouble else "",
        failed="" if trouble else view.failure(seen, words),
        online=live if live and _page_of(live) else None,
        phone=live if live and _on_the_phone(live) else None,
        told=live.action.text if live and isinstance(live.action, Instructions) else "",
        ways=await _ways(engine, seen, trouble.filled if trouble else None),
        lines=view.lines(order),
        figures=view.figures(order, words),
        action=paths.pay_form(engine, seen),
        look=paths.pay_page(engine, seen),
        order_page=paths.order_page(engine, seen),
    )


async def _ways(engine: Engine, seen: Seen, filled: Filled | None) -> Sequence[forms.Way]:
    """The forms to choose from, without the way that the page shows as begun already."""
    if seen.in_part:
        return []
    live = seen.live
    begun = live and (_page_of(live) or isinstance(live.action, Instructions))
    at_hand = (live.provider, live.method) if live and begun else None
    offered = await _offered(engine, seen)
    others = [one for one in offered if (one.provider, one.method.id) != at_hand]
    return forms.ways(others, _phone(seen), filled)


async def _offered(engine: Engine, seen: Seen) -> list[OfferedMethod]:
    """The ways to pay that work in a page without scripts."""
    try:
        found = await order_payment_methods(engine, seen.store, seen.order.id)
    except (Conflict, NotFound):
        return []
    return [one for one in found if one.method.flow in forms.FLOWS]


def _on_the_phone(live: PaymentSession) -> bool:
    """Whether there is nothing to do in the browser but to wait."""
    if live.status == "starting" or isinstance(live.action, AwaitPhone):
        return True
    return live.flow == "push" and live.action is None


def _page_of(live: PaymentSession) -> str:
    """The provider's page of an attempt; nothing where there is none on the web."""
    return view.web_address(live.action.url) if isinstance(live.action, Redirect) else ""


def _due(seen: Seen) -> str:
    """What an attempt to pay asks for: all of it, unless part has come and the shop must see."""
    order = seen.order
    return order.money(order.due if seen.in_part else order.total).text()


def _phone(seen: Seen) -> str:
    address = seen.order.shipping_address
    return seen.order.phone or (address.phone if address else None) or ""


def _country(seen: Seen) -> str:
    if seen.order.shipping_address is not None:
        return seen.order.shipping_address.country_code
    if seen.session is None:
        return ""
    snapshot = msgspec.json.decode(seen.session.snapshot, type=Snapshot)
    return next(iter(snapshot.cart.region.countries), "")
