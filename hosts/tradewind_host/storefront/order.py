"""The order page: how an order is getting on, and where a payer comes back to.

What a provider's page says in the address it sends the payer back to is not believed: the page
shows what the engine knows, and asks the provider itself.
"""

from typing import Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from tradewind.contracts.payment import Instructions
from tradewind.settings.engine import Engine
from tradewind_host.operations import GivenEngine
from tradewind_host.order_view import download_views
from tradewind_host.storefront import paths, view
from tradewind_host.storefront.chat import chat_link
from tradewind_host.storefront.reading import Link, Seen, see_settled
from tradewind_host.storefront.rendering import elsewhere, page
from tradewind_host.storefront.texts import Words


@get("/{slug:str}/orders/{order:str}")
async def order_page(
    engine: GivenEngine,
    slug: FromPath[str],
    order: FromPath[str],
    token: FromQuery[str] = "",
    still: FromQuery[str] = "",
) -> Response[Any]:
    """The order; while its payment is under way the page looks again by itself.

    A token for paying is worth more than this page needs: once there is nothing to pay, the
    browser goes on with one that only shows the order.
    """
    seen = await see_settled(engine, Link(slug=slug, order=order, token=token), "order")
    if seen.may_pay and not seen.waits:
        return elsewhere(paths.order_page(engine, seen))
    return await _shown(engine, seen, still=bool(still))


async def _shown(engine: Engine, seen: Seen, *, still: bool) -> Response[Any]:
    words, order = Words(seen.order.locale), seen.order
    asked = words("chat.order", number=order.number)
    address = order.shipping_address
    return page(
        engine,
        "order.html",
        words,
        refresh=0 if still else _refresh(engine, seen),
        seen=seen,
        shop=paths.shop(engine, seen.store),
        chat=await chat_link(engine, seen.store, asked),
        headline=view.headline(seen, words),
        failed=view.failure(seen.session, seen.error_code, words) if seen.waits else "",
        told=_instructions(seen),
        lines=view.lines(order, words),
        figures=view.figures(order, words),
        address=view.address_lines(address, words) if address else [],
        parcels=view.parcels(seen),
        fetches=view.files(download_views(engine, seen.store, seen.downloads), seen, words),
        history=view.history(seen, words),
        pay=paths.pay_page(engine, seen) if seen.waits and seen.may_pay else "",
        look=paths.order_page(engine, seen, seen.token),
        still=paths.order_page(engine, seen, seen.token, still="1"),
    )


def _instructions(seen: Seen) -> str:
    """How to pay an order that stands and is to be paid outside the shop."""
    session = seen.session
    if session is None or session.status != "open" or not seen.order.due:
        return ""
    return session.action.text if isinstance(session.action, Instructions) else ""


def _refresh(engine: Engine, seen: Seen) -> int:
    """Seconds until the page looks again, while a provider may confirm the payment any moment."""
    if seen.live is None or seen.live.flow == "instructions":
        return 0
    return view.patience(engine.clock.now() - seen.live.created_at)
