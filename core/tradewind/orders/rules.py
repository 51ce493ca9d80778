"""What an order is, and the tables that say how its three statuses may change.

Nothing else changes a status: `transition` for the order itself, `PAYMENT_MOVES` and
`FULFILLMENT_MOVES` for the other two. Amounts are minor units of the order's currency.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tradewind.carts.rules import Cart, ShippingMethod
from tradewind.catalog.rules import Kind
from tradewind.contracts.errors import Conflict
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import Address
from tradewind.payments.rules import PaymentState, Quarrel
from tradewind.pricing.rules import LineAdjustment

CUSTOMER_NAME = "customer_name"
"""The key of metadata under which a cart without addresses says who orders."""

AGREED = "agreed"
"""The key of metadata under which stands, in words, what was agreed about a service."""
LONGEST_AGREED = 2000

PAYMENT_STATE = "_payment_state"

OrderStatus = Literal["draft", "pending", "processing", "completed", "canceled", "expired"]
FulfillmentStatus = Literal[
    "unfulfilled", "partially_fulfilled", "fulfilled", "shipped", "delivered", "returned"
]
Trigger = Literal["send", "place", "complete", "cancel", "expire"]

# `send`: a draft goes to the shopper to be paid. `place`: the order stands, on terms that allow
# paying later or because the money is certain. `complete`: paid and fulfilled.
TRANSITIONS: Mapping[tuple[OrderStatus, Trigger], OrderStatus] = {
    ("draft", "send"): "pending",
    ("draft", "place"): "processing",
    ("draft", "cancel"): "canceled",
    ("draft", "expire"): "expired",
    ("pending", "place"): "processing",
    ("pending", "cancel"): "canceled",
    ("pending", "expire"): "expired",
    ("processing", "complete"): "completed",
    ("processing", "cancel"): "canceled",
    ("processing", "expire"): "expired",
}

# Totals only grow, except that a refund may fail and a hold on a card may end.
PAYMENT_MOVES: Mapping[PaymentState, frozenset[PaymentState]] = {
    "awaiting": frozenset(
        ("authorized", "partially_paid", "paid", "partially_refunded", "refunded", "failed")
    ),
    "authorized": frozenset(
        ("awaiting", "partially_paid", "paid", "partially_refunded", "refunded", "failed")
    ),
    "partially_paid": frozenset(("paid", "partially_refunded", "refunded")),
    "paid": frozenset(("partially_refunded", "refunded")),
    "partially_refunded": frozenset(("partially_paid", "paid", "refunded")),
    "refunded": frozenset(("partially_paid", "paid", "partially_refunded")),
    "failed": frozenset(
        ("awaiting", "authorized", "partially_paid", "paid", "partially_refunded", "refunded")
    ),
}

FULFILLMENT_MOVES: Mapping[FulfillmentStatus, frozenset[FulfillmentStatus]] = {
    "unfulfilled": frozenset(("partially_fulfilled", "fulfilled", "shipped", "delivered")),
    "partially_fulfilled": frozenset(("fulfilled", "shipped", "delivered", "returned")),
    "fulfilled": frozenset(("shipped", "delivered", "returned")),
    "shipped": frozenset(("delivered", "returned")),
    "delivered": frozenset(("returned",)),
    "returned": frozenset(),
}

CLOSED: frozenset[OrderStatus] = frozenset(("canceled", "expired"))
FULFILLED: frozenset[FulfillmentStatus] = frozenset(("fulfilled", "shipped", "delivered"))


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was sold; `location_id` is where its stock was reserved."""

    id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    title: str
    kind: Kind
    quantity: int
    unit_price: int
    subtotal: int
    discount: int
    tax: int
    total: int
    tax_class: str
    tracked: bool
    options: Mapping[str, str] = {}
    fulfilled: int = 0
    returned: int = 0
    adjustments: Sequence[LineAdjustment] = ()
    location_id: UUID | None = None

    @property
    def outstanding(self) -> int:
        """Units that have not left the house yet."""
        return self.quantity - self.fulfilled


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order with everything that was agreed. `version` counts the entries of its history."""

    id: UUID
    number: int
    status: OrderStatus
    payment_status: PaymentState
    fulfillment_status: FulfillmentStatus
    source: str
    currency: str
    region_id: UUID
    lines: Sequence[OrderLine]
    subtotal: int
    discount_total: int
    shipping_total: int
    tax_total: int
    total: int
    created_at: datetime
    cart_id: UUID | None = None
    customer_id: UUID | None = None
    session_id: str | None = None
    disputed: bool = False
    locale: str = "en"
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_method: ShippingMethod | None = None
    codes: Sequence[str] = ()
    tax_inclusive: bool = False
    quote_flags: Sequence[str] = ()
    adjustments: Sequence[LineAdjustment] = ()
    paid_total: int = 0
    refunded_total: int = 0
    metadata: Mapping[str, Any] = {}
    version: int = 1
    placed_at: datetime | None = None
    canceled_at: datetime | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def entries(self) -> Sequence[LineAdjustment]:
        """Every adjustment, of the lines and of the delivery."""
        return [*(one for line in self.lines for one in line.adjustments), *self.adjustments]

    @property
    def due(self) -> int:
        """What is still to be paid; before an order stands, what went back is to come again."""
        back = self.refunded_total if self.status == "pending" else 0
        return max(0, self.total - self.paid_total + back)

    @property
    def closed(self) -> bool:
        """Whether it was canceled or ran out of time."""
        return self.status in CLOSED

    @property
    def agreed(self) -> list[str]:
        """What was agreed about it, line by line; nothing where nobody wrote it down."""
        told = self.metadata.get(AGREED)
        lines = told[:LONGEST_AGREED].splitlines() if isinstance(told, str) else []
        return [line.strip() for line in lines if line.strip()]

    def lapsed(self, now: datetime) -> bool:
        """Whether it has waited for money in vain; what came and went back again is none."""
        over = self.expires_at is not None and self.expires_at <= now
        return self.status == "pending" and over and self.paid_total == self.refunded_total

    def money(self, amount: int) -> Money:
        """An amount in this order's currency."""
        return Money(amount, self.currency)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an order's history."""

    type: str
    actor: str
    detail: Mapping[str, Any] = {}
    note: str = ""


