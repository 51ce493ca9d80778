"""Rows as they are written, one struct for a table; fields are columns, the store is added."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

Words = Mapping[str, str]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table of the shop."""


class ProductRow(Row, frozen=True, kw_only=True):
    """A product."""

    id: UUID
    title: str
    handle: str
    description: str
    kind: str
    status: str
    images: Sequence[str]
    options: Sequence[Words] = ()
    metadata: Words = {}
    created_at: datetime
    updated_at: datetime


class ShelfRow(Row, frozen=True, kw_only=True):
    """A product on a shelf."""

    category_id: UUID
    product_id: UUID


class VariantRow(Row, frozen=True, kw_only=True):
    """A variant of a product."""

    id: UUID
    product_id: UUID
    sku: str
    title: str
    options: Words
    tracked: bool
    tax_class: str = "standard"
    weight_grams: int | None
    position: int
    metadata: Words = {}
    created_at: datetime


class PriceRow(Row, frozen=True, kw_only=True):
    """A plain price of a variant."""

    id: UUID
    variant_id: UUID
    currency: str
    amount: int
    created_at: datetime


class LevelRow(Row, frozen=True, kw_only=True):
    """Stock of a variant in one place."""

    variant_id: UUID
    location_id: UUID
    sku: str
    on_hand: int
    reserved: int = 0
    held: int = 0
    backorder: bool = False
    updated_at: datetime


class MovementRow(Row, frozen=True, kw_only=True):
    """An entry of the stock journal."""

    id: UUID
    variant_id: UUID
    location_id: UUID
    kind: str
    on_hand: int = 0
    reserved: int = 0
    held: int = 0
    order_id: UUID | None = None
    reason: str = ""
    actor: str = ""
    created_at: datetime


class CustomerRow(Row, frozen=True, kw_only=True):
    """A customer."""

    id: UUID
    name: str
    email: str
    phone: str
    metadata: Words = {}
    provider_refs: Words = {}
    created_at: datetime
    updated_at: datetime


class OrderRow(Row, frozen=True, kw_only=True):
    """An order, without what belongs to it."""

    id: UUID
    number: int
    customer_id: UUID
    region_id: UUID
    source: str
    status: str
    payment_status: str
    fulfillment_status: str
    disputed: bool = False
    currency: str
    locale: str
    name: str
    email: str
    phone: str
    shipping_address: Words
    billing_address: Words
    shipping_method: Mapping[str, str | int] | None
    codes: Sequence[str] = ()
    tax_inclusive: bool
    quote_flags: Sequence[str] = ()
    subtotal: int
    discount_total: int = 0
    shipping_total: int
    tax_total: int
    total: int
    paid_total: int
    refunded_total: int
    metadata: Words = {}
    version: int
    placed_at: datetime | None
    canceled_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class LineRow(Row, frozen=True, kw_only=True):
    """A line of an order."""

    id: UUID
    order_id: UUID
    position: int
    variant_id: UUID
    product_id: UUID
    sku: str
    title: str
    kind: str
    options: Words
    tax_class: str
    tracked: bool
    quantity: int
    unit_price: int
    subtotal: int
    discount: int = 0
    tax: int
    total: int
    fulfilled: int
    returned: int = 0
    metadata: Words


class AdjustmentRow(Row, frozen=True, kw_only=True):
    """A tax on a line."""

    id: UUID
    order_id: UUID
    line_id: UUID
    kind: str
    source: str
    code: str = ""
    title: str
    rate: str
    amount: int


class EventRow(Row, frozen=True, kw_only=True):
    """An entry of an order's history."""

    id: UUID
    order_id: UUID
    sequence: int
    type: str
    detail: Mapping[str, str | int] = {}
    actor: str
    note: str = ""
    created_at: datetime


class PaymentRow(Row, frozen=True, kw_only=True):
    """A payment of an order."""

    id: UUID
    order_id: UUID
    provider: str
    method: str
    intent: str = "pay"
    status: str
    currency: str
    amount: int
    authorized: int = 0
    captured: int
    refunded: int
    disputed: int = 0
    operation_id: str
    error_code: str = ""
    version: int
    created_at: datetime
    updated_at: datetime


class FactRow(Row, frozen=True, kw_only=True):
    """What is known of a payment."""

    id: UUID
    payment_id: UUID
    kind: str
    object_id: str
    status: str = "succeeded"
    currency: str
    amount: int
    code: str = ""
    source: str = "merchant"
    occurred_at: datetime
    received_at: datetime


class RefundRow(Row, frozen=True, kw_only=True):
    """Money that went back."""

    id: UUID
    payment_id: UUID
    order_id: UUID
    operation_id: str
    provider_ref: str
    status: str = "succeeded"
    currency: str
    amount: int
    reason: str
    lines: Sequence[Words] = ()
    actor: str
    request_id: str
    object_id: str
    code: str = ""
    attempts: int = 1
    created_at: datetime
    updated_at: datetime


class TransferRow(Row, frozen=True, kw_only=True):
    """A transfer in the ledger."""

    id: UUID
    debit_account_id: UUID
    credit_account_id: UUID
    currency: str
    amount: int
    kind: str
    dedupe_key: str
    payment_id: UUID
    order_id: UUID
    occurred_at: datetime
    created_at: datetime


class ShipmentRow(Row, frozen=True, kw_only=True):
    """A parcel."""

    id: UUID
    order_id: UUID
    status: str
    carrier: str
    tracking_number: str
    tracking_url: str = ""
    lines: Sequence[Mapping[str, str | int]]
    shipped_at: datetime
    delivered_at: datetime | None
    created_at: datetime


TABLES: Mapping[type[Row], str] = {
    ProductRow: "products",
    ShelfRow: "product_categories",
    VariantRow: "variants",
    PriceRow: "prices",
    LevelRow: "inventory_levels",
    MovementRow: "stock_movements",
    CustomerRow: "customers",
    OrderRow: "orders",
    LineRow: "order_lines",
    AdjustmentRow: "line_adjustments",
    EventRow: "order_events",
    PaymentRow: "payments",
    FactRow: "payment_facts",
    RefundRow: "refunds",
    TransferRow: "ledger_transfers",
    ShipmentRow: "shipments",
}
"""Which table a row belongs to, in an order in which every key is known."""
