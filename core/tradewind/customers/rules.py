"""Who a customer is, and which names, addresses and numbers are acceptable."""

from uuid import UUID

import msgspec

from tradewind.contracts.pricing import Address


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A person who buys, as far as they told."""

    id: UUID
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    country: str | None = None


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel knows a customer."""

    channel: str
    identity: str
    phone: str | None = None
    name: str | None = None


class KeptAddress(msgspec.Struct, frozen=True, kw_only=True):
    """An address that a customer has used."""

    id: UUID
    address: Address


def split_name(name: str) -> tuple[str, str]:
    """First and last name; one word alone is the first name."""
    first, _, last = " ".join(name.split()).partition(" ")
    return first, last
