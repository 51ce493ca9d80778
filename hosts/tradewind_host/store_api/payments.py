"""Paying for a cart, and turning it into an order."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody

from tradewind.checkout import service as checkout
from tradewind.checkout.links import token_for
from tradewind.checkout.rules import StartRequest
from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind_host.access import GivenAccess
from tradewind_host.limits import address_of
from tradewind_host.problems import told, writes
from tradewind_host.quick_checkout.returning import is_on, known_origins
from tradewind_host.shapes import Body
from tradewind_host.store_api.cart_door import GivenCart
from tradewind_host.store_api.cart_view import (
    MethodList,
    PaymentSessionAnswer,
    method_view,
    payment_session_answer,
)
from tradewind_host.store_api.carts import OFF, READ
from tradewind_host.store_api.orders import OwnOrderView, own_order_view

_NAME = msgspec.Meta(min_length=1, max_length=200)
_INPUT = msgspec.Meta(max_length=1000)
_URL = msgspec.Meta(max_length=2000)
_FEW = msgspec.Meta(max_length=50)
_INTEGER = msgspec.Meta(ge=0, le=2**63 - 1)


class PaymentInput(Body, frozen=True, kw_only=True):
    """How the shopper pays; without a method the provider's first of `payment-methods`.

    `authorize` holds the money to be captured later. The provider sends the shopper back to
    `return_url`, or `cancel_url`; without them to the store's own pages.
    """

    provider_id: Annotated[str, _NAME]
    method: Annotated[str, _NAME] | None = None
    inputs: Annotated[Mapping[str, Annotated[str, _INPUT]], _FEW] = {}
    intent: Literal["pay", "authorize"] = "pay"
    save_method: bool = False
    return_url: Annotated[str, _URL] = ""
    cancel_url: Annotated[str, _URL] = ""


class Completion(Body, frozen=True, kw_only=True):
    """What the shopper saw, and which attempt to pay is meant; neither is believed."""

    expected_total: Annotated[int, _INTEGER] | None = None
    payment_intent_id: Annotated[str, _NAME] | None = None


class Placed(msgspec.Struct, frozen=True):
    """The order, and the token that shows it to whoever holds it."""

    order: OwnOrderView
    token: str


_LACKS = ["cart_empty", "line_unavailable", "missing_email", "missing_shipping_method"]
_PAY = told(
    writes(502),
    {
        403: OFF,
        404: ["unknown_payment_method"],
        409: [
            *_LACKS,
            "cart_changed",
            "cart_completed",
            "out_of_stock",
            "too_many_holds",
            "nothing_to_pay",
            "already_paid",
            "amount_not_accepted",
            "provider_unavailable",
            "payment_refused",
        ],
    },
)
_COMPLETE = told(
    writes(502),
    {
        403: OFF,
        404: ["unknown_payment"],
        409: [
            *_LACKS,
            "payment_not_completed",
            "cart_changed",
            "cart_completed",
            "out_of_stock",
            "promotion_exhausted",
            "credits_short",
            "too_many_unpaid",
            "paid_not_placed",
        ],
    },
)


@get("/{cart_id:uuid}/payment-methods", responses=READ)
async def list_payment_methods(access: GivenAccess, cart: GivenCart) -> MethodList:
    """The ways to pay for the cart."""
    found = await checkout.offered_for(access.engine, access.store, await cart.quoted())
    return MethodList([method_view(one) for one in found])


@post("/{cart_id:uuid}/payment-sessions", status_code=201, responses=_PAY)
async def start_payment(
    request: Request[Any, Any, Any],
    access: GivenAccess,
    cart: GivenCart,
    data: JSONBody[PaymentInput],
) -> PaymentSessionAnswer:
    """Begin to pay for the cart as it is now, in place of any attempt before.

    Its goods are held meanwhile. Editing the cart calls the attempt off. A way to pay that the
    provider declined at once is a session with status `failed`.
    """
    quoted = await cart.quoted()
    _check_urls(data, known_origins(access.engine, request.app.state["config"], access.key.origins))
    wanted = StartRequest(
        provider=data.provider_id,
        method=data.method,
        inputs=data.inputs,
        intent=data.intent,
        save_method=data.save_method,
        return_url=data.return_url,
        cancel_url=data.cancel_url,
        network_address=address_of(request.scope),
        session_id=access.claim.operation_id if access.claim else None,
    )
    session = await checkout.start_payment(
        access.engine, access.store, cart.id, wanted, quoted=quoted
    )
    return payment_session_answer(session)


@post("/{cart_id:uuid}/complete", status_code=200, responses=_COMPLETE)
async def complete(
    request: Request[Any, Any, Any],
    access: GivenAccess,
    cart: GivenCart,
    data: JSONBody[Completion | None] = None,
) -> Placed:
    """Turn the cart into its order, once its payment is certain or to be made later.

    Asked again, it gives the same order. Where the payment is confirmed by other ways first, the
    order stands already and is given.
    """
    given = data or Completion()
    order = await checkout.complete(
        access.engine,
        access.store,
        cart.id,
        expected_total=given.expected_total,
        provider_ref=given.payment_intent_id,
        admit=cart.admit,
        network_address=address_of(request.scope),
    )
    token = token_for(access.engine, access.store, order.id, "order")
    return Placed(await own_order_view(access, order), token)


def _check_urls(data: PaymentInput, known: set[str]) -> None:
    """Shoppers are sent nowhere but to the sites of the key. Raises InvalidInput."""
    errors = [
        FieldError(name, "not_allowed", "An address on a site that this key is for.")
        for name in ("return_url", "cancel_url")
        if (url := getattr(data, name)) and not is_on(url, known)
    ]
    if errors:
        raise InvalidInput("The shopper cannot be sent there.", errors=errors)


ROUTES = (list_payment_methods, start_payment, complete)
