"""An order as it travels: the same fields wherever one is shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.carts.rules import CartLine, ShippingMethod
from tradewind.checkout.links import download_url
from tradewind.contracts.pricing import Address
from tradewind.database import Store
from tradewind.downloads.rules import Download
from tradewind.orders.rules import FulfillmentStatus, Order, OrderLine, OrderStatus
from tradewind.payments.rules import PaymentState
from tradewind.pricing.rules import LineAdjustment
from tradewind.settings.engine import Engine


class AdjustmentView(msgspec.Struct, frozen=True, kw_only=True):
    """Why a line costs what it costs; `rate` of a tax as decimal text (0.16 for 16 %)."""

    kind: str
    source: str
    code: str
    title: str
    amount: int
    rate: str | None


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was sold. Amounts are minor units of the order's currency."""

    id: UUID
    variant_id: UUID
    sku: str
    title: str
    quantity: int
    unit_price: int
    subtotal: int
    discount: int
    tax: int
    total: int
    adjustments: Sequence[AdjustmentView]


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order. `number` is what people type; `adjustments` are those of the delivery."""

    id: UUID
    number: str
    status: OrderStatus
    payment_status: PaymentState
    fulfillment_status: FulfillmentStatus
    disputed: bool
    source: str
    currency: str
    customer_id: UUID | None
    session_id: str | None
    name: str | None
    email: str | None
    phone: str | None
    lines: Sequence[LineView]
    shipping_address: Address | None
    billing_address: Address | None
    shipping_method: ShippingMethod | None
    promotions: Sequence[str]
    adjustments: Sequence[AdjustmentView]
    subtotal: int
    discount_total: int
    shipping_total: int
    tax_total: int
    total: int
    paid_total: int
    refunded_total: int
    metadata: Mapping[str, Any]
    created_at: datetime
    placed_at: datetime | None


class DownloadView(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was bought: where it is fetched, until when, and how often still."""

    title: str
    url: str
    expires_at: datetime
    left: int


def download_views(
    engine: Engine, store: Store, found: Sequence[Download]
) -> Sequence[DownloadView]:
    """Downloads with fresh links; what is over has none."""
    now = engine.clock.now()
    return [
        DownloadView(
            title=one.title,
            url=download_url(engine, store, one) if one.left and one.expires_at > now else "",
            expires_at=one.expires_at,
            left=one.left,
        )
        for one in found
    ]


_AS_THEY_ARE = frozenset(OrderView.__struct_fields__) - {
    "number",
    "lines",
    "promotions",
    "adjustments",
}


def order_view(order: Order) -> OrderView:
    """An order as it travels."""
    return OrderView(**order_fields(order))


def order_fields(order: Order) -> dict[str, Any]:
    """The fields of `OrderView`, also for views that show more."""
    return {
        **{name: getattr(order, name) for name in _AS_THEY_ARE},
        "number": str(order.number),
        "lines": [line_view(line) for line in order.lines],
        "promotions": order.codes,
        "adjustments": [adjustment_view(one) for one in order.adjustments],
    }


def line_view(line: OrderLine | CartLine) -> LineView:
    """A line as it travels."""
    return LineView(
        id=line.id,
        variant_id=line.variant_id,
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        unit_price=line.unit_price,
        subtotal=line.subtotal,
        discount=line.discount,
        tax=line.tax,
        total=line.total,
        adjustments=[adjustment_view(one) for one in line.adjustments],
    )


def adjustment_view(one: LineAdjustment) -> AdjustmentView:
    """Why something costs what it costs, as it travels."""
    return AdjustmentView(
        kind=one.kind,
        source=one.source,
        code=one.code,
        title=one.title,
        amount=one.amount,
        rate=None if one.rate is None else format(one.rate.normalize(), "f"),
    )
