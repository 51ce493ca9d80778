"""An order and the facts around it, for letters."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from tradewind.carts.rules import ShippingMethod
from tradewind.contracts.money import Money
from tradewind.contracts.pricing import Address
from tradewind.messaging.letters.composing import Facts
from tradewind.orders.rules import Order, OrderLine

LATE = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
"""In Nairobi it is the next day already."""


def line(number: int, title: str, quantity: int, unit_price: int) -> OrderLine:
    """A line without tax and discount."""
    return OrderLine(
        id=UUID(int=number),
        variant_id=UUID(int=number),
        product_id=UUID(int=number),
        sku=f"SKU-{number}",
        title=title,
        kind="physical",
        quantity=quantity,
        unit_price=unit_price,
        subtotal=quantity * unit_price,
        discount=0,
        tax=0,
        total=quantity * unit_price,
        tax_class="standard",
        tracked=True,
    )


ORDER = Order(
    id=UUID(int=9),
    number=1001,
    status="processing",
    payment_status="awaiting",
    fulfillment_status="unfulfilled",
    source="web",
    currency="KES",
    region_id=UUID(int=1),
    lines=[line(1, "Purple tea, 500 g", 2, 625_00), line(2, "Kiondo basket", 1, 3_500_00)],
    subtotal=4_750_00,
    discount_total=250_00,
    shipping_total=300_00,
    tax_total=662_07,
    total=4_800_00,
    tax_inclusive=True,
    created_at=LATE,
    placed_at=LATE,
    name="Amina Otieno",
    email="amina@example.com",
    locale="en",
    shipping_address=Address(
        first_name="Amina",
        last_name="Otieno",
        address_1="12 Moi Avenue",
        city="Nairobi",
        postal_code="00100",
        country_code="ke",
    ),
    shipping_method=ShippingMethod(
        plugin="", id="1", name="Courier", price=300_00, estimate="1–2 days"
    ),
)
FACTS = Facts(
    store="Nyumba & Co",
    locale="en",
    time_zone="Africa/Nairobi",
    order=ORDER,
    order_url="https://shop.example/store/demo/orders/9?token=order",
    pay_url="https://shop.example/store/demo/checkout?order=9&token=pay",
    at=LATE,
    amount=Money(4_800_00, "KES"),
    method="cash_on_delivery",
    instructions="Pay KES 4,800.00 in cash when your order arrives.\nReference: Order 1001",
)


def facts(order: dict[str, Any] | None = None, **changes: Any) -> Facts:
    """The facts with changes, in the order as well."""
    changed = msgspec.structs.replace(ORDER, **(order or {}))
    return msgspec.structs.replace(FACTS, **{"order": changed, **changes})
