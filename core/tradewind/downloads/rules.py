"""What a digital product delivers, to whom, how often and for how long. No I/O."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tradewind.contracts.errors import FieldError, InvalidInput
from tradewind.fulfillment.rules import ShippedLine
from tradewind.orders.rules import Order, OrderLine

DAYS = 30
DOWNLOADS = 5
GOES_ON = timedelta(hours=6)
"""How long after a fetch that counted its further parts may be asked for."""
MOST_DAYS = 3650
MOST_DOWNLOADS = 1000
LONGEST_TITLE = 200


class ProductFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a product or variant: for `days` after payment, `downloads` times a unit."""

    id: UUID
    product_id: UUID
    media_id: UUID
    title: str
    days: int
    downloads: int
    created_at: datetime
    variant_id: UUID | None = None


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer may fetch. `key` is where the bytes lie, `bytes` their number."""

    id: UUID
    order_id: UUID
    line_id: UUID
    title: str
    name: str
    content_type: str
    key: str
    bytes: int
    allowed: int
    used: int
    expires_at: datetime

    @property
    def left(self) -> int:
        """How often it may still be fetched."""
        return self.allowed - self.used


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A download that a line has coming to it."""

    line_id: UUID
    file_id: UUID
    allowed: int
    expires_at: datetime


def check_terms(title: str, days: int, downloads: int) -> None:
    """Raises InvalidInput for a file that nobody could be given."""
    wrong = []
    if not 1 <= len(title.strip()) <= LONGEST_TITLE:
        wrong.append(FieldError("title", "too_long", f"1 to {LONGEST_TITLE} characters."))
    if not 1 <= days <= MOST_DAYS:
        wrong.append(FieldError("days", "out_of_range", f"1 to {MOST_DAYS} days."))
    if not 1 <= downloads <= MOST_DOWNLOADS:
        wrong.append(FieldError("downloads", "out_of_range", f"1 to {MOST_DOWNLOADS} times."))
    if wrong:
        raise InvalidInput("Some fields are not acceptable.", errors=wrong)


def is_paid(order: Order) -> bool:
    """Whether all the money of an order that stands has come."""
    stands = order.status in {"processing", "completed"}
    return stands and order.due == 0 and order.payment_status in {"paid", "partially_refunded"}


def may_fetch(order: Order) -> bool:
    """Whether what was bought may be fetched: not once all money went back, nor in a dispute."""
    return is_paid(order) and not order.disputed


def may_list(order: Order) -> bool:
    """Whether an order may have downloads that its buyer is shown."""
    return bool(digital_lines(order)) and may_fetch(order)


def digital_lines(order: Order) -> list[OrderLine]:
    """The lines that files may be delivered for."""
    return [line for line in order.lines if line.kind == "digital"]


def grants_of(order: Order, files: list[ProductFile], now: datetime) -> list[Grant]:
    """What the lines of an order have coming to them, from the files of their products."""
    return [
        Grant(
            line_id=line.id,
            file_id=file.id,
            allowed=min(file.downloads * line.quantity, 2**31 - 1),
            expires_at=now + timedelta(days=file.days),
        )
        for line in digital_lines(order)
        for file in files
        if file.product_id == line.product_id and file.variant_id in {None, line.variant_id}
    ]


def delivered_by(order: Order, grants: list[Grant]) -> list[ShippedLine]:
    """The units that have left the house with their downloads."""
    granted = {one.line_id for one in grants}
    return [
        ShippedLine(line_id=line.id, quantity=line.outstanding)
        for line in order.lines
        if line.id in granted and line.outstanding
    ]
