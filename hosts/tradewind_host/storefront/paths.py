"""The addresses of the hosted pages, as they stand in links of the pages themselves."""

from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from tradewind.checkout.links import token_for
from tradewind.database import Store
from tradewind.orders.rules import Order
from tradewind.settings.engine import Engine
from tradewind.settings.links import Purpose
from tradewind_host.storefront.reading import Seen


def base(engine: Engine) -> str:
    """What stands before every path, where the shop does not live at the top of its host."""
    return urlsplit(engine.public_url).path


def origin(engine: Engine) -> str:
    """Where the shop lives, as browsers name the place that a form comes from."""
    parts = urlsplit(engine.public_url)
    return f"{parts.scheme}://{parts.netloc}"


class Shop(NamedTuple):
    """A store as its pages name it. `top` is the path of its list, `base` that of its host.

    `cart` counts what is in the visitor's cart, None on pages that do not know the visitor.
    """

    name: str
    top: str
    base: str
    cart: int | None = None


def shop(engine: Engine, store: Store, cart: int | None = None) -> Shop:
    """The shop of a store."""
    above = base(engine)
    return Shop(store.name, f"{above}/store/{quote(store.slug)}", above, cart)


def pay_form(engine: Engine, seen: Seen) -> str:
    """Where the forms of the pay page go; what opens it is in the form, not in the address."""
    return f"{base(engine)}/store/{quote(seen.store.slug)}/pay"


def pay_page(engine: Engine, seen: Seen, **more: str) -> str:
    """The pay page, with the token that was shown."""
    query = {"order": str(seen.order.id), "token": seen.token, **more}
    return f"{pay_form(engine, seen)}?{urlencode(query)}"


def order_of(engine: Engine, store: Store, order: Order) -> str:
    """The page of an order whose shopper is here; one that waits may be paid from it."""
    purpose: Purpose = "pay" if order.status == "pending" else "order"
    token = token_for(engine, store, order.id, purpose)
    return f"{shop(engine, store).top}/orders/{order.id}?{urlencode({'token': token})}"


def order_page(engine: Engine, seen: Seen, token: str = "", **more: str) -> str:
    """The order's page with a token, by default a fresh one with the lesser right."""
    token = token or token_for(engine, seen.store, seen.order.id, "order")
    place = f"{base(engine)}/store/{quote(seen.store.slug)}/orders/{seen.order.id}"
    return f"{place}?{urlencode({'token': token, **more})}"
