"""The addresses of the hosted pages, as they stand in links of the pages themselves."""

from urllib.parse import quote, urlencode, urlsplit

from tradewind.checkout.links import token_for
from tradewind.settings.engine import Engine
from tradewind_host.storefront.reading import Seen


def base(engine: Engine) -> str:
    """What stands before every path, where the shop does not live at the top of its host."""
    return urlsplit(engine.public_url).path


def pay_form(engine: Engine, seen: Seen) -> str:
    """Where the forms of the pay page go; what opens it is in the form, not in the address."""
    return f"{base(engine)}/store/{quote(seen.store.slug)}/pay"


def pay_page(engine: Engine, seen: Seen, **more: str) -> str:
    """The pay page, with the token that was shown."""
    query = {"order": str(seen.order.id), "token": seen.token, **more}
    return f"{pay_form(engine, seen)}?{urlencode(query)}"


def order_page(engine: Engine, seen: Seen, token: str = "", **more: str) -> str:
    """The order's page with a token, by default a fresh one with the lesser right."""
    token = token or token_for(engine, seen.store, seen.order.id, "order")
    place = f"{base(engine)}/store/{quote(seen.store.slug)}/orders/{seen.order.id}"
    return f"{place}?{urlencode({'token': token, **more})}"
