"""Beginning to pay what stands on a bill: an order that waits for its money, or a cart.

Looking at a page begins nothing, because programs that preview links look at it as well. Paying
begins with a form. A provider's own page is reached from a page of ours that leads on, not by
answering the form with a redirect: browsers apply `form-action` to wherever that would end.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from litestar import Response

from tradewind.checkout.rules import OfferedMethod, StartRequest
from tradewind.contracts.errors import InvalidInput, OutOfStock, ProviderFault, Refusal
from tradewind.contracts.payment import AwaitPhone, Instructions, Redirect
from tradewind.database import Store
from tradewind.payments.rules import PaymentSession
from tradewind.settings.engine import Engine
from tradewind_host.logs import logger
from tradewind_host.storefront import forms, view
from tradewind_host.storefront.forms import Filled
from tradewind_host.storefront.paths import Shop
from tradewind_host.storefront.rendering import elsewhere, page
from tradewind_host.storefront.texts import Words

REFUSALS: Mapping[str, str] = {
    "amount_not_accepted": "error.amount",
    "provider_unavailable": "error.gone",
    "unknown_payment_method": "error.gone",
    "payment_declined": "failed.declined",
    "payment_replaced": "error.replaced",
    "too_many_attempts": "error.often",
    "too_many_holds": "error.holds",
    "too_many_unpaid": "error.unpaid",
    "cart_changed": "error.changed",
    "line_unavailable": "error.unavailable",
}
"""What to say when an attempt was not begun, by the code of the refusal."""

MOVED_ON = frozenset(
    """order_closed nothing_to_pay already_paid cart_completed cart_empty missing_email
    missing_shipping_method""".split()
)
"""Refusals that the page itself knows an answer to once it is asked for anew."""

BEGUN = frozenset(("payment_replaced", "in_progress"))
"""Refusals because the same button was pressed elsewhere at the same moment."""


class Trouble(NamedTuple):
    """Why a page is shown again: its status, a text, and what was filled in."""

    status: int
    text: str
    filled: Filled | None = None


class Bill(Protocol):
    """What is to be paid. `here` is the address of its page; `waits` until it is decided.

    `session` is the newest attempt to pay it, `live` the one that is under way. `country` and
    `phone` are what we know of the payer already.
    """

    engine: Engine
    store: Store
    shop: Shop
    words: Words
    session: PaymentSession | None
    live: PaymentSession | None
    waits: bool
    here: str
    country: str
    phone: str

    async def offered(self) -> Sequence[OfferedMethod]:
        """Every way to pay it."""
        ...

    async def begin(
        self, way: OfferedMethod, request: StartRequest, known: str
    ) -> PaymentSession | None:
        """Begin to pay it, in place of the attempt that the form knew of; None when it is done.

        Raises as the engine does.
        """
        ...

    async def again(self) -> "Bill":
        """The bill as it is now."""
        ...

    async def shown(self, trouble: Trouble | None = None) -> Response[Any]:
        """The page with the ways to pay; also again, with what was wrong."""
        ...

    def short(self, error: OutOfStock) -> str:
        """That there is not as much left of something as is wanted."""
        ...


async def pay(bill: Bill, form: Mapping[str, Any], host: str) -> Response[Any]:
    """Begin to pay, or go on with what was begun by the same way: twice pressed is once paid.

    `host` is the network address of the payer.
    """
    if "session" in form:
        return await _gone_on(bill, forms.text(form, "session"))
    return await _chosen(bill, form, host)


async def _gone_on(bill: Bill, session: str) -> Response[Any]:
    """To the provider's page of an attempt that was begun elsewhere, if it is still under way."""
    live = bill.live
    if live is None or str(live.id) != session:
        return elsewhere(bill.here)
    return await _next(bill, live)


async def _chosen(bill: Bill, form: Mapping[str, Any], host: str) -> Response[Any]:
    wanted = (forms.text(form, "provider"), forms.text(form, "method"))
    offered = await _offered(bill)
    way = next((one for one in offered if (one.provider, one.method.id) == wanted), None)
    if way is None:
        return await bill.shown(Trouble(409, bill.words("error.gone")))
    filled = forms.read(way, form, bill.country, bill.words)
    if filled.errors:
        return await bill.shown(Trouble(422, "", filled))
    known = forms.text(form, "seen")
    under_way = _under_way(bill, way, filled, known)
    if under_way is not None:
        return await _next(bill, under_way)
    request = StartRequest(
        provider=way.provider, method=way.method.id, inputs=filled.values, network_address=host
    )
    try:
        session = await bill.begin(way, request, known)
    except (Refusal, ProviderFault) as error:
        return await _not_begun(await bill.again(), error, way, filled)
    return await _next(bill, session) if session else elsewhere(bill.here)


