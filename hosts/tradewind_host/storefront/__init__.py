"""The hosted pages: what a shopper sees who follows a link from a chat or a letter.

Plain HTML that needs no script. A link's signed token opens one order and nothing else.
"""

from litestar import Router

from tradewind_host.storefront.order import order_page
from tradewind_host.storefront.pay import pay, pay_page
from tradewind_host.storefront.rendering import FAULTS, files_router

__all__ = ["pages_routers"]


def pages_routers() -> list[Router]:
    """The pages under `/store/<slug>`, and their style sheet."""
    pages = Router(
        "/store",
        route_handlers=[pay_page, pay, order_page],
        exception_handlers=FAULTS,
        include_in_schema=False,
    )
    return [pages, files_router()]
