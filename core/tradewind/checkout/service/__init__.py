"""The journeys of a checkout. They open their own transactions and must not be called inside one.

No lock and no transaction is held while a plugin is asked. Locks are taken in the order cart,
payment, order, promotion, stock.
"""

from tradewind.checkout.queries import add_line
from tradewind.checkout.service.adding import add_line_at_once
from tradewind.checkout.service.agreeing import Agreement, place_agreed
from tradewind.checkout.service.asking import look_up_cart, look_up_order
from tradewind.checkout.service.attempts import order_payment_methods, pay_order
from tradewind.checkout.service.capturing import (
    CAPTURE,
    capture_payment,
    follow_capture,
    retry_capture,
)
from tradewind.checkout.service.claiming import claim_cart, open_own_cart
from tradewind.checkout.service.closing import (
    cancel_cart,
    cancel_order,
    expire_order,
    mark_paid,
    poll_payment,
)
from tradewind.checkout.service.completing import complete, hold_stock, place
from tradewind.checkout.service.ending import CALL_OFF, LATE, cart_edited
from tradewind.checkout.service.quick import Item, QuickOrder, place_quickly
from tradewind.checkout.service.quoting import (
    change_in,
    choose_shipping,
    named_option,
    plugins_deliver,
    price_in,
    quote,
    quote_at_once,
    quote_edited,
    quote_in,
    read_cart,
    shipping_option,
    shipping_options,
    shipping_options_in,
    shipping_options_of,
)
from tradewind.checkout.service.refunding import (
    REFUND,
    follow_refund,
    refund_case,
    refund_order,
    refund_payment,
    retry_refund,
)
from tradewind.checkout.service.reporting import payment_reported
from tradewind.checkout.service.starting import (
    POLL,
    offered_for,
    payment_methods,
    start_payment,
)
from tradewind.checkout.service.upkeep import (
    expire_carts,
    expire_orders,
    forget_carts,
    note_abandoned_carts,
    release_expired_holds,
    webhook_reported,
)
from tradewind.checkout.service.watching import call_off_payment, look_up_late

__all__ = [
    "shipping_options",
    "shipping_options_in",
    "shipping_options_of",
    "shipping_option",
    "named_option",
    "plugins_deliver",
    "choose_shipping",
    "change_in",
    "quote",
    "quote_edited",
    "quote_in",
    "quote_at_once",
    "read_cart",
    "price_in",
    "cart_edited",
    "add_line",
    "add_line_at_once",
    "claim_cart",
    "open_own_cart",
    "payment_methods",
    "offered_for",
    "start_payment",
    "order_payment_methods",
    "pay_order",
    "complete",
    "place",
    "hold_stock",
    "place_agreed",
    "Agreement",
    "place_quickly",
    "QuickOrder",
    "Item",
    "payment_reported",
    "mark_paid",
    "cancel_order",
    "cancel_cart",
    "refund_order",
    "refund_payment",
    "refund_case",
    "retry_refund",
    "follow_refund",
    "REFUND",
    "capture_payment",
    "retry_capture",
    "follow_capture",
    "CAPTURE",
    "expire_order",
    "look_up_cart",
    "look_up_order",
    "poll_payment",
    "POLL",
    "call_off_payment",
    "CALL_OFF",
    "look_up_late",
    "LATE",
    "webhook_reported",
    "expire_carts",
    "note_abandoned_carts",
    "forget_carts",
    "expire_orders",
    "release_expired_holds",
]
