"""What a merchant asks about carts, and what is told of each."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from tradewind.carts.rules import CartStatus

CartState = Literal["open", "abandoned", "completed", "expired", "merged"]
"""The status of a cart; `abandoned` ones are open."""


class CartFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which carts: `q` is how an e-mail address or a phone number on the cart begins."""

    state: CartState | None = None
    q: str | None = None
    customer_id: UUID | None = None
    before: UUID | None = None
    limit: int = 20


class CartRow(msgspec.Struct, frozen=True, kw_only=True):
    """A cart in a list. `total` (minor units) is its last quote, else what its lines cost."""

    id: UUID
    status: CartStatus
    version: int
    currency: str
    total: int
    units: int
    quoted: bool
    quote_flags: list[str]
    source: str
    email: str | None
    phone: str | None
    customer_id: UUID | None
    session_id: str | None
    merged_into: UUID | None
    abandoned_at: datetime | None
    expires_at: datetime
    created_at: datetime
    updated_at: datetime

    @property
    def secret(self) -> bool:
        """Whether its id alone opens it."""
        return self.status == "open" and self.customer_id is None and self.session_id is None
