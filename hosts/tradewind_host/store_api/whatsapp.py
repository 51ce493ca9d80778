"""Pay with WhatsApp: the order stands at once, the money is agreed upon in a conversation."""

import re
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.params import JSONBody

from tradewind.carts import service as carts
from tradewind.checkout.links import bearer_token
from tradewind.checkout.service import Agreement, place_agreed
from tradewind.contracts.errors import NotFound
from tradewind_host.access import Access, GivenAccess
from tradewind_host.limits import address_of
from tradewind_host.problems import writes

METHOD = "whatsapp"
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,24}")


class WhatsAppCheckout(msgspec.Struct, frozen=True, kw_only=True):
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


@post("/whatsapp-checkout", status_code=200, responses=writes(429))
async def whatsapp_checkout(
    request: Request[Any, Any, Any], access: GivenAccess, data: JSONBody[WhatsAppCheckout]
) -> WhatsAppOrder:
    """Order a cart that is paid by agreement on WhatsApp; the merchant confirms the money later.

    Asked again, it gives the same order.
    """
    await _check_cart(access, data.cart_id)
    recipient = data.whatsapp_recipient
    agreement = Agreement(
        method=METHOD,
        metadata={
            "payment_method": METHOD,
            "whatsapp_recipient": recipient,
            "wa_payment_state": "pending",
            "timestamp": msgspec.to_builtins(access.engine.clock.now()),
        },
        phone=recipient if _PHONE.fullmatch(recipient) else None,
        network_address=address_of(request.scope),
    )
    order = await place_agreed(access.engine, access.store, data.cart_id, agreement)
    token = bearer_token(access.engine, access.store, order.id, "order")
    return WhatsAppOrder(order_id=order.id, token=token)


async def _check_cart(access: Access, cart_id: UUID) -> None:
    """A guest's cart is opened by its id, which is its secret; others by more than that."""
    async with access.transaction() as tx:
        cart = await carts.get_cart(tx, cart_id)
    guest = cart.customer_id is None and cart.session_id is None
    own = cart.customer_id is not None and cart.customer_id == access.customer_id
    if not guest and not own:
        raise NotFound("There is no such cart.")


ROUTES = (whatsapp_checkout,)
