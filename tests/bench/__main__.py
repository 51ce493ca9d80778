"""Runs benches: `python -m tests.bench [name …] [--seconds N]`, one line of JSON for each.

A name that is no bench's stands for all that begin with it: `order` is `order-1` and `order-8`.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tests.bench.adding import MANY_SHOPS, ONE_SHOP, cart_add
from tests.bench.chat import chat
from tests.bench.checkout import checkout
from tests.bench.hooks import hooks
from tests.bench.imports import imports
from tests.bench.order import order
from tests.bench.products import BIG, DEMO, MANY, product_detail, products_list
from tests.bench.search import search
from tests.bench.support import Line, show
from tradewind_host import logs

BENCHES: Mapping[str, tuple[float, Callable[[float], Line]]] = {
    "hooks": (10, hooks),
    "import": (0, imports),
    "chat-1": (20, partial(chat, 1)),
    "chat-20": (15, partial(chat, 20)),
    "chat-20-with-statuses": (15, partial(chat, 20, statuses=True)),
    "cart-add": (15, partial(cart_add, "cart-add", ONE_SHOP)),
    "cart-add-many": (15, partial(cart_add, "cart-add-many", MANY_SHOPS)),
    "checkout-1": (15, partial(checkout, 1)),
    "checkout-8": (15, partial(checkout, 8)),
    "products-list": (10, partial(products_list, DEMO)),
    "products-list-big": (10, partial(products_list, BIG)),
    "products-list-many": (10, partial(products_list, MANY)),
    "product-detail": (10, partial(product_detail, DEMO)),
    "product-detail-big": (10, partial(product_detail, BIG)),
    "product-detail-many": (10, partial(product_detail, MANY)),
    "search-1": (3, partial(search, 1, BIG)),
    "search-4": (3, partial(search, 4, BIG)),
    "search-many-1": (3, partial(search, 1, MANY)),
    "search-many-4": (3, partial(search, 4, MANY)),
    "order-1": (5, partial(order, 1)),
    "order-8": (5, partial(order, 8)),
}
"""Name → seconds of each measured stretch unless told otherwise, and the bench."""


def _is_meant(name: str, given: Sequence[str]) -> bool:
    beginnings = tuple(one for one in given if one not in BENCHES)
    return not given or name in given or (bool(beginnings) and name.startswith(beginnings))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHES))
    parser.add_argument("--seconds", type=float, help="how long each measured stretch takes")
    given = parser.parse_args()
    wanted = [name for name in BENCHES if _is_meant(name, given.names)]
    if not wanted:
        parser.error(f"there is no such bench; there are {', '.join(BENCHES)}")
    logs.configure("warning", "text")
    for name in wanted:
        seconds, bench = BENCHES[name]
        show(bench(given.seconds or seconds))


if __name__ == "__main__":
    main()
