"""The bodies that v3 takes. What else a body holds is ignored, as Flutterwave does."""

from decimal import Decimal
from typing import Any

import msgspec


class CustomerIn(msgspec.Struct, kw_only=True):
    """Who is to pay. The hosted page takes `phonenumber`, everything else `phone_number`."""

    email: str
    name: str | None = None
    phonenumber: str | int | None = None
    phone_number: str | int | None = None


class Customizations(msgspec.Struct, kw_only=True):
    """How the hosted page introduces the store."""

    title: str | None = None
    description: str | None = None
    logo: str | None = None


class PaymentIn(msgspec.Struct, kw_only=True):
    """`POST /payments`. `amount` is in major units; without `currency` it is Nigerian naira.

    `session_duration` is in minutes; `max_retry_attempt` counts tries after the first.
    """

    tx_ref: str
    amount: Decimal
    currency: str = "NGN"
    redirect_url: str
    customer: CustomerIn
    payment_options: str | None = None
    session_duration: int | None = None
    max_retry_attempt: int | None = None
    customizations: Customizations | None = None
    meta: dict[str, Any] | None = None


class ChargeIn(msgspec.Struct, kw_only=True):
    """`POST /charges`. `country` and `network` are needed where a type has several."""

    tx_ref: str
    amount: Decimal
    currency: str = "NGN"
    email: str
    phone_number: str | int
    fullname: str | None = None
    network: str | None = None
    country: str | None = None
    redirect_url: str | None = None
    voucher: str | int | None = None
    order_id: str | None = None
    meta: dict[str, Any] | None = None


class RefundIn(msgspec.Struct, kw_only=True):
    """`POST /transactions/{id}/refund`. Without `amount` all that is left is refunded."""

    amount: Decimal | None = None
    comments: str | None = None
