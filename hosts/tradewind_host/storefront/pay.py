"""The pay page of an order that waits for its money, and of a cart where no order is named."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tradewind.checkout.rules import OfferedMethod, Snapshot, StartRequest
from tradewind.checkout.service import order_payment_methods, pay_order
from tradewind.contracts.errors import Conflict, NotFound, OutOfStock
from tradewind.payments.rules import PaymentSession
from tradewind.settings.engine import Engine
from tradewind_host.limits import address_of
from tradewind_host.operations import GivenEngine
from tradewind_host.storefront import checkout, forms, paths, paying, till, view
from tradewind_host.storefront.paying import Trouble
from tradewind_host.storefront.reading import Link, Seen, see, see_settled
from tradewind_host.storefront.rendering import elsewhere, page
from tradewind_host.storefront.texts import Words


@get("/{slug:str}/checkout")
async def checkout_page(
    request: Request[Any, Any, Any],
    engine: GivenEngine,
    slug: FromPath[str],
    order: FromQuery[str] = "",
    token: FromQuery[str] = "",
    other: FromQuery[str] = "",
    still: FromQuery[str] = "",
) -> Response[Any]:
    """The checkout of a cart; with an order, as links in chats and letters have it, paying it."""
    if order:
        link = Link(slug=slug, order=order, token=token)
        return await _pay_page(engine, link, other=bool(other), still=bool(still))
    return await checkout.details_page(engine, request, slug)


@get("/{slug:str}/pay")
async def pay_page(
    request: Request[Any, Any, Any],
    engine: GivenEngine,
    slug: FromPath[str],
    order: FromQuery[str] = "",
    token: FromQuery[str] = "",
    other: FromQuery[str] = "",
    still: FromQuery[str] = "",
) -> Response[Any]:
    """How to pay, or what is being waited for. `other` asks for the other ways meanwhile."""
    if order:
        link = Link(slug=slug, order=order, token=token)
        return await _pay_page(engine, link, other=bool(other), still=bool(still))
    return await till.pay_page(engine, request, slug, other=bool(other), still=bool(still))


@post("/{slug:str}/pay", status_code=200)
async def pay(
    request: Request[Any, Any, Any], engine: GivenEngine, slug: FromPath[str]
) -> Response[Any]:
    """Begin to pay, or go on with what was begun by the same way."""
    form: Mapping[str, Any] = await request.form()
    if forms.text(form, "cart"):
        return await till.pay(engine, request, slug, form)
    link = Link(slug=slug, order=forms.text(form, "order"), token=forms.text(form, "token"))
    seen = await see(engine, link, "pay")
    if not seen.waits:
        return elsewhere(paths.order_page(engine, seen))
    return await paying.pay(OrderBill(engine, seen), form, address_of(request.scope))


async def _pay_page(engine: Engine, link: Link, *, other: bool, still: bool) -> Response[Any]:
    seen = await see_settled(engine, link, "pay")
    if not seen.waits:
        return elsewhere(paths.order_page(engine, seen))
    bill, live = OrderBill(engine, seen), seen.live
    if live is not None and not other and not seen.in_part and paying.on_the_phone(live):
        return _waiting(bill, live, still=still)
    return await bill.shown()


class OrderBill:
    """An order that waits for its money."""

    def __init__(self, engine: Engine, seen: Seen) -> None:
        self.engine = engine
        self.seen = seen
        self.store = seen.store
        self.shop = paths.shop(engine, seen.store)
        self.words = Words(seen.order.locale)
        self.session = seen.session
        self.live = seen.live
        self.waits = seen.waits
        self.here = paths.pay_page(engine, seen)
        self.country = _country(seen)
        self.phone = _phone(seen)

    async def offered(self) -> Sequence[OfferedMethod]:
        """Every way to pay it; none when it is paid in part."""
        if self.seen.in_part:
            return []
        try:
            return await order_payment_methods(self.engine, self.store, self.seen.order.id)
        except (Conflict, NotFound):
            return []

    async def begin(
        self, way: OfferedMethod, request: StartRequest, known: str
    ) -> PaymentSession | None:
        """Begin another attempt; see `pay_order`."""
        replaces = self._replaced(known)
        order_id = self.seen.order.id
        return await pay_order(self.engine, self.store, order_id, request, replaces=replaces)

    def _replaced(self, known: str) -> UUID | None:
        """What the form knew of, else the newest: nothing is begun beside a newer one."""
        try:
            return UUID(known)
        except ValueError:
            return self.session.id if self.session else None

    async def again(self) -> "OrderBill":
        """The order as it is now."""
        seen = self.seen
        link = Link(slug=self.store.slug, order=str(seen.order.id), token=seen.token)
        return OrderBill(self.engine, await see(self.engine, link, "pay"))

    def short(self, error: OutOfStock) -> str:
        """An order has its stock already."""
        return self.words("error.refused", store=self.store.name)

    async def shown(self, trouble: Trouble | None = None) -> Response[Any]:
        """The ways to pay; also again, with what was wrong."""
        words, seen, order = self.words, self.seen, self.seen.order
        return page(
            self.engine,
            "pay.html",
            words,
            status=trouble.status if trouble else 200,
            seen=seen,
            shop=self.shop,
            due=_due(seen),
            until=words.when(order.expires_at, seen.zone) if order.expires_at else "",
            in_part=view.in_part(seen, words) if seen.in_part else "",
            trouble=trouble.text if trouble else "",
            failed="" if trouble or not seen.waits else _failure(seen, words),
            **paying.at_hand(self),
            ways=await paying.ways(self, trouble.filled if trouble else None),
            lines=view.lines(order, words),
            figures=view.figures(order, words),
            action=paths.pay_form(self.engine, seen),
            look=self.here,
            order_page=paths.order_page(self.engine, seen),
        )


def _waiting(bill: OrderBill, live: PaymentSession, *, still: bool) -> Response[Any]:
    engine, seen, words = bill.engine, bill.seen, bill.words
    return page(
        engine,
        "waiting.html",
        words,
        refresh=0 if still else view.patience(engine.clock.now() - live.created_at),
        shop=bill.shop,
        **paying.waited_for(live),
        label=words("order.title", number=seen.order.number),
        due=_due(seen),
        look=bill.here,
        still=paths.pay_page(engine, seen, still="1"),
        other=paths.pay_page(engine, seen, other="1"),
    )


def _failure(seen: Seen, words: Words) -> str:
    return view.failure(seen.session, seen.error_code, words)


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
