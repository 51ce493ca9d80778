"""What a transfer and a balance are. Amounts are minor units."""

from uuid import UUID

import msgspec

from tradewind.contracts.money import Money


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer: `debit` and `credit` are account codes such as `sales` or `provider:manual`."""

    kind: str
    debit: str
    credit: str
    amount: Money
    dedupe_key: str
    payment_id: UUID | None = None
    order_id: UUID | None = None


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What went to and from an account."""

    code: str
    currency: str
    debit: int
    credit: int
