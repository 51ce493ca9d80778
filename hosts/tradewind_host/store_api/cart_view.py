"""Carts, ways to deliver and ways to pay as they travel in the store API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tradewind.carts.rules import (
    Cart,
    CartNote,
    CartStatus,
    CodeStanding,
    CreditStanding,
    ShippingMethod,
)
from tradewind.checkout.rules import OfferedMethod
from tradewind.contracts.money import Money
from tradewind.contracts.payment import Action, Flow
from tradewind.contracts.pricing import Address
from tradewind.payments.rules import PaymentSession, SessionStatus
from tradewind_host.order_view import AdjustmentView, LineView, adjustment_view, line_view


class ShippingOptionView(msgspec.Struct, frozen=True, kw_only=True):
    """A way to deliver; `id` is what `shipping-method` takes."""

    id: str
    name: str
    price: Money
    estimate: str


class CartView(msgspec.Struct, frozen=True, kw_only=True):
    """A cart with its totals, in minor units of its currency.

    `notes` say, until its lines are changed, what a merge at sign-in could not bring along.
    `promotions` says of each code what became of it; `adjustments` are those of the delivery.
    `credits` are its customer's, null for a guest.
    """

    id: UUID
    version: int
    status: CartStatus
    region_id: UUID
    currency: str
    email: str | None
    customer_id: UUID | None
    session_id: str | None
    lines: Sequence[LineView]
    shipping_address: Address | None
    billing_address: Address | None
    shipping_method: ShippingOptionView | None
    promotions: Sequence[CodeStanding]
    credits: CreditStanding | None
    adjustments: Sequence[AdjustmentView]
    subtotal: int
    discount_total: int
    shipping_total: int
    tax_total: int
    total: int
    metadata: Mapping[str, Any]
    expires_at: datetime
    notes: Sequence[CartNote]


class CartAnswer(msgspec.Struct, frozen=True):
    """One cart."""

    cart: CartView


class ShippingOptionList(msgspec.Struct, frozen=True):
    """The ways to deliver a cart."""

    shipping_options: Sequence[ShippingOptionView]


class InputView(msgspec.Struct, frozen=True, kw_only=True):
    """Something the shopper must give, sent back under `name` in `inputs`."""

    name: str
    title: str
    kind: Literal["text", "phone", "choice"]
    choices: Sequence[str]
    required: bool


class MethodView(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay. With `pays_later` the order stands before any money moved."""

    provider_id: str
    method: str
    flow: Flow
    title: str
    inputs: Sequence[InputView]
    pays_later: bool


class MethodList(msgspec.Struct, frozen=True):
    """The ways to pay for a cart, best first."""

    payment_methods: Sequence[MethodView]


class PaymentSessionView(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to pay: `action` is what the shopper does, `data` what the page works with.

    `code` and `message` say why a `failed` one came to nothing.
    """

    id: UUID
    provider_id: str
    method: str
    status: SessionStatus
    amount: int
    currency: str
    action: Action | None
    data: Mapping[str, Any]
    code: str
    message: str
    expires_at: datetime


class PaymentSessionAnswer(msgspec.Struct, frozen=True):
    """One attempt to pay."""

    payment_session: PaymentSessionView


_AS_THEY_ARE = frozenset(CartView.__struct_fields__) - {"lines", "shipping_method", "adjustments"}


def cart_answer(cart: Cart) -> CartAnswer:
    """A cart as it travels."""
    method = cart.shipping_method
    return CartAnswer(
        CartView(
            **{name: getattr(cart, name) for name in _AS_THEY_ARE},
            lines=[line_view(line) for line in cart.lines],
            shipping_method=shipping_option_view(method, cart.currency) if method else None,
            adjustments=[adjustment_view(one) for one in cart.adjustments if not one.line_id],
        )
    )


def shipping_option_view(option: ShippingMethod, currency: str) -> ShippingOptionView:
    """A way to deliver as it travels."""
    return ShippingOptionView(
        id=option.option_id,
        name=option.name,
        price=Money(option.price, currency),
        estimate=option.estimate,
    )


def method_view(offered: OfferedMethod) -> MethodView:
    """A way to pay as it travels."""
    method = offered.method
    return MethodView(
        provider_id=offered.provider,
        method=method.id,
        flow=method.flow,
        title=method.title,
        inputs=[
            InputView(**{name: getattr(one, name) for name in InputView.__struct_fields__})
            for one in method.inputs
        ],
        pays_later=method.pays_later,
    )


def payment_session_answer(session: PaymentSession) -> PaymentSessionAnswer:
    """An attempt to pay as it travels."""
    return PaymentSessionAnswer(
        PaymentSessionView(
            id=session.id,
            provider_id=session.provider,
            method=session.method,
            status=session.status,
            amount=session.amount,
            currency=session.currency,
            action=session.action,
            data=session.data,
            code=session.code,
            message=session.message,
            expires_at=session.expires_at,
        )
    )
