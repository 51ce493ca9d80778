"""Stripe's objects as structs: the few fields that count, and nothing about the others."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

T = TypeVar("T")

Metadata = Mapping[str, str] | None


class PaymentError(msgspec.Struct, frozen=True):
    """Why the last attempt came to nothing."""

    code: str | None = None
    decline_code: str | None = None
    message: str | None = None


class BalanceTransaction(msgspec.Struct, frozen=True):
    """What an object did to the account's balance, in the currency of that balance."""

    fee: int
    currency: str


class Charge(msgspec.Struct, frozen=True):
    """One attempt to pay."""

    id: str
    amount: int
    status: str
    created: int
    amount_captured: int | None = None
    disputed: bool = False
    balance_transaction: BalanceTransaction | str | None = None


class Intent(msgspec.Struct, frozen=True):
    """A PaymentIntent. The totals may be missing where there is a charge."""

    id: str
    amount: int
    currency: str
    status: str
    created: int
    client_secret: str | None = None
    amount_received: int | None = None
    amount_capturable: int | None = None
    capture_method: str | None = None
    latest_charge: Charge | str | None = None
    last_payment_error: PaymentError | None = None
    cancellation_reason: str | None = None
    metadata: Metadata = None

    @property
    def charge(self) -> Charge | None:
        """Its newest attempt, where Stripe told it in full."""
        return self.latest_charge if isinstance(self.latest_charge, Charge) else None

    @property
    def manual(self) -> bool:
        """Whether its money is held first, and taken later."""
        return self.capture_method == "manual"

    @property
    def received(self) -> int:
        """What came, in Stripe's units; only of one that succeeded."""
        if self.amount_received:
            return self.amount_received
        charge = self.charge
        if charge is None:
            return self.amount
        return charge.amount if charge.amount_captured is None else charge.amount_captured


class Session(msgspec.Struct, frozen=True):
    """A Checkout Session. `payment_intent` is missing until the payer has tried to pay."""

    id: str
    created: int
    status: str | None = None
    amount_total: int | None = None
    currency: str | None = None
    payment_intent: Intent | str | None = None
    url: str | None = None
    metadata: Metadata = None

    @property
    def intent(self) -> Intent | None:
        """Its PaymentIntent, where Stripe told it in full."""
        return self.payment_intent if isinstance(self.payment_intent, Intent) else None

    @property
    def intent_id(self) -> str | None:
        """How its PaymentIntent is called, if there is one."""
        found = self.payment_intent
        return found.id if isinstance(found, Intent) else found


class Refund(msgspec.Struct, frozen=True):
    """Money given back."""

    id: str
    amount: int
    currency: str
    created: int
    status: str | None = None


class Dispute(msgspec.Struct, frozen=True):
    """Money that the payer's bank wants back."""

    id: str
    amount: int
    currency: str
    created: int
    status: str


class Endpoint(msgspec.Struct, frozen=True):
    """Where Stripe sends events."""

    url: str
    enabled_events: Sequence[str] = ()
    status: str = "enabled"

    @property
    def enabled(self) -> bool:
        return self.status == "enabled"


# --- webhooks ------------------------------------------------------------------------------------

Loose = str | int | float | bool | list[Any] | dict[str, Any] | None
"""A webhook is a pointer: whatever stands in a field, the rest is still read."""


class Subject(msgspec.Struct, frozen=True):
    """What an event is about."""

    id: Loose = None
    object: Loose = None
    payment_intent: Loose = None
    metadata: Loose = None


class Data(msgspec.Struct, frozen=True):
    """Around what an event is about."""

    object: Subject = Subject()


class Event(msgspec.Struct, frozen=True):
    """A snapshot event (v1); a thin one (v2) says so in `object`."""

    id: Loose = None
    object: Loose = None
    type: Loose = None
    livemode: Loose = None
    data: Raw = Raw(b"{}")

    @property
    def thin(self) -> bool:
        return word(self.object).startswith("v2.")

    @property
    def subject(self) -> Subject:
        """What it is about; an empty one where that cannot be read."""
        found = read(self.data, Data)
        return Subject() if found is None else found.object


def read(body: bytes | Raw, kind: type[T]) -> T | None:
    """Decode JSON as `kind`; None when it is of another shape, or no JSON at all."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):
        return None


def word(value: Loose) -> str:
    """A field of a webhook as text; "" for anything that cannot be a name.

    What is too long for a key, or holds characters that PostgreSQL does not store, is no name.
    """
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= 200 and text.isprintable() else ""
