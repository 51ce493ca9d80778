"""Ordering a cart whose payment is agreed upon elsewhere, and confirmed by the merchant."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from tradewind.carts import service as carts
from tradewind.carts.rules import Cart, CartUpdate
from tradewind.checkout.rules import Paying, StartRequest, check_ready
from tradewind.checkout.service.ending import cart_edited
from tradewind.checkout.service.placing import check_delivery, place_cart
from tradewind.checkout.service.quoting import quote
from tradewind.checkout.service.starting import assess_cart
from tradewind.contracts.errors import Conflict
from tradewind.contracts.money import Money
from tradewind.database import Store
from tradewind.orders import service as orders
from tradewind.orders.rules import Order
from tradewind.payments import queries as payment_rows
from tradewind.payments.rules import BY_HAND, Payment
from tradewind.settings.engine import Engine
from tradewind.stores.service import settings_of


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How a cart will be paid: what the way is called, and what the order's metadata tells of it.

    `phone` reaches the shopper where the cart has no contact. In a guest's cart, one that was told
    before with such an agreement is replaced.
    """

    method: str
    metadata: Mapping[str, Any] = {}
    phone: str | None = None
    network_address: str = ""


async def place_agreed(engine: Engine, store: Store, cart_id: UUID, agreement: Agreement) -> Order:
    """Order a cart at once, to be paid as agreed; a cart that is one already gives that order.

    `mark_paid` records the money. In a store with `draft_first` it is a draft until then, which
    nobody is told of but whose stock is reserved. Attempts to pay otherwise are called off. Raises
    NotFound, OutOfStock, Conflict (`cart_empty`, `line_unavailable`, `missing_email`,
    `missing_shipping_method`, `payment_refused`, `cart_changed`, `already_paid`,
    `too_many_unpaid`, `promotion_exhausted`). It ends when no money was confirmed within the
    store's `agreed_hours`.
    """
    try:
        return await _placed(engine, store, cart_id, agreement)
    except Conflict as refusal:
        if refusal.reason != "promotion_exhausted":
            raise
        total = await _total_for(engine, store, cart_id, agreement)
        raise Conflict(
            f"{refusal.detail} It comes to {total.text()}.", code=refusal.reason
        ) from None


async def _placed(engine: Engine, store: Store, cart_id: UUID, agreement: Agreement) -> Order:
    cart = await quote(engine, store, cart_id)
    async with engine.database.transaction(store.id) as tx:
        order = await orders.order_of_cart(tx, cart_id)
        if order is not None:
            return order
        if cart.status != "open":
            raise Conflict("This cart is closed.", code="cart_completed")
        if await payment_rows.is_paid(tx, cart_id, cart.version):
            raise Conflict("This cart is paid.", code="already_paid")
        cart = _agreed(cart, agreement)
        check_ready(cart)
        await check_delivery(tx, cart)
        settings = await settings_of(tx)
    if cart.total == 0:
        return await place_cart(engine, store, cart, Paying())
    asked = StartRequest(
        provider=BY_HAND,
        method=agreement.method,
        network_address=agreement.network_address,
    )
    await assess_cart(engine, store, cart, asked)
    payment = _payment(engine, cart, agreement.method)
    hours, draft = settings.agreed_hours, settings.draft_first
    paying = Paying(
        payment=payment,
        new=True,
        stands=not draft,
        draft=draft,
        network_address=agreement.network_address,
        agreed_until=payment.created_at + timedelta(hours=hours) if hours else None,
    )
    return await place_cart(engine, store, cart, paying)


async def _total_for(engine: Engine, store: Store, cart_id: UUID, agreement: Agreement) -> Money:
    """What the cart comes to for the shopper whom it is now told of: limits count by contact."""
    async with engine.database.transaction(store.id) as tx:
        cart = await carts.lock_cart(tx, cart_id)
        told = CartUpdate(phone=_agreed(cart, agreement).phone)
        paid = await payment_rows.is_paid(tx, cart_id, cart.version)
        if cart.status == "open" and not paid:
            after = await carts.update(tx, cart, told)
            if after.version != cart.version:
                await cart_edited(tx, cart_id)
    cart = await quote(engine, store, cart_id)
    return Money(cart.total, cart.currency)


def _agreed(cart: Cart, agreement: Agreement) -> Cart:
    guest = cart.customer_id is None and cart.session_id is None
    joins = not cart.email and (guest or not cart.phone)
    return msgspec.structs.replace(
        cart,
        phone=(agreement.phone or cart.phone) if joins else cart.phone,
        metadata={**cart.metadata, **agreement.metadata},
    )


def _payment(engine: Engine, cart: Cart, method: str) -> Payment:
    payment_id = engine.database.new_id()
    return Payment(
        id=payment_id,
        provider=BY_HAND,
        method=method,
        intent="pay",
        status="awaiting",
        currency=cart.currency,
        amount=cart.total,
        operation_id=str(payment_id),
        created_at=engine.clock.now(),
        cart_id=cart.id,
    )
