"""Pay with WhatsApp: the order stands at once, the money is agreed upon in a conversation."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.params import JSONBody

from tradewind.checkout.links import bearer_token
from tradewind.checkout.service import place_agreed
from tradewind_host.access import GivenAccess
from tradewind_host.agreement import agreement_with
from tradewind_host.limits import address_of
from tradewind_host.problems import told, writes
from tradewind_host.shapes import Body
from tradewind_host.store_api.cart_door import CartDoor, Token

_ANSWERS = told(
    writes(),
    {
        403: ["channel_disabled"],
        409: [
            "cart_empty",
            "cart_changed",
            "line_unavailable",
            "out_of_stock",
            "promotion_exhausted",
            "credits_short",
            "too_many_unpaid",
            "already_paid",
        ],
    },
)


class WhatsAppCheckout(Body, frozen=True, kw_only=True):
    """The cart, and with whom it is agreed upon: a number, or a name of WhatsApp's own."""

    cart_id: UUID
    whatsapp_recipient: Annotated[
        str,
        msgspec.Meta(
            min_length=1, max_length=100, pattern=r"^[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
        ),
    ]


class WhatsAppOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The order, and the token that opens it."""

    order_id: UUID = msgspec.field(name="orderId")
    token: str


@post("/whatsapp-checkout", status_code=200, responses=_ANSWERS)
async def whatsapp_checkout(
    request: Request[Any, Any, Any],
    access: GivenAccess,
    data: JSONBody[WhatsAppCheckout],
    token: Token = "",
) -> WhatsAppOrder:
    """Order a cart that is paid by agreement on WhatsApp; the merchant confirms the money later.

    Asked again, it gives the same order.
    """
    await CartDoor(access, data.cart_id, token).read()
    agreement = agreement_with(access.engine, data.whatsapp_recipient, address_of(request.scope))
    order = await place_agreed(access.engine, access.store, data.cart_id, agreement)
    shown = bearer_token(access.engine, access.store, order.id, "order")
    return WhatsAppOrder(order_id=order.id, token=shown)


ROUTES = (whatsapp_checkout,)
