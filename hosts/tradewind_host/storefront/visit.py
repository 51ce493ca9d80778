"""A visitor of a shop: the language they read, and the cart that their browser brings.

The cart is an ordinary one. The browser keeps a ticket for it in a cookie that scripts and other
sites cannot use.
"""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from tradewind.carts import service as carts
from tradewind.carts.rules import Cart
from tradewind.catalog.rules import Where
from tradewind.catalog.service import list_regions
from tradewind.contracts.errors import NotFound
from tradewind.database import Store, Transaction
from tradewind.orders import service as orders
from tradewind.orders.rules import Order
from tradewind.settings.engine import Engine
from tradewind.stores.service import settings_of
from tradewind_host.idempotency import UNSAFE
from tradewind_host.limits import address_of
from tradewind_host.storefront import paths, tickets
from tradewind_host.storefront.reading import store_of
from tradewind_host.storefront.texts import Words, preferred
from tradewind_host.storefront.visitor import customer_of

COOKIE = "tradewind_cart"
LATELY = timedelta(days=1)
AnyRequest = Request[Any, Any, Any]


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks at a page. `cart` is open; `order` is what their last cart became.

    `customer_id` is whom they signed in as.
    """

    engine: Engine
    store: Store
    words: Words
    zone: ZoneInfo
    currency: str
    cart: Cart | None
    order: Order | None
    customer_id: UUID | None

    @property
    def shop(self) -> paths.Shop:
        """The shop, with what is in the cart."""
        count = sum(line.quantity for line in self.cart.lines) if self.cart else 0
        return paths.shop(self.engine, self.store, count)

    @property
    def where(self) -> Where:
        """Whose prices are shown: those that the cart has, or would have."""
        return Where(self.cart.region.id) if self.cart else Where()

    def had(self, variant_id: UUID) -> int:
        """How many of a variant are in the cart."""
        lines = self.cart.lines if self.cart else ()
        return next((one.quantity for one in lines if one.variant_id == variant_id), 0)


async def visit(engine: Engine, request: AnyRequest, slug: str) -> Visit:
    """Who looks at a page of a store. Raises NotFound for a store that is not there."""
    store = await store_of(engine, slug)
    cart_id = tickets.opened(engine, store, "cart", request.cookies.get(COOKIE, ""))
    known = await customer_of(request, store)
    customer_id = known.customer_id if known else None
    async with engine.database.transaction(store.id) as tx:
        settings = await settings_of(tx)
        cart = await _cart(tx, cart_id, customer_id)
        done = cart is not None and cart.status == "completed"
        order = await _lately(tx, cart.id) if cart and done else None
        if customer_id is not None and (cart is None or not (done or cart.status == "open")):
            cart = await carts.cart_of_customer(tx, customer_id)
        kept = cart if cart is not None and cart.status == "open" else None
        currency = kept.currency if kept else await _currency(tx, settings.currency)
    words = preferred(request.headers.get("accept-language", ""), settings.locale)
    return Visit(
        engine=engine,
        store=store,
        words=words,
        zone=ZoneInfo(settings.time_zone),
        currency=currency,
        cart=kept,
        order=order,
        customer_id=customer_id,
    )


async def _cart(tx: Transaction, cart_id: UUID | None, customer_id: UUID | None) -> Cart | None:
    """The cart of a guest, or of whoever is signed in; others may use this browser later."""
    try:
        cart = await carts.get_cart(tx, cart_id) if cart_id else None
    except NotFound:
        return None
    return cart if cart and cart.customer_id in {None, customer_id} else None


async def _lately(tx: Transaction, cart_id: UUID) -> Order | None:
    """The order that a cart became, for some time: a browser may have several people."""
    order = await orders.order_of_cart(tx, cart_id)
    return order if order and tx.now - order.created_at < LATELY else None


async def _currency(tx: Transaction, otherwise: str) -> str:
    """The currency of a cart that would be opened now."""
    regions = await list_regions(tx)
    return regions[0].currency if regions else otherwise


def kept(engine: Engine, store: Store, cart_id: UUID) -> Cookie:
    """The cookie by which a browser keeps a cart."""
    lax: Literal["lax"] = "lax"
    return Cookie(
        key=COOKIE,
        value=tickets.seal(engine, store, "cart", cart_id),
        path=paths.shop(engine, store).top,
        max_age=int(tickets.LIFETIMES["cart"].total_seconds()),
        httponly=True,
        secure=engine.public_url.startswith("https://"),
        samesite=lax,
    )


def count_form(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Count a form that is sent from a network address. Raises Limited."""
    if connection.scope["method"] in UNSAFE:  # type: ignore[typeddict-item]
        connection.app.state["limiter"].take("form_address", address_of(connection.scope))


def from_here(engine: Engine, request: AnyRequest) -> None:
    """Refuse a form that another site made the browser send. Raises PermissionDeniedException.

    Browsers name where a form comes from in `Sec-Fetch-Site`, older ones in `Origin`. The cookie
    itself does not come along with a form of another site (`SameSite`).
    """
    site = request.headers.get("sec-fetch-site", "")
    if site:
        fine = site in {"same-origin", "none"}
    else:
        host = f"{request.url.scheme}://{request.headers.get('host', '')}"
        fine = request.headers.get("origin") in {None, host, paths.origin(engine)}
    if not fine:
        raise PermissionDeniedException
