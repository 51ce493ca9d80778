"""The hosted pages: a shop that every store has, and what links in chats and letters lead to.

Plain HTML that needs no script. A link's signed token opens one order and nothing else.
"""

from litestar import Router

from tradewind_host.storefront import account
from tradewind_host.storefront.cart import cart_page, change_cart
from tradewind_host.storefront.checkout import choose_delivery, delivery_page, save_details
from tradewind_host.storefront.codes import change_codes
from tradewind_host.storefront.order import order_page
from tradewind_host.storefront.pay import checkout_page, pay, pay_page
from tradewind_host.storefront.redeeming import change_credits
from tradewind_host.storefront.rendering import FAULTS, files_router
from tradewind_host.storefront.shelves import add_to_cart, list_page, product_page
from tradewind_host.storefront.till import back
from tradewind_host.storefront.visit import count_form

__all__ = ["pages_routers"]


def pages_routers() -> list[Router]:
    """The pages under `/store/<slug>`, and their style sheet."""
    pages = Router(
        "/store",
        route_handlers=[
            list_page,
            product_page,
            add_to_cart,
            cart_page,
            change_cart,
            change_codes,
            change_credits,
            checkout_page,
            save_details,
            delivery_page,
            choose_delivery,
            back,
            pay_page,
            pay,
            order_page,
            *account.ROUTES,
        ],
        guards=[count_form],
        exception_handlers=FAULTS,
        include_in_schema=False,
    )
    return [pages, files_router()]
