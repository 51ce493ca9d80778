"""Orders: the list with its filters, and one order with everything that is known of it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from tradewind.orders import service
from tradewind.orders.rules import FulfillmentStatus, OrderFilter, OrderStatus
from tradewind.payments.rules import PaymentState
from tradewind_host.dashboard import view, words
from tradewind_host.dashboard.deeds import offered
from tradewind_host.dashboard.door import Desk, GivenDesk
from tradewind_host.dashboard.once import new_key
from tradewind_host.dashboard.reading import read_order, zone_of

PER_PAGE = 25
CHOICES: Mapping[str, Sequence[str]] = {
    "status": get_args(OrderStatus),
    "payment_status": get_args(PaymentState),
    "fulfillment_status": get_args(FulfillmentStatus),
}
_TITLES = {
    "status": "Order",
    "payment_status": "Payment",
    "fulfillment_status": "Delivery",
    "source": "Came by",
}
_LONGEST = 200


@get("/orders")
async def order_list(request: Request[Any, Any, Any], desk: GivenDesk) -> Response[Any]:
    """Orders that match the filters, newest first."""
    given = {name: value.strip()[:_LONGEST] for name, value in request.query_params.items()}
    async with desk.transaction() as tx:
        zone = await zone_of(tx)
        wanted = _filter(given, zone)
        found = await service.list_orders(tx, wanted)
    active = {name: value for name, value in given.items() if value and name != "cursor"}
    following = urlencode({**active, "cursor": found.next_cursor}) if found.next_cursor else ""
    return desk.page(
        "orders.html",
        here="orders",
        orders=[view.row(order, zone) for order in found.items],
        given=given,
        choices={**CHOICES, "source": _sources(desk, given.get("source", ""))},
        titles=_TITLES,
        filtered=bool(active.keys() - {"q"}),
        active=bool(active),
        following=following,
        paged=bool(given.get("cursor")),
    )


def _sources(desk: Desk, given: str) -> list[str]:
    """Where orders come from: pages and programs, and every channel that is installed."""
    known = {"web", *desk.engine.plugins.channels, *([given] if given else [])}
    return sorted(known - {"email"} | ({given} if given else set()))


def _filter(given: Mapping[str, str], zone: ZoneInfo) -> OrderFilter:
    """What was asked for; a value that no filter knows is as good as none."""
    chosen = {name: given[name] for name, known in CHOICES.items() if given.get(name, "") in known}
    until = _day(given.get("to", ""), zone)
    return OrderFilter(
        q=given.get("q", "").replace("\0", "") or None,
        source=given.get("source", "").replace("\0", "") or None,
        since=_day(given.get("from", ""), zone),
        until=until + timedelta(days=1) if until else None,
        limit=PER_PAGE,
        cursor=given.get("cursor") or None,
        **chosen,
    )


def _day(text: str, zone: ZoneInfo) -> datetime | None:
    """The beginning of a day by the store's clock."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone)
    except ValueError:
        return None


@get("/orders/{order_id:uuid}")
async def order_page(
    desk: GivenDesk, order_id: FromPath[UUID], told: FromQuery[str] = ""
) -> Response[Any]:
    """One order, with what may be done to it."""
    return await show_order(desk, order_id, told=told)


async def show_order(
    desk: Desk, order_id: UUID, *, told: str = "", trouble: str = "", status: int = 200
) -> Response[Any]:
    """The page of an order. Raises NotFound."""
    async with desk.transaction() as tx:
        known = await read_order(tx, order_id)
    return desk.page(
        "order.html",
        here="orders",
        status=status,
        known=known,
        order=known.order,
        zone=known.zone,
        lines=known.order.lines,
        figures=view.figures(known.order),
        addresses=view.addresses(known.order),
        metadata=view.flat(known.order.metadata),
        deeds=offered(desk, known),
        done=words.done(told),
        undone=trouble or words.undone(told),
        form_key=new_key(),
    )