def _under_way(bill: Bill, way: OfferedMethod, filled: Filled, known: str) -> PaymentSession | None:
    """The attempt by this very way that goes on.

    One that still waits for the provider's answer is gone on with by a form that did not know of
    it: the same button was pressed twice. Who knew of it and chooses again wants another try.
    """
    live = bill.live
    if live is None or live.expires_at <= bill.engine.clock.now():
        return None
    same = (live.provider, live.method) == (way.provider, way.method.id)
    if not same or dict(live.inputs) != dict(filled.values):
        return None
    stuck = live.status == "starting" and str(live.id) == known
    nowhere = isinstance(live.action, Redirect) and not page_of(live)
    return None if stuck or nowhere else live


async def _not_begun(
    bill: Bill, error: Refusal | ProviderFault, way: OfferedMethod, filled: Filled
) -> Response[Any]:
    """What to show when nothing was begun; `bill` is as it is now."""
    words = bill.words
    if isinstance(error, ProviderFault):
        return await bill.shown(Trouble(503, words("error.fault"), filled))
    if isinstance(error, InvalidInput):
        return await bill.shown(Trouble(422, "", forms.refused(filled, error, words)))
    begun = error.reason in BEGUN
    if error.reason in MOVED_ON or not bill.waits or (begun and bill.live is None):
        return elsewhere(bill.here)
    under_way = _under_way(bill, way, filled, "") if begun else None
    if under_way is not None:
        return await _next(bill, under_way)
    if isinstance(error, OutOfStock):
        return await bill.shown(Trouble(409, bill.short(error), filled))
    text = words(REFUSALS.get(error.reason, "error.refused"), store=bill.store.name)
    return await bill.shown(Trouble(409, text, filled))


async def _next(bill: Bill, session: PaymentSession) -> Response[Any]:
    """Where the shopper goes on: to the provider's page, or to ours that says what to do."""
    if session.status != "open" or not isinstance(session.action, Redirect):
        return elsewhere(bill.here)
    url = page_of(session)
    if not url:
        logger.error("a payment provider gave no web address", provider=session.provider)
        again = await bill.again()
        return await again.shown(Trouble(503, bill.words("error.fault")))
    return page(
        bill.engine,
        "leaving.html",
        bill.words,
        shop=bill.shop,
        url=url,
        refresh=f"0; url={url}",
    )


async def ways(bill: Bill, filled: Filled | None) -> Sequence[forms.Way]:
    """The forms to choose from, without the way that the page shows as begun already."""
    live = bill.live
    begun = live and (page_of(live) or isinstance(live.action, Instructions))
    at_hand = (live.provider, live.method) if live and begun else None
    others = [one for one in await _offered(bill) if (one.provider, one.method.id) != at_hand]
    return forms.ways(others, bill.phone, filled)


async def _offered(bill: Bill) -> list[OfferedMethod]:
    """The ways to pay that work in a page without scripts."""
    return [one for one in await bill.offered() if one.method.flow in forms.FLOWS]


def at_hand(bill: Bill) -> dict[str, Any]:
    """What a page says of the attempt under way: its page, the phone, the instructions."""
    live = bill.live
    return {
        "online": live if live and page_of(live) else None,
        "phone": live if live and on_the_phone(live) else None,
        "told": live.action.text if live and isinstance(live.action, Instructions) else "",
    }


def waited_for(live: PaymentSession) -> dict[str, Any]:
    """What a page that waits says: that the phone must approve, or that an answer is to come."""
    told = live.action.text if isinstance(live.action, AwaitPhone) else ""
    return {"name": "phone" if live.status == "open" else "asking", "told": told}


def on_the_phone(live: PaymentSession) -> bool:
    """Whether there is nothing to do in the browser but to wait."""
    if live.status == "starting" or isinstance(live.action, AwaitPhone):
        return True
    return live.flow == "push" and live.action is None


def page_of(live: PaymentSession) -> str:
    """The provider's page of an attempt; nothing where there is none on the web."""
    return view.web_address(live.action.url) if isinstance(live.action, Redirect) else ""