def dispute_entry(quarrel: Quarrel, actor: str) -> Entry:
    """What the history says of a payer's dispute."""
    detail = {"outcome": quarrel.outcome, "amount": quarrel.amount}
    return Entry(type="dispute", actor=actor, detail=detail)


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the history as it was stored."""

    sequence: int
    type: str
    actor: str
    detail: Mapping[str, Any]
    note: str
    created_at: datetime


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer ordered that stands: how many orders, and what was paid and kept of them."""

    orders: int = 0
    spent: Sequence[Money] = ()


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders to list, newest first; `q` matches number, e-mail, phone and name."""

    q: str | None = None
    status: str | None = None
    payment_status: str | None = None
    fulfillment_status: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 20
    cursor: str | None = None


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """How an order starts: from a frozen cart, with a number, in a status."""

    id: UUID
    number: int
    cart: Cart
    status: OrderStatus
    payment_status: PaymentState
    paid_total: int
    refunded_total: int
    disputed: bool
    at: datetime
    expires_at: datetime | None = None


def transition(status: OrderStatus, trigger: Trigger) -> OrderStatus:
    """The status after a trigger. Raises Conflict `invalid_transition`."""
    after = TRANSITIONS.get((status, trigger))
    if after is None:
        message = f"An order that is {status} cannot {trigger}."
        raise Conflict(message, code="invalid_transition")
    return after


def move_payment(before: PaymentState, after: PaymentState) -> PaymentState:
    """The payment status after a change. Raises Conflict `invalid_transition`."""
    if after != before and after not in PAYMENT_MOVES[before]:
        message = f"A payment that is {before} cannot become {after}."
        raise Conflict(message, code="invalid_transition")
    return after


def followed(metadata: Mapping[str, Any], status: PaymentState) -> Mapping[str, Any]:
    """Metadata as it is once an order's payment has this status.

    What is called `…_payment_state` there tells how a payment that was agreed upon elsewhere is
    getting on: from `pending` it becomes `paid` with the order.
    """
    if status != "paid":
        return metadata
    return {
        key: "paid" if key.endswith(PAYMENT_STATE) and value == "pending" else value
        for key, value in metadata.items()
    }


def move_fulfillment(before: FulfillmentStatus, after: FulfillmentStatus) -> FulfillmentStatus:
    """The fulfillment status after a change. Raises Conflict `invalid_transition`."""
    if after != before and after not in FULFILLMENT_MOVES[before]:
        message = f"An order that is {before} cannot become {after}."
        raise Conflict(message, code="invalid_transition")
    return after


def complete_if_done(order: Order, at: datetime) -> Order:
    """An open order that was paid and is fulfilled is completed; any other stays as it is.

    Money that went back for a part of it does not keep it open.
    """
    settled = order.due == 0 and order.payment_status in {"paid", "partially_refunded"}
    done = settled and order.fulfillment_status in FULFILLED
    if order.status != "processing" or not done:
        return order
    status = transition(order.status, "complete")
    return msgspec.structs.replace(order, status=status, completed_at=at)


def order_of(new: NewOrder, line_ids: Sequence[UUID], locations: Mapping[UUID, UUID]) -> Order:
    """The order that a frozen cart becomes, line by line as it was quoted."""
    cart = new.cart
    lines = [
        _line(cart, index, line_id, locations.get(cart.lines[index].variant_id))
        for index, line_id in enumerate(line_ids)
    ]
    return Order(
        id=new.id,
        number=new.number,
        status=new.status,
        payment_status=new.payment_status,
        fulfillment_status="unfulfilled",
        source=cart.source,
        currency=cart.currency,
        region_id=cart.region.id,
        lines=lines,
        subtotal=cart.subtotal,
        discount_total=cart.discount_total,
        shipping_total=cart.shipping_total,
        tax_total=cart.tax_total,
        total=cart.total,
        created_at=new.at,
        cart_id=cart.id,
        customer_id=cart.customer_id,
        session_id=cart.session_id,
        locale=cart.locale,
        name=_name(cart),
        email=cart.email,
        phone=cart.phone,
        shipping_address=cart.shipping_address,
        billing_address=cart.billing_address,
        shipping_method=cart.shipping_method,
        codes=cart.codes,
        tax_inclusive=cart.region.tax_inclusive,
        quote_flags=cart.quote_flags,
        adjustments=[entry for entry in cart.adjustments if entry.line_id is None],
        paid_total=new.paid_total,
        refunded_total=new.refunded_total,
        disputed=new.disputed,
        metadata=followed(_unpaid(cart.metadata), new.payment_status),
        placed_at=new.at if new.status == "processing" else None,
        expires_at=new.expires_at,
    )


def _unpaid(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """A cart's metadata with every `…_payment_state` at its beginning: shoppers write there too."""
    return {
        key: "pending" if key.endswith(PAYMENT_STATE) else value for key, value in metadata.items()
    }


def _line(cart: Cart, index: int, line_id: UUID, location_id: UUID | None) -> OrderLine:
    line = cart.lines[index]
    entries = [msgspec.structs.replace(one, line_id=str(line_id)) for one in line.adjustments]
    return OrderLine(
        id=line_id,
        variant_id=line.variant_id,
        product_id=line.product_id,
        sku=line.sku,
        title=line.title,
        kind=line.kind,
        quantity=line.quantity,
        unit_price=line.unit_price,
        subtotal=line.subtotal,
        discount=line.discount,
        tax=line.tax,
        total=line.total,
        tax_class=line.tax_class,
        tracked=line.tracked,
        options=line.options,
        adjustments=entries,
        location_id=location_id,
    )


def _name(cart: Cart) -> str | None:
    for address in (cart.shipping_address, cart.billing_address):
        if address is not None:
            return f"{address.first_name} {address.last_name}".strip()
    name = cart.metadata.get(CUSTOMER_NAME)
    return name if isinstance(name, str) else None
