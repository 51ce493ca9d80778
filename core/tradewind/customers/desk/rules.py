"""What a merchant knows of a customer, and what they may write down."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tradewind.customers.rules import Customer


class Record(Customer, frozen=True, kw_only=True):
    """A customer as the merchant's desk has them; times say when a code proved what they told."""

    email_verified_at: datetime | None = None
    phone_verified_at: datetime | None = None
    metadata: Mapping[str, Any] = {}
    note: str = ""
    created_at: datetime
    updated_at: datetime


class RecordChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to write down; what is left unset stays. `metadata` is merged key by key."""

    name: str | msgspec.UnsetType | None = msgspec.UNSET
    email: str | msgspec.UnsetType | None = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET
    locale: str | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET
    metadata: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET


def changed(record: Record, change: RecordChange) -> Record:
    """The record with the change in it. What is told anew is not proved any more."""
    given: dict[str, Any] = {
        name: value
        for name in change.__struct_fields__
        if (value := getattr(change, name)) is not msgspec.UNSET
    }
    if "metadata" in given:
        given["metadata"] = {**record.metadata, **given["metadata"]}
    if (given.get("email", record.email) or "").lower() != (record.email or "").lower():
        given["email_verified_at"] = None
    if given.get("phone", record.phone) != record.phone:
        given["phone_verified_at"] = None
    return msgspec.structs.replace(record, **given)
